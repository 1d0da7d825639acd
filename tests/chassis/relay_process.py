"""A relay of the sample service in a process of its own, which is killed between a publish and its mark.

Arguments: DSN, NATS URL, and after how many acknowledged publishes the process kills itself with SIGKILL.
"""

import asyncio
import os
import signal
import sys
from typing import Any, NoReturn

from nats.js import JetStreamContext
from nats.js.api import PubAck

from chassis.nats import Bus
from chassis.outbox import Outbox
from chassis.relay import Relay
from tests.chassis.sample import SCHEMA


def _never(event: object) -> NoReturn:
    raise AssertionError(event)


class DyingJetStream(JetStreamContext):
    """Kills its process right after a publish was acknowledged."""

    publishes_left = 0

    async def publish(self, *args: Any, **kwargs: Any) -> PubAck:
        acknowledgement = await super().publish(*args, **kwargs)
        self.publishes_left -= 1
        if self.publishes_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return acknowledgement


async def main(dsn: str, nats_url: str, publishes: int) -> None:
    bus = await Bus.connect(nats_url, name="relay-process")
    bus.jetstream = dying = DyingJetStream(bus.client)
    dying.publishes_left = publishes
    await Relay(dsn=dsn, outbox=Outbox(service=SCHEMA, encode=_never), bus=bus).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
