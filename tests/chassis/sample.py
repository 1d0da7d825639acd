"""A service in miniature for the tests of the chassis: one table, one event, one job, a few use cases."""

import threading
from typing import Any

from igny8.ai import v1 as ai
from igny8.billing import v1 as billing
from sqlalchemy import Column, Connection, Engine, MetaData, Table, Text, Uuid, func, insert, select, text

from chassis.delivery import Delivery
from chassis.ids import new_id
from chassis.tables import chassis_tables
from chassis.transaction import Transaction

SCHEMA = "sample"

metadata = MetaData()
chassis_tables(metadata)
note = Table(
    "note",
    metadata,
    Column("id", Uuid(as_uuid=False), primary_key=True),
    Column("account_id", Uuid(as_uuid=False), nullable=False),
    Column("words", Text, nullable=False),
)

ACCOUNT = "0199aaaa-0000-7000-8000-000000000001"
OTHER_ACCOUNT = "0199aaaa-0000-7000-8000-000000000002"


def write_note(tx: Transaction, *, words: str, account_id: str = ACCOUNT) -> str:
    """A fact and the event about it."""
    note_id = new_id()
    tx.connection.execute(insert(note).values(id=note_id, account_id=account_id, words=words))
    tx.record(granted(words), account_id=account_id)
    return note_id


def write_note_and_fail(tx: Transaction, *, words: str, error: Exception) -> str:
    write_note(tx, words=words)
    raise error


def enqueue_item(tx: Transaction, *, item_id: str, account_id: str = ACCOUNT) -> None:
    tx.enqueue(ai.ExecuteRunItemJob(account_id=account_id, run_item_id=item_id), account_id=account_id)


def granted(words: str) -> Any:
    """Any event will do; the words travel in a text field of it."""
    return billing.CreditsGranted(grant_id=words)


def on_granted(tx: Transaction, event: billing.CreditsGranted, delivery: Delivery) -> None:
    """What an event consumer of the sample does."""
    tx.connection.execute(
        insert(note).values(id=new_id(), account_id=delivery.account_id, words=event.grant_id)
    )


def notes(engine: Engine) -> list[str]:
    """The words of all committed notes, oldest first."""
    with engine.connect() as connection:
        return list(connection.execute(select(note.c.words).order_by(note.c.id)).scalars())


def count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def hold_until(tx: Transaction, *, released: threading.Event) -> None:
    """Keeps the transaction open until it is released, a minute at most."""
    tx.connection.execute(text("SELECT 1"))
    released.wait(60)


def hold_connection(tx: Transaction, *, seconds: float) -> None:
    tx.connection.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": seconds})
