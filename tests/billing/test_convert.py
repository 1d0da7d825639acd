"""Money, instants, enums and events on their way to the wire."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from igny8.billing import v1 as billing_proto

from services.billing import convert
from services.billing.domain.api_key import Scope
from services.billing.domain.grant import Category
from services.billing.domain.price import Kind
from services.billing.domain.reservation import Status
from services.billing.domain.transaction import TransactionType
from services.billing.domain.usage import GroupBy


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        ("0", "0"),
        ("0.00", "0"),
        ("1E+3", "1000"),
        ("100", "100"),
        ("0.0500", "0.05"),
        ("1E-12", "0.000000000001"),
        ("-0.10", "-0.1"),
    ],
)
def test_money_is_written_as_people_write_it(usd: str, text: str) -> None:
    assert convert.money_to_proto(Decimal(usd)) == text


def test_no_money_is_nothing() -> None:
    assert convert.money_from_proto("") == 0


def test_an_instant_comes_back_as_it_went() -> None:
    instant = datetime(2026, 11, 2, 9, 0, 0, 123456, tzinfo=UTC)

    assert convert.instant_from_proto(convert.instant_to_proto(instant)) == instant


@pytest.mark.parametrize(
    ("nouns", "words", "prefix"),
    [
        (Scope, billing_proto.ApiKey.Scope, "SCOPE_"),
        (Category, billing_proto.CreditGrant.Category, "CATEGORY_"),
        (Kind, billing_proto.ModelPrice.Kind, "KIND_"),
        (Status, billing_proto.Reservation.Status, "STATUS_"),
        (TransactionType, billing_proto.CreditTransaction.Type, "TYPE_"),
        (GroupBy, billing_proto.SummarizeUsageRequest.GroupBy, "GROUP_BY_"),
    ],
)
def test_domain_and_wire_have_the_same_words(nouns: type[StrEnum], words: Any, prefix: str) -> None:
    on_the_wire = {name.removeprefix(prefix).lower() for name in dict(words.items())}

    assert on_the_wire == {"unspecified", *(word.value for word in nouns)}


def test_what_is_no_event_is_not_sent() -> None:
    with pytest.raises(TypeError, match="str is no event of billing"):
        convert.encode("an event")
