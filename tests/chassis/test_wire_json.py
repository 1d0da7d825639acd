"""The JSON form of messages: what it looks like, what reading refuses, and that nothing is lost on the way."""

import importlib
import json
import math
import random
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings, strategies

from chassis import wire_json, wire_values
from chassis.refusal import RequestInvalid
from gateway.operations import descriptor_set, product_files
from tests.gateway.shelf import FILES, Everything, everything

EXAMPLES = 6
"""Random messages of each type; a failing one is made as small as it can be."""


def test_fields_at_their_default_are_written_and_what_is_unset_is_null() -> None:
    document = wire_json.to_dict(Everything())

    assert document["small"] == 0
    assert document["text"] == ""
    assert document["flag"] is False
    assert document["numbers"] == []
    assert document["counts"] == {}
    assert document["colour"] is None
    assert document["inner"] is None
    assert document["note"] is None
    assert document["word"] is None
    assert "anything" not in document


def test_64_bit_integers_are_numbers() -> None:
    message = Everything(large=-(2**63), large_count=2**64 - 1)

    assert b'"large":-9223372036854775808' in wire_json.to_json_bytes(message)
    assert b'"large_count":18446744073709551615' in wire_json.to_json_bytes(message)


def test_an_enum_value_is_its_word_without_the_prefix() -> None:
    message = Everything(colour=everything.COLOUR_SEA_GREEN, lock=Everything.LOCK_STATE_SHUT, colours=[1, 0])

    document = wire_json.to_dict(message)

    assert document["colour"] == "sea_green"
    assert document["lock"] == "shut"
    assert document["colours"] == ["red", "unspecified"]


def test_an_enum_number_of_a_newer_build_is_written_as_unspecified() -> None:
    assert wire_json.to_dict(Everything(colour=99, colours=[99]))["colour"] is None
    assert wire_json.to_dict(Everything(colours=[99]))["colours"] == ["unspecified"]


@pytest.mark.parametrize(
    ("seconds", "nanos", "text"),
    [
        (0, 0, "1970-01-01T00:00:00Z"),
        (1_795_167_000, 0, "2026-11-20T09:30:00Z"),
        (1_795_167_000, 120_000_000, "2026-11-20T09:30:00.120Z"),
        (1_795_167_000, 1_000, "2026-11-20T09:30:00.000001Z"),
        (1_795_167_000, 1, "2026-11-20T09:30:00.000000001Z"),
        (-62_135_596_800, 0, "0001-01-01T00:00:00Z"),
        (253_402_300_799, 999_999_999, "9999-12-31T23:59:59.999999999Z"),
    ],
)
def test_an_instant_is_rfc_3339_in_utc(seconds: int, nanos: int, text: str) -> None:
    message = Everything()
    message.at.seconds, message.at.nanos = seconds, nanos

    assert wire_json.to_dict(message)["at"] == text
    assert wire_json.from_dict(Everything, {"at": text}) == message


@pytest.mark.parametrize(
    "text", ["2026-11-20T10:30:00+01:00", "2026-11-20T04:00:00.0-05:30", "2026-11-20t09:30:00z"]
)
def test_an_instant_with_an_offset_is_read_as_utc(text: str) -> None:
    message = wire_json.from_dict(Everything, {"at": text})

    assert wire_json.to_dict(message)["at"] == "2026-11-20T09:30:00Z"


def test_free_form_values_are_plain_json() -> None:
    payload = {"a": [1, 2.5, None, True, {"b": "c"}], "n": None, "large": 1e300}

    message = wire_json.from_dict(Everything, {"payload": payload, "anything": None, "list": [1]})

    assert wire_json.to_dict(message)["payload"] == payload
    assert wire_json.to_dict(message)["anything"] is None
    assert wire_json.to_dict(message)["list"] == [1]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_cannot_hold_is_not_written(number: float) -> None:
    with pytest.raises(ValueError, match="no JSON form"):
        wire_json.to_json_bytes(Everything(precise=number))


@pytest.mark.parametrize(
    ("document", "field", "message"),
    [
        ([], "body", "must be a JSON object"),
        ({"colourr": 1}, "colourr", "is not a field here"),
        ({"inner": {"x": 1}}, "inner.x", "is not a field here"),
        ({"small": "1"}, "small", "must be a whole number"),
        ({"small": True}, "small", "must be a whole number"),
        ({"small": 1.5}, "small", "must be a whole number"),
        ({"small": 2**31}, "small", "must be between -2147483648 and 2147483647"),
        ({"small_count": -1}, "small_count", "must be between 0 and 4294967295"),
        ({"large": 1e300}, "large", f"must be between {-(2**63)} and {2**63 - 1}"),
        ({"flag": 1}, "flag", "must be true or false"),
        ({"flag": "true"}, "flag", "must be true or false"),
        ({"precise": "1"}, "precise", "must be a number"),
        ({"precise": math.nan}, "precise", "must be a finite number"),
        ({"precise": 10**400}, "precise", "must be a finite number"),
        ({"ratio": 1e39}, "ratio", "must be a number that a 32-bit float can hold"),
        ({"text": 1}, "text", "must be a string"),
        ({"text": "a\0b"}, "text", "must not contain the NUL character"),
        ({"text": "\ud800"}, "text", "must not contain half of a surrogate pair"),
        ({"data": "%%"}, "data", "must be base64 with padding"),
        ({"colour": "blue"}, "colour", "must be one of: red, sea_green"),
        ({"colour": "RED"}, "colour", "must be one of: red, sea_green"),
        ({"colour": 1}, "colour", "must be one of: red, sea_green"),
        ({"colours": ["red", "blue"]}, "colours[1]", "must be one of: red, sea_green"),
        ({"numbers": 1}, "numbers", "must be a list"),
        ({"numbers": [1, None]}, "numbers[1]", "must be a whole number"),
        ({"others": [{}, {"small": "x"}]}, "others[1].small", "must be a whole number"),
        ({"others": {}}, "others", "must be a list"),
        ({"others": [None]}, "others[0]", "must be a JSON object"),
        ({"inner": []}, "inner", "must be a JSON object"),
        ({"counts": []}, "counts", "must be a JSON object"),
        ({"counts": {"a": "x"}}, "counts.a", "must be a whole number"),
        ({"paint": {"one": "red"}}, "paint.one", "must be a whole number"),
        ({"halves": {"yes": {}}}, "halves.yes", "must be true or false"),
        ({"at": "2026-11-20"}, "at", "must be an instant such as 2026-11-20T09:30:00Z"),
        ({"at": "2026-11-20T09:30:00"}, "at", "must be an instant such as 2026-11-20T09:30:00Z"),
        ({"at": "2026-02-30T09:30:00Z"}, "at", "must be an instant that exists, such as 2026-11-20T09:30:00Z"),
        ({"at": "2026-11-20T09:30:60Z"}, "at", "must be an instant that exists, such as 2026-11-20T09:30:00Z"),
        ({"at": "0001-01-01T00:00:00+01:00"}, "at", "must be an instant that exists, such as 2026-11-20T09:30:00Z"),
        ({"at": 1}, "at", "must be an instant such as 2026-11-20T09:30:00Z"),
        ({"took": "1"}, "took", "must be a duration in seconds such as 1.5s"),
        ({"payload": []}, "payload", "must be a JSON object"),
        ({"list": {}}, "list", "must be a list"),
        ({"word": "a", "number": 1}, "number", "cannot be set together with word"),
    ],
)  # fmt: skip
def test_reading_refuses_what_a_field_does_not_take(document: Any, field: str, message: str) -> None:
    with pytest.raises(RequestInvalid) as refused:
        wire_json.from_dict(Everything, document)

    assert [(fault.field, fault.message) for fault in refused.value.fields] == [(field, message)]


def test_reading_names_every_fault_at_once() -> None:
    with pytest.raises(RequestInvalid) as refused:
        wire_json.from_dict(Everything, {"small": "x", "nope": 1, "others": [{"at": "now"}], "flag": 0})

    assert [fault.field for fault in refused.value.fields] == ["small", "nope", "others[0].at", "flag"]


def test_a_hostile_body_does_not_make_a_larger_answer() -> None:
    with pytest.raises(RequestInvalid) as refused:
        wire_json.from_dict(Everything, {"numbers": ["x"] * 5_000})

    assert len(refused.value.fields) == 100


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"nonsense", b'{"a": NaN}', b'{"a": Infinity}', b'"\xff"', b'{"a": 1e999}', b"[" * 5_000],
)
def test_what_is_not_json_is_a_fault_of_the_body(data: bytes) -> None:
    with pytest.raises(RequestInvalid) as refused:
        wire_json.from_json_bytes(Everything, data)

    assert refused.value.fields[0].field == "body"
    assert "is not valid JSON" in refused.value.fields[0].message


@pytest.mark.parametrize("name", ["inner", "payload"])
def test_nesting_is_bounded(name: str) -> None:
    deep: Any = {}
    for _ in range(40):
        deep = {"inner": deep}

    with pytest.raises(RequestInvalid) as refused:
        wire_json.from_dict(Everything, {name: deep})

    assert "is nested more than 32 levels deep" in refused.value.fields[0].message


def test_null_leaves_a_field_unset() -> None:
    document = {field.name: None for field in Everything.DESCRIPTOR.fields if field.name != "anything"}

    assert wire_json.from_dict(Everything, document) == Everything()


def test_a_whole_number_may_have_a_fraction_of_nothing() -> None:
    assert wire_json.from_dict(Everything, {"small": 3.0}).small == 3


def test_an_event_of_a_newer_sender_can_be_read_with_what_it_adds_left_out() -> None:
    document = {"small": 1, "new_field": {"a": 1}, "colour": "mauve", "inner": {"newer": 1, "small": 2}}

    message = wire_json.from_dict(Everything, document, ignore_unknown=True)

    assert message == Everything(small=1, inner=Everything(small=2))


def test_what_is_wrong_is_wrong_from_a_newer_sender_too() -> None:
    with pytest.raises(RequestInvalid):
        wire_json.from_dict(Everything, {"small": "x"}, ignore_unknown=True)


def _types() -> Iterator[Descriptor]:
    """Every message type of the product and of the tests, but what only Google's own form can hold."""
    for file in [*product_files(descriptor_set()), *FILES]:
        for message in file.message_types_by_name.values():
            if "google.api.HttpBody" not in {
                field.message_type.full_name for field in message.fields if field.message_type
            }:
                yield message


TYPES = list(_types())


@pytest.mark.parametrize("descriptor", TYPES, ids=lambda descriptor: descriptor.full_name)
@given(chance=strategies.randoms(use_true_random=False))
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    # By the clock, and so of the machine: how slow or large an example is says nothing of the codec.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
def test_the_form_is_googles_but_for_the_documented_differences_and_loses_nothing(
    descriptor: Descriptor, chance: random.Random
) -> None:
    cls = message_factory.GetMessageClass(descriptor)
    message = _filled(cls(), chance, 0)

    ours = wire_json.to_json_bytes(message)

    assert json.loads(ours) == _as_documented(descriptor, _google(message))
    assert wire_json.from_json_bytes(cls, ours) == message


def test_there_are_messages_of_the_product_to_try() -> None:
    importlib.import_module("igny8.billing.v1")

    assert any(descriptor.full_name.startswith("igny8.billing.v1.") for descriptor in TYPES)


def _google(message: Message) -> Any:
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def _as_documented(descriptor: Descriptor, document: Any) -> Any:
    """Google's form with our differences: numbers, words, nulls, snake_case masks."""
    if descriptor.full_name == "google.protobuf.FieldMask":
        return document.replace("fooBar", "foo_bar")
    if descriptor.full_name.startswith("google.protobuf."):
        return int(document) if descriptor.name in ("Int64Value", "UInt64Value") else document
    return {
        field.name: _field_as_documented(field, document.get(field.name))
        for field in descriptor.fields
        if field.name in document or not wire_values.is_free_value(field)
    }


def _field_as_documented(field: FieldDescriptor, value: Any) -> Any:
    if value is None:
        return None
    if wire_values.is_map(field):
        kept = wire_values.message_type(field).fields_by_name["value"]
        return {key: _element_as_documented(kept, item, null=False) for key, item in value.items()}
    if field.is_repeated:
        return [_element_as_documented(field, item, null=False) for item in value]
    return _element_as_documented(field, value, null=not field.has_presence)


def _element_as_documented(field: FieldDescriptor, value: Any, *, null: bool) -> Any:
    kind = wire_values.kind_of(field)
    if kind == "message":
        return _as_documented(wire_values.message_type(field), value)
    if kind == "enum":
        words = {
            number: word for word, number in wire_values.enum_words(wire_values.enum_type(field)).items()
        }
        number = wire_values.enum_type(field).values_by_name[value].number
        return None if null and words[number] == "unspecified" else words[number]
    return int(value) if wire_values.int_range(kind) else value


def _filled(message: Any, chance: random.Random, depth: int) -> Any:
    """A message with about two thirds of its fields set to random values, edges among them."""
    for field in message.DESCRIPTOR.fields:
        if chance.random() < 0.35:
            continue
        if wire_values.is_map(field):
            _fill_map(getattr(message, field.name), field, chance, depth)
        elif wire_values.kind_of(field) == "message":
            if depth < 3:
                parts = [getattr(message, field.name)] if not field.is_repeated else [
                    getattr(message, field.name).add() for _ in range(chance.randint(0, 3))
                ]  # fmt: skip
                for part in parts:
                    _fill_message(part, chance, depth + 1)
        elif field.is_repeated:
            getattr(message, field.name).extend(_scalar(field, chance) for _ in range(chance.randint(0, 3)))
        else:
            setattr(message, field.name, _scalar(field, chance))
    return message


def _fill_map(entries: Any, field: FieldDescriptor, chance: random.Random, depth: int) -> None:
    key, value = wire_values.message_type(field).fields
    for _ in range(chance.randint(0, 2)):
        if wire_values.kind_of(value) != "message":
            entries[_scalar(key, chance)] = _scalar(value, chance)
        elif depth < 3:
            _fill_message(entries[_scalar(key, chance)], chance, depth + 1)


def _fill_message(part: Any, chance: random.Random, depth: int) -> None:
    part.SetInParent()
    match part.DESCRIPTOR.full_name:
        case "google.protobuf.Timestamp":
            part.seconds = chance.randint(-62_135_596_800, 253_402_300_799)
            part.nanos = chance.choice([0, 1, 120_000_000, 999_999_999])
        case "google.protobuf.Duration":
            part.seconds = chance.choice([0, 1, -1, 86_400]) or 0
            part.nanos = 500_000_000 * (1 if part.seconds >= 0 else -1)
        case "google.protobuf.Value":
            json_format.Parse(chance.choice(["null", "true", "1.5", '"a"', "[1, null]", '{"a": {}}']), part)
        case "google.protobuf.Struct":
            json_format.ParseDict({"a": 1, "b": [None, "x"], "c": {"d": 2.25}}, part)
        case "google.protobuf.ListValue":
            json_format.Parse('[1, "x", null]', part)
        case "google.protobuf.FieldMask":
            part.paths.extend(["foo_bar", "a.b"])
        case _:
            _filled(part, chance, depth)


def _scalar(field: FieldDescriptor, chance: random.Random) -> Any:
    kind = wire_values.kind_of(field)
    bounds = wire_values.int_range(kind)
    if bounds is not None:
        return chance.choice([*bounds, 0, 1, chance.randint(*bounds)])
    if kind == "enum":
        return chance.choice([value.number for value in wire_values.enum_type(field).values])
    values: dict[str, list[Any]] = {
        "bool": [True, False],
        "double": [0.0, 1.5, -1e308, 5e-324, chance.random()],
        "float": [0.0, 0.25, 1.5, -(2.0**100)],
        "string": ["", "plain", "çé 😀", 'quote " and \\', "line\nline", "\u2028"],
        "bytes": [b"", b"\x00\xff", bytes(range(50))],
    }
    return chance.choice(values[kind])
