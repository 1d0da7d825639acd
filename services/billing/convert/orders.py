"""Between orders and their messages."""

from igny8.billing import v1 as billing

from chassis.refusal import FieldFault, RequestInvalid
from services.billing.convert.credits import (
    balance_to_proto,
    metadata_from_proto,
    reservation_to_proto,
    usage_to_proto,
)
from services.billing.convert.values import money_from_proto
from services.billing.domain.item import Item
from services.billing.domain.order import Captured, Held
from services.billing.domain.price import Work
from services.billing.domain.reservation import Purpose

METADATA_BYTES_MAX = 4096


def purpose_from_proto(request: billing.ReserveRequest) -> Purpose:
    return Purpose(
        site_id=request.site_id or None,
        run_id=request.run_id or None,
        ai_task_id=request.ai_task_id or None,
        api_key_id=request.api_key_id or None,
    )


def item_from_proto(request: billing.CaptureRequest) -> Item:
    """Raises RequestInvalid for metadata of more than 4,096 bytes."""
    if request.metadata.ByteSize() > METADATA_BYTES_MAX:
        raise RequestInvalid(FieldFault("metadata", f"must have at most {METADATA_BYTES_MAX} bytes"))
    reported = request.HasField("provider_cost_usd")
    return Item(
        item_id=request.item_id,
        work=Work(
            input_tokens=request.input_tokens,
            output_tokens=request.output_tokens,
            images=request.images,
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
