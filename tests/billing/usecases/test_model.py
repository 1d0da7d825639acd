"""Every operation of the ledger in any order, on the real database, against an oracle in plain Python.

`pytest tests/billing/usecases/test_model.py --examples 500` looks further than a usual session does.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chassis.ids import new_id
from chassis.refusal import Refusal
from services.billing.domain.budget import Scope
from services.billing.domain.grant import Category
from services.billing.domain.item import EXCESS_REFUSED, Excess
from services.billing.domain.reservation import Purpose, Reservation
from services.billing.domain.usage import CreditUsage
from services.billing.usecases import credits as credits_usecases
from services.billing.usecases.proof import verify_ledger
from tests.billing import oracle as plain
from tests.billing.books import Billing
from tests.billing.oracle import Oracle, Refused

STEPS: Final = 30
LEVELS: Final = {"low", "depleted", "recovered"}
ONE_OF_FEW: Final = st.integers(0, 7)
EXCESS: Final = st.builds(Excess, takes_available=st.booleans(), absorbs=st.booleans())
MINUTES: Final = st.sampled_from([1, 10, 15, 60, 60 * 25])


@dataclass
class Made:
    """What there is to act on."""

    reservations: list[Reservation] = field(default_factory=list)
    usage: dict[str, CreditUsage] = field(default_factory=dict)
    grants: list[str] = field(default_factory=list)


class Ledger(RuleBasedStateMachine):
    """An account of its own for each example; after each step both must agree on everything."""

    def __init__(self, billing: Billing) -> None:
        super().__init__()
        self.billing = billing
        self.account = billing.account()
        self.oracle = Oracle()
        self.made = Made()
        self.purposes = [Purpose(run_id=new_id(), site_id=new_id()) for _ in range(2)]

    @initialize(amount=st.integers(50, 300), limit=st.sampled_from([30, 10, None]))
    def begin(self, amount: int, limit: int | None) -> None:
        """Without credits nothing else would happen."""
        self.grant(amount, 1, Category.PAID, None, None)
        self.cap(0, True, limit)
        self.reserve(8, 0)

    @precondition(lambda self: len(self.made.grants) < 5)
    @rule(
        amount=st.integers(1, 150),
        priority=st.integers(0, 1),
        category=st.sampled_from(list(Category)),
        begins=st.sampled_from([None, None, 10, 60 * 24]),
        ends=st.sampled_from([None, None, 5, 60, 60 * 48]),
    )
    def grant(
        self, amount: int, priority: int, category: Category, begins: int | None, ends: int | None
    ) -> None:
        if begins is not None and ends is not None and ends <= begins:
            ends = None
        now = self.now
        begins_at = None if begins is None else now + timedelta(minutes=begins)
        ends_at = None if ends is None else now + timedelta(minutes=ends)
        given = self.billing.grant(
            self.account,
            amount=amount,
            category=category,
            priority=priority,
            effective_at=begins_at,
            expires_at=ends_at,
        )
        self.made.grants.append(given.id)
        self.oracle.grant(
            plain.Grant(given.id, amount, priority, category.value, now, begins_at, ends_at), now
        )

    @precondition(lambda self: len(self.made.grants) > 2)
    @rule(which=ONE_OF_FEW)
    def void(self, which: int) -> None:
        grant_id = self.made.grants[which % len(self.made.grants)]
        self.billing.run(
            credits_usecases.void_grant,
            account_id=self.account,
            grant_id=grant_id,
            actor="operator:test",
        )
        self.oracle.void(grant_id, self.now)

    @rule(images=st.sampled_from([20, 8, 1]), which=ONE_OF_FEW)
    def reserve(self, images: int, which: int) -> None:
        purpose = self.purposes[which % 2]
        with self.both_refuse(lambda: self.check(images, purpose)):
            held = self.billing.reserve(self.account, images=images, purpose=purpose)
            self.made.reservations.append(held)
            self.oracle.hold(held.id, images, **_of(purpose), now=self.now)

    @precondition(lambda self: self.made.reservations)
    @rule(which=ONE_OF_FEW, images=st.integers(1, 5))
    def capture_within(self, which: int, images: int) -> None:
        self.capture(which, images, len(self.made.usage), final=False)

    @precondition(lambda self: self.made.reservations)
    @rule(which=ONE_OF_FEW, images=st.integers(6, 40), excess=EXCESS)
    def capture_beyond(self, which: int, images: int, excess: Excess) -> None:
        self.capture(which, images, len(self.made.usage), excess=excess, final=False)

    @precondition(lambda self: self.made.reservations)
    @rule(which=ONE_OF_FEW, images=st.integers(1, 40), item=st.integers(0, 1), excess=EXCESS)
    def capture_for_good(self, which: int, images: int, item: int, excess: Excess) -> None:
        self.capture(which, images, item, excess=excess, final=True)

    @rule(images=st.integers(1, 20), which=ONE_OF_FEW)
    def reserve_more(self, images: int, which: int) -> None:
        self.reserve(images, which)

    def capture(
        self, which: int, images: int, item: int, *, excess: Excess = EXCESS_REFUSED, final: bool
    ) -> None:
        reservation = self.reservation(which)
        item_id = f"{reservation.id} {item}"
        expected: list[tuple[int, int] | None] = []

        def ask() -> None:
            outcome = self.oracle.capture(
                reservation.id,
                item_id,
                images,
                more=excess.takes_available,
                absorb=excess.absorbs,
                final=final,
                now=self.now,
            )
            expected.append(outcome)

        with self.both_refuse(ask):
            usage = self.billing.capture(
                reservation, item_id=item_id, images=images, excess=excess, final=final
            ).usage
            if expected[0] is None:
                assert usage == self.made.usage[item_id]
            else:
                assert (usage.credits_used, usage.platform_loss_credits) == expected[0]
                self.made.usage[item_id] = usage

    @precondition(lambda self: self.made.reservations)
    @rule(which=ONE_OF_FEW)
    def release(self, which: int) -> None:
        reservation = self.reservation(which)
        self.billing.release(reservation)
        self.oracle.release(reservation.id, self.now)

    @precondition(lambda self: self.made.reservations)
    @rule(which=ONE_OF_FEW, minutes=st.integers(1, 60))
    def extend(self, which: int, minutes: int) -> None:
        reservation = self.reservation(which)
        with self.both_refuse(lambda: self.oracle.extend(reservation.id, minutes, self.now)):
            self.billing.extend(reservation, lifetime=timedelta(minutes=minutes))

    @rule(images=st.integers(1, 40), which=ONE_OF_FEW)
    def charge(self, images: int, which: int) -> None:
        purpose = self.purposes[which % 2]
        with self.both_refuse(lambda: self.check(images, purpose)):
            usage = self.billing.charge(self.account, images=images, purpose=purpose)
            self.made.usage[usage.id] = usage
            self.oracle.charge(usage.id, images, **_of(purpose), now=self.now)

    @precondition(lambda self: self.made.usage)
    @rule(which=ONE_OF_FEW)
    def reverse(self, which: int) -> None:
        name = list(self.made.usage)[which % len(self.made.usage)]
        with self.both_refuse(lambda: self.oracle.reverse(name, self.now)):
            self.billing.reverse(self.made.usage[name])

    @rule(which=ONE_OF_FEW, for_run=st.booleans(), limit=st.sampled_from([None, 0, 20, 60, 200]))
    def cap(self, which: int, for_run: bool, limit: int | None) -> None:
        purpose = self.purposes[which % 2]
        scope, target = (Scope.RUN, purpose.run_id) if for_run else (Scope.SITE_DAY, purpose.site_id)
        self.billing.budget(self.account, scope=scope, target_id=str(target), credits_limit=limit)
        self.oracle.cap("run" if for_run else "site", str(target), limit, self.now)

    @rule(threshold=st.sampled_from([None, 0, 30, 100, 200]))
    def threshold(self, threshold: int | None) -> None:
        """None: exactly what there is, which is low already."""
        if threshold is None:
            threshold = self.oracle.credits
        self.billing.run(
            credits_usecases.put_low_threshold,
            account_id=self.account,
            low_threshold=threshold,
            actor="user:test",
        )
        self.oracle.put_threshold(threshold, self.now)

    @rule(minutes=MINUTES)
    def wait(self, minutes: int) -> None:
        self.billing.clock.advance(minutes=minutes)

    @invariant()
    def both_agree(self) -> None:
        self.oracle.settle(self.now)
        balance = self.billing.balance(self.account)
        assert (balance.credits, balance.reserved) == (self.oracle.credits, self.oracle.reserved)
        assert {
            grant.id: (grant.remaining, grant.reserved) for grant in self.billing.grants(self.account)
        } == {grant.id: (grant.remaining, sum(grant.held.values())) for grant in self.oracle.grants.values()}
        assert self.rows("SELECT id::text, status, captured, captured_late FROM reservation") == {
            (hold.id, hold.status, hold.captured, hold.late) for hold in self.oracle.holds.values()
        }
        assert self.rows("SELECT target_id::text, spent, held FROM budget") == {
            (cap.target, *self.oracle.spent_and_held(cap)) for cap in self.oracle.caps.values()
        }
        told = [name for name in self.billing.told(self.account) if name in LEVELS]
        assert told == self.oracle.told

    def teardown(self) -> None:
        self.billing.check_books()
        proof = self.billing.run(verify_ledger, account_id=self.account, from_first_line=True)
        assert proof.faults == ()

    # How

    @property
    def now(self) -> datetime:
        return self.billing.clock.now()

    def check(self, images: int, purpose: Purpose) -> None:
        self.oracle.check_hold(images, **_of(purpose), now=self.now)

    def reservation(self, which: int) -> Reservation:
        return self.made.reservations[which % len(self.made.reservations)]

    def rows(self, query: str) -> set[tuple[object, ...]]:
        found = self.billing.rows(
            f"{query} WHERE account_id = CAST(:account_id AS uuid)", account_id=self.account
        )
        return {tuple(row) for row in found}

    @contextlib.contextmanager
    def both_refuse(self, ask: Callable[[], None]) -> Iterator[None]:
        """The block is refused for the reason for which the oracle refuses `ask`, or neither is refused."""
        expected = ""
        try:
            ask()
        except Refused as refused:
            expected = str(refused)
        happened = ""
        try:
            yield
        except Refusal as refusal:
            happened = refusal.reason
        assert happened == expected


def test_the_ledger_does_what_the_oracle_does(billing: Billing, pytestconfig: pytest.Config) -> None:
    billing.price()
    asked = pytestconfig.getoption("--examples")

    class OnThisDatabase(Ledger):
        def __init__(self) -> None:
            super().__init__(billing)

    run_state_machine_as_test(
        OnThisDatabase,
        settings=settings(
            max_examples=asked or 12,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not asked,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def _of(purpose: Purpose) -> dict[str, str]:
    return {"run": str(purpose.run_id), "site": str(purpose.site_id)}
