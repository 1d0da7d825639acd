"""What has run out is never seen again, whether or not a sweeper came by; and it is booked once."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from chassis.testing import recorded
from services.billing.domain.balance import InsufficientCredits
from services.billing.domain.grant import Category
from services.billing.domain.reservation import LATE_CAPTURE_GRACE, LIFETIME, ReservationEnded, Status
from services.billing.scheduler import Sweeper
from services.billing.usecases import expiry, reports
from tests.billing.books import Billing, first_page


@pytest.fixture(autouse=True)
def _books_add_up(billing: Billing) -> Iterator[None]:
    yield
    billing.check_books()


def test_a_hold_whose_time_has_ended_is_not_seen_as_reserved(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=40)
    billing.reserve(account, images=30)
    billing.clock.set(billing.clock.now() + LIFETIME)

    balance = billing.balance(account)

    assert (balance.credits, balance.reserved) == (40, 0)


def test_a_hold_lives_until_its_very_end(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=40)
    billing.reserve(account, images=30)
    billing.clock.set(billing.clock.now() + LIFETIME - timedelta(microseconds=1))

    assert billing.balance(account).reserved == 30


def test_credits_of_a_hold_whose_time_has_ended_can_be_held_again(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=40)
    old = billing.reserve(account, images=30)
    billing.clock.set(billing.clock.now() + LIFETIME)

    new = billing.reserve(account, images=40)

    assert new.amount == 40
    assert _statuses(billing, account) == {old.id: Status.EXPIRED, new.id: Status.ACTIVE}


def test_expiry_is_announced_once_however_often_it_is_looked_at(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=40)
    reservation = billing.reserve(account, images=30)
    billing.clock.set(billing.clock.now() + LIFETIME)

    billing.balance(account)
    billing.balance(account)
    billing.run(expiry.expire, account_id=account)

    expired = [event for event in recorded(billing.transactions.engine) if event.subject.endswith("expired")]
    assert [event.payload["reservation_id"] for event in expired] == [reservation.id]
    assert expired[0].payload["balance"]["available"] == 40


def test_a_released_hold_stays_released_after_its_time(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=40)
    reservation = billing.release(billing.reserve(account, images=30))
    billing.clock.set(billing.clock.now() + LIFETIME)

    assert billing.release(reservation).status is Status.RELEASED


def test_releasing_an_expired_hold_changes_nothing(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=40)
    reservation = billing.reserve(account, images=30)
    billing.clock.set(billing.clock.now() + LIFETIME)

    released = billing.release(reservation)

    assert (released.status, released.released) == (Status.EXPIRED, 30)
    assert billing.balance(account).available == 40


def test_work_that_ends_after_its_hold_is_booked_from_what_is_available(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=40)
    reservation = billing.reserve(account, images=30)
    billing.clock.set(billing.clock.now() + LIFETIME)

    captured = billing.capture(reservation, images=3)

    assert captured.usage.credits_used == 3
    assert (captured.reservation.captured, captured.reservation.released) == (0, 30)
    assert (captured.balance.credits, captured.balance.reserved) == (37, 0)
    assert _newest_line_metadata(billing, account) == {"late_capture": True, "beyond_hold": 3}


def test_late_work_that_nothing_covers_is_the_platforms_loss(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=4)
    late = billing.reserve(account, images=4)
    billing.clock.set(billing.clock.now() + LIFETIME)
    billing.reserve(account, images=3)

    captured = billing.capture(late, images=4)

    assert (captured.usage.credits_used, captured.usage.platform_loss_credits) == (1, 3)
    assert (captured.balance.credits, captured.balance.reserved) == (3, 3)


def test_a_late_item_is_charged_once(billing: Billing) -> None:
    billing.price()
    reservation = billing.reserve(billing.account(credits=40), images=30)
    billing.clock.set(billing.clock.now() + LIFETIME)
    first = billing.capture(reservation, images=3)

    second = billing.capture(reservation, images=3)

    assert second.usage == first.usage
    assert second.balance == first.balance


def test_work_a_day_late_is_refused(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=40)
    reservation = billing.reserve(account, images=30)
    billing.clock.set(reservation.expires_at + LATE_CAPTURE_GRACE)

    with pytest.raises(ReservationEnded) as refused:
        billing.capture(reservation, images=3)

    assert refused.value.metadata["state"] == "expired"
    assert billing.balance(account).credits == 40


def test_a_grant_whose_time_has_ended_cannot_be_spent(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=10)
    billing.grant(account, amount=30, expires_at=billing.clock.now() + timedelta(days=1))
    billing.clock.advance(days=1)

    with pytest.raises(InsufficientCredits) as refused:
        billing.reserve(account, images=11)

    assert refused.value.metadata["available"] == "10"
    assert billing.balance(account).credits == 10


def test_credits_that_run_out_are_booked_and_announced(billing: Billing) -> None:
    account = billing.account()
    grant = billing.grant(
        account, amount=30, category=Category.PLAN, expires_at=billing.clock.now() + timedelta(days=1)
    )
    billing.clock.advance(days=1)

    billing.balance(account)

    line = billing.lines(account)[0]
    event = recorded(billing.transactions.engine)[-2]
    assert (line.transaction_type, line.amount, line.related_id) == ("expiry", -30, grant.id)
    assert line.description == "30 credits (plan) were not used in time"
    assert (event.payload["grant_id"], event.payload["amount"]) == (grant.id, 30)


def test_a_hold_keeps_the_credits_of_a_grant_whose_time_ends_meanwhile(billing: Billing) -> None:
    billing.price()
    account = billing.account()
    billing.grant(account, amount=30, expires_at=billing.clock.now() + timedelta(minutes=5))
    reservation = billing.reserve(account, images=20)
    billing.clock.advance(minutes=5)

    captured = billing.capture(reservation, item_id="first", images=15)

    assert captured.usage.credits_used == 15
    assert (captured.balance.credits, captured.balance.reserved) == (5, 5)


def test_what_a_hold_gives_back_to_an_ended_grant_has_run_out_too(billing: Billing) -> None:
    billing.price()
    account = billing.account()
    billing.grant(account, amount=30, expires_at=billing.clock.now() + timedelta(minutes=5))
    reservation = billing.reserve(account, images=20)
    billing.clock.advance(minutes=5)

    billing.release(reservation)

    assert billing.balance(account).credits == 0


async def test_the_sweeper_books_what_nobody_asks_for(billing: Billing) -> None:
    billing.price()
    accounts = [billing.account(credits=40) for _ in range(3)]
    for account in accounts:
        billing.reserve(account, images=30)
    billing.clock.set(billing.clock.now() + LIFETIME)

    await Sweeper(billing.transactions, billing.clock, every_seconds=1).sweep()

    assert billing.rows("SELECT sum(reserved), count(*) FROM credit_account") == [(0, 3)]
    assert billing.run(expiry.due_accounts) == []


async def test_the_sweeper_marks_the_price_in_force_and_forgets_old_quotes(billing: Billing) -> None:
    billing.price(credits_per_image=5)
    later = billing.price(credits_per_image=9, effective_from=billing.clock.now() + timedelta(days=2))
    billing.quote(billing.account(), images=1)
    billing.clock.advance(days=2)

    await Sweeper(billing.transactions, billing.clock, every_seconds=1).sweep()

    active = billing.rows("SELECT id FROM igny8_billing_aimodelconfig WHERE is_active")
    assert [str(row.id) for row in active] == [later.id]
    assert billing.rows("SELECT count(*) FROM quote") == [(0,)]


def _statuses(billing: Billing, account_id: str) -> dict[str, Status]:
    page = billing.run(reports.list_reservations, account_id=account_id, status=None, page=first_page())
    return {reservation.id: reservation.status for reservation in page.items}


def _newest_line_metadata(billing: Billing, account_id: str) -> object:
    return dict(billing.lines(account_id)[0].metadata)
