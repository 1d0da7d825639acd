"""Starting, reading and steering runs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from chassis.ids import new_id
from chassis.paging import Page, PageRequest
from services.ai.domain.config import AutomationConfig
from services.ai.domain.estimate import Past, RunEstimate, StageEstimate
from services.ai.domain.events import RunMove, RunMoved, RunSnapshot, TaskEnded
from services.ai.domain.function_names import FunctionName, NothingToDo
from services.ai.domain.run import HeldUp, PauseReason, Run, RunStatus, StageProgress, Trigger
from services.ai.domain.run_item import RunItem, RunItemStatus
from services.ai.domain.stages import Output, Stage
from services.ai.store.transaction import AiTransaction
from services.ai.usecases.planning import hand_out, plan_outputs

PAST_RUNS_MAX: Final = 10
"""So many runs of the site are looked back on for an estimate."""


def start_run(
    tx: AiTransaction,
    *,
    account_id: str,
    config: AutomationConfig,
    models: Mapping[FunctionName, str],
    inputs: Mapping[Stage, Sequence[Output]],
    actor: str,
    now: datetime,
    trigger: Trigger = Trigger.MANUAL,
    estimate: RunEstimate | None = None,
) -> RunSnapshot:
    """Writes the run and its first items from the snapshot of what waits in each stage.

    Raises RunAlreadyActive, and NothingToDo when nothing waits.
    """
    run = Run(
        id=new_id(),
        account_id=account_id,
        site_id=config.site_id,
        actor=actor,
        trigger=trigger,
        created_at=now,
        updated_at=now,
        stages=tuple(
            _stage_progress(stage, config, estimate.stages[stage - 1] if estimate else None)
            for stage in Stage
        ),
        expected_seconds=estimate.seconds if estimate else 0,
        max_credits=config.max_credits_per_run,
        max_in_article_images=config.max_in_article_images,
        models=dict(models),
    )
    if not any(inputs.get(stage) for stage in run.enabled):
        raise NothingToDo("There is nothing to work on: import keywords first.")
    tx.runs.add(run)
    started = run
    for stage, waiting in inputs.items():
        started = plan_outputs(tx, started, stage, waiting, now=now)
    return advance(tx, started, before=run, move=RunMove.STARTED, now=now)


def active_run(tx: AiTransaction, *, site_id: str) -> str | None:
    """The id of the site's active run."""
    return tx.runs.active_id(site_id)


def past_runs(
    tx: AiTransaction, *, site_id: str, account_id: str, models: Mapping[FunctionName, str]
) -> Past:
    """What the site's last completed runs took, for the estimate of the next one."""
    return tx.runs.past(site_id, account_id=account_id, models=models, limit=PAST_RUNS_MAX)


def get_run(tx: AiTransaction, *, run_id: str, account_id: str, now: datetime) -> RunSnapshot:
    return snapshot(tx, tx.runs.get(run_id, account_id=account_id), now=now)


def list_runs(
    tx: AiTransaction,
    *,
    page: PageRequest,
    account_id: str,
    site_id: str,
    status: RunStatus | None,
    trigger: Trigger | None,
) -> Page[Run]:
    return tx.runs.page(page, account_id=account_id, site_id=site_id, status=status, trigger=trigger)


def list_run_items(
    tx: AiTransaction,
    *,
    page: PageRequest,
    account_id: str,
    run_id: str,
    stage: int,
    status: RunItemStatus | None,
) -> Page[RunItem]:
    tx.runs.get(run_id, account_id=account_id)
    return tx.run_items.page(page, run_id=run_id, stage=stage, status=status)


def pause_run(tx: AiTransaction, *, run_id: str, account_id: str, now: datetime) -> RunSnapshot:
    """Items in flight are finished; no new one starts."""
    tx.runs.get(run_id, account_id=account_id)
    return pause(tx, tx.runs.lock(run_id), HeldUp(reason=PauseReason.USER), now=now)


def pause(
    tx: AiTransaction, run: Run, held_up: HeldUp, *, now: datetime, before: Run | None = None
) -> RunSnapshot:
    """Pauses a locked run. Jobs handed out and not begun are taken back. `before` is the run as it is stored."""
    first = before or run
    if run.pause(held_up, now=now) is run:
        return snapshot(tx, run, now=now)
    for stage, count in tx.run_items.take_back(run.id, now=now).items():
        progress = run.progress(stage)
        run = run.with_progress(replace(progress, in_flight=progress.in_flight - count), now=now)
    run = run.pause(held_up, now=now)
    move = RunMove.PAUSED if run.status is RunStatus.PAUSED else RunMove.PAUSING
    return advance(tx, run, before=first, move=move, now=now)


def resume_run(
    tx: AiTransaction, *, run_id: str, account_id: str, now: datetime, max_credits: int | None = None
) -> RunSnapshot:
    """Lets it go on, with another limit of credits where one is given (0 for none)."""
    tx.runs.get(run_id, account_id=account_id)
    before = tx.runs.lock(run_id)
    run = before.resume(now=now)
    limited = run.limited(max_credits, now=now)
    if limited is before:
        return snapshot(tx, run, now=now)
    move = RunMove.PROGRESSED if run is before else RunMove.RESUMED
    return advance(tx, limited, before=before, move=move, now=now)


def cancel_run(tx: AiTransaction, *, run_id: str, account_id: str, now: datetime) -> RunSnapshot:
    """Items in flight are finished, the rest is dropped; what was made is kept."""
    tx.runs.get(run_id, account_id=account_id)
    before = tx.runs.lock(run_id)
    run = before.cancel(now=now)
    if run is before:
        return snapshot(tx, run, now=now)
    end_waiting_tasks(tx, tx.run_items.tasks_of_waiting(run_id), now=now)
    for stage, (count, sent) in tx.run_items.skip_waiting(run_id, now=now).items():
        progress = run.progress(stage)
        run = run.with_progress(
            replace(progress, skipped=progress.skipped + count, in_flight=progress.in_flight - sent),
            now=now,
        )
    run = run.settled(now=now)
    move = RunMove.CANCELLED if run.status is RunStatus.CANCELLED else RunMove.CANCELLING
    return advance(tx, run, before=before, move=move, now=now)


def advance(
    tx: AiTransaction, run: Run, *, before: Run, move: RunMove, now: datetime, freed: bool = False
) -> RunSnapshot:
    """Hands out what may start, settles the run's state, and writes and announces what changed.

    The one end of every change of a run: nothing else writes a run or announces one. `freed` says that an item gave
    credits back which another may wait for.
    """
    if run.status is RunStatus.RUNNING:
        run = hand_out(tx, run, freed=freed, now=now)
    settled = run.settled(now=now)
    if settled.status is RunStatus.FAILED:
        tx.send()
        settled = replace(settled, error=tx.run_items.first_error(run.id))
    if settled.status is run.status:
        return _announce(tx, run, before=before, move=move, now=now)
    if move is not RunMove.PROGRESSED:
        # What was asked for and what came of it are two changes: a run may have nothing left when it is resumed.
        before = _announce(tx, run, before=before, move=move, now=now).run
    return _announce(tx, settled, before=before, move=RunMove(settled.status.value), now=now)


def _announce(tx: AiTransaction, run: Run, *, before: Run, move: RunMove, now: datetime) -> RunSnapshot:
    run = replace(run, sequence=before.sequence + 1)
    tx.runs.save(run, before=before, writes=tx.writes)
    seen = snapshot(tx, run, now=now)
    tx.record(RunMoved(move=move, snapshot=seen), account_id=run.account_id)
    return seen


def end_waiting_tasks(tx: AiTransaction, task_ids: Sequence[str], *, now: datetime) -> None:
    """Ends executions that were begun and put off, of items that are dropped. Nothing was charged for them."""
    for task_id in task_ids:
        task = tx.tasks.lock(task_id)
        if not task.ended:
            stopped = task.dropped(now=now)
            tx.tasks.save(stopped)
            tx.record(TaskEnded(task=stopped), account_id=stopped.account_id)


def snapshot(tx: AiTransaction, run: Run, *, now: datetime) -> RunSnapshot:
    tx.send()
    return RunSnapshot(run=run, now_at=now, **tx.run_sheets.around(run.id))


def _stage_progress(stage: Stage, config: AutomationConfig, estimate: StageEstimate | None) -> StageProgress:
    settings = config.stages[stage]
    expected = estimate or StageEstimate(stage=stage, basis="")
    return StageProgress(
        stage=stage,
        enabled=settings.enabled,
        batch_size=config.batch_size(stage),
        concurrency=settings.concurrency,
        max_items=settings.max_items_per_run,
        expected=expected.items,
        credits_expected=expected.credits,
        credits_low=expected.credits_low,
        credits_high=expected.credits_high,
        estimate_basis=expected.basis,
    )
