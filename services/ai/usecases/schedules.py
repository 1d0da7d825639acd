"""Runs by schedule: each planned instant of a site is claimed once, then started or skipped with the reason."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from chassis.ids import new_id
from chassis.paging import Page, PageRequest
from chassis.refusal import Refusal
from services.ai.domain.config import AutomationConfig
from services.ai.domain.estimate import RunEstimate
from services.ai.domain.events import PlannedRunSkipped
from services.ai.domain.function_names import FunctionName
from services.ai.domain.planned_run import PlannedRun, PlannedStatus
from services.ai.domain.run import Trigger
from services.ai.domain.stages import Output, Stage
from services.ai.store.configs import ScheduledSite
from services.ai.store.leases import Lease
from services.ai.store.transaction import AiTransaction
from services.ai.usecases.runs import start_run

ACTOR = "schedule"
"""Who started a run that nobody did."""


def read_agenda(
    tx: AiTransaction, *, zones_before: datetime, limit: int, now: datetime
) -> list[ScheduledSite]:
    """Sites with a planned run that is due, and those whose time zone was not looked up since `zones_before`."""
    return tx.configs.agenda(zones_before=zones_before, limit=limit, now=now)


def claim_due(
    tx: AiTransaction, *, site_id: str, time_zone: str, account_id: str, now: datetime
) -> PlannedRun | None:
    """Claims the planned instant that is due on the site's clock as it is now. None when there is none, or no more."""
    config = tx.configs.lock(site_id)
    if config is None or not config.scheduled:
        return None
    config, due = config.in_zone(time_zone).claim(now=now)
    tx.configs.plan(config, now=now)
    if due is None:
        return None
    for older in tx.planned_runs.waiting_of(site_id):
        _skip(
            tx,
            older,
            reason="DEADLINE_EXCEEDED",
            detail="It could not be started before the next one was due, which stands for it.",
            run_id=None,
            now=now,
        )
    planned = PlannedRun(
        id=new_id(),
        account_id=account_id,
        site_id=site_id,
        planned_at=due.planned_at,
        missed=due.missed,
        created_at=now,
        updated_at=now,
    )
    return planned if tx.planned_runs.claim(planned) else None


def unschedule(tx: AiTransaction, *, site_id: str, now: datetime) -> None:
    """The site is gone: nothing of it is planned any more."""
    config = tx.configs.lock(site_id)
    if config is not None:
        tx.configs.unplan(site_id, now=now)


def waiting_runs(tx: AiTransaction, *, limit: int) -> list[PlannedRun]:
    """Claimed instants that are still to be started."""
    return tx.planned_runs.waiting(limit=limit)


def start_planned_run(
    tx: AiTransaction,
    *,
    lease: Lease,
    planned_run_id: str,
    config: AutomationConfig,
    models: Mapping[FunctionName, str],
    inputs: Mapping[Stage, Sequence[Output]],
    now: datetime,
    estimate: RunEstimate | None = None,
) -> None:
    """Starts the run of a claimed instant, once. Raises what start_run does."""
    tx.leases.hold(lease)
    planned = tx.planned_runs.lock(planned_run_id)
    if planned.status is PlannedStatus.WAITING:
        started = start_run(
            tx,
            account_id=planned.account_id,
            config=config,
            models=models,
            inputs=inputs,
            actor=ACTOR,
            trigger=Trigger.SCHEDULED,
            estimate=estimate,
            now=now,
        )
        tx.planned_runs.save(planned.started(started.run.id, now=now))
    tx.leases.give_up(lease)


def skip_planned_run(
    tx: AiTransaction, *, lease: Lease, planned_run_id: str, refusal: Refusal, now: datetime
) -> None:
    """Notes and announces why no run was started at a claimed instant."""
    tx.leases.hold(lease)
    planned = tx.planned_runs.lock(planned_run_id)
    if planned.status is PlannedStatus.WAITING:
        _skip(
            tx,
            planned,
            reason=refusal.reason,
            detail=refusal.message,
            run_id=refusal.metadata.get("run_id"),
            now=now,
        )
    tx.leases.give_up(lease)


def list_planned_runs(
    tx: AiTransaction, *, page: PageRequest, account_id: str, site_id: str
) -> Page[PlannedRun]:
    return tx.planned_runs.page(page, account_id=account_id, site_id=site_id)


def _skip(
    tx: AiTransaction, planned: PlannedRun, *, reason: str, detail: str, run_id: str | None, now: datetime
) -> None:
    skipped = planned.skipped(reason=reason, detail=detail, run_id=run_id, now=now)
    tx.planned_runs.save(skipped)
    tx.record(PlannedRunSkipped(planned=skipped), account_id=skipped.account_id)
