"""Credits over gRPC: who may, whose they are, what a repeat answers, and the lists."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from igny8.billing import v1 as billing_proto

from chassis.errors import RemoteRefusal
from chassis.identity import Caller
from chassis.ids import new_id
from chassis.testing.callers import api_key, operator, person, service
from tests.billing.books import IMAGE_MODEL, Billing
from tests.billing.servicers.calls import Calls
from tests.billing.servicers.outcome import outcome


async def test_a_call_is_quoted_held_charged_and_given_back(calls: Calls, billing: Billing) -> None:
    billing.price(credits_per_image=5)
    account = billing.account(credits=100)
    ai = calls.credits(service("ai", account_id=account))
    run_id, site_id, task_id = new_id(), new_id(), new_id()

    quoted = await ai.Quote(_quote(images=4))
    held = await ai.Reserve(
        billing_proto.ReserveRequest(
            request_id="reserve for the call",
            quote_id=quoted.quote.id,
            run_id=run_id,
            site_id=site_id,
            ai_task_id=task_id,
        )
    )
    request = _capture(held.reservation, description="Cover of the article")
    request.metadata.update({"images_created": 1})
    captured = await ai.Capture(request)
    released = await ai.Release(billing_proto.ReleaseRequest(reservation_id=held.reservation.id))

    assert quoted.quote.maximum_credits == 20
    assert held.balance.reserved == 20
    assert (captured.usage.credits_used, captured.usage.credit_value_usd) == (5, "0.05")
    assert (captured.usage.run_id, captured.usage.site_id, captured.usage.ai_task_id) == (
        run_id,
        site_id,
        task_id,
    )
    assert released.reservation.released == 15
    assert (released.balance.credits, released.balance.reserved) == (95, 0)
    listed = await ai.ListTransactions(billing_proto.ListTransactionsRequest(run_id=run_id))
    assert [line.transaction_type for line in listed.transactions] == [
        billing_proto.CreditTransaction.TYPE_RELEASE,
        billing_proto.CreditTransaction.TYPE_DEDUCTION,
        billing_proto.CreditTransaction.TYPE_HOLD,
    ]
    deduction = listed.transactions[1]
    assert dict(deduction.metadata) == {"images_created": 1}
    assert (deduction.description, deduction.actor) == ("Cover of the article", "service:ai")
    billing.check_books()


async def test_the_refusal_of_a_hold_is_told_in_the_known_words(calls: Calls, billing: Billing) -> None:
    billing.price(credits_per_image=5)
    ai = calls.credits(service("ai", account_id=billing.account(credits=40)))
    quoted = await ai.Quote(_quote(images=24))

    with pytest.raises(RemoteRefusal) as refused:
        await ai.Reserve(_reserve(quoted.quote))

    assert refused.value.reason == "INSUFFICIENT_CREDITS"
    assert refused.value.message == "Insufficient credits. Required: 120, Available: 40"
    assert refused.value.metadata["required"] == "120"


async def test_a_refused_hold_does_not_burn_its_request_id(calls: Calls, billing: Billing) -> None:
    billing.price()
    account = billing.account()
    ai = calls.credits(service("ai", account_id=account))
    request = _reserve((await ai.Quote(_quote(images=5))).quote)
    assert await outcome(ai.Reserve(request)) == "INSUFFICIENT_CREDITS"
    billing.grant(account, amount=5)

    held = await ai.Reserve(request)

    assert held.reservation.amount == 5


@pytest.mark.parametrize("method", ["Reserve", "Capture", "Grant"])
async def test_a_repeat_answers_the_first_answer(calls: Calls, billing: Billing, method: str) -> None:
    stub, request = await _write(calls, billing, method)

    first = await getattr(stub, method)(request)
    second = await getattr(stub, method)(request)

    assert second == first
    billing.check_books()


@pytest.mark.parametrize("method", ["Reserve", "Capture", "Grant"])
async def test_the_same_request_id_for_something_else_is_refused(
    calls: Calls, billing: Billing, method: str
) -> None:
    stub, request = await _write(calls, billing, method)
    await getattr(stub, method)(request)
    changes = {"Reserve": "lifetime_seconds", "Capture": "input_tokens", "Grant": "amount"}
    setattr(request, changes[method], 7)
    before = billing.rows("SELECT * FROM credit_account")

    assert await outcome(getattr(stub, method)(request)) == "REQUEST_ID_REUSED"

    assert billing.rows("SELECT * FROM credit_account") == before


@pytest.mark.parametrize("method", ["Reserve", "Capture", "Grant"])
async def test_a_write_without_a_request_id_is_refused(calls: Calls, billing: Billing, method: str) -> None:
    stub, request = await _write(calls, billing, method)
    request.request_id = ""

    assert await outcome(getattr(stub, method)(request)) == "REQUEST_INVALID"


@pytest.mark.parametrize(
    "caller",
    [person, api_key, lambda account_id: operator()],
    ids=["an owner", "a key", "the operator"],
)
async def test_only_services_hold_and_charge(
    calls: Calls, billing: Billing, caller: Callable[..., Caller]
) -> None:
    stub = calls.credits(caller(account_id=billing.account(credits=5)))
    some_id = new_id()

    outcomes = [
        await outcome(stub.Reserve(billing_proto.ReserveRequest(request_id="x", quote_id=some_id))),
        await outcome(
            stub.Capture(billing_proto.CaptureRequest(request_id="x", reservation_id=some_id, item_id="x"))
        ),
        await outcome(stub.Release(billing_proto.ReleaseRequest(reservation_id=some_id))),
    ]

    assert set(outcomes) == {"PERMISSION_DENIED"}


@pytest.mark.parametrize("caller", [person, api_key, lambda account_id: service("ai", account_id=account_id)])
async def test_no_role_of_an_account_and_no_service_grants_credits(
    calls: Calls, billing: Billing, caller: Callable[..., Caller]
) -> None:
    account = billing.account()

    assert await outcome(calls.credits(caller(account_id=account)).Grant(_grant(account))) == (
        "PERMISSION_DENIED"
    )
    assert billing.balance(account).credits == 0


async def test_the_operator_grants_to_any_account(calls: Calls, billing: Billing) -> None:
    account = billing.account()

    granted = await calls.credits(operator()).Grant(_grant(account, amount=40))

    assert (granted.grant.remaining, granted.balance.available) == (40, 40)
    listed = await calls.credits(person(account_id=account)).ListGrants(billing_proto.ListGrantsRequest())
    assert list(listed.grants) == [granted.grant]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": -5}, "amount"),
        ({"amount": 10**15}, "amount"),
        ({"category": billing_proto.CreditGrant.CATEGORY_UNSPECIFIED}, "category"),
        ({"priority": 1001}, "priority"),
    ],
)
async def test_a_grant_that_cannot_be_is_told_why(
    calls: Calls, billing: Billing, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(RemoteRefusal) as refused:
        await calls.credits(operator()).Grant(_grant(billing.account(), **changes))

    assert (refused.value.reason, refused.value.metadata["fields"]) == ("REQUEST_INVALID", field)


async def test_a_grant_to_nobody_is_refused(calls: Calls, billing: Billing) -> None:
    assert await outcome(calls.credits(operator()).Grant(_grant(new_id()))) == "NOT_FOUND"


async def test_the_operator_has_no_balance(calls: Calls, billing: Billing) -> None:
    assert await outcome(calls.credits(operator()).GetBalance(billing_proto.GetBalanceRequest())) == (
        "PERMISSION_DENIED"
    )


async def test_what_belongs_to_another_account_is_as_unknown_as_nothing(
    calls: Calls, billing: Billing
) -> None:
    billing.price()
    victim = billing.account(credits=40)
    quote = billing.quote(victim, images=1)
    reservation = billing.reserve_by(quote)
    thief = calls.credits(service("ai", account_id=billing.account(credits=40)))

    outcomes = [
        await outcome(thief.Reserve(billing_proto.ReserveRequest(request_id="x", quote_id=quote.id))),
        await outcome(thief.Capture(_capture(reservation))),
        await outcome(thief.Release(billing_proto.ReleaseRequest(reservation_id=reservation.id))),
    ]

    assert set(outcomes) == {"NOT_FOUND"}
    assert billing.balance(victim).reserved == 1


async def test_an_account_sees_nothing_of_another(calls: Calls, billing: Billing) -> None:
    billing.price()
    victim = billing.account(credits=40)
    billing.capture(billing.reserve(victim, images=1), images=1)
    stranger = calls.credits(person(account_id=billing.account()))

    assert not (await stranger.ListTransactions(billing_proto.ListTransactionsRequest())).transactions
    assert not (await stranger.ListUsage(billing_proto.ListUsageRequest())).usage
    assert not (await stranger.ListGrants(billing_proto.ListGrantsRequest())).grants
    assert not (await stranger.ListReservations(billing_proto.ListReservationsRequest())).reservations
    assert not (await stranger.SummarizeUsage(billing_proto.SummarizeUsageRequest())).groups


async def test_oversized_metadata_is_refused(calls: Calls, billing: Billing) -> None:
    billing.price()
    reservation = billing.reserve(billing.account(credits=5), images=1)
    request = _capture(reservation)
    request.metadata.update({"note": "x" * 5000})

    stub = calls.credits(service("ai", account_id=reservation.account_id))

    assert await outcome(stub.Capture(request)) == "REQUEST_INVALID"
    assert billing.balance(reservation.account_id).reserved == 1


async def _write(calls: Calls, billing: Billing, method: str) -> tuple[Any, Any]:
    """A stub, and a request that it can write with."""
    billing.text_price()
    account = billing.account(credits=40)
    ai = calls.credits(service("ai", account_id=account))
    quote = billing.quote(account, tokens=500)
    match method:
        case "Reserve":
            return ai, _reserve(quote)
        case "Capture":
            reservation = billing.reserve_by(quote)
            return ai, billing_proto.CaptureRequest(
                request_id="capture", reservation_id=reservation.id, item_id="an item", input_tokens=300
            )
        case _:
            return calls.credits(operator()), _grant(account)


def _quote(*, images: int) -> billing_proto.QuoteRequest:
    return billing_proto.QuoteRequest(
        operation_type="image_generation", model_name=IMAGE_MODEL, items=images, images=images
    )


def _reserve(quote: Any) -> billing_proto.ReserveRequest:
    return billing_proto.ReserveRequest(request_id="reserve", quote_id=quote.id)


def _capture(reservation: Any, **changes: Any) -> billing_proto.CaptureRequest:
    terms = {"request_id": "capture", "reservation_id": reservation.id, "item_id": "an image", "images": 1}
    return billing_proto.CaptureRequest(**{**terms, **changes})


def _grant(account_id: str, **changes: Any) -> billing_proto.GrantRequest:
    terms = {
        "request_id": "grant",
        "account_id": account_id,
        "amount": 5,
        "category": billing_proto.CreditGrant.CATEGORY_PAID,
    }
    return billing_proto.GrantRequest(**{**terms, **changes})


async def test_balances_asked_for_at_once_are_each_accounts_own(calls: Calls, billing: Billing) -> None:
    rich, poor, lapsed = (billing.account(credits=credits) for credits in (100, 1, 5))
    billing.grant(lapsed, amount=50, expires_at=billing.clock.now() + timedelta(hours=1))
    billing.clock.advance(hours=2)
    asked = [*[rich, poor, lapsed] * 20, new_id()]

    found = await asyncio.gather(*(_credits_of(calls, account) for account in asked))

    assert found == [*[100, 1, 5] * 20, "NOT_FOUND"]


async def _credits_of(calls: Calls, account_id: str) -> int | str:
    caller = calls.credits(person(account_id=account_id))
    try:
        return int((await caller.GetBalance(billing_proto.GetBalanceRequest())).balance.credits)
    except RemoteRefusal as refused:
        return refused.reason
