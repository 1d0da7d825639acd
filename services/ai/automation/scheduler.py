"""The scheduler: starts the runs that schedules planned. Every ai server runs one; each planned instant is one's."""

import asyncio
from datetime import timedelta
from typing import Final

from chassis.clock import Clock
from chassis.logs import get_logger
from chassis.refusal import NotFound, Refusal
from chassis.service_tokens import acting_for
from chassis.transaction import Transactions
from services.ai.automation.estimating import Estimator
from services.ai.automation.preparation import Preparation
from services.ai.domain.planned_run import PlannedRun
from services.ai.inventory import Inventory
from services.ai.leasing import kept
from services.ai.patience import passing
from services.ai.store.configs import ScheduledSite
from services.ai.store.leases import Lease, LeaseLost
from services.ai.store.transaction import AiTransaction
from services.ai.usecases import configs, schedules
from services.ai.usecases import tasks as write

EVERY_SECONDS: Final = 2.0
"""A planned run starts at most about so late."""

AT_ONCE_MAX: Final = 50
"""Sites and planned runs of one look."""

ZONE_SECONDS: Final = 900
"""The time zone of a scheduled site is looked up so often, and each time before a run of it is claimed."""


class Scheduler:
    """Claims what is due and starts what is claimed, for as long as the process lives."""

    def __init__(
        self,
        transactions: Transactions[AiTransaction],
        clock: Clock,
        *,
        inventory: Inventory,
        preparation: Preparation,
        estimator: Estimator,
        owner: str,
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._inventory = inventory
        self._preparation = preparation
        self._estimator = estimator
        self._owner = owner

    async def run(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                await self.tick()
            except Refusal as refusal:
                get_logger().info("the schedules are looked at again later", reason=refusal.reason)

    async def tick(self) -> int:
        """One look; returns how many planned runs were started or skipped. Raises a Refusal when the database is away."""
        now = self._clock.now()
        agenda = await self._transactions.run(
            schedules.read_agenda,
            zones_before=now - timedelta(seconds=ZONE_SECONDS),
            limit=AT_ONCE_MAX,
            now=now,
        )
        for site in agenda:
            await self._claim(site)
        waiting = await self._transactions.run(schedules.waiting_runs, limit=AT_ONCE_MAX)
        return sum([await self._settle(planned) for planned in waiting])

    async def _claim(self, site: ScheduledSite) -> None:
        """Claims what is due by the clock the site has now. What publisher cannot say just now is asked for again."""
        try:
            with acting_for(site.account_id):
                settings = await self._inventory.publishing_settings(site.site_id)
        except Refusal as refusal:
            if refusal.reason == NotFound.reason:
                await self._transactions.run(
                    schedules.unschedule, site_id=site.site_id, now=self._clock.now()
                )
                return
            if passing(refusal):
                return
            # Whatever stands against the run is said when it is started, in its row.
            time_zone = site.time_zone
        else:
            time_zone = settings.time_zone
        await self._transactions.run(
            schedules.claim_due,
            site_id=site.site_id,
            time_zone=time_zone,
            account_id=site.account_id,
            now=self._clock.now(),
        )

    async def _settle(self, planned: PlannedRun) -> bool:
        lease = await self._transactions.run(write.claim, subject_id=planned.id, owner=self._owner)
        if lease is None:
            return False
        try:
            async with kept(self._transactions, lease):
                with acting_for(planned.account_id):
                    return await self._start(planned, lease)
        except LeaseLost:
            return False

    async def _start(self, planned: PlannedRun, lease: Lease) -> bool:
        try:
            config = await self._transactions.run(
                configs.get_config, site_id=planned.site_id, account_id=planned.account_id
            )
            await self._preparation.check_may_start()
            models = await self._preparation.models(config, account_id=planned.account_id)
            inputs = await self._preparation.waiting(config)
            made = await self._estimator.estimate(
                config,
                models=models,
                waiting={stage: len(found) for stage, found in inputs.items()},
                account_id=planned.account_id,
            )
            await self._transactions.run(
                schedules.start_planned_run,
                lease=lease,
                planned_run_id=planned.id,
                config=config,
                models=models,
                inputs=inputs,
                estimate=made,
                now=self._clock.now(),
            )
        except Refusal as refusal:
            if isinstance(refusal, LeaseLost):
                raise
            if passing(refusal):
                await self._transactions.run(write.give_up, lease=lease)
                return False
            await self._transactions.run(
                schedules.skip_planned_run,
                lease=lease,
                planned_run_id=planned.id,
                refusal=refusal,
                now=self._clock.now(),
            )
        return True
