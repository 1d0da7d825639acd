"""USD keeps every digit."""

from decimal import Decimal

import pytest

from services.billing.domain.money import fits, minus, thousandth, times, total


def test_nothing_is_rounded() -> None:
    cost = times(10**12, Decimal("999999.999999999999"))

    assert minus(total([thousandth(cost), Decimal("1E-15")]), thousandth(cost)) == Decimal("1E-15")


@pytest.mark.parametrize("usd", ["0", "0.000000000001", "999999.999999999999", "1.500", "1E+3", "0E-20"])
def test_an_amount_of_a_price(usd: str) -> None:
    assert fits(Decimal(usd))


@pytest.mark.parametrize("usd", ["-0.01", "1000000", "0.0000000000001", "NaN", "Infinity", "1E-13"])
def test_no_amount_of_a_price(usd: str) -> None:
    assert not fits(Decimal(usd))
