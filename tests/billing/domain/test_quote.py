"""What work will cost at most: a hold of it must do, however the tokens fall on the items."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.refusal import RequestInvalid
from services.billing.domain.configuration import FIRST_CONFIGURATION, BillingConfiguration
from services.billing.domain.price import ModelPrice
from services.billing.domain.quote import QUOTE_LIFETIME, Quote, QuotedWork, QuoteExpired
from services.billing.domain.work import Work
from tests.billing.domain.builders import NOW, a_text_price, a_variant, an_image_price


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


def test_a_quote_counts_tokens_by_their_kinds() -> None:
    price = a_text_price(weight_cached_input=Decimal("0.1"), weight_output=Decimal(5))

    quote = _quote(
        price,
        items=1,
        expected_tokens=1_000,
        expected_output_tokens=200,
        maximum_tokens=2_000,
        maximum_output_tokens=1_000,
    )

    assert quote.expected_credits == 18  # (800 + 200 x 5) / 100
    assert quote.maximum_credits == 60  # (1,000 + 1,000 x 5) / 100


def test_tokens_of_which_nobody_knows_the_kind_are_quoted_as_the_dearest() -> None:
    price = a_text_price(weight_output=Decimal(5), weight_reasoning=Decimal("7.5"))

    quote = _quote(price, items=1, expected_tokens=100, maximum_tokens=200)

    assert (quote.expected_credits, quote.maximum_credits) == (8, 15)


def test_the_maximum_allows_for_everything_written_to_be_reasoning() -> None:
    price = a_text_price(weight_output=Decimal(1), weight_reasoning=Decimal(4))

    quote = _quote(price, items=1, maximum_tokens=200, maximum_output_tokens=100)

    assert quote.maximum_credits == price.credits_for(
        Work(input_tokens=100, output_tokens=100, reasoning_tokens=100), minimum=1
    )


def test_images_are_quoted_by_size_and_quality() -> None:
    price = an_image_price(credits_per_image=20, image_variants=(a_variant(credits_per_image=3),))

    known = _quote(price, items=2, images=2, image_size="1024x1024", image_quality="low")
    unknown = _quote(price, items=2, images=2, image_size="1024x1024", image_quality="high")

    assert (known.expected_credits, known.maximum_credits) == (6, 6)
    assert unknown.maximum_credits == 40


@pytest.mark.parametrize("name", ["expected", "maximum"])
def test_no_more_tokens_are_written_than_there_are(name: str) -> None:
    work = {"expected_tokens": 10, "maximum_tokens": 10, f"{name}_output_tokens": 11}

    with pytest.raises(RequestInvalid, match=f"{name}_output_tokens"):
        _quote(a_text_price(), items=1, **work)


def test_a_quote_ends_a_quarter_of_an_hour_after_it_was_made() -> None:
    quote = _quote(an_image_price(), items=1, images=1)

    quote.check_usable(now=NOW + QUOTE_LIFETIME * 0.99)
    with pytest.raises(QuoteExpired):
        quote.check_usable(now=NOW + QUOTE_LIFETIME)


def _quote(price: ModelPrice, *, minimum: int = 1, items: int, **work: Any) -> Quote:
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
