"""Price lists are read exactly, refused by name, and loaded once however often."""

from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from igny8.billing import v1 as billing

from chassis.testing import ManualClock
from chassis.testing.callers import operator
from chassis.testing.serving import Served, serving
from chassis.transaction import Transactions
from services.billing.servicers.prices import PricingServicer
from services.billing.store.transaction import BillingTransaction
from suite import prices
from suite.prices import PriceListInvalid

EXAMPLE = Path(__file__).parents[2] / "examples" / "prices.yaml"


@pytest.fixture
async def served(
    transactions_for: Callable[..., Transactions[Any]], clock: ManualClock
) -> AsyncIterator[Served]:
    servicer = PricingServicer(transactions_for("billing", BillingTransaction), clock)
    async with serving(
        (billing.add_PricingServiceServicer_to_server, servicer), service="billing", clock=clock
    ) as running:
        yield running


async def test_the_example_is_loaded_whole_and_a_second_time_changes_nothing(
    served: Served, clock: ManualClock
) -> None:
    stub = served.stub(billing.PricingServiceStub, caller=operator())
    listed = prices.read(EXAMPLE)

    first = await prices.load(stub, listed)
    clock.advance(minutes=1)
    second = await prices.load(stub, listed)

    assert first == second
    assert len(first) == len(listed.models)
    assert all(price.is_active for price in first)


def test_the_example_prices_the_models_a_fresh_suite_uses() -> None:
    listed = {model.model_name: model for model in prices.read(EXAMPLE).models}

    assert listed["offline-1"].tokens_per_credit == 500
    assert listed["offline-image-1"].credits_per_image == 5


@pytest.mark.parametrize("model", prices.read(EXAMPLE).models, ids=lambda model: model.model_name)
def test_every_example_says_its_source_with_a_date_and_leaves_a_margin(
    model: billing.PutModelPriceRequest,
) -> None:
    if model.kind == billing.ModelPrice.KIND_IMAGE:
        cost, worth = Decimal(model.cost_per_image), model.credits_per_image * Decimal("0.01")
    else:
        cost = Decimal(model.cost_per_1k_output) * model.tokens_per_credit / 1000
        worth = Decimal("0.01")

    assert "2026-11-20" in model.source
    assert cost < worth


def test_a_number_is_taken_as_it_is_written(tmp_path: Path) -> None:
    listed = prices.read(_file(tmp_path, cost_per_1k_input="0.1000000000001"))

    assert listed.models[0].cost_per_1k_input == "0.1000000000001"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models: [", "is not YAML"),
        ("- a list", "has no list called `models`"),
        ("models: {}", "has no list called `models`"),
        ("models: []\nprices: []", "has sections nobody knows: prices"),
        ("models: [text]", "model 1: "),
        ("models: [{model_name: a}, {model_name: a}]", "names a model more than once: a"),
        ("models: [{model_name: a, input_cost_per_1m: 1}]", r"model 1 \(a\): input_cost_per_1m"),
        ("models: [{model_name: a, tokens_per_credit: 1.5}]", r"model 1 \(a\): tokens_per_credit"),
        ("models: [{model_name: a, kind: sound}]", r"model 1 \(a\): kind"),
        ("models: []\nconfiguration: {minimum_credits: {clustering: few}}", "configuration: minimum_credits"),
    ],
)
def test_what_is_no_price_list_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(text)

    with pytest.raises(PriceListInvalid, match=said):
        prices.read(file)


def _file(folder: Path, **fields: str) -> Path:
    file = folder / "prices.yaml"
    lines = [f"    {name}: {value}" for name, value in fields.items()]
    file.write_text("\n".join(["models:", "  - model_name: a", *lines]))
    return file
