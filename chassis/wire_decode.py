"""Message descriptors compiled into functions that read parsed JSON into a message and collect every fault."""

from collections.abc import Callable
from functools import cache
from typing import Any

from google.protobuf import wrappers_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from chassis import wire_values as values
from chassis.refusal import FieldFault
from chassis.wire_values import DEPTH_MAX, UnknownWordError, WrongValueError

FAULTS_MAX = 100
"""More faults than these are not listed: a hostile body must not make a larger answer."""

BODY = "body"
"""The field name of a fault that concerns the document as a whole."""

NAME_LENGTH_MAX = 100
"""A caller's own names are cut to this many characters in the faults about them."""


class Reading:
    """One document being read: the faults so far, how deep we are, and whether what is unknown is skipped."""

    __slots__ = ("depth", "faults", "ignore_unknown")

    def __init__(self, *, ignore_unknown: bool) -> None:
        self.faults: list[FieldFault] = []
        self.ignore_unknown = ignore_unknown
        self.depth = 0

    def fault(self, path: str, message: str) -> None:
        """Notes a fault of the field at `path`; the message goes on after the field's name."""
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(FieldFault(path or BODY, message))

    def wrong(self, path: str, error: WrongValueError) -> None:
        """Notes a wrong value, unless it is an enum word of a newer sender and those are skipped."""
        if not (self.ignore_unknown and isinstance(error, UnknownWordError)):
            self.fault(path, str(error))


Decode = Callable[[Any, Any, str, Reading], None]
"""Reads a JSON value into a message: (message, value, path, reading)."""


@cache
def decoder(descriptor: Descriptor) -> Decode:
    """The function that reads parsed JSON into a message of this type."""
    well_known = _READERS.get(descriptor.full_name)
    if well_known is not None:
        return _guarded(well_known)
    fields = {field.name: _field_decoder(field) for field in descriptor.fields}
    takes_null = {field.name for field in descriptor.fields if values.is_free_value(field)}
    oneofs = {
        field.name: field.containing_oneof.name for field in descriptor.fields if field.containing_oneof
    }

    def decode(message: Message, mapping: Any, path: str, reading: Reading) -> None:
        if type(mapping) is not dict:
            reading.fault(path, "must be a JSON object")
            return
        if reading.depth >= DEPTH_MAX:
            reading.fault(path, f"is nested more than {DEPTH_MAX} levels deep")
            return
        reading.depth += 1
        prefix = f"{path}." if path else ""
        for name, value in mapping.items():
            read = fields.get(name)
            if read is None:
                if not reading.ignore_unknown:
                    reading.fault(prefix + str(name)[:NAME_LENGTH_MAX], "is not a field here")
            elif value is None and name not in takes_null:
                continue
            elif name in oneofs and message.WhichOneof(oneofs[name]) not in (None, name):
                reading.fault(
                    prefix + name, f"cannot be set together with {message.WhichOneof(oneofs[name])}"
                )
            else:
                read(message, value, prefix + name, reading)
        reading.depth -= 1

    return decode


def _field_decoder(field: FieldDescriptor) -> Decode:
    if values.is_map(field):
        return _map_decoder(field)
    if values.kind_of(field) == "message":
        return _message_list_decoder(field) if field.is_repeated else _message_decoder(field)
    return _scalar_list_decoder(field) if field.is_repeated else _scalar_decoder(field)


def _scalar_decoder(field: FieldDescriptor) -> Decode:
    name, convert = field.name, values.reader_of(field)

    def read(message: Message, value: Any, path: str, reading: Reading) -> None:
        try:
            setattr(message, name, convert(value))
        except WrongValueError as error:
            reading.wrong(path, error)

    return read


def _scalar_list_decoder(field: FieldDescriptor) -> Decode:
    name, convert = field.name, values.reader_of(field)

    def read(message: Message, value: Any, path: str, reading: Reading) -> None:
        if type(value) is not list:
            reading.fault(path, "must be a list")
            return
        elements = getattr(message, name)
        for index, item in enumerate(value):
            try:
                elements.append(convert(item))
            except WrongValueError as error:
                reading.wrong(f"{path}[{index}]", error)

    return read


def _message_decoder(field: FieldDescriptor) -> Decode:
    name, target = field.name, values.message_type(field)

    def read(message: Message, value: Any, path: str, reading: Reading) -> None:
        part = getattr(message, name)
        part.SetInParent()
        decoder(target)(part, value, path, reading)

    return read


def _message_list_decoder(field: FieldDescriptor) -> Decode:
    name, target = field.name, values.message_type(field)

    def read(message: Message, value: Any, path: str, reading: Reading) -> None:
        if type(value) is not list:
            reading.fault(path, "must be a list")
            return
        elements, decode = getattr(message, name), decoder(target)
        for index, item in enumerate(value):
            decode(elements.add(), item, f"{path}[{index}]", reading)

    return read


def _map_decoder(field: FieldDescriptor) -> Decode:
    name = field.name
    key_field, value_field = values.message_type(field).fields
    read_key = _key_reader(key_field)
    read_item = _map_item_reader(value_field)

    def read(message: Message, value: Any, path: str, reading: Reading) -> None:
        if type(value) is not dict:
            reading.fault(path, "must be a JSON object")
            return
        entries = getattr(message, name)
        for text, item in value.items():
            here = f"{path}.{str(text)[:NAME_LENGTH_MAX]}"
            try:
                read_item(entries, read_key(text), item, here, reading)
            except WrongValueError as error:
                reading.wrong(here, error)

    return read


def _map_item_reader(field: FieldDescriptor) -> Callable[[Any, Any, Any, str, Reading], None]:
    if values.kind_of(field) == "message":
        target = values.message_type(field)
        return lambda entries, key, item, path, reading: decoder(target)(entries[key], item, path, reading)
    convert = values.reader_of(field)
    return lambda entries, key, item, _path, _reading: entries.update({key: convert(item)})


def _key_reader(field: FieldDescriptor) -> values.Read:
    kind = values.kind_of(field)
    if kind == "string":
        return values.read_string
    if kind == "bool":
        return lambda text: values.read_bool({"true": True, "false": False}.get(text))
    convert = values.reader_of(field)
    return lambda text: convert(values.integer_from_text(text))


def _guarded(read: Callable[[Any, Any, int], None]) -> Decode:
    """Wraps a reader of a well-known type: its faults are the field's own."""

    def decode(message: Message, value: Any, path: str, reading: Reading) -> None:
        try:
            read(message, value, reading.depth)
        except WrongValueError as error:
            reading.wrong(path, error)

    return decode


def _refuse(_message: Message, _value: Any, _depth: int) -> None:
    raise WrongValueError("cannot be given in JSON")


def _read_field_mask(message: Any, value: Any, _depth: int) -> None:
    message.paths.extend(path.strip() for path in values.read_string(value).split(",") if path.strip())


def _wrapper_reader(descriptor: Descriptor) -> Callable[[Any, Any, int], None]:
    convert = values.reader_of(descriptor.fields_by_name["value"])

    def read(message: Any, value: Any, _depth: int) -> None:
        message.value = convert(value)

    return read


_READERS: dict[str, Callable[[Any, Any, int], None]] = {
    "google.protobuf.Timestamp": lambda message, value, _depth: values.fill_timestamp(message, value),
    "google.protobuf.Duration": lambda message, value, _depth: values.fill_duration(message, value),
    "google.protobuf.Struct": values.fill_struct,
    "google.protobuf.Value": values.fill_value,
    "google.protobuf.ListValue": values.fill_list,
    "google.protobuf.FieldMask": _read_field_mask,
    "google.protobuf.Any": _refuse,
    **{
        wrapper.full_name: _wrapper_reader(wrapper)
        for wrapper in wrappers_pb2.DESCRIPTOR.message_types_by_name.values()
    },
}
