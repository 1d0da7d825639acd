"""Captures that are asked for together: each for its own account, in its own trace, and refused by itself."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest
from igny8.billing import v1 as billing

from chassis import telemetry
from chassis.errors import RemoteRefusal, remote_refusal
from chassis.service_tokens import account_acted_for
from chassis.testing import recorded
from chassis.together import ORDERS_MAX
from services.ai.captures import Captures
from tests.ai.workshop import Workshop
from tests.billing.books import IMAGE_MODEL


@dataclass
class Witness:
    """The real road to billing, which fails at every call with the item `fault` in it, or cannot be gone at all."""

    credits: "billing.CreditServiceAsyncStub"
    away: bool = False
    calls: list[tuple[str | None, str, list[str]]] = field(default_factory=list)
    """The account, the trace and the items of each call."""

    async def BatchCapture(self, request: billing.BatchCaptureRequest) -> billing.BatchCaptureResponse:
        items = [capture.item_id for capture in request.captures]
        self.calls.append((account_acted_for(), _trace(), items))
        if "fault" in items:
            raise remote_refusal("INTERNAL", "A fault of ours.", service="billing")
        if self.away:
            raise remote_refusal("SERVICE_UNAVAILABLE", "Not now.", service="billing")
        return await self.credits.BatchCapture(request)


@dataclass
class Till:
    """Holds of two accounts, and what is captured from them."""

    witness: Witness
    captures: Captures
    ours: tuple[str, str]
    """An account and its hold, of more than a batch of items that cost a credit each."""
    others: tuple[str, str]

    async def capture(self, items: Sequence[str], *, of: tuple[str, str] | None = None) -> list[str]:
        """In one execution: the item of each usage row, or the reason why there is none."""
        account_id, reservation_id = of or self.ours
        requests = [
            billing.CaptureRequest(request_id=item, reservation_id=reservation_id, item_id=item, images=1)
            for item in items
        ]
        with telemetry.span("an execution"):
            answers = await asyncio.gather(
                *(self.captures.submit(account_id, request) for request in requests), return_exceptions=True
            )
        return [
            answer.reason if isinstance(answer, RemoteRefusal) else cast(billing.CreditUsage, answer).item_id
            for answer in answers
        ]


@pytest.fixture
def till(workshop: Workshop) -> Till:
    books = workshop.billing
    books.price(model_name=IMAGE_MODEL)

    def hold() -> tuple[str, str]:
        account_id = books.account(credits=100)
        return account_id, books.reserve(account_id, images=50).id

    witness = Witness(workshop.ledger._credits)
    captures = Captures(cast("billing.CreditServiceAsyncStub", witness))
    return Till(witness, captures, ours=hold(), others=hold())


async def test_captures_that_come_together_are_one_call(till: Till) -> None:
    items = [str(number) for number in range(ORDERS_MAX)]

    assert await till.capture(items) == items

    assert [asked for _, _, asked in till.witness.calls] == [items]


async def test_accounts_and_executions_have_calls_of_their_own(till: Till, workshop: Workshop) -> None:
    await asyncio.gather(
        till.capture(["a", "b"]), till.capture(["c"], of=till.others), till.capture(["d", "e"])
    )

    asked = sorted((account, items) for account, _, items in till.witness.calls)
    assert asked == sorted([(till.ours[0], ["a", "b"]), (till.others[0], ["c"]), (till.ours[0], ["d", "e"])])
    assert len({trace for _, trace, _ in till.witness.calls}) == 3
    assert workshop.billing.balance(till.ours[0]).credits == 96
    assert workshop.billing.balance(till.others[0]).credits == 99


async def test_the_event_of_a_capture_goes_on_in_the_trace_of_its_execution(
    till: Till, workshop: Workshop
) -> None:
    with telemetry.span("the whole"):
        await till.capture(["a", "b"])
        trace = _trace()

    told = recorded(workshop.billing.transactions.engine)
    events = [each for each in told if each.type_name.endswith(".CreditsCaptured")]
    assert [each.headers["traceparent"].split("-")[1] for each in events] == [trace] * 2


async def test_one_that_is_refused_takes_none_down(till: Till) -> None:
    await till.capture(["a"])
    # Its id was used for another item.
    others_id = billing.CaptureRequest(request_id="a", reservation_id=till.ours[1], item_id="b", images=1)

    with telemetry.span("an execution"):
        refused = asyncio.create_task(till.captures.submit(till.ours[0], others_id))
    answers = await till.capture(["c", "d"])

    assert answers == ["c", "d"]
    with pytest.raises(RemoteRefusal) as refusal:
        await refused
    assert refusal.value.reason == "REQUEST_ID_REUSED"


async def test_one_that_billing_fails_at_takes_none_down(till: Till) -> None:
    assert await till.capture(["a", "fault", "b"]) == ["a", "INTERNAL", "b"]

    assert [asked for _, _, asked in till.witness.calls] == [["a", "fault", "b"], ["a"], ["fault"], ["b"]]


async def test_a_billing_that_is_away_is_asked_once_for_all(till: Till) -> None:
    till.witness.away = True

    assert await till.capture(["a", "b"]) == ["SERVICE_UNAVAILABLE"] * 2

    assert len(till.witness.calls) == 1


def _trace() -> str:
    return telemetry.traceparent().split("-")[1]
