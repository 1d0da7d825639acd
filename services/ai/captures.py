"""Captures of items that end at about the same time: billing is asked for all of an execution's with one call."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from igny8.billing import v1 as billing

from chassis import telemetry
from chassis.errors import RemoteRefusal, remote_refusal
from chassis.service_tokens import acting_for
from chassis.together import ORDERS_MAX, Together
from services.ai.patience import fault_of_ours


@dataclass(frozen=True, slots=True)
class _Asker:
    """For whom a capture is asked for and in which trace, which its event goes on in."""

    account_id: str
    traceparent: str


_Asked = tuple[_Asker, billing.CaptureRequest]


class Captures:
    """Each is charged or refused on its own, and known by its own request_id, whatever it is asked for with."""

    def __init__(self, credits: "billing.CreditServiceAsyncStub") -> None:
        self._credits = credits
        self._together = Together[_Asked, billing.CreditUsage](self._capture, underway=lambda: ORDERS_MAX)

    async def submit(self, account_id: str, request: billing.CaptureRequest) -> billing.CreditUsage:
        """The usage row. Raises what the capture is refused for."""
        return await self._together.submit((_Asker(account_id, telemetry.traceparent()), request))

    async def _capture(self, asked: Sequence[_Asked]) -> Sequence[billing.CreditUsage | RemoteRefusal]:
        """A batch has no account and no trace, its orders have."""
        groups: dict[_Asker, list[int]] = {}
        for place, (asker, _) in enumerate(asked):
            groups.setdefault(asker, []).append(place)
        results: dict[int, billing.CreditUsage | RemoteRefusal] = {}

        async def ask(asker: _Asker, places: Sequence[int]) -> None:
            requests = [asked[place][1] for place in places]
            with acting_for(asker.account_id), telemetry.span("capture", parent=asker.traceparent):
                results.update(zip(places, await self._capture_group(requests), strict=True))

        await asyncio.gather(*(ask(asker, places) for asker, places in groups.items()))
        return [results[place] for place in range(len(asked))]

    async def _capture_group(
        self, requests: Sequence[billing.CaptureRequest]
    ) -> Sequence[billing.CreditUsage | RemoteRefusal]:
        try:
            response = await self._credits.BatchCapture(billing.BatchCaptureRequest(captures=requests))
        except RemoteRefusal as refusal:
            if len(requests) == 1 or not fault_of_ours(refusal):
                return [refusal] * len(requests)
        else:
            return [_result(outcome) for outcome in response.outcomes]
        # It may be the doing of one of them, which must not take the others down with it.
        return [(await self._capture_group([request]))[0] for request in requests]


def _result(outcome: billing.CaptureOutcome) -> billing.CreditUsage | RemoteRefusal:
    if outcome.HasField("usage"):
        return outcome.usage
    refusal = outcome.refusal
    return remote_refusal(refusal.reason, refusal.message, service="billing", metadata=dict(refusal.metadata))
