"""What work will cost at most: a hold of it must do, however the tokens fall on the items."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.refusal import RequestInvalid
from services.billing.domain.configuration import FIRST_CONFIGURATION, BillingConfiguration
from services.billing.domain.price import ModelPrice, Work
from services.billing.domain.quote import QUOTE_LIFETIME, Quote, QuotedWork, QuoteExpired
from tests.billing.domain.builders import NOW, a_text_price, an_image_price


def test_images_are_quoted_exactly() -> None:
    quote = _quote(an_image_price(credits_per_image=5), items=4, images=4)

    assert (quote.expected_credits, quote.maximum_credits) == (20, 20)


def test_text_is_quoted_as_expected_and_at_most() -> None:
    quote = _quote(a_text_price(tokens_per_credit=100), items=1, expected_tokens=450, maximum_tokens=1000)

    assert (quote.expected_credits, quote.maximum_credits) == (5, 10)


def test_each_item_costs_the_minimum() -> None:
    quote = _quote(a_text_price(), minimum=3, items=4, expected_tokens=4, maximum_tokens=4)

    assert (quote.expected_credits, quote.maximum_credits) == (12, 12)


@given(
    tokens=st.lists(st.integers(0, 5000), min_size=1, max_size=8),
    tokens_per_credit=st.integers(1, 700),
    minimum=st.integers(1, 6),
)
def test_the_maximum_covers_every_split_of_the_tokens(
    tokens: list[int], tokens_per_credit: int, minimum: int
) -> None:
    price = a_text_price(tokens_per_credit=tokens_per_credit)
    quote = _quote(price, minimum=minimum, items=len(tokens), maximum_tokens=max(1, sum(tokens)))

    charged = sum(price.credits_for(Work(output_tokens=each), minimum=minimum) for each in tokens)

    assert charged <= quote.maximum_credits
    assert quote.expected_credits <= quote.maximum_credits


@pytest.mark.parametrize(
    ("price", "work", "field"),
    [
        (a_text_price(), {"images": 1, "maximum_tokens": 5}, "images"),
        (a_text_price(), {}, "maximum_tokens"),
        (a_text_price(), {"expected_tokens": 6, "maximum_tokens": 5}, "maximum_tokens"),
        (an_image_price(), {"maximum_tokens": 5}, "images"),
    ],
)
def test_work_the_model_does_not_do_is_refused(price: ModelPrice, work: dict[str, int], field: str) -> None:
    with pytest.raises(RequestInvalid) as refused:
        _quote(price, items=1, **work)

    assert refused.value.metadata["fields"] == field


def test_a_quote_ends_a_quarter_of_an_hour_after_it_was_made() -> None:
    quote = _quote(an_image_price(), items=1, images=1)

    quote.check_usable(now=NOW + QUOTE_LIFETIME * 0.99)
    with pytest.raises(QuoteExpired):
        quote.check_usable(now=NOW + QUOTE_LIFETIME)


def _quote(price: ModelPrice, *, minimum: int = 1, items: int, **work: int) -> Quote:
    return Quote.of(
        QuotedWork(operation_type="clustering", items=items, **work),
        id="quote",
        account_id="account",
        price=price,
        configuration=BillingConfiguration(
            default_credit_price_usd=Decimal("0.01"),
            minimum_credits={"clustering": minimum},
            effective_from=FIRST_CONFIGURATION.effective_from,
        ),
        now=NOW,
    )
