"""A relay of the sample service in a process of its own, for tests that kill it: DSN and NATS URL as arguments."""

import asyncio
import sys
from typing import NoReturn

from chassis.nats import Bus
from chassis.outbox import Outbox
from chassis.relay import Relay
from tests.chassis.sample import SCHEMA


def _never(event: object) -> NoReturn:
    raise AssertionError(event)


async def main(dsn: str, nats_url: str) -> None:
    bus = await Bus.connect(nats_url, name="relay-process")
    await Relay(dsn=dsn, outbox=Outbox(service=SCHEMA, encode=_never), bus=bus).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
