"""What can be asked of an account's credits many times a second; each order is carried out or refused on its own."""

from dataclasses import dataclass
from datetime import timedelta

from chassis.refusal import Refusal
from services.billing.domain.balance import Balance
from services.billing.domain.item import EXCESS_REFUSED, Excess, Item
from services.billing.domain.reservation import Purpose, Reservation
from services.billing.domain.usage import CreditUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """Hold a quote's maximum."""

    account_id: str
    actor: str
    quote_id: str
    purpose: Purpose
    lifetime: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """Charge one item of a hold."""

    account_id: str
    actor: str
    reservation_id: str
    item: Item
    excess: Excess = EXCESS_REFUSED
    final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Give back what a hold still keeps."""

    account_id: str
    actor: str
    reservation_id: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend:
    """Let a hold live so long from now on."""

    account_id: str
    actor: str
    reservation_id: str
    lifetime: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargedWork:
    """An item with the operation, the model and the purpose that a hold would say."""

    operation_type: str
    model_name: str
    item: Item
    purpose: Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Quote, hold and charge one item in one step."""

    account_id: str
    actor: str
    work: ChargedWork


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCharge:
    """Charge many items in one step, each in full or not at all."""

    account_id: str
    actor: str
    works: tuple[ChargedWork, ...]


Order = Reserve | Capture | Release | Extend | Charge | BatchCharge


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A hold after an order about it."""

    reservation: Reservation
    balance: Balance


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """An item's charge, with the reservation and the balance after it."""

    reservation: Reservation
    usage: CreditUsage
    balance: Balance


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """An item's charge without a hold, and the balance after it."""

    usage: CreditUsage
    balance: Balance


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCharged:
    """How each item of a batch ended, in the order they were asked for, and the balance after all."""

    outcomes: tuple[CreditUsage | Refusal, ...]
    balance: Balance


Outcome = Held | Captured | Charged | BatchCharged
