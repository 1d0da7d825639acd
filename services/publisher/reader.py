"""The reader: looks at targets whether readers still see what was published, for as long as the process lives."""

import asyncio
from collections.abc import Mapping
from typing import Final

from prometheus_client import Counter

from chassis import logs
from chassis.clock import Clock
from chassis.sealing import Sealer
from chassis.transaction import Transactions
from services.publisher.domain.delivery import AccessRefused, DeliveryEnded
from services.publisher.domain.target import Target
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.targets.port import TargetPort
from services.publisher.usecases import reading_back
from services.publisher.usecases.reading_back import Page

POLL_SECONDS: Final = 5.0
SITES_AT_ONCE: Final = 4
LOOK_SECONDS_MAX: Final = 25.0

PAGES = Counter("read_back_pages_total", "Pages of publications looked at, at their targets.", ["outcome"])


class Reader:
    """Any number of processes may run one: each takes sites that no other is at."""

    def __init__(
        self,
        transactions: Transactions[PublisherTransaction],
        clock: Clock,
        *,
        targets: Mapping[Target, TargetPort],
        sealer: Sealer,
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._targets = targets
        self._sealer = sealer
        self._log = logs.get_logger()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self.look()

    async def look(self) -> int:
        """Looks at a page of each site that is due, a few sites at once; returns how many pages there were."""
        pages = await self._transactions.run(
            reading_back.claim_pages, limit=SITES_AT_ONCE, sealer=self._sealer, now=self._clock.now()
        )
        outcomes = await asyncio.gather(*(self._look_at(page) for page in pages))
        for outcome in outcomes:
            PAGES.labels(outcome).inc()
        return len(pages)

    async def _look_at(self, page: Page) -> str:
        access = page.access
        try:
            async with asyncio.timeout(LOOK_SECONDS_MAX):
                seen = await self._targets[access.target].state_of(access, page.publications)
        except AccessRefused as refused:
            await self._transactions.run(
                reading_back.note_reading_refused,
                site_id=access.site_id,
                version=access.version,
                refused=refused,
                now=self._clock.now(),
            )
            return "refused"
        except (DeliveryEnded, TimeoutError):
            # The next round looks again; nothing is known to be different.
            return "unanswered"
        for publication, now_seen in reading_back.changed(page.publications, dict(seen)):
            await self._transactions.run(
                reading_back.book_seen, publication=publication, seen=now_seen, now=self._clock.now()
            )
            self._log.info(
                "changed at its target", content_id=publication.content_id, state=now_seen.state.value
            )
        return "seen"
