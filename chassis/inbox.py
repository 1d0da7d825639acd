"""The inbox: a row for each message a consumer has handled, in the transaction of its effect."""

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from chassis.delivery import Delivery
from chassis.tables import dead_letter, inbox, job_attempt


def first_time(connection: Connection, *, consumer: str, event_id: str) -> bool:
    """Claims the message for this transaction; False when it was handled before. Waits for a concurrent handling."""
    claim = insert(inbox).values(consumer=consumer, event_id=event_id).on_conflict_do_nothing()
    return connection.execute(claim).rowcount == 1


def was_handled(connection: Connection, *, consumer: str, event_id: str) -> bool:
    """Whether a committed transaction has handled the message."""
    found = connection.execute(
        select(inbox.c.event_id).where(inbox.c.consumer == consumer, inbox.c.event_id == event_id)
    )
    return found.first() is not None


def count_attempt(connection: Connection, *, consumer: str, event_id: str) -> int:
    """The number of the attempt that begins now, for a job that is not delivered for the first time."""
    attempt = insert(job_attempt).values(consumer=consumer, event_id=event_id, attempts=2)
    counted = attempt.on_conflict_do_update(
        index_elements=["consumer", "event_id"], set_={"attempts": job_attempt.c.attempts + 1}
    ).returning(job_attempt.c.attempts)
    return int(connection.execute(counted).scalar_one())


def excuse_attempts(connection: Connection, *, consumer: str, event_id: str) -> None:
    """The attempts so far do not count: the job was put off, and has not failed."""
    excused = insert(job_attempt).values(consumer=consumer, event_id=event_id, attempts=0)
    connection.execute(
        excused.on_conflict_do_update(index_elements=["consumer", "event_id"], set_={"attempts": 0})
    )


def bury(connection: Connection, *, consumer: str, delivery: Delivery, reason: str) -> None:
    """Keeps a message that cannot be handled, for a person to look at; once, however often it is buried."""
    row = insert(dead_letter).values(
        consumer=consumer,
        event_id=delivery.event_id,
        stream=delivery.stream,
        stream_seq=delivery.stream_seq,
        subject=delivery.subject,
        headers=delivery.headers,
        payload=delivery.payload,
        attempts=delivery.attempt,
        reason=reason[:2000],
    )
    connection.execute(row.on_conflict_do_nothing())
