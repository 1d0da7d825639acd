"""The `rules` of a request's fields as plain Python checks, compiled once per message type."""

import math
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from igny8.options.v1 import options_pb2

from chassis.refusal import FieldFault, RequestInvalid
from chassis.validation_formats import FORMATS

STRING_LENGTH_MAX: Final = 10_000
ITEMS_MAX: Final = 1_000
FAULTS_MAX: Final = 30
"""A request with more faults than this is told the first ones only, so that the answer stays small."""

Faults = list[FieldFault]
Check = Callable[[Message, str, Faults], None]
ValueCheck = Callable[[Any, str, Faults], None]
Validate = Callable[[Message], None]

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_WELL_KNOWN: Final = "google.protobuf."
_WORDS: Final = {
    FieldDescriptor.CPPTYPE_MESSAGE: "must be set",
    FieldDescriptor.CPPTYPE_ENUM: "must be chosen",
}


def validator(descriptor: Descriptor) -> Validate:
    """The check of a request type: raises RequestInvalid with all the faults of a request in one.

    Raises ValueError for a rule that cannot be kept, such as an unknown format, so that a server with one does
    not start.
    """
    _compile_all(descriptor)
    check = _message_check(descriptor)

    def validate(request: Message) -> None:
        faults: Faults = []
        check(request, "", faults)
        if faults:
            raise RequestInvalid(*faults[:FAULTS_MAX])

    return validate


def _compile_all(descriptor: Descriptor, seen: set[str] | None = None) -> None:
    """Compiles every message type within reach now rather than at the first request that holds one."""
    seen = set() if seen is None else seen
    if descriptor.full_name in seen:
        return
    seen.add(descriptor.full_name)
    _checks(descriptor)
    for field in descriptor.fields:
        if field.message_type is not None:
            _compile_all(field.message_type, seen)


def _message_check(descriptor: Descriptor) -> Check:
    def check(message: Message, path: str, faults: Faults) -> None:
        # Looked up here and not outside, because a message type may contain itself.
        for one in _checks(descriptor):
            one(message, path, faults)

    return check


@cache
def _checks(descriptor: Descriptor) -> tuple[Check, ...]:
    if descriptor.full_name.startswith(_WELL_KNOWN) and descriptor.full_name not in _HOLD_STRINGS:
        return ()
    found = (_field_check(field) for field in descriptor.fields)
    return tuple(check for check in found if check is not None)


_HOLD_STRINGS: Final = {f"{_WELL_KNOWN}{name}" for name in ("Struct", "Value", "ListValue", "StringValue")}


def _field_check(field: FieldDescriptor) -> Check | None:
    rules = field.GetOptions().Extensions[options_pb2.rules]
    try:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            return _map_check(field, rules)
        value_check = _value_check(field, rules)
        if field.is_repeated:
            return _list_check(field, rules, value_check)
        return _single_check(field, rules, value_check)
    except (KeyError, re.error) as error:
        raise ValueError(f"{field.full_name} has a rule that cannot be kept: {error}") from error


def _single_check(
    field: FieldDescriptor, rules: "options_pb2.FieldRules", value_check: ValueCheck | None
) -> Check | None:
    name, required = field.name, rules.required
    has_presence = field.has_presence
    is_number = field.cpp_type not in (
        FieldDescriptor.CPPTYPE_STRING,
        FieldDescriptor.CPPTYPE_MESSAGE,
        FieldDescriptor.CPPTYPE_ENUM,
    )
    missing = _WORDS.get(field.cpp_type, "must be set" if is_number else "must not be empty")
    # A number without presence cannot be told from one that is not set, so only its bounds count.
    needs_value = required and not (is_number and not has_presence)
    if value_check is None and not needs_value:
        return None

    def check(message: Message, path: str, faults: Faults) -> None:
        if has_presence:
            if not message.HasField(name):
                if required:
                    faults.append(FieldFault(path + name, missing))
                return
            value = getattr(message, name)
            if required and value == "":
                faults.append(FieldFault(path + name, missing))
                return
        else:
            value = getattr(message, name)
            if not value and not is_number:
                if required:
                    faults.append(FieldFault(path + name, missing))
                return
        if value_check is not None:
            value_check(value, path + name, faults)

    return check


def _list_check(
    field: FieldDescriptor, rules: "options_pb2.FieldRules", value_check: ValueCheck | None
) -> Check:
    name, items_max = field.name, rules.max_items or ITEMS_MAX
    # An empty string stands for a field that is not set; as an element of a list it would be a value.
    holds_words = field.cpp_type == FieldDescriptor.CPPTYPE_STRING and bool(
        rules.format or rules.pattern or rules.min_length
    )
    items_min = max(rules.min_items, 1 if rules.required else 0)

    def check(message: Message, path: str, faults: Faults) -> None:
        values: Sequence[Any] = getattr(message, name)
        count = len(values)
        if count < items_min:
            said = "must not be empty" if items_min == 1 else f"must have at least {items_min} items"
            faults.append(FieldFault(path + name, said))
        elif count > items_max:
            faults.append(FieldFault(path + name, f"has {count:,} items; at most {items_max:,} are allowed"))
        elif value_check is not None:
            for index, value in enumerate(values):
                if holds_words and not value:
                    faults.append(FieldFault(f"{path}{name}[{index}]", "must not be empty"))
                else:
                    value_check(value, f"{path}{name}[{index}]", faults)
                if len(faults) > FAULTS_MAX:
                    return

    return check


def _map_check(field: FieldDescriptor, rules: "options_pb2.FieldRules") -> Check:
    name, items_max = field.name, rules.max_items or ITEMS_MAX
    assert field.message_type is not None
    entry = field.message_type.fields_by_name
    no_rules = options_pb2.FieldRules()
    key_check = _value_check(entry["key"], no_rules)
    value_check = _value_check(entry["value"], rules)

    def check(message: Message, path: str, faults: Faults) -> None:
        values = getattr(message, name)
        if len(values) > items_max:
            said = f"has {len(values):,} entries; at most {items_max:,} are allowed"
            faults.append(FieldFault(path + name, said))
            return
        if rules.required and not values:
            faults.append(FieldFault(path + name, "must not be empty"))
        for key, value in values.items():
            if key_check is not None:
                key_check(key, f"{path}{name}", faults)
            if value_check is not None:
                value_check(value, f"{path}{name}[{str(key)[:50]}]", faults)

    return check


def _value_check(field: FieldDescriptor, rules: "options_pb2.FieldRules") -> ValueCheck | None:
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_MESSAGE:
        return _nested_check(field)
    if kind == FieldDescriptor.CPPTYPE_STRING:
        return _bytes_check(rules) if field.type == FieldDescriptor.TYPE_BYTES else _string_check(rules)
    if kind == FieldDescriptor.CPPTYPE_ENUM:
        return _enum_check(field)
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return None
    return _number_check(rules, real=kind in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT))


def _nested_check(field: FieldDescriptor) -> ValueCheck:
    assert field.message_type is not None
    check = _message_check(field.message_type)

    def nested(value: Message, path: str, faults: Faults) -> None:
        check(value, path + ".", faults)

    return nested


def _string_check(rules: "options_pb2.FieldRules") -> ValueCheck:
    least, most = rules.min_length, rules.max_length or STRING_LENGTH_MAX
    pattern = re.compile(rules.pattern) if rules.pattern else None
    format_ = FORMATS[rules.format] if rules.format else None

    def check(value: str, path: str, faults: Faults) -> None:
        length = len(value)
        if length > most:
            said = f"has {length:,} characters; at most {most:,} are allowed"
            faults.append(FieldFault(path, said))
        elif length < least and value:
            faults.append(FieldFault(path, f"must have at least {least} characters"))
        # isprintable is a cheap first look: most strings end here.
        elif not value.isprintable() and _CONTROL.search(value):
            faults.append(FieldFault(path, "must not contain control characters"))
        elif pattern is not None and value and pattern.fullmatch(value) is None:
            faults.append(FieldFault(path, f"must match {rules.pattern}"))
        elif format_ is not None and value and not format_.accepts(value):
            faults.append(FieldFault(path, f"must be {format_.words}"))

    return check


def _bytes_check(rules: "options_pb2.FieldRules") -> ValueCheck | None:
    least, most = rules.min_length, rules.max_length
    if not least and not most:
        return None

    def check(value: bytes, path: str, faults: Faults) -> None:
        if most and len(value) > most:
            faults.append(FieldFault(path, f"has {len(value):,} bytes; at most {most:,} are allowed"))
        elif value and len(value) < least:
            faults.append(FieldFault(path, f"must have at least {least} bytes"))

    return check


def _enum_check(field: FieldDescriptor) -> ValueCheck:
    assert field.enum_type is not None
    known = frozenset(field.enum_type.values_by_number)

    def check(value: int, path: str, faults: Faults) -> None:
        if value not in known:
            faults.append(FieldFault(path, "is not a value this field knows"))

    return check


def _number_check(rules: "options_pb2.FieldRules", *, real: bool) -> ValueCheck | None:
    least = rules.min if rules.HasField("min") else None
    most = rules.max if rules.HasField("max") else None
    if least is None and most is None and not real:
        return None

    def check(value: float, path: str, faults: Faults) -> None:
        if real and not math.isfinite(value):
            faults.append(FieldFault(path, "must be a number"))
        elif least is not None and value < least:
            faults.append(FieldFault(path, f"must be at least {least:,}"))
        elif most is not None and value > most:
            faults.append(FieldFault(path, f"must be at most {most:,}"))

    return check
