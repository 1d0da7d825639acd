"""The publisher loop: takes up deliveries at their time and brings them to their targets, several at once."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from prometheus_client import Counter, Histogram

from chassis import logs
from chassis.clock import Clock
from chassis.sealing import Sealer
from chassis.transaction import Transactions
from chassis.wakeup import Wakeup
from services.publisher.domain.delivery import (
    AccessRefused,
    AnswerLost,
    Delivery,
    DeliveryRefused,
    TargetUnavailable,
)
from services.publisher.domain.publication import Action
from services.publisher.domain.target import Target
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.targets.port import TargetPort
from services.publisher.usecases import catch_up, delivering

DELIVERIES_MAX: Final = 128
"""So many are on their way at once in one process: most of their time they wait for their targets."""

CLAIMED_MAX: Final = 32
"""So many are taken up in one transaction: the first of many that are due must not wait for the last."""

POLL_SECONDS: Final = 1.0
"""It looks so often, whoever forgot to wake it; a time to come within this is met exactly."""

DELIVERY_SECONDS_MAX: Final = delivering.CLAIM_SECONDS - 5
"""Shorter than the claim, so that no two publishers are at one delivery."""

END_SECONDS_MAX: Final = 10.0

LATENESS = Histogram(
    "publish_start_delay_seconds",
    "Time from the planned instant of a publication to its start.",
    buckets=(0.1, 0.5, 1, 2, 5, 15, 60, 300),
)
DELIVERIES = Counter("deliveries_total", "Deliveries that ended.", ["target", "outcome"])


class Scheduler:
    """One publisher. Any number of processes may run one: each claims what no other is at."""

    def __init__(
        self,
        transactions: Transactions[PublisherTransaction],
        clock: Clock,
        *,
        targets: Mapping[Target, TargetPort],
        sealer: Sealer,
        claim_seconds: float = delivering.CLAIM_SECONDS,
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._targets = targets
        self._sealer = sealer
        self._claim_seconds = claim_seconds
        self._bell = Wakeup()
        self._active: dict[asyncio.Task[None], str] = {}
        """What is on its way, with its site."""
        self._log = logs.get_logger()

    def wake(self) -> None:
        """There may be something to do now; from any thread."""
        self._bell.ring()

    async def run(self) -> None:
        """Publishes until cancelled; what is on its way then gets ten seconds to end."""
        try:
            while True:
                pause = await self.take_up()
                await self._bell.wait(timeout_seconds=pause)
        finally:
            if self._active:
                await asyncio.wait(self._active, timeout=END_SECONDS_MAX)

    async def take_up(self) -> float:
        """Starts every delivery that is due and has a place; returns the seconds until the next look."""
        now = self._clock.now()
        agenda = await self._transactions.run(delivering.read_agenda, at_work=list(self._active.values()))
        due_at = agenda.first_due_at
        if due_at is not None and due_at <= now - timedelta(seconds=delivering.LATE_SECONDS):
            await self._catch_up()
            return 0
        if agenda.delivery_waits or (due_at is not None and due_at <= now):
            if await self._start_deliveries():
                return 0
            return POLL_SECONDS
        if due_at is None:
            return POLL_SECONDS
        return min(POLL_SECONDS, (due_at - now).total_seconds())

    async def settled(self) -> None:
        """Waits until everything that was taken up has ended."""
        while self._active:
            await asyncio.wait(self._active)

    async def _catch_up(self) -> None:
        for site_id, account_id in await self._transactions.run(
            catch_up.sites_that_missed, now=self._clock.now()
        ):
            handled = await self._transactions.run(
                catch_up.catch_up, site_id=site_id, account_id=account_id, now=self._clock.now()
            )
            self._log.info("missed publications handled", site_id=site_id, contents=len(handled))

    async def _start_deliveries(self) -> bool:
        """Claims as many as there are places in all and for each site; False when there was none to claim or no place."""
        free = DELIVERIES_MAX - len(self._active)
        if free <= 0:
            return False
        deliveries = await self._transactions.run(
            delivering.claim_deliveries,
            limit=min(free, CLAIMED_MAX),
            at_work=list(self._active.values()),
            sealer=self._sealer,
            claim_seconds=self._claim_seconds,
            now=self._clock.now(),
        )
        for delivery in deliveries:
            planned_at = delivery.content.scheduled_publish_at
            if planned_at is not None and delivery.publication.attempts == 1:
                LATENESS.observe(max(0.0, (self._clock.now() - planned_at).total_seconds()))
            task = asyncio.create_task(self._deliver(delivery), name=f"deliver {delivery.publication.id}")
            self._active[task] = delivery.content.site_id
            task.add_done_callback(self._ended)
        return bool(deliveries)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._active[task]
        # A free place may be waited for.
        self.wake()

    async def _deliver(self, delivery: Delivery) -> None:
        """One attempt, booked however it ends. What cannot be booked is taken up again when its claim ends."""
        try:
            outcome = await self._attempt(delivery)
        except Exception:
            self._log.exception(
                "a delivery broke off and will be taken up again",
                content_id=delivery.content.id,
                attempt=delivery.publication.attempts,
            )
            outcome = "broken_off"
        DELIVERIES.labels(delivery.publication.target.value, outcome).inc()

    async def _attempt(self, delivery: Delivery) -> str:
        run = self._transactions.run_repeatable
        target = self._targets[delivery.publication.target]
        retracts = delivery.publication.action is Action.UNPUBLISH
        try:
            async with asyncio.timeout(DELIVERY_SECONDS_MAX):
                placed = await (target.unpublish(delivery) if retracts else target.publish(delivery))
        except DeliveryRefused as no:
            await run(delivering.fail_delivery, delivery=delivery, error=no.sentence, now=self._clock.now())
            return "failed"
        except AccessRefused as refused:
            await run(delivering.refuse_delivery, delivery=delivery, refused=refused, now=self._clock.now())
            return "refused"
        except TargetUnavailable as unavailable:
            await run(
                delivering.put_off_delivery,
                delivery=delivery,
                error=unavailable.sentence,
                retry_after_seconds=unavailable.retry_after_seconds,
                now=self._clock.now(),
            )
            return "put_off"
        except (AnswerLost, TimeoutError) as lost:
            reason = (
                str(lost) or "The target did not answer in time. Whether it has the content is looked up."
            )
            await run(delivering.lose_answer, delivery=delivery, reason=reason, now=self._clock.now())
            return "unconfirmed"
        if placed is None:
            booked = await run(delivering.confirm_retracted, delivery=delivery, now=self._clock.now())
        else:
            booked = await run(
                delivering.confirm_delivery, delivery=delivery, placed=placed, now=self._clock.now()
            )
        if booked is None:
            return "taken_over"
        done = "unpublished" if retracts else "published"
        self._log.info(done, content_id=booked.id, external_url=booked.external_url)
        return done
