"""A second process that shows calendars of the same database: `python -m tests.publisher.calendar_reader <job as JSON>`.

It prints its port when it serves, and ends with its standard input.
"""

import asyncio
import json
import sys
from datetime import datetime
from typing import Any

from igny8.publisher import v1 as publisher

from chassis.clock import SystemClock
from chassis.database import open_engine
from chassis.outbox import Outbox
from chassis.testing import ManualClock
from chassis.testing.serving import serving
from chassis.transaction import Transactions
from services.publisher.convert_events import encode
from services.publisher.pages.addresses import Addresses
from services.publisher.servicers.calendar import CalendarServicer
from services.publisher.store.transaction import PublisherTransaction


async def main(job: dict[str, Any]) -> None:
    """Serves CalendarService on the job's database, at the job's instant."""
    clock = ManualClock(datetime.fromisoformat(job["now"]))
    engine = open_engine(job["dsn"], service="publisher", pool_size=2)
    outbox = Outbox(service="publisher", encode=encode, clock=SystemClock())
    transactions = Transactions(engine, PublisherTransaction, outbox=outbox, threads=2)
    servicer = CalendarServicer(transactions, clock, addresses=Addresses(), wake_scheduler=lambda: None)
    added = (publisher.add_CalendarServiceServicer_to_server, servicer)
    async with serving(added, service="publisher", clock=clock) as served:
        print(served.server.port, flush=True)
        await asyncio.to_thread(sys.stdin.read)
    transactions.close()
    engine.dispose()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
