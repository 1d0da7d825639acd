"""An account's book while it is locked: every move of credits, as a ledger line, its draws on grants and an event."""

from dataclasses import dataclass, replace
from typing import Any

from chassis.refusal import FieldFault, RequestInvalid
from services.billing.domain.balance import CREDITS_MAX
from services.billing.domain.bookkeeping import Bookkeeping
from services.billing.domain.events import (
    CreditsCaptured,
    CreditsGranted,
    CreditsReleased,
    CreditsReserved,
    CreditsReversed,
)
from services.billing.domain.grant import CreditGrant
from services.billing.domain.item import EXCESS_REFUSED, Excess, Item, Terms
from services.billing.domain.price import ModelPrice
from services.billing.domain.reservation import CaptureExceedsReservation, Reservation, Status
from services.billing.domain.reversal import Deduction
from services.billing.domain.transaction import CreditTransaction, TransactionType
from services.billing.domain.usage import CostSource, CreditUsage
from services.billing.domain.work import Work


@dataclass(slots=True, kw_only=True)
class AccountBook(Bookkeeping):
    """The only place where credits move.

    Whoever opens a book holds the lock on the account's row, and books what has run out first
    (`expire_hold`, then `end_grants`), so that every later decision sees only what is there now.
    """

    def grant(self, grant: CreditGrant) -> CreditGrant:
        """Books a new grant, now or when its time comes. Raises RequestInvalid where the account could not hold so much."""
        coming = sum(other.amount for other in self.grants.values() if other.is_pending)
        if self.balance.credits + coming + grant.amount > CREDITS_MAX:
            raise RequestInvalid(FieldFault("amount", "is more than the account can hold"))
        # It enters with nothing, so that the line that fills it is the whole of its history.
        self.grants[grant.id] = replace(grant, remaining=0, is_pending=True)
        self.given.add(grant.id)
        if not grant.begins_later(now=self.now):
            self._begin(grant.id)
        return self.grants[grant.id]

    def begin_grants(self) -> None:
        """Books every grant whose time has come since, oldest first."""
        due = [
            grant
            for grant in self.grants.values()
            if grant.is_pending and not grant.begins_later(now=self.now)
        ]
        for grant in sorted(due, key=lambda grant: (grant.effective_at, grant.id)):
            self._begin(grant.id)

    def _begin(self, grant_id: str) -> None:
        grant = self.grants[grant_id] = replace(self.grants[grant_id], is_pending=False)
        line = self._write(
            TransactionType.GRANT,
            amount=grant.amount,
            related_id=grant.id,
            description=grant.description or f"{grant.amount} credits granted ({grant.category})",
        )
        self._draw(line, amounts=[(grant.id, grant.amount)])
        self._tell(
            CreditsGranted(
                account_id=grant.account_id,
                balance=self.balance,
                amount=grant.amount,
                grant_id=grant.id,
                occurred_at=self.now,
            )
        )

    def void_grant(self, grant: CreditGrant) -> CreditGrant:
        """Takes back what of a grant is not spent; what holds keep of it goes back when they end."""
        self.grants[grant.id] = grant.void(now=self.now)
        self.touched.add(grant.id)
        self.end_grants()
        return self.grants[grant.id]

    def hold(self, reservation: Reservation) -> None:
        """Sets the reservation's credits aside. Raises InsufficientCredits, BudgetExceeded."""
        self.balance.check_covers(reservation.amount)
        budgets = self._budgets_now(reservation.purpose)
        for budget in budgets:
            budget.check_covers(reservation.amount)
        kept = self._spendable(reservation.amount)
        line = self._write_for(
            reservation,
            TransactionType.HOLD,
            reserved_amount=reservation.amount,
            description=f"Held for {reservation.operation_type} with {reservation.model_name}",
        )
        self._draw(line, reserved=kept, reservation_id=reservation.id)
        self._count(budgets, held=reservation.amount)
        self.held[reservation.id] = dict(kept)
        self._tell(
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
        item: Item,
        *,
        price: ModelPrice,
        excess: Excess = EXCESS_REFUSED,
        final: bool = False,
    ) -> tuple[Reservation, CreditUsage]:
        """Charges one item at the pinned price from the hold, and a late one from what is available instead.

        What it costs beyond that is as `excess` says. What is available ends where a budget does. Raises
        ReservationEnded, CaptureExceedsReservation, and RequestInvalid for work the model does not do.
        """
        reservation.check_chargeable(now=self.now)
        item.check(price)
        terms = Terms.of(reservation, price)
        budgets = self._budgets_of(terms.purpose, begun_at=reservation.created_at)
        credits = price.credits_for(item.work, minimum=terms.minimum_credits)
        late = reservation.status is Status.EXPIRED
        of_hold = min(credits, reservation.left)
        within = min(credits, reservation.chargeable)
        room = min([self.balance.available, *(budget.left for budget in budgets)])
        beyond = min((credits if excess.takes_available else within) - of_hold, room)
        loss = credits - of_hold - beyond
        if credits > within and loss and not excess.absorbs:
            raise CaptureExceedsReservation(reservation.id, asked=credits, left=reservation.chargeable)

        from_hold = self._kept(reservation.id, of_hold)
        from_available = self._spendable(beyond)
        line = self._write_for(
            reservation,
            TransactionType.DEDUCTION,
            amount=-(of_hold + beyond),
            reserved_amount=-of_hold,
            description=item.description or _described(item.work, price),
            metadata={
                **(item.metadata or {}),
                **({"late_capture": True} if late else {}),
                **({"beyond_hold": beyond} if beyond else {}),
                **({"platform_loss_credits": loss} if loss else {}),
            },
        )
        self._draw(
            line, amounts=from_hold + from_available, reserved=from_hold, reservation_id=reservation.id
        )
        self._count(budgets, spent=of_hold + beyond, held=-of_hold)
        usage = self._use(line, item, terms, loss=loss, reservation_id=reservation.id)
        reservation = reservation.capture(min(within, of_hold + beyond))
        if final and not late:
            reservation = self._end(reservation, Status.CAPTURED, why="Not needed after the last item")
        return reservation, usage

    def charge(self, item: Item, *, terms: Terms) -> CreditUsage:
        """Charges one item without a hold, in full or not at all.

        Raises InsufficientCredits, BudgetExceeded, and RequestInvalid for work the model does not do.
        """
        item.check(terms.price)
        credits = terms.price.credits_for(item.work, minimum=terms.minimum_credits)
        self.balance.check_covers(credits)
        budgets = self._budgets_now(terms.purpose)
        for budget in budgets:
            budget.check_covers(credits)
        taken = self._spendable(credits)
        line = self._write(
            TransactionType.DEDUCTION,
            amount=-credits,
            operation_type=terms.operation_type,
            run_id=terms.purpose.run_id,
            description=item.description or _described(item.work, terms.price),
            metadata=item.metadata,
        )
        self._draw(line, amounts=taken)
        self._count(budgets, spent=credits)
        return self._use(line, item, terms, loss=0)

    def reverse(self, deduction: Deduction, *, reason: str) -> CreditTransaction:
        """Gives a deduction's credits back to the grants they came from, once.

        What goes back to a grant that has ended meanwhile ends at once, as a line of its own. Raises
        AlreadyReversed, and RequestInvalid where nothing was charged.
        """
        deduction.check_reversible()
        credits = -deduction.line.amount
        line = self._write(
            TransactionType.REVERSAL,
            amount=credits,
            operation_type=deduction.line.operation_type,
            related_id=deduction.line.id,
            run_id=deduction.line.run_id,
            description=reason or f"{credits} credits given back",
        )
        self._draw(line, amounts=deduction.shares)
        usage = deduction.usage
        self._count(self._budgets_of(deduction.purpose, begun_at=deduction.begun_at), spent=-credits)
        self._tell(
            CreditsReversed(
                account_id=self.balance.account_id,
                balance=self.balance,
                amount=credits,
                transaction_id=deduction.line.id,
                usage_id=usage.id,
                site_id=usage.site_id,
                run_id=usage.run_id,
                occurred_at=self.now,
            )
        )
        self.end_grants()
        return line

    def release(self, reservation: Reservation, *, why: str = "") -> Reservation:
        """Gives back what the reservation still holds. One that has ended stays as it is."""
        if reservation.status is not Status.ACTIVE:
            return reservation
        return self._end(reservation, Status.RELEASED, why=why or "Released")

    def expire_hold(self, reservation: Reservation) -> Reservation:
        """Books the end of a hold's time."""
        assert reservation.is_due(now=self.now), "only a hold whose time has ended expires"
        return self._end(reservation, Status.EXPIRED, why="The hold's time ended")

    def _end(self, reservation: Reservation, status: Status, *, why: str) -> Reservation:
        credits = reservation.left
        ended = reservation.end(status)
        if not credits:
            return ended
        expired = status is Status.EXPIRED
        kept = self._kept(reservation.id, credits)
        line = self._write_for(
            reservation,
            TransactionType.RELEASE,
            reserved_amount=-credits,
            description=why,
            metadata={"expired": True} if expired else {},
        )
        self._draw(line, reserved=kept, reservation_id=reservation.id)
        self._count(self._budgets_of(reservation.purpose, begun_at=reservation.created_at), held=-credits)
        if expired:
            self._expired(credits, reservation_id=reservation.id)
        else:
            self._tell(
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
        self.end_grants()
        return ended

    def _write_for(
        self, reservation: Reservation, transaction_type: TransactionType, **rest: Any
    ) -> CreditTransaction:
        return self._write(
            transaction_type,
            operation_type=reservation.operation_type,
            related_id=reservation.id,
            run_id=reservation.run_id,
            **rest,
        )

    def _use(
        self,
        line: CreditTransaction,
        item: Item,
        terms: Terms,
        *,
        loss: int,
        reservation_id: str | None = None,
    ) -> CreditUsage:
        """Explains a deduction and tells of it."""
        price, purpose, reported = terms.price, terms.purpose, item.provider_cost_usd
        usage = CreditUsage(
            id=self.new_id(),
            account_id=line.account_id,
            transaction_id=line.id,
            reservation_id=reservation_id,
            operation_type=terms.operation_type,
            model_name=price.model_name,
            price_id=price.id,
            input_tokens=item.work.input_tokens,
            cached_input_tokens=item.work.cached_input_tokens,
            output_tokens=item.work.output_tokens,
            reasoning_tokens=item.work.reasoning_tokens,
            images=item.work.images,
            image_size=item.work.image_size,
            image_quality=item.work.image_quality,
            credits_used=-line.amount,
            cost_usd=price.cost_of(item.work) if reported is None else reported,
            cost_source=CostSource.COMPUTED if reported is None else CostSource.REPORTED,
            credit_price_usd=terms.credit_price_usd,
            minimum_credits=terms.minimum_credits,
            platform_loss_credits=loss,
            item_id=item.item_id,
            created_at=self.now,
            site_id=purpose.site_id,
            run_id=purpose.run_id,
            ai_task_id=purpose.ai_task_id,
            api_key_id=purpose.api_key_id,
        )
        self.usage.append(usage)
        self._tell(
            CreditsCaptured(
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
        )
        return usage


def _described(work: Work, price: ModelPrice) -> str:
    if work.images:
        return f"{work.images} image{'s' if work.images > 1 else ''} with {price.model_name}"
    return f"{work.total_tokens} tokens with {price.model_name}"
