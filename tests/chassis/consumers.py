"""What the tests of both kinds of consumer ask of the server and the database."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import Engine, Row, select

from chassis.consuming import Consumer, Patience
from chassis.nats import Bus
from chassis.tables import dead_letter
from chassis.transaction import Transaction, Transactions

TxS = Transactions[Transaction]
Start = Callable[[Consumer[Transaction]], Awaitable["asyncio.Task[None]"]]

IMPATIENT = Patience(
    attempts_max=3, backoff_seconds=(0.05,), ack_wait_seconds=1.0, drain_seconds=0.2, silence_seconds_max=1.0
)


def letters(engine: Engine) -> list[Row[Any]]:
    with engine.connect() as connection:
        return list(connection.execute(select(dead_letter)))


async def all_answered(bus: Bus, stream: str, durable: str) -> bool:
    info = await bus.jetstream.consumer_info(stream, durable)
    return bool(info.num_ack_pending == 0 and info.num_pending == 0)


async def is_empty(bus: Bus, stream: str) -> bool:
    return bool((await bus.jetstream.stream_info(stream)).state.messages == 0)


async def exists(bus: Bus, stream: str) -> bool:
    return any(info.config.name == stream for info in await bus.jetstream.streams_info())
