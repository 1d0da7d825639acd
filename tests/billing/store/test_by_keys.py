"""Orders find every row by an index, however small a table was when a connection planned them; proofs read whole tables."""

from datetime import datetime

import pytest
from sqlalchemy import text

from chassis.idempotency import RequestKey
from services.billing.domain.item import EXCESS_REFUSED, Item
from services.billing.domain.order import Capture, Charge, ChargedWork, Extend, Order, Release, Reserve
from services.billing.domain.reservation import LIFETIME, Purpose
from services.billing.domain.work import Work
from services.billing.store.transaction import BillingTransaction
from services.billing.usecases.desk import Desk
from services.billing.usecases.proof import verify_ledger
from services.billing.usecases.writing import carry_out
from tests.billing.books import IMAGE_MODEL, Billing

READ_WHOLE = text("SELECT relname FROM pg_stat_xact_user_tables WHERE seq_scan > 0 ORDER BY relname")
ITEM = Item(item_id="an item", work=Work(images=1))


@pytest.mark.parametrize("kind", [Charge, Reserve, Capture, Extend, Release])
def test_no_order_reads_a_table_from_end_to_end(billing: Billing, kind: type[Order]) -> None:
    billing.price()
    account = billing.account(credits=100)
    order = an_order(billing, account, kind)
    # A new session: others count for up to a second what they read in transactions before this one.
    billing.transactions.engine.dispose()

    for _ in range(2):
        assert billing.run(tables_read_whole, order=order) == []


def test_it_would_be_seen(billing: Billing) -> None:
    assert billing.run(tables_read_whole_by_a_question) == ["credit_account"]


def test_a_proof_may_read_whole_tables(billing: Billing) -> None:
    account = billing.account(credits=100)

    assert billing.run(ways_to_read_after_a_proof, account_id=account) == ["on"] * 3


def an_order(billing: Billing, account: str, kind: type[Order]) -> Order:
    who = {"account_id": account, "actor": "service:ai"}
    held = billing.reserve(account, images=2)
    work = ChargedWork(
        operation_type="image_generation", model_name=IMAGE_MODEL, item=ITEM, purpose=Purpose()
    )
    orders: dict[type[Order], Order] = {
        Charge: Charge(**who, work=work),
        Reserve: Reserve(
            **who, quote_id=billing.quote(account, images=1).id, purpose=Purpose(), lifetime=LIFETIME
        ),
        Capture: Capture(**who, reservation_id=held.id, item=ITEM, excess=EXCESS_REFUSED, final=False),
        Extend: Extend(**who, reservation_id=held.id, lifetime=LIFETIME),
        Release: Release(**who, reservation_id=held.id),
    }
    return orders[kind]


def tables_read_whole(tx: BillingTransaction, *, order: Order, now: datetime) -> list[str]:
    key = RequestKey(account_id=order.account_id, scope="test", request_id="x", request_hash=b"x")
    desk = Desk.for_orders(tx, [order], keys=[key], now=now)
    carry_out(desk, order)
    desk.close()
    tx.send()
    return list(tx.connection.scalars(READ_WHOLE))


def tables_read_whole_by_a_question(tx: BillingTransaction, *, now: datetime) -> list[str]:
    tx.connection.execute(text("SELECT credits FROM credit_account"))
    return list(tx.connection.scalars(READ_WHOLE))


def ways_to_read_after_a_proof(tx: BillingTransaction, *, account_id: str, now: datetime) -> list[str]:
    verify_ledger(tx, account_id=account_id, from_first_line=True, now=now)
    names = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")
    return [tx.connection.scalar(text("SELECT current_setting(:name)"), {"name": name}) for name in names]
