"""The rules of request fields: what is refused, where the fault is said to be, and that all are told at once."""

import math
from typing import Any

import pytest

from chassis.refusal import RequestInvalid
from chassis.validation import FAULTS_MAX, validator
from tests.chassis import echo

validate = validator(echo.Request.DESCRIPTOR)
validate_required = validator(echo.messages.RequiredRequest.DESCRIPTOR)

ID = "0199aaaa-0000-7000-8000-000000000001"


def faults(request: Any) -> dict[str, str]:
    """The faults of an echo request by field; empty when it passes."""
    try:
        validate(request)
    except RequestInvalid as refusal:
        return {fault.field: fault.message for fault in refusal.fields}
    return {}


def test_an_empty_request_breaks_no_rule_but_required_ones() -> None:
    assert faults(echo.Request()) == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", "x" * 10_000),
        ("text", "two\nlines\tand a tab, Grüße, 漢字 and 🙂"),
        ("site_id", ID),
        ("site_id", ID.upper()),
        ("difficulty", 0),
        ("difficulty", 100),
        ("date", "2028-02-29"),
        ("price", "12.50"),
        ("price", "-0.000001"),
        ("time_zone", "Europe/Berlin"),
        ("time_zone", "America/Argentina/Buenos_Aires"),
        ("time_zone", "UTC"),
        ("email", "name.surname+tag@example.co.uk"),
        ("email", "grüße@bücher.example"),
        ("url", "https://example.com:8443/path?query=1#part"),
        ("at", "00:00"),
        ("at", "23:59"),
        ("slug", "spring-garden-2"),
        ("code", "ABC"),
        ("data", b"\x00" * 8),
        ("score", 1.0),
        ("colour", 1),
        ("texts", ["x"] * 1000),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_good_value_passes(field: str, value: Any) -> None:
    assert faults(echo.Request(**{field: value})) == {}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("text", "x" * 10_001, "has 10,001 characters; at most 10,000 are allowed"),
        ("text", "nul\x00", "must not contain control characters"),
        ("text", "return\r\n", "must not contain control characters"),
        ("text", "escape\x1b[31m", "must not contain control characters"),
        ("text", "next line\x85", "must not contain control characters"),
        ("site_id", "7", "must be an id"),
        ("site_id", ID + " ", "must be an id"),
        ("site_id", ID.replace("-", ""), "must be an id"),
        ("difficulty", -1, "must be at least 0"),
        ("difficulty", 101, "must be at most 100"),
        ("date", "2026-02-29", "must be a date"),
        ("date", "20260228", "must be a date"),
        ("date", "2026-W01-1", "must be a date"),
        ("price", "12,50", "must be a decimal number"),
        ("price", "1e9", "must be a decimal number"),
        ("price", "NaN", "must be a decimal number"),
        ("price", "٣", "must be a decimal number"),
        ("time_zone", "Mars/Olympus", "must be a time zone"),
        ("time_zone", "../../etc/passwd", "must be a time zone"),
        ("time_zone", "/usr/share/zoneinfo/UTC", "must be a time zone"),
        ("time_zone", "Europe", "must be a time zone"),
        ("email", "nobody", "must be an e-mail address"),
        ("email", "a@b", "must be an e-mail address"),
        ("email", "a@@b.example", "must be an e-mail address"),
        ("email", "a@b.example,c@d.example", "must be an e-mail address"),
        ("email", "a@b..example", "must be an e-mail address"),
        ("url", "javascript:alert(1)", "must be an address that begins with http"),
        ("url", "https://", "must be an address that begins with http"),
        ("url", "https://example.com:0/", "must be an address that begins with http"),
        ("url", "https://example.com:99999/", "must be an address that begins with http"),
        ("url", "https://exa mple.com", "must be an address that begins with http"),
        ("at", "24:00", "must be a time of day"),
        ("at", "9:30", "must be a time of day"),
        ("slug", "Spring", "must be lower-case letters"),
        ("slug", "-spring", "must be lower-case letters"),
        ("slug", "spring--garden", "must be lower-case letters"),
        ("code", "ABCD", "must match [A-Z]{3}"),
        ("code", "ABC\n", "must match [A-Z]{3}"),
        ("data", b"\x00" * 9, "has 9 bytes; at most 8 are allowed"),
        ("score", 0.5, "must be at least 1"),
        ("score", math.nan, "must be a number"),
        ("score", math.inf, "must be a number"),
        ("colour", 7, "is not a value this field knows"),
        ("texts", ["x"] * 1001, "has 1,001 items; at most 1,000 are allowed"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_bad_value_is_told_with_what_would_be_good(field: str, value: Any, said: str) -> None:
    found = faults(echo.Request(**{field: value}))

    assert list(found) == [field]
    assert found[field].startswith(said)


def test_a_fault_in_a_list_says_which_item() -> None:
    request = echo.Request(items=[{"title": "good"}, {"title": "also good"}, {"title": "no"}])

    assert faults(request) == {"items[2].title": "must have at least 3 characters"}


def test_a_fault_far_inside_says_its_whole_path() -> None:
    request = echo.Request(items=[{"title": "good", "items": [{"title": "good", "items": [{}]}]}])

    assert faults(request) == {"items[0].items[0].items[0].title": "must not be empty"}


def test_a_long_list_is_refused_without_looking_at_its_items() -> None:
    request = echo.Request(items=[{}, {}, {}, {}])

    assert faults(request) == {"items": "has 4 items; at most 3 are allowed"}


def test_a_fault_in_a_list_of_texts_says_which() -> None:
    assert list(faults(echo.Request(texts=["good", "bad\x00"]))) == ["texts[1]"]


def test_an_empty_id_in_a_list_is_a_fault_though_an_empty_field_is_none() -> None:
    assert faults(echo.Request(ids=[])) == {}
    assert faults(echo.Request(ids=["0199aaaa-0000-7000-8000-000000000001", ""])) == {
        "ids[1]": "must not be empty"
    }


def test_a_map_is_bounded_and_its_values_keep_the_rules() -> None:
    assert faults(echo.Request(labels={"a": "short", "b": "x"})) == {}
    assert list(faults(echo.Request(labels={"a": "too long"}))) == ["labels[a]"]
    assert list(faults(echo.Request(labels={"bad\x00": "x"}))) == ["labels"]
    assert list(faults(echo.Request(labels={"a": "", "b": "", "c": ""}))) == ["labels"]


def test_all_faults_are_told_at_once() -> None:
    request = echo.Request(site_id="7", difficulty=101, slug="No", items=[{"title": "x"}])

    with pytest.raises(RequestInvalid) as refused:
        validate(request)

    assert {fault.field for fault in refused.value.fields} == {
        "site_id",
        "difficulty",
        "slug",
        "items[0].title",
    }
    assert set(refused.value.metadata["fields"].split(",")) == {
        "site_id",
        "difficulty",
        "slug",
        "items[0].title",
    }


def test_a_request_full_of_faults_gets_an_answer_of_bounded_size() -> None:
    assert len(faults(echo.Request(texts=["\x00"] * 1000))) == FAULTS_MAX


def test_everything_required_is_asked_for() -> None:
    with pytest.raises(RequestInvalid) as refused:
        validate_required(echo.messages.RequiredRequest())

    assert {fault.field: fault.message for fault in refused.value.fields} == {
        "text": "must not be empty",
        "item": "must be set",
        "texts": "must not be empty",
        "colour": "must be chosen",
        "number": "must be set",
    }


def test_a_number_that_is_set_to_zero_is_set() -> None:
    validate_required(
        echo.messages.RequiredRequest(text="x", item={"title": "good"}, texts=["x"], colour=1, number=0)
    )


def test_an_absent_number_has_no_bounds_to_keep() -> None:
    assert faults(echo.Request()) == {}
    assert list(faults(echo.Request(score=0))) == ["score"]


def test_a_rule_nobody_can_keep_is_found_when_it_is_compiled() -> None:
    with pytest.raises(ValueError, match=r"echo\.v1\.BrokenRequest\.text"):
        validator(echo.messages.BrokenRequest.DESCRIPTOR)


def test_every_request_of_the_suite_has_rules_that_can_be_kept() -> None:
    """Compiling them all is what a server does when it starts."""
    from igny8.ai import v1 as ai
    from igny8.billing import v1 as billing
    from igny8.publisher import v1 as publisher

    requests = [
        found.DESCRIPTOR
        for package in (ai, billing, publisher)
        for name, found in vars(package).items()
        if name.endswith("Request") and hasattr(found, "DESCRIPTOR")
    ]

    assert len(requests) > 20
    assert all(validator(descriptor) for descriptor in requests)
