"""The orders of CreditService: hold, charge, give back; taken by the writer, many in a transaction."""

import asyncio
from datetime import timedelta

from igny8.billing import v1 as billing

from chassis.identity import current_caller
from chassis.refusal import Refusal
from services.billing import convert
from services.billing.domain.item import Excess
from services.billing.domain.order import BatchCharge, Capture, Charge, Extend, Release, Reserve
from services.billing.domain.reservation import LIFETIME
from services.billing.servicers import Context
from services.billing.servicers.credit_base import CreditBase


class CreditOrders(CreditBase):
    """What other services ask of an account's credits while they work."""

    async def Reserve(self, request: billing.ReserveRequest, context: Context) -> billing.ReserveResponse:
        caller = current_caller()
        return await self._writer.order(
            Reserve(
                account_id=caller.account(),
                actor=caller.actor,
                quote_id=request.quote_id,
                purpose=convert.purpose_from_proto(request),
                lifetime=timedelta(seconds=request.lifetime_seconds) or LIFETIME,
            ),
            request=request,
            request_id=request.request_id,
            scope="Reserve",
            response=billing.ReserveResponse,
            pack=convert.reserved_to_proto,
        )

    async def Capture(self, request: billing.CaptureRequest, context: Context) -> billing.CaptureResponse:
        return await self._capture(request)

    async def BatchCapture(
        self, request: billing.BatchCaptureRequest, context: Context
    ) -> billing.BatchCaptureResponse:
        # Each is an order of its own, so that it is known by its own id; the writer takes them together.
        outcomes = await asyncio.gather(*map(self._capture_outcome, request.captures))
        return billing.BatchCaptureResponse(outcomes=outcomes)

    async def _capture_outcome(self, request: billing.CaptureRequest) -> billing.CaptureOutcome:
        try:
            return billing.CaptureOutcome(usage=(await self._capture(request)).usage)
        except Refusal as refusal:
            return convert.capture_refused_to_proto(refusal)

    async def _capture(self, request: billing.CaptureRequest) -> billing.CaptureResponse:
        caller = current_caller()
        return await self._writer.order(
            Capture(
                account_id=caller.account(),
                actor=caller.actor,
                reservation_id=request.reservation_id,
                item=convert.item_from_proto(request),
                excess=Excess(takes_available=self._capture_beyond_hold, absorbs=request.absorb_excess),
                final=request.final,
            ),
            request=request,
            request_id=request.request_id,
            scope="Capture",
            response=billing.CaptureResponse,
            pack=convert.captured_to_proto,
        )

    async def Release(self, request: billing.ReleaseRequest, context: Context) -> billing.ReleaseResponse:
        caller = current_caller()
        return await self._writer.order(
            Release(
                account_id=caller.account(),
                actor=caller.actor,
                reservation_id=request.reservation_id,
                why=request.reason,
            ),
            request=request,
            response=billing.ReleaseResponse,
            pack=convert.released_to_proto,
        )

    async def Extend(self, request: billing.ExtendRequest, context: Context) -> billing.ExtendResponse:
        caller = current_caller()
        return await self._writer.order(
            Extend(
                account_id=caller.account(),
                actor=caller.actor,
                reservation_id=request.reservation_id,
                lifetime=timedelta(seconds=request.lifetime_seconds),
            ),
            request=request,
            request_id=request.request_id,
            scope="Extend",
            response=billing.ExtendResponse,
            pack=convert.extended_to_proto,
        )

    async def Charge(self, request: billing.ChargeRequest, context: Context) -> billing.ChargeResponse:
        caller = current_caller()
        return await self._writer.order(
            Charge(
                account_id=caller.account(), actor=caller.actor, work=convert.work_from_proto(request.item)
            ),
            request=request,
            request_id=request.request_id,
            scope="Charge",
            response=billing.ChargeResponse,
            pack=convert.charged_to_proto,
        )

    async def BatchCharge(
        self, request: billing.BatchChargeRequest, context: Context
    ) -> billing.BatchChargeResponse:
        caller = current_caller()
        return await self._writer.order(
            BatchCharge(
                account_id=caller.account(),
                actor=caller.actor,
                works=tuple(map(convert.work_from_proto, request.items)),
            ),
            request=request,
            request_id=request.request_id,
            scope="BatchCharge",
            response=billing.BatchChargeResponse,
            pack=convert.batch_charged_to_proto,
            weight=len(request.items),
        )
