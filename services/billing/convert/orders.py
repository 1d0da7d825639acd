"""Between orders and their messages."""

from igny8.billing import v1 as billing

from chassis.refusal import FieldFault, Refusal, RequestInvalid
from services.billing.convert.credits import (
    balance_to_proto,
    metadata_from_proto,
    reservation_to_proto,
    usage_to_proto,
)
from services.billing.convert.values import money_from_proto
from services.billing.domain.item import Item
from services.billing.domain.order import BatchCharged, Captured, Charged, ChargedWork, Held
from services.billing.domain.reservation import Purpose
from services.billing.domain.usage import CreditUsage
from services.billing.domain.work import Work

METADATA_BYTES_MAX = 4096


def purpose_from_proto(request: billing.ReserveRequest | billing.ChargedItem) -> Purpose:
    return Purpose(
        site_id=request.site_id or None,
        run_id=request.run_id or None,
        ai_task_id=request.ai_task_id or None,
        api_key_id=request.api_key_id or None,
    )


def work_from_proto(item: billing.ChargedItem) -> ChargedWork:
    """Raises RequestInvalid for metadata of more than 4,096 bytes."""
    return ChargedWork(
        operation_type=item.operation_type,
        model_name=item.model_name,
        item=item_from_proto(item),
        purpose=purpose_from_proto(item),
    )


def item_from_proto(request: billing.CaptureRequest | billing.ChargedItem) -> Item:
    """Raises RequestInvalid for metadata of more than 4,096 bytes."""
    if request.metadata.ByteSize() > METADATA_BYTES_MAX:
        raise RequestInvalid(FieldFault("metadata", f"must have at most {METADATA_BYTES_MAX} bytes"))
    reported = request.HasField("provider_cost_usd")
    return Item(
        item_id=request.item_id,
        work=Work(
            input_tokens=request.input_tokens,
            cached_input_tokens=request.cached_input_tokens,
            output_tokens=request.output_tokens,
            reasoning_tokens=request.reasoning_tokens,
            images=request.images,
            image_size=request.image_size,
            image_quality=request.image_quality,
        ),
        provider_cost_usd=money_from_proto(request.provider_cost_usd) if reported else None,
        description=request.description,
        metadata=metadata_from_proto(request.metadata) if request.HasField("metadata") else None,
    )


def reserved_to_proto(held: Held) -> billing.ReserveResponse:
    return billing.ReserveResponse(
        reservation=reservation_to_proto(held.reservation), balance=balance_to_proto(held.balance)
    )


def released_to_proto(held: Held) -> billing.ReleaseResponse:
    return billing.ReleaseResponse(
        reservation=reservation_to_proto(held.reservation), balance=balance_to_proto(held.balance)
    )


def captured_to_proto(captured: Captured) -> billing.CaptureResponse:
    return billing.CaptureResponse(
        reservation=reservation_to_proto(captured.reservation),
        usage=usage_to_proto(captured.usage),
        balance=balance_to_proto(captured.balance),
    )


def capture_refused_to_proto(refusal: Refusal) -> billing.CaptureOutcome:
    return billing.CaptureOutcome(
        refusal=billing.CaptureOutcome.Refusal(
            reason=refusal.reason, message=refusal.message, metadata=refusal.metadata
        )
    )


def extended_to_proto(held: Held) -> billing.ExtendResponse:
    return billing.ExtendResponse(reservation=reservation_to_proto(held.reservation))


def charged_to_proto(charged: Charged) -> billing.ChargeResponse:
    return billing.ChargeResponse(
        usage=usage_to_proto(charged.usage), balance=balance_to_proto(charged.balance)
    )


def batch_charged_to_proto(charged: BatchCharged) -> billing.BatchChargeResponse:
    return billing.BatchChargeResponse(
        outcomes=map(_outcome_to_proto, charged.outcomes), balance=balance_to_proto(charged.balance)
    )


def _outcome_to_proto(outcome: CreditUsage | Refusal) -> billing.BatchChargeResponse.Outcome:
    if isinstance(outcome, CreditUsage):
        return billing.BatchChargeResponse.Outcome(usage=usage_to_proto(outcome))
    return billing.BatchChargeResponse.Outcome(
        refusal=billing.BatchChargeResponse.Outcome.Refusal(
            reason=outcome.reason, message=outcome.message, metadata=outcome.metadata
        )
    )
