"""An account's book while it is locked: every move of credits, as a ledger line, its draws on grants and an event."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from chassis.refusal import FieldFault, RequestInvalid
from services.billing.domain.balance import CREDITS_MAX, Balance
from services.billing.domain.events import (
    CreditEvent,
    CreditsCaptured,
    CreditsExpired,
    CreditsGranted,
    CreditsReleased,
    CreditsReserved,
)
from services.billing.domain.grant import CreditDraw, CreditGrant, in_spending_order, shares
from services.billing.domain.money import COST_MAX, fits
from services.billing.domain.price import ModelPrice, Work
from services.billing.domain.reservation import Reservation, Status
from services.billing.domain.transaction import CreditTransaction, TransactionType
from services.billing.domain.usage import CostSource, CreditUsage

Shares = list[tuple[str, int]]
"""Credits by grant id."""


@dataclass(slots=True, kw_only=True)
class AccountBook:
    """The balance, the grants with something left, and what the holds in question keep of each grant.

    Whoever opens a book holds the lock on the account's row, and books what has run out first
    (`expire_hold`, then `expire_grants`), so that every later decision sees only what is there now.
    """

    balance: Balance
    grants: dict[str, CreditGrant]
    held: dict[str, dict[str, int]]
    actor: str
    now: datetime
    new_id: Callable[[], str]
    lines: list[CreditTransaction] = field(default_factory=list)
    draws: list[CreditDraw] = field(default_factory=list)
    usage: list[CreditUsage] = field(default_factory=list)
    events: list[CreditEvent] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)

    def grant(self, grant: CreditGrant) -> None:
        """Books a new grant. Raises RequestInvalid where the account could not hold so much."""
        if self.balance.credits + grant.amount > CREDITS_MAX:
            raise RequestInvalid(FieldFault("amount", "is more than the account can hold"))
        # It enters with nothing, so that the line that fills it is the whole of its history.
        self.grants[grant.id] = grant.moved(amount=-grant.remaining, reserved_amount=0)
        line = self._write(
            TransactionType.GRANT,
            amount=grant.amount,
            related_id=grant.id,
            description=grant.description or f"{grant.amount} credits granted ({grant.category})",
        )
        self._draw(line, amounts=[(grant.id, grant.amount)])
        self.events.append(
            CreditsGranted(
                account_id=grant.account_id,
                balance=self.balance,
                amount=grant.amount,
                grant_id=grant.id,
                occurred_at=self.now,
            )
        )

    def hold(self, reservation: Reservation) -> None:
        """Sets the reservation's credits aside. Raises InsufficientCredits."""
        self.balance.check_covers(reservation.amount)
        kept = self._spendable(reservation.amount)
        line = self._write(
            TransactionType.HOLD,
            reserved_amount=reservation.amount,
            reservation=reservation,
            description=f"Held for {reservation.operation_type} with {reservation.model_name}",
        )
        self._draw(line, reserved=kept, reservation_id=reservation.id)
        self.held[reservation.id] = dict(kept)
        self.events.append(
            CreditsReserved(
                account_id=reservation.account_id,
                balance=self.balance,
                amount=reservation.amount,
                reservation_id=reservation.id,
                operation_type=reservation.operation_type,
                run_id=reservation.run_id,
                occurred_at=self.now,
            )
        )

    def capture(
        self,
        reservation: Reservation,
        *,
        price: ModelPrice,
        work: Work,
        item_id: str,
        provider_cost_usd: Decimal | None = None,
        description: str = "",
        metadata: Mapping[str, Any] | None = None,
        final: bool = False,
    ) -> tuple[Reservation, CreditUsage]:
        """Charges one item at the pinned price: from the hold, then from what is available, the rest is our loss.

        Raises ReservationEnded, and RequestInvalid for work the model does not do.
        """
        reservation.check_chargeable(now=self.now)
        price.check_work(work)
        if provider_cost_usd is not None and not fits(provider_cost_usd):
            raise RequestInvalid(FieldFault("provider_cost_usd", f"must be from 0 to below {COST_MAX}"))
        credits = price.credits_for(work, minimum=reservation.minimum_credits)
        late = reservation.status is Status.EXPIRED
        of_hold = min(credits, reservation.left)
        beyond = min(credits - of_hold, self.balance.available)
        loss = credits - of_hold - beyond

        from_hold = self._kept(reservation.id, of_hold)
        from_available = self._spendable(beyond)
        line = self._write(
            TransactionType.DEDUCTION,
            amount=-(of_hold + beyond),
            reserved_amount=-of_hold,
            reservation=reservation,
            description=description or _described(work, price),
            metadata={
                **(metadata or {}),
                **({"late_capture": True} if late else {}),
                **({"beyond_hold": beyond} if beyond else {}),
                **({"platform_loss_credits": loss} if loss else {}),
            },
        )
        self._draw(
            line, amounts=from_hold + from_available, reserved=from_hold, reservation_id=reservation.id
        )

        usage = CreditUsage(
            id=self.new_id(),
            account_id=reservation.account_id,
            transaction_id=line.id,
            reservation_id=reservation.id,
            operation_type=reservation.operation_type,
            model_name=reservation.model_name,
            price_id=price.id,
            input_tokens=work.input_tokens,
            output_tokens=work.output_tokens,
            images=work.images,
            credits_used=of_hold + beyond,
            cost_usd=price.cost_of(work) if provider_cost_usd is None else provider_cost_usd,
            cost_source=CostSource.COMPUTED if provider_cost_usd is None else CostSource.REPORTED,
            credit_price_usd=reservation.credit_price_usd,
            platform_loss_credits=loss,
            item_id=item_id,
            created_at=self.now,
            site_id=reservation.site_id,
            run_id=reservation.run_id,
            ai_task_id=reservation.ai_task_id,
        )
        self.usage.append(usage)
        self.events.append(self._captured(usage))
        reservation = reservation.capture(of_hold)
        if final and not late:
            reservation = self._end(reservation, Status.CAPTURED, why="Not needed after the last item")
        return reservation, usage

    def release(self, reservation: Reservation, *, why: str = "") -> Reservation:
        """Gives back what the reservation still holds. One that has ended stays as it is."""
        if reservation.status is not Status.ACTIVE:
            return reservation
        return self._end(reservation, Status.RELEASED, why=why or "Released")

    def expire_hold(self, reservation: Reservation) -> Reservation:
        """Books the end of a hold's time."""
        assert reservation.is_due(now=self.now), "only a hold whose time has ended expires"
        return self._end(reservation, Status.EXPIRED, why="The hold's time ended")

    def expire_grants(self) -> None:
        """Books what is left of every grant whose time has ended, except what holds keep of it."""
        for grant in in_spending_order(self.grants.values()):
            if not grant.has_expired(now=self.now) or not grant.available:
                continue
            credits = grant.available
            line = self._write(
                TransactionType.EXPIRY,
                amount=-credits,
                related_id=grant.id,
                description=f"{credits} credits ({grant.category}) were not used in time",
            )
            self._draw(line, amounts=[(grant.id, credits)])
            self._expired(credits, grant_id=grant.id)

    def _end(self, reservation: Reservation, status: Status, *, why: str) -> Reservation:
        credits = reservation.left
        ended = reservation.end(status)
        if not credits:
            return ended
        expired = status is Status.EXPIRED
        kept = self._kept(reservation.id, credits)
        line = self._write(
            TransactionType.RELEASE,
            reserved_amount=-credits,
            reservation=reservation,
            description=why,
            metadata={"expired": True} if expired else {},
        )
        self._draw(line, reserved=kept, reservation_id=reservation.id)
        if expired:
            self._expired(credits, reservation_id=reservation.id)
        else:
            self.events.append(
                CreditsReleased(
                    account_id=reservation.account_id,
                    balance=self.balance,
                    amount=credits,
                    reservation_id=reservation.id,
                    run_id=reservation.run_id,
                    occurred_at=self.now,
                )
            )
        # What the hold kept of a grant whose time ended meanwhile must not become spendable again.
        self.expire_grants()
        return ended

    def _spendable(self, credits: int) -> Shares:
        """Where so many available credits are taken from."""
        grants = in_spending_order(self.grants.values())
        return list(shares(((grant.id, grant.available) for grant in grants), credits=credits))

    def _kept(self, reservation_id: str, credits: int) -> Shares:
        """Where so many credits of a hold are taken from; they are taken out of it."""
        if not credits:
            return []
        kept = self.held[reservation_id]
        order = in_spending_order(self.grants[grant_id] for grant_id in kept)
        taken = list(shares(((grant.id, kept[grant.id]) for grant in order), credits=credits))
        for grant_id, share in taken:
            kept[grant_id] -= share
        return taken

    def _write(
        self,
        transaction_type: TransactionType,
        *,
        amount: int = 0,
        reserved_amount: int = 0,
        description: str,
        reservation: Reservation | None = None,
        related_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> CreditTransaction:
        self.balance = self.balance.moved(amount=amount, reserved_amount=reserved_amount, now=self.now)
        line = CreditTransaction(
            id=self.new_id(),
            account_id=self.balance.account_id,
            sequence=self.balance.sequence,
            transaction_type=transaction_type,
            amount=amount,
            reserved_amount=reserved_amount,
            balance_after=self.balance.credits,
            reserved_after=self.balance.reserved,
            actor=self.actor,
            created_at=self.now,
            operation_type=reservation.operation_type if reservation else "",
            description=description,
            related_id=reservation.id if reservation else related_id,
            run_id=reservation.run_id if reservation else None,
            metadata=metadata or {},
        )
        self.lines.append(line)
        return line

    def _draw(
        self,
        line: CreditTransaction,
        *,
        amounts: Shares | None = None,
        reserved: Shares | None = None,
        reservation_id: str | None = None,
    ) -> None:
        """Lets the line's two changes fall on grants, in these shares; their signs are the line's."""
        changes: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        for grant_id, share in amounts or ():
            changes[grant_id][0] += share if line.amount > 0 else -share
        for grant_id, share in reserved or ():
            changes[grant_id][1] += share if line.reserved_amount > 0 else -share
        assert sum(change[0] for change in changes.values()) == line.amount
        assert sum(change[1] for change in changes.values()) == line.reserved_amount
        for grant_id, (amount, reserved_amount) in changes.items():
            self.draws.append(
                CreditDraw(
                    transaction_id=line.id,
                    grant_id=grant_id,
                    reservation_id=reservation_id,
                    amount=amount,
                    reserved_amount=reserved_amount,
                )
            )
            self.grants[grant_id] = self.grants[grant_id].moved(
                amount=amount, reserved_amount=reserved_amount
            )
            self.touched.add(grant_id)

    def _captured(self, usage: CreditUsage) -> CreditsCaptured:
        return CreditsCaptured(
            account_id=usage.account_id,
            balance=self.balance,
            credits_used=usage.credits_used,
            reservation_id=usage.reservation_id,
            operation_type=usage.operation_type,
            model_name=usage.model_name,
            site_id=usage.site_id,
            run_id=usage.run_id,
            ai_task_id=usage.ai_task_id,
            item_id=usage.item_id,
            credit_value_usd=usage.credit_value_usd,
            occurred_at=self.now,
        )

    def _expired(
        self, credits: int, *, reservation_id: str | None = None, grant_id: str | None = None
    ) -> None:
        self.events.append(
            CreditsExpired(
                account_id=self.balance.account_id,
                balance=self.balance,
                amount=credits,
                reservation_id=reservation_id,
                grant_id=grant_id,
                occurred_at=self.now,
            )
        )


def _described(work: Work, price: ModelPrice) -> str:
    if work.images:
        return f"{work.images} image{'s' if work.images > 1 else ''} with {price.model_name}"
    return f"{work.total_tokens} tokens with {price.model_name}"
