"""Plain values and the values of messages."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from chassis.plain import (
    instant_from_proto,
    instant_to_proto,
    maybe_instant_to_proto,
    money_to_proto,
    struct_to_proto,
)
from chassis.wire_values import write_struct


def test_an_instant_comes_back_in_utc_to_the_microsecond() -> None:
    rome = datetime(2026, 11, 20, 10, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))

    back = instant_from_proto(instant_to_proto(rome))

    assert back == rome
    assert back.tzinfo is UTC


def test_no_instant_stays_absent() -> None:
    assert maybe_instant_to_proto(None) is None


@pytest.mark.parametrize(
    ("usd", "text"),
    [("0.0570", "0.057"), ("10.00", "10"), ("100", "100"), ("0", "0"), ("1E-7", "0.0000001"), ("0.00", "0")],
)
def test_money_is_written_as_people_write_it(usd: str, text: str) -> None:
    assert money_to_proto(Decimal(usd)) == text


def test_free_values_come_back_with_whole_numbers() -> None:
    assert write_struct(struct_to_proto({"images_created": 3, "ids": ["a"]})) == {
        "images_created": 3,
        "ids": ["a"],
    }
