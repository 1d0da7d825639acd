"""The outbox: an event or a job is a row in the transaction of its fact, so neither exists without the other."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from typing import Any, Final

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from igny8.options.v1 import options_pb2
from sqlalchemy import Connection

from chassis import tables, telemetry, wire_json
from chassis.bulk import Writes
from chassis.clock import Clock, SystemClock
from chassis.ids import new_id
from chassis.streams import EVENTS_STREAM, JOBS_STREAM
from chassis.wakeup import Wakeup

JOBS_DOMAIN: Final = "jobs"
"""The domain a message's event option names when the message is a job."""

PAYLOAD_BYTES_MAX: Final = 60 * 1024
"""Room is left for the headers within the smaller of the streams' message sizes, 64 KiB."""

Encode = Callable[[Any], Message]
"""Turns a domain event or job into its proto message: the service's convert module."""

Recorded = tuple[object, str] | tuple[object, str, str]
"""An event or job, its account id, and the traceparent it goes on in where that is not the one at hand."""


class Outbox:
    """Writes the outbox rows of one service, and wakes its relay after the commit."""

    def __init__(self, *, service: str, encode: Encode, clock: Clock | None = None) -> None:
        self.service = service
        self.committed = Wakeup()
        self._encode = encode
        self._clock = clock or SystemClock()
        self._source = f"/igny8/{service}"

    def write(
        self, connection: Connection, messages: Iterable[Recorded], *, after: Writes | None = None
    ) -> int:
        """Inserts one row for each message with one statement, sent together with what is to be written before it.

        Returns how many rows. Raises TypeError for a message without the `event` option, ValueError for one that is
        too large.
        """
        at_hand = telemetry.traceparent()
        now = self._clock.now()
        instant = now.isoformat().replace("+00:00", "Z")
        rows = [
            self._row(message, account_id, now, instant, *trace or [at_hand])
            for message, account_id, *trace in messages
        ]
        writes = after or Writes()
        writes.insert(tables.outbox, rows)
        writes.send(connection)
        return len(rows)

    def _row(
        self, event: object, account_id: str, now: datetime, instant: str, traceparent: str
    ) -> dict[str, Any]:
        message = event if isinstance(event, Message) else self._encode(event)
        stream, before, after = _address(message.DESCRIPTOR)
        payload = wire_json.to_json_bytes(message)
        if len(payload) > PAYLOAD_BYTES_MAX:
            raise ValueError(
                f"{message.DESCRIPTOR.full_name} has {len(payload)} bytes and may have {PAYLOAD_BYTES_MAX}: "
                "events and jobs carry ids and small facts, never texts."
            )
        event_id = new_id()
        return {
            "event_id": event_id,
            "account_id": account_id,
            "stream": stream,
            "subject": f"{before}{account_id}{after}",
            "payload": payload.decode(),
            "headers": {
                "Nats-Msg-Id": event_id,
                "content-type": "application/json",
                "ce-specversion": "1.0",
                "ce-id": event_id,
                "ce-type": message.DESCRIPTOR.full_name,
                "ce-source": self._source,
                "ce-time": instant,
                "ce-subject": account_id,
                telemetry.TRACEPARENT: traceparent,
            },
            "created_at": now,
        }


def subject_of(message: type[Message] | Message, *, account_id: str = "*") -> str:
    """The NATS subject of a message class: of one account, or by default of all."""
    _, before, after = _address(message.DESCRIPTOR)
    return f"{before}{account_id}{after}"


def stream_of(message: type[Message] | Message) -> str:
    """The stream a message class is published to."""
    return _address(message.DESCRIPTOR)[0]


@cache
def _address(descriptor: Descriptor) -> tuple[str, str, str]:
    """Stream, and the subject before and after the account id, from the message's `event` option."""
    options = descriptor.GetOptions().Extensions[options_pb2.event]
    if not options.domain or not options.name:
        raise TypeError(f"{descriptor.full_name} has no (igny8.options.v1.event) and cannot be published.")
    if options.domain == JOBS_DOMAIN:
        return JOBS_STREAM, "igny8.jobs.v1.", f".{options.name}"
    return EVENTS_STREAM, f"igny8.v1.{options.domain}.", f".{options.name}"
