"""Message descriptors compiled into functions that turn a message into what its JSON parses to."""

from collections.abc import Callable, Mapping
from functools import cache
from operator import attrgetter
from typing import Any, cast

from google.protobuf import wrappers_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from chassis import wire_values as values

Encode = Callable[[Any], Any]
Lists = Callable[[Descriptor], Encode]
"""A message type -> the function that turns a list of such messages into plain Python."""


def one_by_one(descriptor: Descriptor) -> Encode:
    """Lists of messages, each by its encoder."""
    # Looked up at each call: a message may hold itself.
    return lambda elements: list(map(encoder(descriptor), elements))


@cache
def encoder(descriptor: Descriptor, lists: Lists = one_by_one) -> Encode:
    """The function that turns a message of this type into plain Python, see `chassis.wire_json`.

    `lists` writes the lists of messages in it that are in no other list or map.
    """
    well_known = _WRITERS.get(descriptor.full_name)
    if well_known is not None:
        return well_known
    plain = tuple(field.name for field in descriptor.fields if not field.has_presence)
    fetch = _fetcher(plain)
    always = [
        (field.name, write)
        for field in descriptor.fields
        if not field.has_presence and (write := _field_encoder(field, lists)) is not None
    ]
    sometimes = [
        (field.name, _field_encoder(field, lists) or _same)
        for field in descriptor.fields
        if field.has_presence
    ]
    # In the order of the fields; a free value that is not set is left out, since null would be a value.
    unset: dict[str, Any] = {
        field.name: None for field in descriptor.fields if not values.is_free_value(field)
    }

    def encode(message: Message) -> dict[str, Any]:
        document = unset.copy()
        document.update(zip(plain, fetch(message), strict=True))
        for name, convert in always:
            document[name] = convert(document[name])
        for name, convert in sometimes:
            # What is not set is not touched: to be read, it would be made.
            if message.HasField(name):
                document[name] = convert(getattr(message, name))
        return document

    return encode


def _fetcher(names: tuple[str, ...]) -> Callable[[Message], tuple[Any, ...]]:
    """All fields of a message in one call into C; attrgetter of one name does not give a tuple."""
    if len(names) > 1:
        return cast(Callable[[Message], tuple[Any, ...]], attrgetter(*names))
    return lambda message: tuple(getattr(message, name) for name in names)


def _field_encoder(field: FieldDescriptor, lists: Lists) -> Encode | None:
    """What turns the Python value of a field into its JSON value, None where they are the same."""
    if values.is_map(field):
        return _map_encoder(field)
    if field.is_repeated and values.kind_of(field) == "message":
        return lists(values.message_type(field))
    null_for_unspecified = not (field.is_repeated or field.has_presence)
    one = _value_encoder(field, null_for_unspecified=null_for_unspecified, lists=lists)
    if not field.is_repeated:
        return one
    if one is None:
        return list
    each = one
    return lambda elements: list(map(each, elements))


def _map_encoder(field: FieldDescriptor) -> Encode:
    key, value = values.message_type(field).fields
    write_key = (lambda key: str(key).lower()) if values.kind_of(key) == "bool" else str
    write = _value_encoder(value, null_for_unspecified=False) or _same

    def encode(entries: Mapping[Any, Any]) -> dict[str, Any]:
        return {write_key(key): write(item) for key, item in entries.items()}

    return encode


def _value_encoder(
    field: FieldDescriptor, *, null_for_unspecified: bool, lists: Lists = one_by_one
) -> Encode | None:
    kind = values.kind_of(field)
    if kind == "message":
        target = values.message_type(field)
        # Looked up at each call: a message may hold itself.
        return lambda message: encoder(target, lists)(message)
    if kind == "enum":
        return values.write_enum(values.enum_type(field), null_for_unspecified=null_for_unspecified)
    writers: dict[str, Encode] = {
        "bytes": values.write_bytes,
        "double": values.write_double,
        "float": values.write_float,
    }
    return writers.get(kind)


def _same(value: Any) -> Any:
    return value


def _refuse(message: Message) -> Any:
    raise ValueError(f"{message.DESCRIPTOR.full_name} has no JSON form here")


def _wrapper_writer(descriptor: Descriptor) -> Encode:
    write = _value_encoder(descriptor.fields_by_name["value"], null_for_unspecified=False) or _same
    return lambda message: write(message.value)


_WRITERS: dict[str, Encode] = {
    "google.protobuf.Timestamp": values.write_timestamp,
    "google.protobuf.Duration": values.write_duration,
    "google.protobuf.Struct": values.write_struct,
    "google.protobuf.Value": values.write_value,
    "google.protobuf.ListValue": values.write_list,
    "google.protobuf.FieldMask": lambda mask: ",".join(mask.paths),
    "google.protobuf.Any": _refuse,
    **{
        wrapper.full_name: _wrapper_writer(wrapper)
        for wrapper in wrappers_pb2.DESCRIPTOR.message_types_by_name.values()
    },
}
