"""Prices are versions: added by the operator, in force from their instant, never edited."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chassis.refusal import AlreadyExists, RequestInvalid
from services.billing.domain.configuration import FIRST_CONFIGURATION
from services.billing.domain.price import Kind, ModelPrice
from services.billing.usecases import prices
from tests.billing.books import IMAGE_MODEL, TEXT_MODEL, Billing, first_page


def test_the_same_price_again_adds_no_version(billing: Billing) -> None:
    first = billing.price(credits_per_image=5)
    billing.clock.advance(days=1)

    second = billing.price(credits_per_image=5)

    assert second.id == first.id
    assert billing.rows("SELECT count(*) FROM igny8_billing_aimodelconfig") == [(1,)]


def test_another_price_comes_into_force_and_the_old_one_stays_readable(billing: Billing) -> None:
    old = billing.price(credits_per_image=5)
    billing.clock.advance(seconds=1)

    new = billing.price(credits_per_image=6)

    marks = billing.rows("SELECT id, is_active FROM igny8_billing_aimodelconfig")
    assert {str(row.id): row.is_active for row in marks} == {old.id: False, new.id: True}


def test_a_price_for_later_does_not_hold_before_its_time(billing: Billing) -> None:
    now = billing.clock.now()
    billing.price(credits_per_image=5)

    later = billing.price(credits_per_image=9, effective_from=now + timedelta(days=1))

    assert not later.is_active
    assert [price.credits_per_image for price in _models(billing)] == [5]


def test_a_price_for_later_holds_from_its_very_instant(billing: Billing) -> None:
    billing.price(credits_per_image=5)
    billing.price(credits_per_image=9, effective_from=billing.clock.now() + timedelta(days=1))
    billing.clock.advance(days=1)

    quote = billing.quote(billing.account(), images=1)

    assert quote.maximum_credits == 9
    assert [(price.credits_per_image, price.is_active) for price in _models(billing)] == [(9, True)]


def test_a_price_cannot_begin_in_the_past(billing: Billing) -> None:
    with pytest.raises(RequestInvalid, match="must not lie in the past"):
        billing.price(effective_from=billing.clock.now() - timedelta(seconds=1))


def test_two_prices_of_a_model_cannot_begin_at_one_instant(billing: Billing) -> None:
    billing.price(credits_per_image=5)

    with pytest.raises(AlreadyExists):
        billing.price(credits_per_image=6)


@pytest.mark.parametrize(
    ("kind", "changes", "fields"),
    [
        (Kind.IMAGE, {"credits_per_image": 0}, "credits_per_image"),
        (Kind.IMAGE, {"tokens_per_credit": 5}, "tokens_per_credit"),
        (Kind.IMAGE, {"cost_per_1k_input": Decimal(1)}, "cost_per_1k_input"),
        (Kind.TEXT, {"tokens_per_credit": 0}, "tokens_per_credit"),
        (Kind.TEXT, {"cost_per_image": Decimal(1)}, "cost_per_image"),
        (Kind.TEXT, {"cost_per_1k_output": Decimal("-0.1")}, "cost_per_1k_output"),
        (Kind.TEXT, {"cost_per_1k_input": Decimal("0.0000000000001")}, "cost_per_1k_input"),
        (Kind.TEXT, {"cost_per_1k_input": Decimal(1_000_000)}, "cost_per_1k_input"),
        (Kind.TEXT, {"tokens_per_credit": -1, "credits_per_image": 1}, "tokens_per_credit,credits_per_image"),
    ],
)
def test_terms_that_cannot_be_are_refused_by_name(
    billing: Billing, kind: Kind, changes: Mapping[str, Any], fields: str
) -> None:
    put = billing.text_price if kind is Kind.TEXT else billing.price

    with pytest.raises(RequestInvalid) as refused:
        put(**changes)

    assert refused.value.metadata["fields"] == fields
    assert billing.rows("SELECT count(*) FROM igny8_billing_aimodelconfig") == [(0,)]


def test_models_are_listed_by_name_and_kind_page_by_page(billing: Billing) -> None:
    billing.price()
    billing.text_price()

    first = billing.run(prices.list_models, kind=None, page=first_page(size=1))

    assert [price.model_name for price in first.items] == [TEXT_MODEL]
    assert first.next_page_token
    assert [price.model_name for price in _models(billing, kind=Kind.IMAGE)] == [IMAGE_MODEL]


def test_a_fresh_installation_has_a_configuration(billing: Billing) -> None:
    assert billing.run(prices.get_billing_configuration) == FIRST_CONFIGURATION


def test_a_configuration_holds_for_quotes_made_after_it(billing: Billing) -> None:
    billing.text_price(tokens_per_credit=100)
    account = billing.account()
    before = billing.quote(account, tokens=1)

    billing.configure(default_credit_price_usd="0.02", content_generation=7)

    after = billing.quote(account, tokens=1)
    assert (before.maximum_credits, before.credit_price_usd) == (1, Decimal("0.01"))
    assert (after.maximum_credits, after.credit_price_usd) == (7, Decimal("0.02"))


def test_the_same_configuration_again_adds_no_version(billing: Billing) -> None:
    first = billing.configure(default_credit_price_usd="0.02", clustering=2)
    billing.clock.advance(days=1)

    second = billing.configure(default_credit_price_usd="0.020", clustering=2)

    assert second == first


@pytest.mark.parametrize("price", ["0", "-1", "1000000"])
def test_a_credit_is_worth_something(billing: Billing, price: str) -> None:
    with pytest.raises(RequestInvalid, match="default_credit_price_usd"):
        billing.configure(default_credit_price_usd=price)


@pytest.mark.parametrize("minimum", [0, -1, 1_000_001])
def test_a_minimum_is_at_least_one_credit(billing: Billing, minimum: int) -> None:
    with pytest.raises(RequestInvalid, match=r"minimum_credits\.clustering"):
        billing.configure(default_credit_price_usd="0.01", clustering=minimum)


def _models(billing: Billing, *, kind: Kind | None = None) -> list[ModelPrice]:
    return billing.run(prices.list_models, kind=kind, page=first_page()).items
