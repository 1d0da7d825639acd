"""BatchCapture over gRPC: each capture for itself, known by its own id, whatever it comes with."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from igny8.billing import v1 as billing_proto

from chassis.identity import Caller
from chassis.ids import new_id
from chassis.testing import recorded
from chassis.testing.callers import api_key, operator, person, service
from tests.billing.books import Billing
from tests.billing.servicers.calls import Calls
from tests.billing.servicers.outcome import outcome


async def test_captures_of_a_batch_are_charged_or_refused_each_on_its_own(
    calls: Calls, billing: Billing
) -> None:
    billing.price(credits_per_image=2)
    account, stranger = billing.account(credits=20), billing.account(credits=20)
    hold, anothers = billing.reserve(account, images=3), billing.reserve(stranger, images=3)

    answered = await calls.credits(service("ai", account_id=account)).BatchCapture(
        _batch(
            _capture(hold.id, "one"),
            _capture(anothers.id, "not ours"),
            _capture(hold.id, "too much", images=9),
            _capture(hold.id, "two"),
        )
    )

    ends = [each.usage.credits_used or each.refusal.reason for each in answered.outcomes]
    assert ends == [2, "NOT_FOUND", "CAPTURE_EXCEEDS_RESERVATION", 2]
    assert answered.outcomes[2].refusal.metadata
    assert answered.outcomes[2].refusal.message
    assert billing.balance(account).credits == 16
    assert billing.balance(stranger).credits == 20
    billing.check_books()


async def test_each_capture_of_a_batch_has_its_own_event(calls: Calls, billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=20)
    hold = billing.reserve(account, images=3)
    items = ["one", "two", "three"]

    await calls.credits(service("ai", account_id=account)).BatchCapture(
        _batch(*(_capture(hold.id, item) for item in items))
    )

    told = recorded(billing.transactions.engine)
    captured = [each.payload["item_id"] for each in told if each.type_name.endswith(".CreditsCaptured")]
    assert captured == items


async def test_a_capture_is_known_by_its_id_in_whatever_company_it_is_repeated(
    calls: Calls, billing: Billing
) -> None:
    billing.price()
    account = billing.account(credits=20)
    hold = billing.reserve(account, images=4)
    ai = calls.credits(service("ai", account_id=account))
    one, two, three = (_capture(hold.id, item) for item in ("one", "two", "three"))

    alone = await ai.Capture(one)
    first = await ai.BatchCapture(_batch(one, two))
    second = await ai.BatchCapture(_batch(two, three, one))

    assert first.outcomes[0].usage == alone.usage
    assert [each.usage for each in second.outcomes[::2]] == [first.outcomes[1].usage, alone.usage]
    assert (await ai.Capture(three)).usage == second.outcomes[1].usage
    assert billing.balance(account).credits == 17
    billing.check_books()


async def test_the_id_of_another_capture_is_refused_to_that_one_alone(calls: Calls, billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=20)
    hold = billing.reserve(account, images=4)
    ai = calls.credits(service("ai", account_id=account))
    await ai.Capture(_capture(hold.id, "one"))

    answered = await ai.BatchCapture(
        _batch(_capture(hold.id, "other", request_id="capture one"), _capture(hold.id, "two"))
    )

    assert answered.outcomes[0].refusal.reason == "REQUEST_ID_REUSED"
    assert answered.outcomes[1].usage.credits_used == 1


async def test_equal_batches_at_once_charge_once(calls: Calls, billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=40)
    hold = billing.reserve(account, images=32)
    ai = calls.credits(service("ai", account_id=account))
    batch = _batch(*(_capture(hold.id, f"item {number}") for number in range(32)))

    answers = await asyncio.gather(*[ai.BatchCapture(batch) for _ in range(16)])

    assert len({answer.SerializeToString(deterministic=True) for answer in answers}) == 1
    assert billing.balance(account).credits == 8
    assert len(billing.rows("SELECT id FROM igny8_billing_creditusagelog")) == 32
    billing.check_books()


@pytest.mark.parametrize("count", [0, 101])
async def test_a_batch_of_none_or_too_many_is_refused(calls: Calls, billing: Billing, count: int) -> None:
    billing.price()
    account = billing.account(credits=200)
    hold = billing.reserve(account, images=150)
    batch = _batch(*(_capture(hold.id, f"item {number}") for number in range(count)))

    ai = calls.credits(service("ai", account_id=account))

    assert await outcome(ai.BatchCapture(batch)) == "REQUEST_INVALID"
    assert billing.balance(account).credits == 200


async def test_a_fault_of_one_capture_refuses_the_batch_and_names_it(calls: Calls, billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=20)
    hold = billing.reserve(account, images=4)
    batch = _batch(_capture(hold.id, "one"), _capture(hold.id, "two", images=-1))

    ai = calls.credits(service("ai", account_id=account))

    assert await outcome(ai.BatchCapture(batch)) == "REQUEST_INVALID"
    assert billing.balance(account).credits == 20


@pytest.mark.parametrize("caller", [person, api_key, lambda account_id: operator()])
async def test_only_services_capture(calls: Calls, billing: Billing, caller: Callable[..., Caller]) -> None:
    stub = calls.credits(caller(account_id=billing.account(credits=5)))

    assert await outcome(stub.BatchCapture(_batch(_capture(new_id(), "one")))) == "PERMISSION_DENIED"


def _capture(reservation_id: str, item_id: str, **changes: Any) -> billing_proto.CaptureRequest:
    terms = {"request_id": f"capture {item_id}", "images": 1, **changes}
    return billing_proto.CaptureRequest(reservation_id=reservation_id, item_id=item_id, **terms)


def _batch(*captures: billing_proto.CaptureRequest) -> billing_proto.BatchCaptureRequest:
    return billing_proto.BatchCaptureRequest(captures=captures)
