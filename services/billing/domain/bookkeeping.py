"""What every move of credits has in common: the chained ledger line, its draws on grants, levels and budgets."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.billing.domain.balance import Balance
from services.billing.domain.budget import Budget
from services.billing.domain.chain import FIRST_LINK, link
from services.billing.domain.events import (
    CreditEvent,
    CreditsDepleted,
    CreditsExpired,
    CreditsLow,
    CreditsRecovered,
    CreditsVoided,
)
from services.billing.domain.grant import CreditDraw, CreditGrant, in_spending_order, shares
from services.billing.domain.level import LOW_THRESHOLD, Level, level_of
from services.billing.domain.reservation import Purpose
from services.billing.domain.transaction import CreditTransaction, TransactionType
from services.billing.domain.usage import CreditUsage

_CROSSINGS: Mapping[Level, type[CreditsLow | CreditsDepleted | CreditsRecovered]] = {
    Level.LOW: CreditsLow,
    Level.DEPLETED: CreditsDepleted,
    Level.NORMAL: CreditsRecovered,
}

Shares = list[tuple[str, int]]
"""Credits by grant id."""


@dataclass(slots=True, kw_only=True)
class Bookkeeping:
    """The balance, the grants with something left, what the holds in question keep of each, and what is written.

    A refusal is raised before anything is moved, so that one refused move leaves the others as they are.
    """

    balance: Balance
    grants: dict[str, CreditGrant]
    held: dict[str, dict[str, int]]
    actor: str
    now: datetime
    new_id: Callable[[], str]
    chain: bytes = FIRST_LINK
    level: Level = Level.NEW
    low_threshold: int = LOW_THRESHOLD
    budgets: dict[str, Budget] = field(default_factory=dict)
    lines: list[CreditTransaction] = field(default_factory=list)
    draws: list[CreditDraw] = field(default_factory=list)
    usage: list[CreditUsage] = field(default_factory=list)
    events: list[CreditEvent] = field(default_factory=list)
    cause: str = ""
    """The trace of the call that the book is moved for, and of each event that of its call."""

    causes: list[str] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    """Grants that are new."""

    touched_budgets: set[str] = field(default_factory=set)

    def end_grants(self) -> None:
        """Books what is left of every grant that was voided or whose time is over, except what holds keep of it."""
        ended = [grant for grant in self.grants.values() if grant.has_ended(now=self.now) and grant.available]
        for grant in in_spending_order(ended):
            if grant.voided_at is not None:
                self._end_grant(grant, TransactionType.VOID, "were taken back")
            else:
                self._end_grant(grant, TransactionType.EXPIRY, "were not used in time")

    def _end_grant(self, grant: CreditGrant, transaction_type: TransactionType, why: str) -> None:
        credits = grant.available
        line = self._write(
            transaction_type,
            amount=-credits,
            related_id=grant.id,
            description=f"{credits} credits ({grant.category}) {why}",
        )
        self._draw(line, amounts=[(grant.id, credits)])
        if transaction_type is TransactionType.VOID:
            self._tell(
                CreditsVoided(
                    account_id=self.balance.account_id,
                    balance=self.balance,
                    amount=credits,
                    grant_id=grant.id,
                    occurred_at=self.now,
                )
            )
        else:
            self._expired(credits, grant_id=grant.id)

    def put_low_threshold(self, threshold: int) -> None:
        """Puts at or below how many credits the account is low."""
        self.low_threshold = threshold
        if self.level is not Level.NEW:
            self.tell_level()

    def tell_level(self) -> None:
        """Says once when the credits cross the threshold or zero, or are enough again."""
        level = level_of(self.balance.credits, threshold=self.low_threshold)
        if level is self.level:
            return
        before, self.level = self.level, level
        if before is Level.NEW:
            return
        crossed = _CROSSINGS[level]
        self._announce(
            crossed(
                account_id=self.balance.account_id,
                balance=self.balance,
                threshold=self.low_threshold,
                occurred_at=self.now,
            )
        )

    def _budgets_of(self, purpose: Purpose, *, begun_at: datetime) -> list[Budget]:
        """Budgets whose window the work counts in, in one order."""
        if not self.budgets:
            return []
        return [budget for budget in self.budgets.values() if budget.concerns(purpose, begun_at=begun_at)]

    def _budgets_now(self, purpose: Purpose) -> list[Budget]:
        """As `_budgets_of` for work that begins now; a window that has passed has begun anew."""
        current = [budget.at(self.now) for budget in self.budgets.values()]
        return [budget for budget in current if budget.concerns(purpose, begun_at=self.now)]

    def _count(self, budgets: list[Budget], *, spent: int = 0, held: int = 0) -> None:
        for budget in budgets:
            self.budgets[budget.id] = budget.moved(spent=spent, held=held, now=self.now)
            self.touched_budgets.add(budget.id)

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
        operation_type: str = "",
        related_id: str | None = None,
        run_id: str | None = None,
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
            operation_type=operation_type,
            description=description,
            related_id=related_id,
            run_id=run_id,
            metadata=metadata or {},
        )
        self.chain = link(self.chain, line)
        line = replace(line, hash=self.chain)
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

    def _tell(self, event: CreditEvent) -> None:
        """Records what the last line did, and what level that led to."""
        self._announce(event)
        self.tell_level()

    def _announce(self, event: CreditEvent) -> None:
        self.events.append(event)
        self.causes.append(self.cause)

    def _expired(
        self, credits: int, *, reservation_id: str | None = None, grant_id: str | None = None
    ) -> None:
        self._tell(
            CreditsExpired(
                account_id=self.balance.account_id,
                balance=self.balance,
                amount=credits,
                reservation_id=reservation_id,
                grant_id=grant_id,
                occurred_at=self.now,
            )
        )
