"""The inbox: a row for each message a consumer has handled, in the transaction of its effect."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from chassis.delivery import Delivery
from chassis.prepared import execute
from chassis.tables import dead_letter, job_attempt

_TYPES: Final = {"consumer": "text", "event_ids": "uuid[]"}

_CLAIM: Final = (
    "INSERT INTO inbox (consumer, event_id) SELECT %(consumer)s, unnest(%(event_ids)s)"
    " ON CONFLICT DO NOTHING RETURNING event_id"
)


def first_times(connection: Connection, *, consumer: str, event_ids: Iterable[str]) -> set[str]:
    """Claims the messages for this transaction; gives those that were not handled before.

    Waits for a concurrent handling. They are claimed in one order, so that two who claim the same do not wait for
    each other.
    """
    parameters = {"consumer": consumer, "event_ids": sorted(event_ids)}
    claimed = execute(connection, _CLAIM, _TYPES, parameters)
    return {str(event_id) for (event_id,) in claimed}


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
