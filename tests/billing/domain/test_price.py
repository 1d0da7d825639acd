"""What work costs by a price."""

from decimal import Decimal
from typing import Any

import pytest

from chassis.refusal import RequestInvalid
from services.billing.domain.price import in_force
from services.billing.domain.work import Work
from tests.billing.domain.builders import a_text_price, a_variant, an_image_price, later


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


KINDS = Work(input_tokens=5_000, cached_input_tokens=4_000, output_tokens=700, reasoning_tokens=200)


def test_each_kind_of_token_costs_its_own() -> None:
    price = a_text_price(
        cost_per_1k_input=Decimal("0.00125"),
        cost_per_1k_cached_input=Decimal("0.000125"),
        cost_per_1k_output=Decimal("0.01"),
        cost_per_1k_reasoning=Decimal("0.02"),
    )

    assert price.cost_of(KINDS) == Decimal("0.00125") + Decimal("0.0005") + Decimal("0.005") + Decimal(
        "0.004"
    )


def test_kinds_without_a_price_of_their_own_cost_as_what_they_are_part_of() -> None:
    price = a_text_price(cost_per_1k_input=Decimal("0.001"), cost_per_1k_output=Decimal("0.01"))

    assert price.cost_of(KINDS) == Decimal("0.005") + Decimal("0.007")


def test_without_weights_every_token_counts_one() -> None:
    assert a_text_price(tokens_per_credit=100).credits_for(KINDS, minimum=1) == 57


def test_each_kind_of_token_counts_as_much_as_its_weight() -> None:
    price = a_text_price(
        tokens_per_credit=100,
        weight_cached_input=Decimal("0.1"),
        weight_output=Decimal(4),
        weight_reasoning=Decimal("2.5"),
    )

    # 1,000 + 4,000 x 0.1 + 500 x 4 + 200 x 2.5 = 3,900
    assert price.counted(KINDS) == 3_900
    assert price.credits_for(KINDS, minimum=1) == 39


def test_the_smallest_part_of_a_counted_token_is_rounded_up() -> None:
    price = a_text_price(tokens_per_credit=1_000_000_000, weight_cached_input=Decimal("0.000001"))

    assert price.credits_for(Work(input_tokens=1, cached_input_tokens=1), minimum=1) == 1
    assert price.credits_for(Work(input_tokens=1_000_000_001, cached_input_tokens=1), minimum=1) == 2


def test_reasoning_counts_as_output_unless_it_has_a_weight() -> None:
    price = a_text_price(tokens_per_credit=1, weight_output=Decimal(3))

    assert price.credits_for(Work(output_tokens=10, reasoning_tokens=10), minimum=1) == 30


@pytest.mark.parametrize(
    ("size", "quality", "credits", "cost"),
    [
        ("1024x1024", "low", 6, "0.010"),
        ("1024x1024", "high", 60, "0.6"),
        ("", "", 20, "0.2"),
        ("1024x1024", "lo", 60, "0.6"),
        ("1024x1024", "", 60, "0.6"),
    ],
    ids=["listed", "listed too", "none named", "not listed", "half named"],
)
def test_images_cost_by_size_and_quality_and_what_is_not_listed_as_the_dearest(
    size: str, quality: str, credits: int, cost: str
) -> None:
    price = an_image_price(
        credits_per_image=10,
        cost_per_image=Decimal("0.1"),
        image_variants=(
            a_variant(credits_per_image=3, cost_per_image=Decimal("0.005")),
            a_variant(quality="high", credits_per_image=30, cost_per_image=Decimal("0.3")),
        ),
    )
    work = Work(images=2, image_size=size, image_quality=quality)

    assert (price.credits_for(work, minimum=1), price.cost_of(work)) == (credits, Decimal(cost))


def test_a_size_means_nothing_where_no_variants_are_listed() -> None:
    price = an_image_price(credits_per_image=10)

    assert price.credits_of_image("1024x1024", "high") == 10


@pytest.mark.parametrize(
    ("work", "field"),
    [
        (Work(input_tokens=1, cached_input_tokens=2), "cached_input_tokens"),
        (Work(output_tokens=1, reasoning_tokens=2), "reasoning_tokens"),
    ],
)
def test_a_part_is_never_more_than_its_whole(work: Work, field: str) -> None:
    with pytest.raises(RequestInvalid, match=field):
        a_text_price().check_work(work)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"weight_output": Decimal(0)}, "weight_output"),
        ({"weight_output": Decimal(1_001)}, "weight_output"),
        ({"weight_cached_input": Decimal("0.0000001")}, "weight_cached_input"),
        ({"weight_reasoning": Decimal("NaN")}, "weight_reasoning"),
        ({"cost_per_1k_cached_input": Decimal(-1)}, "cost_per_1k_cached_input"),
        ({"cost_per_1k_reasoning": Decimal(1_000_000)}, "cost_per_1k_reasoning"),
        ({"image_variants": (a_variant(),)}, "image_variants"),
    ],
)
def test_a_text_price_that_cannot_be_is_refused_by_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(RequestInvalid, match=field):
        a_text_price(**changes).check()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"weight_output": Decimal(2)}, "weight_output"),
        ({"cost_per_1k_reasoning": Decimal(1)}, "cost_per_1k_reasoning"),
        ({"image_variants": (a_variant(), a_variant())}, "image_variants"),
        ({"image_variants": (a_variant(credits_per_image=0),)}, "credits_per_image"),
        ({"image_variants": (a_variant(cost_per_image=Decimal(-1)),)}, "cost_per_image"),
    ],
)
def test_an_image_price_that_cannot_be_is_refused_by_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(RequestInvalid, match=field):
        an_image_price(credits_per_image=10, **changes).check()
