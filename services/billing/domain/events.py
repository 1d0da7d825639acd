"""What billing tells the others, each with the balance after it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from services.billing.domain.balance import Balance


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditsGranted:
    """Credits were given to an account."""

    account_id: str
    balance: Balance
    amount: int
    grant_id: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditsReserved:
    """Credits were set aside for work."""

    account_id: str
    balance: Balance
    amount: int
    reservation_id: str
    operation_type: str
    run_id: str | None
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditsCaptured:
    """One item of work was charged; without a hold there is no reservation."""

    account_id: str
    balance: Balance
    credits_used: int
    reservation_id: str | None
    operation_type: str
    model_name: str
    site_id: str | None
    run_id: str | None
    ai_task_id: str | None
    item_id: str
    credit_value_usd: Decimal
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditsReleased:
    """Credits set aside were given back."""

    account_id: str
    balance: Balance
    amount: int
    reservation_id: str
    run_id: str | None
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditsExpired:
    """The time of a hold or of a grant ended and its rest was booked; one of the two ids is set."""

    account_id: str
    balance: Balance
    amount: int
    reservation_id: str | None
    grant_id: str | None
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditsVoided:
    """What was left of a grant was taken back."""

    account_id: str
    balance: Balance
    amount: int
    grant_id: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditsReversed:
    """A charge was given back."""

    account_id: str
    balance: Balance
    amount: int
    transaction_id: str
    usage_id: str
    site_id: str | None
    run_id: str | None
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditsLow:
    """The account's credits fell to its threshold, or rose from nothing to below it."""

    account_id: str
    balance: Balance
    threshold: int
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditsDepleted:
    """The account's last credit was spent."""

    account_id: str
    balance: Balance
    threshold: int
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditsRecovered:
    """The account's credits rose above its threshold again."""

    account_id: str
    balance: Balance
    threshold: int
    occurred_at: datetime


CreditEvent = (
    CreditsGranted
    | CreditsReserved
    | CreditsCaptured
    | CreditsReleased
    | CreditsExpired
    | CreditsVoided
    | CreditsReversed
    | CreditsLow
    | CreditsDepleted
    | CreditsRecovered
)
