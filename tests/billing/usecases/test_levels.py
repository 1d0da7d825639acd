"""Low, depleted, recovered: each crossing is told once, and what holds keep is no loss yet."""

from services.billing.usecases import credits
from tests.billing.books import Billing

CROSSINGS = {"low", "depleted", "recovered"}


def test_each_crossing_is_told_once(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=103)

    for images in (2, 1, 50, 50):
        billing.charge(account, images=images)
    billing.grant(account, amount=60)
    billing.grant(account, amount=60)
    billing.charge(account, images=1)

    assert _told(billing, account) == ["low", "depleted", "low", "recovered"]
    billing.check_books()


def test_the_event_says_the_threshold_and_the_balance(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=101)

    billing.charge(account, images=1)

    (row,) = billing.rows("SELECT payload::json AS payload FROM outbox WHERE subject LIKE '%.low'")
    assert (row.payload["threshold"], row.payload["balance"]["credits"]) == (100, 100)
    assert row.payload["balance"]["sequence"] == billing.balance(account).sequence


def test_a_hold_is_no_loss_yet(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=200)

    reservation = billing.reserve(account, images=200)

    assert _told(billing, account) == []
    billing.capture(reservation, images=150, final=True)
    assert _told(billing, account) == ["low"]


def test_the_first_credits_of_an_account_are_no_news(billing: Billing) -> None:
    account = billing.account(credits=5)
    billing.grant(account, amount=5)

    assert _told(billing, account) == []


def test_an_account_has_a_threshold_of_its_own(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=30)
    _put(billing, account, 20)

    billing.charge(account, images=10)

    assert _told(billing, account) == ["recovered", "low"]


def test_a_threshold_that_is_put_above_the_credits_is_told_at_once(billing: Billing) -> None:
    account = billing.account(credits=300)

    _put(billing, account, 500)
    _put(billing, account, 500)
    _put(billing, account, None)

    assert _told(billing, account) == ["low", "recovered"]
    assert billing.transactions.run_sync(credits.get_low_threshold, account_id=account) is None


def test_a_threshold_of_zero_tells_only_of_the_end(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=200)
    _put(billing, account, 0)

    billing.charge(account, images=199)
    billing.charge(account, images=1)

    assert _told(billing, account) == ["depleted"]


def _put(billing: Billing, account: str, threshold: int | None) -> None:
    billing.run(credits.put_low_threshold, account_id=account, low_threshold=threshold, actor="user:test")


def _told(billing: Billing, account: str) -> list[str]:
    return [name for name in billing.told(account) if name in CROSSINGS]
