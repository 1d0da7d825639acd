"""The one JSON form of our protobuf messages, for REST, event payloads and job payloads.

Descriptors are compiled once into plain encoder and decoder functions; orjson reads and writes the bytes.
It is google.protobuf.json_format's form, with these differences:

- names are the proto's snake_case; fields at their default are written; an unset `optional` field, message or
  member of a oneof is null (an unset google.protobuf.Value is left out, because there null is a value);
- 64-bit integers are JSON numbers;
- an enum value is its lower-case word without the enum's prefix (CONTENT_STATUS_IN_REVIEW of ContentStatus is
  `in_review`); `_UNSPECIFIED`, or a number this build does not know, is null, or `unspecified` inside a list or
  a map or when an `optional` is set to it;
- FieldMask paths stay in snake_case; NaN and infinities have no JSON form; google.protobuf.Any has none either;
- reading is strict: see `from_json_bytes`.
"""

from typing import Any, TypeVar, cast

import orjson
from google.protobuf.message import Message

from chassis.refusal import FieldFault, RequestInvalid
from chassis.wire_decode import BODY, Reading, decoder
from chassis.wire_encode import Lists, encoder, one_by_one

M = TypeVar("M", bound=Message)


def to_json_bytes(message: Message, lists: Lists = one_by_one) -> bytes:
    """The message as JSON in UTF-8. Raises ValueError for NaN, infinities and google.protobuf.Any.

    `lists` may write lists of messages in a way of its own, to what orjson knows.
    """
    return orjson.dumps(encoder(message.DESCRIPTOR, lists)(message))


def to_dict(message: Message) -> dict[str, Any]:
    """The message as what its JSON parses to. Raises ValueError as `to_json_bytes` does."""
    return cast(dict[str, Any], encoder(message.DESCRIPTOR)(message))


def from_json_bytes(cls: type[M], data: bytes, *, ignore_unknown: bool = False) -> M:
    """Reads a message strictly.

    Raises RequestInvalid with the path of every fault (`items[3].title`): not JSON, an unknown field, a wrong
    type (numbers in strings too), an unknown enum word (the allowed ones are listed), an integer out of range, an
    instant that does not exist, NUL in a string, two members of a oneof, more than 32 levels.
    `ignore_unknown` skips unknown fields and enum words: for events, which a newer sender may have written.
    """
    return from_dict(cls, parse(data), ignore_unknown=ignore_unknown)


def from_dict(cls: type[M], mapping: Any, *, ignore_unknown: bool = False) -> M:
    """Reads a message from parsed JSON, as strictly as `from_json_bytes`."""
    message = cls()
    faults = fill(message, mapping, ignore_unknown=ignore_unknown)
    if faults:
        raise RequestInvalid(*faults)
    return message


def parse(data: bytes) -> Any:
    """JSON in UTF-8 as plain Python. Raises RequestInvalid, field `body`, for anything that is not JSON."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise RequestInvalid(FieldFault(BODY, f"is not valid JSON: {error}")) from None


def fill(message: Message, mapping: Any, *, path: str = "", ignore_unknown: bool = False) -> list[FieldFault]:
    """Reads parsed JSON into a message (fields it does not name stay as they are) and returns the faults."""
    reading = Reading(ignore_unknown=ignore_unknown)
    decoder(message.DESCRIPTOR)(message, mapping, path, reading)
    return reading.faults
