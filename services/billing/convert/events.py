"""Domain events as messages of events.proto."""

from collections.abc import Callable

from google.protobuf.message import Message
from igny8.billing import v1 as billing

from services.billing.convert.credits import balance_to_proto
from services.billing.convert.values import instant_to_proto, money_to_proto
from services.billing.domain.events import (
    CreditsCaptured,
    CreditsDepleted,
    CreditsExpired,
    CreditsGranted,
    CreditsLow,
    CreditsRecovered,
    CreditsReleased,
    CreditsReserved,
    CreditsReversed,
    CreditsVoided,
)

_CROSSINGS: dict[type, Callable[..., Message]] = {
    CreditsLow: billing.CreditsLow,
    CreditsDepleted: billing.CreditsDepleted,
    CreditsRecovered: billing.CreditsRecovered,
}


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
                reservation_id=event.reservation_id or "",
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
        case CreditsVoided():
            return billing.CreditsVoided(
                account_id=event.account_id,
                balance=balance_to_proto(event.balance),
                amount=event.amount,
                grant_id=event.grant_id,
                occurred_at=instant_to_proto(event.occurred_at),
            )
        case CreditsReversed():
            return billing.CreditsReversed(
                account_id=event.account_id,
                balance=balance_to_proto(event.balance),
                amount=event.amount,
                transaction_id=event.transaction_id,
                usage_id=event.usage_id,
                site_id=event.site_id or "",
                run_id=event.run_id or "",
                occurred_at=instant_to_proto(event.occurred_at),
            )
        case CreditsLow() | CreditsDepleted() | CreditsRecovered():
            return _CROSSINGS[type(event)](
                account_id=event.account_id,
                balance=balance_to_proto(event.balance),
                threshold=event.threshold,
                occurred_at=instant_to_proto(event.occurred_at),
            )
        case _:
            raise TypeError(f"{type(event).__name__} is no event of billing")
