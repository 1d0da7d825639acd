"""Between billing's nouns and its messages: enums by their words, money as decimal strings, instants as timestamps."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp
from igny8.billing import v1 as billing

from chassis.wire_values import write_struct
from services.billing.domain.account import Account, User
from services.billing.domain.api_key import ApiKey, Scope
from services.billing.domain.balance import Balance
from services.billing.domain.configuration import BillingConfiguration
from services.billing.domain.events import (
    CreditsCaptured,
    CreditsExpired,
    CreditsGranted,
    CreditsReleased,
    CreditsReserved,
)
from services.billing.domain.grant import Category, CreditGrant
from services.billing.domain.price import Kind, ModelPrice
from services.billing.domain.quote import Quote
from services.billing.domain.reservation import Reservation, Status
from services.billing.domain.transaction import CreditTransaction, TransactionType
from services.billing.domain.usage import CreditUsage, GroupBy, UsageGroup


def account_to_proto(account: Account) -> billing.Account:
    return billing.Account(
        id=account.id,
        name=account.name,
        suspended=account.suspended,
        created_at=instant_to_proto(account.created_at),
    )


def user_to_proto(user: User) -> billing.User:
    return billing.User(
        id=user.id,
        account_id=user.account_id,
        email=user.email,
        name=user.name,
        role=billing.User.Role.Value(f"ROLE_{user.role.name}"),
        created_at=instant_to_proto(user.created_at),
    )


def api_key_to_proto(key: ApiKey) -> billing.ApiKey:
    return billing.ApiKey(
        id=key.id,
        account_id=key.account_id or "",
        name=key.name,
        prefix=key.prefix,
        scope=billing.ApiKey.Scope.Value(f"SCOPE_{key.scope.name}"),
        expires_at=_maybe(key.expires_at),
        revoked_at=_maybe(key.revoked_at),
        created_at=instant_to_proto(key.created_at),
    )


def scope_from_proto(scope: billing.ApiKey.Scope.ValueType) -> Scope:
    return Scope[billing.ApiKey.Scope.Name(scope).removeprefix("SCOPE_")]


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
        expires_at=_maybe(grant.expires_at),
        description=grant.description,
        created_at=instant_to_proto(grant.created_at),
    )


def category_from_proto(category: billing.CreditGrant.Category.ValueType) -> Category:
    return Category[billing.CreditGrant.Category.Name(category).removeprefix("CATEGORY_")]


def price_to_proto(price: ModelPrice) -> billing.ModelPrice:
    return billing.ModelPrice(
        id=price.id,
        model_name=price.model_name,
        provider=price.provider,
        kind=billing.ModelPrice.Kind.Value(f"KIND_{price.kind.name}"),
        cost_per_1k_input=money_to_proto(price.cost_per_1k_input),
        cost_per_1k_output=money_to_proto(price.cost_per_1k_output),
        cost_per_image=money_to_proto(price.cost_per_image),
        tokens_per_credit=price.tokens_per_credit,
        credits_per_image=price.credits_per_image,
        effective_from=instant_to_proto(price.effective_from),
        is_active=price.is_active,
        source=price.source,
    )


def price_from_proto(
    request: billing.PutModelPriceRequest, *, id: str, created_by: str, now: datetime
) -> ModelPrice:
    """The version a request asks for, in force from now on where it names no instant."""
    begins = request.HasField("effective_from")
    return ModelPrice(
        id=id,
        model_name=request.model_name,
        provider=request.provider,
        kind=Kind[billing.ModelPrice.Kind.Name(request.kind).removeprefix("KIND_")],
        cost_per_1k_input=money_from_proto(request.cost_per_1k_input),
        cost_per_1k_output=money_from_proto(request.cost_per_1k_output),
        cost_per_image=money_from_proto(request.cost_per_image),
        tokens_per_credit=request.tokens_per_credit,
        credits_per_image=request.credits_per_image,
        effective_from=instant_from_proto(request.effective_from) if begins else now,
        source=request.source,
        created_at=now,
        created_by=created_by,
    )


def kind_from_proto(kind: billing.ModelPrice.Kind.ValueType) -> Kind | None:
    """None for the unset value, which lists everything."""
    return Kind[billing.ModelPrice.Kind.Name(kind).removeprefix("KIND_")] if kind else None


def configuration_to_proto(configuration: BillingConfiguration) -> billing.BillingConfiguration:
    return billing.BillingConfiguration(
        default_credit_price_usd=money_to_proto(configuration.default_credit_price_usd),
        minimum_credits=configuration.minimum_credits,
        effective_from=instant_to_proto(configuration.effective_from),
    )


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
        reservation_id=usage.reservation_id,
        operation_type=usage.operation_type,
        model_name=usage.model_name,
        price_id=usage.price_id,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        images=usage.images,
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
    )


def encode(event: object) -> Message:
    """The message of events.proto for a domain event. Raises TypeError for anything else."""
    match event:
        case CreditsGranted():
            return billing.CreditsGranted(
                account_id=event.account_id,
                balance=balance_to_proto(event.balance),
                amount=event.amount,
                grant_id=event.grant_id,
                occurred_at=instant_to_proto(event.occurred_at),
            )
        case CreditsReserved():
            return billing.CreditsReserved(
                account_id=event.account_id,
                balance=balance_to_proto(event.balance),
                amount=event.amount,
                reservation_id=event.reservation_id,
                operation_type=event.operation_type,
                run_id=event.run_id or "",
                occurred_at=instant_to_proto(event.occurred_at),
            )
        case CreditsCaptured():
            return billing.CreditsCaptured(
                account_id=event.account_id,
                balance=balance_to_proto(event.balance),
                credits_used=event.credits_used,
                reservation_id=event.reservation_id,
                operation_type=event.operation_type,
                model_name=event.model_name,
                site_id=event.site_id or "",
                run_id=event.run_id or "",
                ai_task_id=event.ai_task_id or "",
                item_id=event.item_id,
                credit_value_usd=money_to_proto(event.credit_value_usd),
                occurred_at=instant_to_proto(event.occurred_at),
            )
        case CreditsReleased():
            return billing.CreditsReleased(
                account_id=event.account_id,
                balance=balance_to_proto(event.balance),
                amount=event.amount,
                reservation_id=event.reservation_id,
                run_id=event.run_id or "",
                occurred_at=instant_to_proto(event.occurred_at),
            )
        case CreditsExpired():
            return billing.CreditsExpired(
                account_id=event.account_id,
                balance=balance_to_proto(event.balance),
                amount=event.amount,
                reservation_id=event.reservation_id or "",
                grant_id=event.grant_id or "",
                occurred_at=instant_to_proto(event.occurred_at),
            )
        case _:
            raise TypeError(f"{type(event).__name__} is no event of billing")


def money_to_proto(usd: Decimal) -> str:
    """An amount of USD as people write it: no exponent, no zeros at the end."""
    text = format(usd, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def money_from_proto(text: str) -> Decimal:
    """The amount of a decimal string; an empty one is 0."""
    return Decimal(text or 0)


def instant_to_proto(instant: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(instant)
    return timestamp


def instant_from_proto(timestamp: Timestamp) -> datetime:
    return timestamp.ToDatetime(tzinfo=UTC)


def _maybe(instant: datetime | None) -> Timestamp | None:
    return None if instant is None else instant_to_proto(instant)
