"""What work costs by a price."""

from decimal import Decimal

import pytest

from chassis.refusal import RequestInvalid
from services.billing.domain.price import Work, in_force
from tests.billing.domain.builders import a_text_price, an_image_price, later


@pytest.mark.parametrize(
    ("tokens", "minimum", "credits"),
    [(0, 1, 1), (1, 1, 1), (100, 1, 1), (101, 1, 2), (1000, 1, 10), (100, 3, 3), (301, 3, 4)],
)
def test_text_is_rounded_up_to_whole_credits_and_to_the_minimum(
    tokens: int, minimum: int, credits: int
) -> None:
    price = a_text_price(tokens_per_credit=100)

    assert price.credits_for(Work(output_tokens=tokens), minimum=minimum) == credits


def test_tokens_read_and_written_are_charged_together() -> None:
    price = a_text_price(tokens_per_credit=100)

    assert price.credits_for(Work(input_tokens=60, output_tokens=60), minimum=1) == 2


def test_images_are_charged_one_by_one_and_know_no_minimum() -> None:
    price = an_image_price(credits_per_image=5)

    assert price.credits_for(Work(images=3), minimum=100) == 15


def test_the_cost_of_text_keeps_every_digit() -> None:
    price = a_text_price(
        cost_per_1k_input=Decimal("0.000000000001"), cost_per_1k_output=Decimal("999999.999999999999")
    )

    cost = price.cost_of(Work(input_tokens=1, output_tokens=1_000_000_000))

    assert cost == Decimal("999999999999.999999000000001")


def test_the_cost_of_images_is_their_number_times_the_cost_of_one() -> None:
    assert an_image_price(cost_per_image=Decimal("0.0375")).cost_of(Work(images=4)) == Decimal("0.15")


def test_a_text_model_makes_no_images() -> None:
    with pytest.raises(RequestInvalid, match="images must be 0"):
        a_text_price().check_work(Work(images=1))


def test_an_image_model_makes_at_least_one() -> None:
    with pytest.raises(RequestInvalid, match="images must be at least 1"):
        an_image_price().check_work(Work(output_tokens=5))


def test_the_latest_version_whose_time_has_come_is_in_force() -> None:
    old = an_image_price(id="old", effective_from=later(days=0))
    new = an_image_price(id="new", effective_from=later(days=1))
    future = an_image_price(id="future", effective_from=later(days=2))

    assert in_force([future, old, new], now=later(days=1)) == new


def test_before_the_first_version_nothing_is_in_force() -> None:
    assert in_force([an_image_price(effective_from=later(days=1))], now=later(days=0)) is None


def test_two_versions_are_the_same_whenever_they_begin() -> None:
    one = an_image_price(id="one", effective_from=later(days=0))

    assert one.is_same(an_image_price(id="two", effective_from=later(days=1)))
    assert not one.is_same(an_image_price(credits_per_image=2))
