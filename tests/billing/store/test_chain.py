"""The chain of the ledger: what Python writes, PostgreSQL proves, whatever a line says."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from chassis.bulk import to_json
from services.billing.domain.chain import json_text
from tests.billing.books import Billing

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False, width=64).map(lambda x: x + 0.0),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=12,
)
AWKWARD = [
    {"b": 1, "aa": 2, "a": 3, "é": 4, "zz": 5},
    {"quoted": '"\\/\b\f\n\r\t\x01\x1f\x7f', "wide": "naïve 日本 🍏"},
    {"small": 1e-7, "large": 1e22, "tenth": 0.1, "whole": 5, "nested": [{"late": True}, None, []]},
    {},
]


@pytest.mark.parametrize("value", AWKWARD)
def test_json_is_written_as_postgresql_writes_it(billing: Billing, value: Any) -> None:
    assert _as_postgresql_writes([value], billing) == [json_text(value)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(VALUES, min_size=20, max_size=20))
def test_any_json_is_written_as_postgresql_writes_it(billing: Billing, values: list[Any]) -> None:
    assert _as_postgresql_writes(values, billing) == [json_text(value) for value in values]


@pytest.mark.parametrize("metadata", AWKWARD)
def test_every_line_follows_from_the_one_before(billing: Billing, metadata: dict[str, Any]) -> None:
    billing.price()
    billing.clock.set(datetime(2026, 11, 2, 9, 0, 0, 123457, tzinfo=UTC))
    account = billing.account(credits=10)
    reservation = billing.reserve(account, images=5)

    billing.capture(reservation, images=1, description="Äpfel | 3:x", metadata=metadata)
    billing.release(reservation)

    billing.check_books()
    assert len({line.hash for line in billing.lines(account)}) == 4


def _as_postgresql_writes(values: list[Any], billing: Billing) -> list[str]:
    with billing.transactions.engine.connect() as connection:
        written = text(
            "SELECT value::jsonb::text FROM json_array_elements(CAST(:rows AS json)) AS given(value)"
        )
        return list(connection.scalars(written, {"rows": to_json(values)}))
