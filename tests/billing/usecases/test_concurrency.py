"""Many at once on one account: nobody overspends, nothing is charged twice, nobody is told a wrong reason."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from igny8.billing import v1 as billing_proto

from chassis import telemetry
from chassis.refusal import RequestIdReused
from services.billing.convert import captured_to_proto, item_from_proto
from services.billing.domain.balance import InsufficientCredits
from services.billing.domain.order import Capture
from services.billing.servicers.writer import Writer
from tests.billing.books import Billing


def test_of_500_reserves_on_a_balance_for_100_exactly_100_are_held(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=100)
    quote = billing.quote(account, images=1)

    outcomes = _at_once(500, lambda: billing.reserve_by(quote))

    refused = [outcome for outcome in outcomes if isinstance(outcome, InsufficientCredits)]
    assert len(refused) == 400
    assert len(outcomes) - len(refused) == 100
    assert billing.balance(account).available == 0
    billing.check_books()


async def test_of_64_equal_captures_one_is_charged_and_all_get_its_answer(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=100)
    reservation = billing.reserve(account, images=10)
    request = billing_proto.CaptureRequest(
        request_id="the same for all", reservation_id=reservation.id, item_id="an image", images=1
    )

    answers = await _captured_together(billing, account, [request] * 64)

    assert len({answer.SerializeToString(deterministic=True) for answer in answers}) == 1
    assert billing.balance(account).credits == 99
    billing.check_books()


async def test_of_64_captures_of_an_item_by_other_request_ids_one_is_charged(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=100)
    reservation = billing.reserve(account, images=10)
    requests = [
        billing_proto.CaptureRequest(
            request_id=f"request {number}", reservation_id=reservation.id, item_id="an image", images=1
        )
        for number in range(64)
    ]

    answers = await _captured_together(billing, account, requests)

    assert len({answer.usage.id for answer in answers}) == 1
    assert billing.balance(account).credits == 99
    billing.check_books()


async def test_the_same_request_id_for_another_capture_is_refused(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=100)
    reservation = billing.reserve(account, images=10)
    first = billing_proto.CaptureRequest(
        request_id="one id", reservation_id=reservation.id, item_id="first", images=1
    )
    second = billing_proto.CaptureRequest(
        request_id="one id", reservation_id=reservation.id, item_id="second", images=1
    )
    await _captured_together(billing, account, [first])

    with pytest.raises(RequestIdReused):
        await _captured_together(billing, account, [second])

    assert billing.balance(account).credits == 99


async def test_events_go_on_in_the_trace_of_the_call_they_come_from(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=100)
    reservation = billing.reserve(account, images=10)

    async def call(number: int) -> str:
        request = billing_proto.CaptureRequest(
            request_id=f"{number}", reservation_id=reservation.id, item_id=f"image {number}", images=1
        )
        with telemetry.span("a call"):
            await _captured_together(billing, account, [request])
            return telemetry.trace_id()

    traces = await asyncio.gather(*map(call, range(8)))

    rows = billing.rows(
        "SELECT headers ->> 'traceparent' AS parent FROM outbox WHERE subject LIKE '%.captured'"
    )
    assert {row.parent.split("-")[1] for row in rows} == set(traces)
    assert len(set(traces)) == 8


def test_captures_and_reserves_of_many_accounts_do_not_block_each_other(billing: Billing) -> None:
    billing.price()
    accounts = [billing.account(credits=20) for _ in range(4)]

    def work(account: str) -> None:
        reservation = billing.reserve(account, images=2)
        billing.capture(reservation, item_id="first", images=1)
        billing.capture(reservation, item_id="second", images=1, final=True)

    outcomes = _at_once(40, *[lambda account=account: work(account) for account in accounts])

    assert outcomes == [None] * 40
    assert [billing.balance(account).credits for account in accounts] == [0, 0, 0, 0]
    billing.check_books()


def _at_once(times: int, *works: Callable[[], Any]) -> list[Any]:
    """The results, or refusals, of the works in turn, so many times in all, from 8 threads."""

    def outcome(number: int) -> Any:
        try:
            return works[number % len(works)]()
        except InsufficientCredits as refused:
            return refused

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(outcome, range(times)))


async def _captured_together(
    billing: Billing, account_id: str, requests: list[billing_proto.CaptureRequest]
) -> list[billing_proto.CaptureResponse]:
    """The answers of a writer, as the servicer asks it."""
    writer = Writer(billing.transactions, billing.clock)
    answers = await asyncio.gather(
        *[
            writer.order(
                Capture(
                    account_id=account_id,
                    actor="service:ai",
                    reservation_id=request.reservation_id,
                    item=item_from_proto(request),
                ),
                request=request,
                request_id=request.request_id,
                scope="Capture",
                response=billing_proto.CaptureResponse,
                pack=captured_to_proto,
            )
            for request in requests
        ]
    )
    await asyncio.to_thread(writer.close)
    return answers
