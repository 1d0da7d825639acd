"""Arithmetic with USD that keeps every digit: the usual context of Decimal rounds to 28."""

from collections.abc import Iterable
from decimal import Context, Decimal, Inexact
from functools import reduce

COST_MAX = Decimal(1_000_000)
COST_PLACES_MAX = 12

_NOTHING = Decimal(0)
_EXACT = Context(prec=100, traps=[Inexact])


def times(count: int, usd: Decimal) -> Decimal:
    """So many times the amount."""
    if not count:
        return _NOTHING
    return _EXACT.multiply(Decimal(count), usd)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The sum."""
    return reduce(_EXACT.add, amounts, _NOTHING)


def minus(one: Decimal, other: Decimal) -> Decimal:
    """The difference."""
    return _EXACT.subtract(one, other)


def thousandth(usd: Decimal) -> Decimal:
    """A thousandth of the amount."""
    return _EXACT.scaleb(usd, -3)


def fits(usd: Decimal) -> bool:
    """Whether it is an amount that prices are made of: from 0 to below a million, with at most 12 places."""
    return usd.is_finite() and 0 <= usd < COST_MAX and places(usd) <= COST_PLACES_MAX


def places(amount: Decimal) -> int:
    """Digits after the point, zeros at the end left out."""
    _, digits, exponent = amount.as_tuple()
    assert isinstance(exponent, int), "only a finite number has places"
    zeros = len(digits) - len("".join(map(str, digits)).rstrip("0"))
    return max(0, -(exponent + zeros)) if amount else 0
