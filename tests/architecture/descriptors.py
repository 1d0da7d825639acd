"""Our own protos as one descriptor set, with comments and options, for the rules about them."""

from collections.abc import Iterator
from functools import cache

from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
)
from igny8.errors import v1 as errors
from igny8.options import v1 as options

from protos.build import DESCRIPTORS

# Options are known to a descriptor set only if their extensions were imported before it is parsed.
EXTENSIONS = (annotations_pb2.http, options.access, options.rules, options.event, options.error)


@cache
def our_files() -> tuple[FileDescriptorProto, ...]:
    """Every file of protos/igny8, in order of its name."""
    everything = FileDescriptorSet.FromString(DESCRIPTORS.read_bytes())
    return tuple(
        sorted(
            (file for file in everything.file if file.package.startswith("igny8.")),
            key=lambda file: file.name,
        )
    )


def methods() -> Iterator[tuple[str, MethodDescriptorProto]]:
    """Every RPC with its full name: `igny8.billing.v1.CreditService/Reserve`."""
    for file in our_files():
        for service in file.service:
            yield from ((f"{file.package}.{service.name}/{method.name}", method) for method in service.method)


def fields() -> Iterator[tuple[str, FieldDescriptorProto]]:
    """Every field of every message with its full name: `igny8.billing.v1.ModelPrice.cost_per_1k_input`."""
    for name, message in messages():
        yield from ((f"{name}.{field.name}", field) for field in message.field)


def messages() -> Iterator[tuple[str, DescriptorProto]]:
    """Every message, nested ones too, with its full name."""
    for file in our_files():
        for message in file.message_type:
            yield from _with_nested(f"{file.package}.{message.name}", message)


def message(name: str) -> DescriptorProto:
    """The message of this full name."""
    return dict(messages())[name.removeprefix(".")]


def http_verb(method: MethodDescriptorProto) -> str | None:
    """The HTTP verb by which the gateway serves a method, or None where it serves none."""
    if not method.options.HasExtension(annotations_pb2.http):
        return None
    return str(method.options.Extensions[annotations_pb2.http].WhichOneof("pattern"))


def error_reasons() -> dict[str, options.ErrorOptions]:
    """The catalogue: reason > what it means on the wire."""
    values = errors.ErrorReason.DESCRIPTOR.values
    return {
        value.name.removeprefix("ERROR_REASON_"): value.GetOptions().Extensions[options.error]
        for value in values
        if value.number != 0
    }


def error_comments() -> dict[str, str]:
    """The catalogue: reason > its comment."""
    file = next(file for file in our_files() if file.name == errors.ErrorReason.DESCRIPTOR.file.name)
    comments = {
        tuple(location.path): location.leading_comments for location in file.source_code_info.location
    }
    return {
        value.name.removeprefix("ERROR_REASON_"): comments.get((5, 0, 2, index), "")
        for index, value in enumerate(file.enum_type[0].value)
        if value.number != 0
    }


def _with_nested(name: str, message: DescriptorProto) -> Iterator[tuple[str, DescriptorProto]]:
    if message.options.map_entry:
        return
    yield name, message
    for nested in message.nested_type:
        yield from _with_nested(f"{name}.{nested.name}", nested)
