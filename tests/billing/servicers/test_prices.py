"""Prices over gRPC: everybody reads them, the operator adds them, their names are the same everywhere."""

from datetime import timedelta
from typing import Any

import pytest
from igny8.billing import v1 as billing_proto

from chassis.errors import RemoteRefusal
from chassis.identity import Caller, Role
from chassis.testing.callers import api_key, operator, person, service
from services.billing.convert import instant_to_proto
from tests.billing.books import Billing
from tests.billing.servicers.calls import Calls
from tests.billing.servicers.outcome import outcome


async def test_the_operators_price_is_everybodys_to_read(calls: Calls) -> None:
    put = await calls.prices(operator()).PutModelPrice(_text_price())

    listed = await calls.prices(person(Role.VIEWER)).ListModels(billing_proto.ListModelsRequest())

    assert list(listed.models) == [put.model]
    assert put.model.is_active
    assert (put.model.cost_per_1k_input, put.model.tokens_per_credit) == ("0.0004", 1000)


@pytest.mark.parametrize("caller", [person(), api_key(), service()], ids=lambda caller: caller.kind.value)
async def test_nobody_else_sets_prices_or_the_configuration(calls: Calls, caller: Caller) -> None:
    stub = calls.prices(caller)

    outcomes = [
        await outcome(stub.PutModelPrice(_text_price())),
        await outcome(
            stub.PutBillingConfiguration(
                billing_proto.PutBillingConfigurationRequest(default_credit_price_usd="1")
            )
        ),
    ]

    assert outcomes == ["PERMISSION_DENIED", "PERMISSION_DENIED"]


async def test_a_price_put_twice_is_one_version(calls: Calls, billing: Billing) -> None:
    stub = calls.prices(operator())
    first = await stub.PutModelPrice(_text_price())
    billing.clock.advance(minutes=5)

    assert await stub.PutModelPrice(_text_price()) == first


async def test_a_price_for_later_is_not_in_force(calls: Calls, billing: Billing) -> None:
    tomorrow = instant_to_proto(billing.clock.now() + timedelta(days=1))

    put = await calls.prices(operator()).PutModelPrice(_text_price(effective_from=tomorrow))

    assert not put.model.is_active
    assert not (await calls.prices(person()).ListModels(billing_proto.ListModelsRequest())).models


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": billing_proto.ModelPrice.KIND_UNSPECIFIED}, "kind"),
        ({"cost_per_1k_input": "a lot"}, "cost_per_1k_input"),
        ({"cost_per_1k_input": "-1"}, "cost_per_1k_input"),
        ({"model_name": "a model"}, "model_name"),
        ({"provider": "OpenAI"}, "provider"),
        ({"tokens_per_credit": 0}, "tokens_per_credit"),
    ],
)
async def test_a_price_that_cannot_be_is_told_why(calls: Calls, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(RemoteRefusal) as refused:
        await calls.prices(operator()).PutModelPrice(_text_price(**changes))

    assert (refused.value.reason, refused.value.metadata["fields"]) == ("REQUEST_INVALID", field)


async def test_the_configuration_in_force_is_everybodys_to_read(calls: Calls) -> None:
    put = await calls.prices(operator()).PutBillingConfiguration(
        billing_proto.PutBillingConfigurationRequest(
            default_credit_price_usd="0.0200", minimum_credits={"clustering": 2}
        )
    )

    read = await calls.prices(person(Role.VIEWER)).GetBillingConfiguration(
        billing_proto.GetBillingConfigurationRequest()
    )

    assert read.configuration == put.configuration
    assert read.configuration.default_credit_price_usd == "0.02"
    assert read.configuration.minimum_credits == {"clustering": 2}


def _text_price(**changes: Any) -> billing_proto.PutModelPriceRequest:
    terms = {
        "model_name": "gpt-4.1-mini",
        "provider": "openai",
        "kind": billing_proto.ModelPrice.KIND_TEXT,
        "cost_per_1k_input": "0.0004",
        "cost_per_1k_output": "0.0016",
        "tokens_per_credit": 1000,
        "source": "a list, 2026-11-20",
    }
    return billing_proto.PutModelPriceRequest(**{**terms, **changes})
