"""What the gateway serves: one Operation per google.api.http binding of every method the protos let out."""

import importlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import igny8
from google.api import annotations_pb2, http_pb2
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor
from igny8.options.v1 import options_pb2

from gateway.router import variables_of

HTTP_BODY = "google.api.HttpBody"
DESCRIPTOR_SET = Path(igny8.__path__[0]).parent / "igny8.binpb"
"""Every proto of ours with its comments, written by protos/build.py."""

DEADLINE_SECONDS_DEFAULT = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One verb on one path, and the method that answers it."""

    method: MethodDescriptor
    service: str
    """The service that has the method, from its package: `billing` of `igny8.billing.v1`."""
    verb: str
    template: str
    variables: tuple[str, ...]
    """Field paths that the path sets, in the order of the template."""
    body: str
    """`*`, the field the body is, or empty."""
    response_body: str
    """The field of the response that is the answer, or empty for the whole message."""
    access: int
    success_status: int
    deadline_seconds: float

    @property
    def rpc_path(self) -> str:
        """The method's gRPC path, `/package.Service/Method`."""
        return f"/{self.method.containing_service.full_name}/{self.method.name}"

    @property
    def is_upload(self) -> bool:
        """Whether the request's body is a file, streamed on in chunks."""
        fields = self.method.input_type.fields_by_name
        return self.body in fields and _is_http_body(fields[self.body].message_type)

    @property
    def answers_file(self) -> bool:
        """Whether the answer is bytes of a type of their own: an image, a page, a calendar."""
        if not self.response_body:
            return _is_http_body(self.method.output_type)
        return _is_http_body(self.method.output_type.fields_by_name[self.response_body].message_type)


def descriptor_set() -> descriptor_pb2.FileDescriptorSet:
    """All our protos with their comments. Raises FileNotFoundError before `python protos/build.py`."""
    return descriptor_pb2.FileDescriptorSet.FromString(DESCRIPTOR_SET.read_bytes())


def product_files(found: descriptor_pb2.FileDescriptorSet) -> list[FileDescriptor]:
    """The files of our packages in the default pool, imported so that their messages are Python classes."""
    names = [file.name for file in found.file if file.name.startswith("igny8/")]
    for name in names:
        importlib.import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2")
    return [descriptor_pool.Default().FindFileByName(name) for name in names]


def service_of(file: FileDescriptor) -> str:
    """The service whose package a file is of: `billing` of `igny8.billing.v1`."""
    return file.package.removeprefix("igny8.").partition(".")[0]


def operations_of(files: Iterable[FileDescriptor]) -> list[Operation]:
    """Every binding of every method that is not internal, additional ones included."""
    return [
        operation
        for file in files
        for service in file.services_by_name.values()
        for method in service.methods
        for operation in _operations(method)
    ]


def _operations(method: MethodDescriptor) -> Iterator[Operation]:
    options = method.GetOptions()
    access = options.Extensions[options_pb2.access]
    rule = options.Extensions[annotations_pb2.http]
    if access == options_pb2.ACCESS_INTERNAL:
        return
    empty_answer = not method.output_type.fields and not _is_http_body(method.output_type)
    for binding in (rule, *rule.additional_bindings):
        verb, template = _verb_and_path(binding)
        if not template:
            continue
        yield Operation(
            method=method,
            service=service_of(method.containing_service.file),
            verb=verb,
            template=template,
            variables=variables_of(template),
            body=binding.body,
            response_body=binding.response_body,
            access=access,
            success_status=options.Extensions[options_pb2.success_status] or (204 if empty_answer else 200),
            deadline_seconds=options.Extensions[options_pb2.deadline_ms] / 1000 or DEADLINE_SECONDS_DEFAULT,
        )


def _verb_and_path(rule: http_pb2.HttpRule) -> tuple[str, str]:
    pattern = rule.WhichOneof("pattern")
    if pattern == "custom":
        return rule.custom.kind.upper(), rule.custom.path
    return (pattern.upper(), getattr(rule, pattern)) if pattern else ("", "")


def _is_http_body(descriptor: object) -> bool:
    return getattr(descriptor, "full_name", "") == HTTP_BODY
