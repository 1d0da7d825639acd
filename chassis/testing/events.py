"""Events and jobs in tests: what a use case recorded, and messages sent as the relay would send them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson
from google.protobuf.message import Message
from sqlalchemy import Connection, Engine, select

from chassis import tables, wire_json
from chassis.ids import new_id
from chassis.nats import Bus
from chassis.outbox import stream_of, subject_of
from chassis.streams import EVENTS_STREAM, JOBS_STREAM

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One row of the outbox."""

    event_id: str
    account_id: str
    subject: str
    type_name: str
    payload: dict[str, Any]
    headers: dict[str, str]
    published: bool

    def as_message(self, cls: type[M]) -> M:
        """The payload as its proto message."""
        assert cls.DESCRIPTOR.full_name == self.type_name
        return wire_json.from_dict(cls, self.payload)


def recorded(at: Engine | Connection) -> list[Recorded]:
    """The events in a service's outbox, oldest first."""
    return _rows(at, EVENTS_STREAM)


def recorded_jobs(at: Engine | Connection) -> list[Recorded]:
    """The jobs in a service's outbox, oldest first."""
    return _rows(at, JOBS_STREAM)


async def send(
    bus: Bus, message: Message, *, account_id: str, event_id: str | None = None, payload: bytes | None = None
) -> str:
    """Publishes an event or a job as a relay would, and returns its id. `payload` replaces the message's JSON."""
    sent_id = event_id or new_id()
    await bus.jetstream.publish(
        subject_of(message, account_id=account_id),
        payload if payload is not None else wire_json.to_json_bytes(message),
        stream=stream_of(message),
        headers={
            "Nats-Msg-Id": sent_id,
            "content-type": "application/json",
            "ce-specversion": "1.0",
            "ce-id": sent_id,
            "ce-type": message.DESCRIPTOR.full_name,
            "ce-source": "/igny8/test",
            "ce-time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "ce-subject": account_id,
        },
    )
    return sent_id


def _rows(at: Engine | Connection, stream: str) -> list[Recorded]:
    if isinstance(at, Engine):
        with at.connect() as connection:
            return _rows(connection, stream)
    rows = at.execute(
        select(tables.outbox).where(tables.outbox.c.stream == stream).order_by(tables.outbox.c.id)
    )
    return [
        Recorded(
            event_id=row.event_id,
            account_id=row.account_id,
            subject=row.subject,
            type_name=row.headers["ce-type"],
            payload=orjson.loads(row.payload),
            headers=row.headers,
            published=row.published_at is not None,
        )
        for row in rows
    ]
