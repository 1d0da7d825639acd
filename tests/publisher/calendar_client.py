"""A process that does at random what takes times of a calendar: `python -m tests.publisher.calendar_client <job as JSON>`."""

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
from services.publisher.domain.delivery import Placed
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases import calendar, calendar_moves, catch_up, delivering, publishing, review
from tests.publisher.newsroom import SEALER

DAYS = 12
CLOCKS = (time(9), time(14), time(18))
LASTS = timedelta(days=2)
"""So much time passes from the first call of a job to its last, so that much of what was planned falls due."""


def main(job: dict[str, Any]) -> Counter[str]:
    """Makes the calls of the job on its database, and counts how they ended."""
    chosen = random.Random(job["seed"])
    began = datetime.fromisoformat(job["now"])
    engine = open_engine(job["dsn"], service="publisher", pool_size=1)
    outbox = Outbox(service="publisher", encode=encode, clock=SystemClock())
    transactions = Transactions(engine, PublisherTransaction, outbox=outbox, threads=1)
    ends: Counter[str] = Counter()

    def one(now: datetime) -> None:
        named = {"content_id": chosen.choice(job["content_ids"]), "account_id": job["account_id"]}
        day = now.date() + timedelta(days=chosen.randrange(1, DAYS))
        clock = chosen.choice(CLOCKS)
        calls: list[tuple[Any, dict[str, Any]]] = [
            (review.approve_content, {**named, "actor": "user:1"}),
            (calendar.schedule, {**named, "at": None}),
            (calendar.schedule, {**named, "at": datetime.combine(day, clock, tzinfo=UTC)}),
            (calendar_moves.move, {**named, "day": day, "clock": chosen.choice((None, clock))}),
            (calendar.unschedule, named),
            (publishing.publish, named),
            (
                calendar_moves.shift,
                {
                    "site_id": job["site_id"],
                    "account_id": job["account_id"],
                    "days": chosen.choice((-1, 1, 7)),
                    "content_ids": chosen.sample(job["content_ids"], chosen.choice((1, 1, 2))),
                    "start": None,
                    "end": None,
                },
            ),
        ]
        usecase, arguments = chosen.choice([*calls, (deliver, {})])
        try:
            if usecase is deliver:
                deliver(now)
            else:
                transactions.run_sync(usecase, **arguments, now=now)
            ends[usecase.__name__] += 1
        except (StateConflict, RequestInvalid, Contention) as refusal:
            ends[f"refused: {refusal.reason}"] += 1

    def deliver(now: datetime) -> None:
        """What was missed gets another time, and what is due within a minute arrives, or does not."""
        site = {"site_id": job["site_id"], "account_id": job["account_id"]}
        transactions.run_sync(catch_up.catch_up, **site, now=now)
        soon = now + timedelta(seconds=59)
        for delivery in transactions.run_sync(delivering.claim_deliveries, limit=5, sealer=SEALER, now=soon):
            if chosen.random() < 0.2:
                transactions.run_sync(delivering.fail_delivery, delivery=delivery, error="No.", now=soon)
            else:
                placed = Placed(external_id=delivery.content.id, external_url="/there")
                transactions.run_sync(delivering.confirm_delivery, delivery=delivery, placed=placed, now=soon)
                ends["confirm_delivery"] += 1

    for number in range(job["calls"]):
        one(began + LASTS * number / job["calls"])
    transactions.close()
    engine.dispose()
    return ends


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
