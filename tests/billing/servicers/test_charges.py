"""Charges, reversals, budgets and proofs over gRPC: who may, what a repeat answers, 64 of the same at once."""

import asyncio
import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from igny8.billing import v1 as billing_proto

from chassis.errors import RemoteRefusal
from chassis.identity import Caller, Role
from chassis.ids import new_id
from chassis.testing.callers import api_key, operator, person, service
from services.billing.domain.balance import InsufficientCredits
from services.billing.domain.item import Excess
from tests.billing.books import IMAGE_MODEL, Billing
from tests.billing.servicers.calls import Calls
from tests.billing.servicers.outcome import outcome, patiently

WRITES = ["Charge", "BatchCharge", "Extend", "ReverseCharge", "VoidGrant", "Reserve", "Capture", "Grant"]
CHANGES: dict[str, Callable[[Any], None]] = {
    "Charge": lambda request: setattr(request.item, "images", 2),
    "BatchCharge": lambda request: setattr(request.items[0], "images", 2),
    "Extend": lambda request: setattr(request, "lifetime_seconds", 7),
    "ReverseCharge": lambda request: setattr(request, "reason", "another"),
    "VoidGrant": lambda request: setattr(request, "grant_id", new_id()),
    "Reserve": lambda request: setattr(request, "lifetime_seconds", 7),
    "Capture": lambda request: setattr(request, "images", 2),
    "Grant": lambda request: setattr(request, "amount", 7),
}


@pytest.mark.parametrize("method", WRITES)
async def test_of_64_equal_calls_at_once_one_is_applied_and_all_get_its_answer(
    calls: Calls, billing: Billing, method: str
) -> None:
    stub, request = await _write(calls, billing, method)
    lines = len(billing.rows("SELECT id FROM igny8_billing_credittransaction"))

    answers = await asyncio.gather(*[patiently(getattr(stub, method), request) for _ in range(64)])

    assert len({answer.SerializeToString(deterministic=True) for answer in answers}) == 1
    written = len(billing.rows("SELECT id FROM igny8_billing_credittransaction")) - lines
    assert written == {"Extend": 0, "BatchCharge": 2}.get(method, 1)
    billing.check_books()


@pytest.mark.parametrize("method", WRITES)
async def test_the_same_id_for_something_else_is_refused(calls: Calls, billing: Billing, method: str) -> None:
    stub, request = await _write(calls, billing, method)
    await getattr(stub, method)(request)
    before = _state(billing)
    CHANGES[method](request)

    assert await outcome(getattr(stub, method)(request)) == "REQUEST_ID_REUSED"

    assert _state(billing) == before


@pytest.mark.parametrize("method", ["Charge", "Reserve"])
async def test_a_refusal_does_not_burn_the_id(calls: Calls, billing: Billing, method: str) -> None:
    stub, request = await _write(calls, billing, method)
    account = billing.rows("SELECT account_id FROM credit_account")[0].account_id
    everything = billing.charge(str(account), images=billing.balance(str(account)).available)
    before = _state(billing)
    assert await outcome(getattr(stub, method)(request)) == InsufficientCredits.reason
    assert _state(billing) == before
    billing.reverse(everything)

    await getattr(stub, method)(request)

    billing.check_books()


@pytest.mark.parametrize("caller", [person, api_key, lambda account_id: operator()])
async def test_only_services_charge(calls: Calls, billing: Billing, caller: Callable[..., Caller]) -> None:
    stub = calls.credits(caller(account_id=billing.account(credits=5)))

    assert await outcome(stub.Charge(_charge())) == "PERMISSION_DENIED"
    assert await outcome(stub.BatchCharge(_batch())) == "PERMISSION_DENIED"
    extend = billing_proto.ExtendRequest(request_id="x", reservation_id=new_id(), lifetime_seconds=5)
    assert await outcome(stub.Extend(extend)) == "PERMISSION_DENIED"


@pytest.mark.parametrize("caller", [person, api_key, lambda account_id: service("ai", account_id=account_id)])
async def test_only_the_operator_takes_back_and_gives_back(
    calls: Calls, billing: Billing, caller: Callable[..., Caller]
) -> None:
    account = billing.account(credits=5)
    stub = calls.credits(caller(account_id=account))
    known: dict[str, Any] = {"request_id": "x", "account_id": account}

    reverse = billing_proto.ReverseChargeRequest(transaction_id=new_id(), **known)
    void = billing_proto.VoidGrantRequest(grant_id=new_id(), **known)

    assert await outcome(stub.ReverseCharge(reverse)) == "PERMISSION_DENIED"
    assert await outcome(stub.VoidGrant(void)) == "PERMISSION_DENIED"


async def test_items_of_a_batch_are_charged_or_refused_each_on_its_own(
    calls: Calls, billing: Billing
) -> None:
    billing.price(credits_per_image=2)
    ai = calls.credits(service("ai", account_id=billing.account(credits=5)))
    request = billing_proto.BatchChargeRequest(
        request_id="batch",
        items=[_item(images=1), _item(images=2), _item(model_name="unknown"), _item(images=1)],
    )

    charged = await ai.BatchCharge(request)

    ends = [each.usage.credits_used or each.refusal.reason for each in charged.outcomes]
    assert ends == [2, "INSUFFICIENT_CREDITS", "PRICE_NOT_FOUND", 2]
    assert charged.outcomes[1].refusal.metadata["available"] == "3"
    assert charged.balance.credits == 1
    assert await ai.BatchCharge(request) == charged
    billing.check_books()


@pytest.mark.parametrize(
    "changes",
    [
        {"images": -1},
        {"images": 1001},
        {"images": 0},
        {"item_id": ""},
        {"provider_cost_usd": "-1"},
        {"site_id": "x"},
    ],
)
async def test_a_charge_that_cannot_be_is_refused_and_changes_nothing(
    calls: Calls, billing: Billing, changes: dict[str, Any]
) -> None:
    billing.price()
    ai = calls.credits(service("ai", account_id=billing.account(credits=5)))
    before = _state(billing)

    assert await outcome(ai.Charge(_charge(**changes))) == "REQUEST_INVALID"

    assert _state(billing) == before


async def test_a_charge_is_explained_to_the_credit(calls: Calls, billing: Billing) -> None:
    price = billing.text_price(tokens_per_credit=100)
    account = billing.account(credits=10)
    first = billing.grant(account, amount=7, priority=0)
    usage = billing.charge(account, tokens=1_234)
    reversal = billing.reverse(usage)

    told = await calls.credits(person(Role.VIEWER, account_id=account)).ExplainCharge(
        billing_proto.ExplainChargeRequest(usage_id=usage.id)
    )

    assert (told.units, told.computed_credits, told.due_credits, told.model.id) == (1234, 13, 13, price.id)
    assert told.explanation == "1,234 tokens / 100 tokens a credit = 12.34, rounded up to 13 credits."
    assert sum(draw.credits for draw in told.draws) == told.usage.credits_used == 13
    assert first.id in {draw.grant_id for draw in told.draws}
    assert (told.transaction.id, told.reversal_id) == (usage.transaction_id, reversal.line.id)


async def test_a_minimum_and_a_loss_are_explained(calls: Calls, billing: Billing) -> None:
    billing.text_price(tokens_per_credit=100)
    billing.configure(default_credit_price_usd="0.01", content_generation=5)
    account = billing.account(credits=5)
    reservation = billing.reserve(account, tokens=100)
    billing.capture(reservation, item_id="first", output_tokens=100)
    lost = billing.capture(reservation, item_id="second", output_tokens=100, excess=Excess(absorbs=True))

    told = await calls.credits(person(account_id=account)).ExplainCharge(
        billing_proto.ExplainChargeRequest(usage_id=lost.usage.id)
    )

    assert told.explanation == (
        "100 tokens / 100 tokens a credit = 1, rounded up to 1 credits."
        " An item of content_generation costs at least 5."
        " 0 were charged; 5 that its hold did not cover were not."
    )


async def test_a_charge_of_another_account_is_not_explained(calls: Calls, billing: Billing) -> None:
    billing.price()
    usage = billing.charge(billing.account(credits=5), images=1)
    stranger = calls.credits(person(account_id=billing.account()))

    asked = stranger.ExplainCharge(billing_proto.ExplainChargeRequest(usage_id=usage.id))

    assert await outcome(asked) == "NOT_FOUND"


async def test_usage_is_exported_as_csv_to_the_digit(
    calls: Calls, billing: Billing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.billing.usecases.reports.EXPORTED_ROWS", 2)
    billing.price(credits_per_image=3)
    account = billing.account(credits=100)
    for images in (1, 2, 3):
        billing.charge(account, images=images)
        billing.clock.advance(days=1)
    billing.charge(billing.account(credits=5), images=1)
    viewer = calls.credits(person(Role.VIEWER, account_id=account))

    parts = [part async for part in viewer.ExportUsage(billing_proto.ExportUsageRequest())]

    assert parts[0].file.content_type.startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(part.file.data for part in parts).decode())))
    assert [row["credits_used"] for row in rows] == ["3", "6", "9"]
    assert rows[0]["created_at"] == "2026-11-02T09:00:00Z"
    assert [row["credit_value_usd"] for row in rows] == ["0.03", "0.06", "0.09"]


async def test_owners_cap_and_viewers_look(calls: Calls, billing: Billing) -> None:
    billing.price()
    account, run_id = billing.account(credits=50), new_id()
    owner, viewer = (calls.credits(person(role, account_id=account)) for role in (Role.OWNER, Role.VIEWER))
    put = billing_proto.PutBudgetRequest(
        scope=billing_proto.Budget.SCOPE_RUN, target_id=run_id.upper(), credits_limit=3
    )
    assert await outcome(viewer.PutBudget(put)) == "PERMISSION_DENIED"

    made = await owner.PutBudget(put)

    ai = calls.credits(service("ai", account_id=account))
    with pytest.raises(RemoteRefusal) as refused:
        await ai.Charge(_charge(images=4, run_id=run_id))
    assert (refused.value.reason, refused.value.metadata["scope"]) == ("BUDGET_EXCEEDED", "run")
    await ai.Charge(_charge(images=3, run_id=run_id))
    listed = await viewer.ListBudgets(billing_proto.ListBudgetsRequest(target_id=run_id))
    assert [(budget.id, budget.spent, budget.left) for budget in listed.budgets] == [(made.budget.id, 3, 0)]
    put.ClearField("credits_limit")
    assert not (await owner.PutBudget(put)).HasField("budget")
    assert not (await viewer.ListBudgets(billing_proto.ListBudgetsRequest())).budgets


async def test_the_threshold_is_the_accounts_own(calls: Calls, billing: Billing) -> None:
    account = billing.account()
    owner, viewer = (calls.credits(person(role, account_id=account)) for role in (Role.OWNER, Role.VIEWER))
    put = billing_proto.PutCreditSettingsRequest(low_threshold=7)
    assert await outcome(viewer.PutCreditSettings(put)) == "PERMISSION_DENIED"

    answer = await owner.PutCreditSettings(put)
    read = await viewer.GetCreditSettings(billing_proto.GetCreditSettingsRequest())
    usual = await owner.PutCreditSettings(billing_proto.PutCreditSettingsRequest())

    assert (answer.settings, read.settings.low_threshold, read.settings.is_usual) == (read.settings, 7, False)
    assert (usual.settings.low_threshold, usual.settings.is_usual) == (100, True)


async def test_owners_prove_their_books_and_the_operator_anybodys(calls: Calls, billing: Billing) -> None:
    account = billing.account(credits=50)
    request = billing_proto.VerifyLedgerRequest(account_id=account)

    own = await calls.credits(person(Role.OWNER, account_id=account)).VerifyLedger(
        billing_proto.VerifyLedgerRequest()
    )
    operators = await calls.credits(operator()).VerifyLedger(request)

    assert (own.holds, own.sequence, own.proved_before) == (True, 1, 0)
    assert (operators.holds, operators.proved_before) == (True, 1)
    stranger = calls.credits(person(Role.OWNER, account_id=billing.account()))
    assert await outcome(stranger.VerifyLedger(request)) == "NOT_FOUND"
    viewer = calls.credits(person(Role.VIEWER, account_id=account))
    assert await outcome(viewer.VerifyLedger(request)) == "PERMISSION_DENIED"
    nobody = calls.credits(operator()).VerifyLedger(billing_proto.VerifyLedgerRequest())
    assert await outcome(nobody) == "REQUEST_INVALID"


async def _write(calls: Calls, billing: Billing, method: str) -> tuple[Any, Any]:
    """A stub, and a request that it can write with."""
    billing.price()
    account = billing.account(credits=40)
    ai = calls.credits(service("ai", account_id=account))
    known: dict[str, Any] = {"request_id": "once", "account_id": account}
    match method:
        case "Charge":
            return ai, _charge()
        case "BatchCharge":
            return ai, _batch()
        case "Extend":
            reservation = billing.reserve(account, images=5)
            return ai, billing_proto.ExtendRequest(
                request_id="once", reservation_id=reservation.id, lifetime_seconds=3600
            )
        case "Reserve":
            quote = billing.quote(account, images=5)
            return ai, billing_proto.ReserveRequest(request_id="once", quote_id=quote.id)
        case "Capture":
            reservation = billing.reserve(account, images=5)
            return ai, billing_proto.CaptureRequest(
                request_id="once", reservation_id=reservation.id, item_id="x", images=1
            )
        case "ReverseCharge":
            usage = billing.charge(account, images=3)
            return calls.credits(operator()), billing_proto.ReverseChargeRequest(
                transaction_id=usage.transaction_id, **known
            )
        case "VoidGrant":
            grant = billing.grants(account)[0]
            return calls.credits(operator()), billing_proto.VoidGrantRequest(grant_id=grant.id, **known)
        case _:
            category = billing_proto.CreditGrant.CATEGORY_PAID
            return calls.credits(operator()), billing_proto.GrantRequest(amount=5, category=category, **known)


def _item(**changes: Any) -> billing_proto.ChargedItem:
    terms = {
        "operation_type": "image_generation",
        "model_name": IMAGE_MODEL,
        "item_id": "an image",
        "images": 1,
    }
    return billing_proto.ChargedItem(**{**terms, **changes})


def _charge(**changes: Any) -> billing_proto.ChargeRequest:
    return billing_proto.ChargeRequest(request_id="once", item=_item(**changes))


def _batch() -> billing_proto.BatchChargeRequest:
    return billing_proto.BatchChargeRequest(request_id="once", items=[_item(), _item()])


def _state(billing: Billing) -> list[Any]:
    tables = ("credit_account", "credit_grant", "reservation", "igny8_billing_credittransaction", "outbox")
    return [billing.rows(f"SELECT * FROM {table} ORDER BY 1") for table in tables]
