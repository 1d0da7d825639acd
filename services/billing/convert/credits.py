"""Between credits, from the balance to the usage log, and their messages."""

from typing import Any

from google.protobuf.struct_pb2 import Struct
from igny8.billing import v1 as billing

from chassis.wire_values import write_struct
from services.billing.convert.values import instant_to_proto, maybe_to_proto, money_to_proto
from services.billing.domain.balance import Balance
from services.billing.domain.grant import Category, CreditGrant
from services.billing.domain.quote import Quote
from services.billing.domain.reservation import Reservation, Status
from services.billing.domain.transaction import CreditTransaction, TransactionType
from services.billing.domain.usage import CreditUsage, GroupBy, UsageGroup


def balance_to_proto(balance: Balance) -> billing.Balance:
    return billing.Balance(
        credits=balance.credits,
        reserved=balance.reserved,
        available=balance.available,
        sequence=balance.sequence,
        updated_at=instant_to_proto(balance.updated_at),
    )


def grant_to_proto(grant: CreditGrant) -> billing.CreditGrant:
    return billing.CreditGrant(
        id=grant.id,
        account_id=grant.account_id,
        category=billing.CreditGrant.Category.Value(f"CATEGORY_{grant.category.name}"),
        amount=grant.amount,
        remaining=grant.remaining,
        reserved=grant.reserved,
        priority=grant.priority,
        expires_at=maybe_to_proto(grant.expires_at),
        description=grant.description,
        created_at=instant_to_proto(grant.created_at),
        voided_at=maybe_to_proto(grant.voided_at),
        effective_at=maybe_to_proto(grant.effective_at),
        is_pending=grant.is_pending,
    )


def category_from_proto(category: billing.CreditGrant.Category.ValueType) -> Category:
    return Category[billing.CreditGrant.Category.Name(category).removeprefix("CATEGORY_")]


def quote_to_proto(quote: Quote) -> billing.Quote:
    return billing.Quote(
        id=quote.id,
        model_name=quote.model_name,
        operation_type=quote.operation_type,
        price_id=quote.price_id,
        expected_credits=quote.expected_credits,
        maximum_credits=quote.maximum_credits,
        credit_price_usd=money_to_proto(quote.credit_price_usd),
        expires_at=instant_to_proto(quote.expires_at),
    )


def reservation_to_proto(reservation: Reservation) -> billing.Reservation:
    return billing.Reservation(
        id=reservation.id,
        account_id=reservation.account_id,
        operation_type=reservation.operation_type,
        model_name=reservation.model_name,
        price_id=reservation.price_id,
        amount=reservation.amount,
        captured=reservation.captured,
        released=reservation.released,
        status=billing.Reservation.Status.Value(f"STATUS_{reservation.status.name}"),
        site_id=reservation.site_id or "",
        run_id=reservation.run_id or "",
        ai_task_id=reservation.ai_task_id or "",
        expires_at=instant_to_proto(reservation.expires_at),
        created_at=instant_to_proto(reservation.created_at),
        api_key_id=reservation.api_key_id or "",
    )


def status_from_proto(status: billing.Reservation.Status.ValueType) -> Status | None:
    """None for the unset value, which lists everything."""
    return Status[billing.Reservation.Status.Name(status).removeprefix("STATUS_")] if status else None


def transaction_to_proto(line: CreditTransaction) -> billing.CreditTransaction:
    metadata = Struct()
    metadata.update(dict(line.metadata))
    return billing.CreditTransaction(
        id=line.id,
        account_id=line.account_id,
        sequence=line.sequence,
        transaction_type=billing.CreditTransaction.Type.Value(f"TYPE_{line.transaction_type.name}"),
        amount=line.amount,
        reserved_amount=line.reserved_amount,
        balance_after=line.balance_after,
        reserved_after=line.reserved_after,
        operation_type=line.operation_type,
        description=line.description,
        actor=line.actor,
        related_id=line.related_id or "",
        run_id=line.run_id or "",
        metadata=metadata,
        created_at=instant_to_proto(line.created_at),
    )


def transaction_type_from_proto(
    transaction_type: billing.CreditTransaction.Type.ValueType,
) -> TransactionType | None:
    """None for the unset value, which lists everything."""
    if not transaction_type:
        return None
    return TransactionType[billing.CreditTransaction.Type.Name(transaction_type).removeprefix("TYPE_")]


def metadata_from_proto(metadata: Struct) -> dict[str, Any]:
    """Plain values; whole numbers are integers."""
    return write_struct(metadata)


def usage_to_proto(usage: CreditUsage) -> billing.CreditUsage:
    return billing.CreditUsage(
        id=usage.id,
        account_id=usage.account_id,
        transaction_id=usage.transaction_id,
        reservation_id=usage.reservation_id or "",
        operation_type=usage.operation_type,
        model_name=usage.model_name,
        price_id=usage.price_id,
        input_tokens=usage.input_tokens,
        cached_input_tokens=usage.cached_input_tokens,
        output_tokens=usage.output_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        images=usage.images,
        image_size=usage.image_size,
        image_quality=usage.image_quality,
        credits_used=usage.credits_used,
        cost_usd=money_to_proto(usage.cost_usd),
        cost_source=usage.cost_source.value,
        credit_price_usd=money_to_proto(usage.credit_price_usd),
        credit_value_usd=money_to_proto(usage.credit_value_usd),
        platform_loss_credits=usage.platform_loss_credits,
        site_id=usage.site_id or "",
        run_id=usage.run_id or "",
        ai_task_id=usage.ai_task_id or "",
        item_id=usage.item_id,
        created_at=instant_to_proto(usage.created_at),
        api_key_id=usage.api_key_id or "",
        minimum_credits=usage.minimum_credits,
    )


def group_by_from_proto(group_by: billing.SummarizeUsageRequest.GroupBy.ValueType) -> GroupBy:
    """The unset value means by operation."""
    if not group_by:
        return GroupBy.OPERATION_TYPE
    return GroupBy[billing.SummarizeUsageRequest.GroupBy.Name(group_by).removeprefix("GROUP_BY_")]


def usage_group_to_proto(group: UsageGroup) -> billing.UsageGroup:
    return billing.UsageGroup(
        key=group.key,
        count=group.count,
        credits_used=group.credits_used,
        cost_usd=money_to_proto(group.cost_usd),
        credit_value_usd=money_to_proto(group.credit_value_usd),
        margin_usd=money_to_proto(group.margin_usd),
        credits_reversed=group.credits_reversed,
    )
