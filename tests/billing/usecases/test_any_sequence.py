"""Whatever is done in whatever order, the tables add up: random sequences of operations on the real database."""

import contextlib

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.refusal import Refusal
from services.billing.domain.grant import Category
from services.billing.domain.reservation import LIFETIME, Reservation
from tests.billing.books import Billing

OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["grant", "images", "text", "capture", "final", "release", "wait"]),
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

    for operation, amount, choice in operations:
        with contextlib.suppress(Refusal):
            _apply(billing, account, reservations, operation, amount, choice)

    billing.balance(account)
    billing.check_books()


def _apply(
    billing: Billing, account: str, reservations: list[Reservation], operation: str, amount: int, choice: int
) -> None:
    if operation == "grant":
        ends = billing.clock.now() + LIFETIME * choice if choice else None
        billing.grant(account, amount=amount, category=list(Category)[choice % 3], expires_at=ends)
    elif operation == "images":
        reservations.append(billing.reserve(account, images=amount))
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
            final=operation == "final",
        )
