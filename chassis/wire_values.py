"""How single values look in JSON: enum words, instants, durations, bytes, numbers and free-form values.

Readers raise `WrongValueError` with the rest of a sentence that begins with the field's name.
"""

import base64
import binascii
import math
import re
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from google.protobuf import duration_pb2, struct_pb2, timestamp_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

DEPTH_MAX = 32
"""Objects and lists nested deeper than this are refused, so that no body can exhaust the stack."""

UNSPECIFIED = "unspecified"
"""The word of an enum's zero value where null cannot stand: inside lists and maps, or set explicitly."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTES = tuple(f"{hour:02d}:{minute:02d}:" for hour in range(24) for minute in range(60))
_INSTANT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
_DURATION = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,9}))?s")
_INTEGER = re.compile(r"-?[0-9]{1,20}")
_INT_RANGES = {
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
}
_FIELD_TYPES = {
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_SINT32: "int32",
    FieldDescriptor.TYPE_SFIXED32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_SINT64: "int64",
    FieldDescriptor.TYPE_SFIXED64: "int64",
    FieldDescriptor.TYPE_UINT32: "uint32",
    FieldDescriptor.TYPE_FIXED32: "uint32",
    FieldDescriptor.TYPE_UINT64: "uint64",
    FieldDescriptor.TYPE_FIXED64: "uint64",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_FLOAT: "float",
    FieldDescriptor.TYPE_DOUBLE: "double",
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_ENUM: "enum",
    FieldDescriptor.TYPE_MESSAGE: "message",
}


class WrongValueError(Exception):
    """A value is not what its field takes; `str()` goes on after the field's name: `must be a string`."""


class UnknownWordError(WrongValueError):
    """An enum word this build does not know; a reader of a newer sender's events may skip it."""


Read = Callable[[Any], Any]


def kind_of(field: FieldDescriptor) -> str:
    """The field's type with the wire's variants folded: int32, int64, uint32, uint64, bool, float, double,
    string, bytes, enum, message."""
    return _FIELD_TYPES[field.type]


def message_type(field: FieldDescriptor) -> Descriptor:
    """The message a field of kind message holds."""
    assert field.message_type is not None, f"{field.full_name} holds no message"
    return field.message_type


def enum_type(field: FieldDescriptor) -> EnumDescriptor:
    """The enum a field of kind enum holds."""
    assert field.enum_type is not None, f"{field.full_name} holds no enum"
    return field.enum_type


def is_map(field: FieldDescriptor) -> bool:
    """Whether the field is a map: a repeated message that protoc made for it."""
    return kind_of(field) == "message" and field.is_repeated and message_type(field).GetOptions().map_entry


def is_free_value(field: FieldDescriptor) -> bool:
    """Whether the field is one google.protobuf.Value, in which null is a value of its own."""
    return (
        kind_of(field) == "message"
        and not field.is_repeated
        and message_type(field).full_name == "google.protobuf.Value"
    )


def int_range(kind: str) -> tuple[int, int] | None:
    """The least and the greatest value of an integer kind, None for any other kind."""
    return _INT_RANGES.get(kind)


@cache
def enum_words(enum: EnumDescriptor) -> dict[str, int]:
    """Word -> number, without the enum's prefix, in lower case: CONTENT_STATUS_IN_REVIEW is `in_review`."""
    prefix = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", enum.name).upper() + "_"
    return {value.name.removeprefix(prefix).lower(): value.number for value in enum.values}


@cache
def public_enum_words(enum: EnumDescriptor) -> tuple[str, ...]:
    """The words a caller chooses from: all but the zero value `unspecified`."""
    return tuple(word for word in enum_words(enum) if word != UNSPECIFIED)


def write_enum(enum: EnumDescriptor, *, null_for_unspecified: bool) -> Callable[[int], str | None]:
    """Number -> word. A number this build does not know is written as the zero value is."""
    words: dict[int, str | None] = {}
    for word, number in enum_words(enum).items():
        words.setdefault(number, word)
    if null_for_unspecified and words.get(0) == UNSPECIFIED:
        words[0] = None
    unknown = words.get(0)
    return words.get if unknown is None else lambda number: words.get(number, unknown)


def write_timestamp(instant: timestamp_pb2.Timestamp) -> str:
    """RFC 3339 in UTC with `Z` and 0, 3, 6 or 9 decimals, as google.protobuf.json_format writes it."""
    days, second = divmod(instant.seconds, 86_400)
    minute, second = divmod(second, 60)
    nanos = instant.nanos
    # Lists hold thousands of instants: by tables this takes a third of the time of a datetime's isoformat.
    return f"{_day(days)}{_MINUTES[minute]}{second:02d}{_decimals(nanos) if nanos else ''}Z"


@lru_cache(4096)
def _day(since_epoch: int) -> str:
    """`2026-11-20T`, by the days since 1970. Raises OverflowError outside of the years 1 to 9999."""
    return f"{(_EPOCH + timedelta(days=since_epoch)).date().isoformat()}T"


def write_duration(duration: duration_pb2.Duration) -> str:
    """Seconds with a final `s`: `1.500s`."""
    sign = "-" if duration.seconds < 0 or duration.nanos < 0 else ""
    return f"{sign}{abs(duration.seconds)}{_decimals(abs(duration.nanos))}s"


def write_double(number: float) -> float:
    """The number itself. Raises ValueError for NaN and infinities, which JSON cannot hold."""
    if not math.isfinite(number):
        raise ValueError(f"{number} has no JSON form")
    return number


def write_float(number: float) -> float:
    """The shortest decimal that is the same 32-bit float: 0.1, never 0.10000000149011612."""
    write_double(number)
    for digits in (6, 7, 8):
        short = float(f"{number:.{digits}g}")
        if _as_float32(short) == number:
            return short
    return float(f"{number:.9g}")


def write_bytes(data: bytes) -> str:
    """Base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def write_value(value: struct_pb2.Value) -> Any:
    """Plain JSON of a free-form value; whole numbers are written without a fraction."""
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return write_struct(value.struct_value)
    if kind == "list_value":
        return write_list(value.list_value)
    if kind == "number_value":
        number = write_double(value.number_value)
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    return getattr(value, kind) if kind in ("string_value", "bool_value") else None


def write_struct(document: struct_pb2.Struct) -> dict[str, Any]:
    """Plain JSON object of a Struct."""
    return {key: write_value(value) for key, value in document.fields.items()}


def write_list(values: struct_pb2.ListValue) -> list[Any]:
    """Plain JSON list of a ListValue."""
    return [write_value(value) for value in values.values]


def reader_of(field: FieldDescriptor) -> Read:
    """The function that turns one JSON value of a scalar or enum field into what protobuf takes."""
    kind = kind_of(field)
    if kind == "enum":
        return _enum_reader(enum_type(field))
    if kind in _INT_RANGES:
        return _integer_reader(*_INT_RANGES[kind])
    readers: dict[str, Read] = {
        "bool": read_bool,
        "string": read_string,
        "bytes": read_bytes,
        "double": read_double,
        "float": _read_float,
    }
    return readers[kind]


def read_bool(value: Any) -> bool:
    """true or false, nothing that merely looks like it."""
    if value is True or value is False:
        return bool(value)
    raise WrongValueError("must be true or false")


def read_string(value: Any) -> str:
    """A string of real characters. NUL is refused: PostgreSQL text cannot hold it."""
    if type(value) is not str:
        raise WrongValueError("must be a string")
    if "\0" in value:
        raise WrongValueError("must not contain the NUL character")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise WrongValueError("must not contain half of a surrogate pair") from None
    return value


def read_bytes(value: Any) -> bytes:
    """Base64 with padding, standard alphabet."""
    if type(value) is not str:
        raise WrongValueError("must be a string in base64")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise WrongValueError("must be base64 with padding") from None


def read_double(value: Any) -> float:
    """A finite number; a string that holds one is refused."""
    if type(value) not in (int, float):
        raise WrongValueError("must be a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise WrongValueError("must be a finite number")
    return number


def integer_from_text(text: str) -> int:
    """An integer from a query or path parameter or from a map's key, in plain decimal digits."""
    if not _INTEGER.fullmatch(text):
        raise WrongValueError("must be a whole number")
    return int(text)


def fill_timestamp(message: timestamp_pb2.Timestamp, value: Any) -> None:
    """Reads RFC 3339 with any offset from UTC, years 1 to 9999, up to nine decimals."""
    match = _INSTANT.fullmatch(value) if type(value) is str else None
    if match is None:
        raise WrongValueError("must be an instant such as 2026-11-20T09:30:00Z")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, sign, offset_hours, offset_minutes = match.groups()[6:]
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        if sign:
            if int(offset_hours) > 23 or int(offset_minutes) > 59:
                raise ValueError
            offset = timedelta(hours=int(offset_hours), minutes=int(offset_minutes))
            moment = moment - offset if sign == "+" else moment + offset
    except (ValueError, OverflowError):
        raise WrongValueError("must be an instant that exists, such as 2026-11-20T09:30:00Z") from None
    message.seconds = (moment - _EPOCH) // timedelta(seconds=1)
    message.nanos = int((fraction or "").ljust(9, "0"))


def fill_duration(message: duration_pb2.Duration, value: Any) -> None:
    """Reads seconds with a final `s`, up to 10,000 years."""
    match = _DURATION.fullmatch(value) if type(value) is str else None
    if match is None or int(match[2]) > 315_576_000_000:
        raise WrongValueError("must be a duration in seconds such as 1.5s")
    sign = -1 if match[1] else 1
    message.seconds = sign * int(match[2])
    message.nanos = sign * int((match[3] or "").ljust(9, "0"))


def fill_value(message: struct_pb2.Value, value: Any, depth: int) -> None:
    """Reads any JSON value down to DEPTH_MAX."""
    if value is None:
        message.null_value = struct_pb2.NULL_VALUE
    elif type(value) is bool:
        message.bool_value = value
    elif type(value) is str:
        message.string_value = read_string(value)
    elif type(value) is dict:
        fill_struct(message.struct_value, value, depth + 1)
    elif type(value) is list:
        fill_list(message.list_value, value, depth + 1)
    else:
        message.number_value = read_double(value)


def fill_struct(message: struct_pb2.Struct, value: Any, depth: int) -> None:
    """Reads a JSON object of free form."""
    if type(value) is not dict:
        raise WrongValueError("must be a JSON object")
    _check_depth(depth)
    message.SetInParent()
    for key, item in value.items():
        fill_value(message.fields[read_string(key)], item, depth)


def fill_list(message: struct_pb2.ListValue, value: Any, depth: int) -> None:
    """Reads a JSON list of free form."""
    if type(value) is not list:
        raise WrongValueError("must be a list")
    _check_depth(depth)
    message.SetInParent()
    for item in value:
        fill_value(message.values.add(), item, depth)


def _check_depth(depth: int) -> None:
    if depth > DEPTH_MAX:
        raise WrongValueError(f"is nested more than {DEPTH_MAX} levels deep")


def _enum_reader(enum: EnumDescriptor) -> Read:
    words = enum_words(enum)
    allowed = ", ".join(public_enum_words(enum))

    def read(value: Any) -> int:
        if type(value) is not str:
            raise WrongValueError(f"must be one of: {allowed}")
        number = words.get(value)
        if number is None:
            raise UnknownWordError(f"must be one of: {allowed}")
        return number

    return read


def _integer_reader(least: int, greatest: int) -> Read:
    def read(value: Any) -> int:
        # JSON Schema counts 1.0 as an integer; beyond 2^53 a float no longer says which integer it is.
        if type(value) is float and value.is_integer() and abs(value) <= 2**53:
            value = int(value)
        if type(value) is float and abs(value) > 2**53:
            raise WrongValueError(f"must be between {least} and {greatest}")
        if type(value) is not int:
            raise WrongValueError("must be a whole number")
        if not least <= value <= greatest:
            raise WrongValueError(f"must be between {least} and {greatest}")
        return value

    return read


def _read_float(value: Any) -> float:
    number = read_double(value)
    if math.isinf(_as_float32(number)):
        raise WrongValueError("must be a number that a 32-bit float can hold")
    return number


def _as_float32(number: float) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", number))[0])
    except OverflowError:
        return math.inf


def _decimals(nanos: int) -> str:
    if nanos == 0:
        return ""
    if nanos % 1_000_000 == 0:
        return f".{nanos // 1_000_000:03d}"
    if nanos % 1_000 == 0:
        return f".{nanos // 1_000:06d}"
    return f".{nanos:09d}"
