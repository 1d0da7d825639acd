"""Whatever is done in whatever order, the tables add up: random sequences of operations on the real database."""

import contextlib
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.ids import new_id
from chassis.refusal import Refusal
from services.billing.domain.budget import Scope
from services.billing.domain.grant import Category
from services.billing.domain.item import Excess
from services.billing.domain.reservation import LIFETIME, Purpose, Reservation
from services.billing.domain.usage import CreditUsage
from services.billing.usecases.proof import verify_ledger
from tests.billing.books import Billing

PURPOSE = Purpose(site_id=new_id(), run_id=new_id())

OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("grant", "images", "text", "capture", "final", "release", "wait"),
                *("charge", "reverse", "void", "extend", "budget"),
            ]
        ),
        st.integers(1, 20),
        st.integers(0, 4),
    ),
    min_size=5,
    max_size=30,
)


@settings(
    max_examples=20,
    deadline=None,
    # Every example has an account of its own, so the tables need not be emptied between them.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(operations=OPERATIONS)
def test_the_tables_add_up_after_any_sequence(
    billing: Billing, operations: list[tuple[str, int, int]]
) -> None:
    billing.price(credits_per_image=2)
    billing.text_price(tokens_per_credit=100)
    account = billing.account(credits=20)
    reservations: list[Reservation] = []
    used: list[CreditUsage] = []

    for operation, amount, choice in operations:
        with contextlib.suppress(Refusal):
            if operation in ("charge", "reverse", "void", "extend", "budget"):
                _apply_more(billing, account, reservations, used, operation, amount, choice)
            else:
                _apply(billing, account, reservations, operation, amount, choice)

    billing.balance(account)
    billing.check_books()
    proof = billing.run(verify_ledger, account_id=account, from_first_line=True)
    assert proof.faults == ()


def _apply_more(
    billing: Billing,
    account: str,
    reservations: list[Reservation],
    used: list[CreditUsage],
    operation: str,
    amount: int,
    choice: int,
) -> None:
    if operation == "charge":
        used.append(billing.charge(account, images=amount, purpose=PURPOSE))
    elif operation == "budget":
        scope = list(Scope)[choice % 4]
        target = PURPOSE.run_id if scope is Scope.RUN else PURPOSE.site_id
        limit = None if amount == 20 else amount * 3
        billing.budget(account, scope=scope, target_id=str(target), credits_limit=limit)
    elif operation == "void":
        grants = billing.grants(account)
        billing.void_grant(grants[choice % len(grants)])
    elif operation == "reverse" and used:
        billing.reverse(used[choice % len(used)])
    elif operation == "extend" and reservations:
        billing.extend(reservations[choice % len(reservations)], lifetime=timedelta(minutes=amount))


def _apply(
    billing: Billing, account: str, reservations: list[Reservation], operation: str, amount: int, choice: int
) -> None:
    if operation == "grant":
        ends = billing.clock.now() + LIFETIME * choice if choice else None
        billing.grant(account, amount=amount, category=list(Category)[choice % 3], expires_at=ends)
    elif operation == "images":
        reservations.append(billing.reserve(account, images=amount, purpose=PURPOSE))
    elif operation == "text":
        reservations.append(billing.reserve(account, tokens=amount * 90))
    elif operation == "wait":
        billing.clock.advance(minutes=amount)
    elif reservations:
        reservation = reservations[choice % len(reservations)]
        if operation == "release":
            billing.release(reservation)
            return
        is_image = reservation.operation_type == "image_generation"
        images, tokens = (amount, 0) if is_image else (0, amount * 100)
        billing.capture(
            reservation,
            item_id=f"item {amount}",
            images=images,
            output_tokens=tokens,
            excess=Excess(takes_available=choice > 1, absorbs=choice % 2 == 0),
            final=operation == "final",
        )
