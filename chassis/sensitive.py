"""Requests as they may be logged: every field marked `sensitive` in its proto cleared, however deep it sits."""

from functools import cache

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from igny8.options.v1 import options_pb2

Path = tuple[str, ...]


def cleared(message: Message) -> Message:
    """A copy of the message without its sensitive fields; the message itself where it has none."""
    if not has_sensitive(message.DESCRIPTOR):
        return message
    copy = type(message)()
    copy.CopyFrom(message)
    _clear(copy)
    return copy


@cache
def has_sensitive(descriptor: Descriptor) -> bool:
    """Whether the message type or one within it has a sensitive field."""
    return _reaches_sensitive(descriptor, set())


def _reaches_sensitive(descriptor: Descriptor, seen: set[str]) -> bool:
    if descriptor.full_name in seen:
        return False
    seen.add(descriptor.full_name)
    return any(
        _is_sensitive(field)
        or (field.message_type is not None and _reaches_sensitive(field.message_type, seen))
        for field in descriptor.fields
    )


def _is_sensitive(field: FieldDescriptor) -> bool:
    return bool(field.GetOptions().Extensions[options_pb2.sensitive])


def _clear(message: Message) -> None:
    for field, value in message.ListFields():
        if _is_sensitive(field):
            message.ClearField(field.name)
        elif field.message_type is None or not has_sensitive(field.message_type):
            continue
        elif field.message_type.GetOptions().map_entry:
            for item in value.values():
                _clear(item)
        elif field.is_repeated:
            for item in value:
                _clear(item)
        else:
            _clear(value)
