"""A process that approves, schedules, moves and shifts at random: `python -m tests.publisher.calendar_client <job as JSON>`."""

import json
import random
import sys
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from typing import Any

from chassis.clock import SystemClock
from chassis.database import open_engine
from chassis.outbox import Outbox
from chassis.refusal import Contention, RequestInvalid, StateConflict
from chassis.transaction import Transactions
from services.publisher.convert_events import encode
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases import calendar, calendar_moves, review

DAYS = 12
CLOCKS = (time(9), time(14), time(18))


def main(job: dict[str, Any]) -> Counter[str]:
    """Makes the calls of the job on its database, and counts how they ended."""
    chosen = random.Random(job["seed"])
    now = datetime.fromisoformat(job["now"])
    engine = open_engine(job["dsn"], service="publisher", pool_size=1)
    outbox = Outbox(service="publisher", encode=encode, clock=SystemClock())
    transactions = Transactions(engine, PublisherTransaction, outbox=outbox, threads=1)
    ends: Counter[str] = Counter()

    def one() -> None:
        named = {"content_id": chosen.choice(job["content_ids"]), "account_id": job["account_id"]}
        day = now.date() + timedelta(days=chosen.randrange(1, DAYS))
        clock = chosen.choice(CLOCKS)
        calls: list[tuple[Any, dict[str, Any]]] = [
            (review.approve_content, {**named, "actor": "user:1"}),
            (calendar.schedule, {**named, "at": None}),
            (calendar.schedule, {**named, "at": datetime.combine(day, clock, tzinfo=UTC)}),
            (calendar_moves.move, {**named, "day": day, "clock": chosen.choice((None, clock))}),
            (calendar.unschedule, named),
            (
                calendar_moves.shift,
                {
                    "site_id": job["site_id"],
                    "account_id": job["account_id"],
                    "days": chosen.choice((-1, 1, 7)),
                    "content_ids": chosen.sample(job["content_ids"], 2),
                    "start": None,
                    "end": None,
                },
            ),
        ]
        usecase, arguments = chosen.choice(calls)
        try:
            transactions.run_sync(usecase, **arguments, now=now)
            ends[usecase.__name__] += 1
        except (StateConflict, RequestInvalid, Contention) as refusal:
            ends[f"refused: {refusal.reason}"] += 1

    for _ in range(job["calls"]):
        one()
    transactions.close()
    engine.dispose()
    return ends


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
