"""Retrying what failed in a run, items and parts of items, and nothing else: what succeeded is neither done nor paid again."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from chassis.refusal import FieldFault, NotFound, RequestInvalid
from services.ai.domain.events import RunMove, RunSnapshot
from services.ai.domain.function_names import NothingToDo
from services.ai.domain.run import Run, RunAlreadyActive
from services.ai.domain.run_item import RunItem, RunItemStatus
from services.ai.store.transaction import AiTransaction
from services.ai.usecases.runs import advance


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """What is to be retried, and what is changed before."""

    item_ids: Collection[str] = ()
    """Only these; empty means every item that failed, be it in part."""
    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What items work on instead, by their ids; what people changed at publisher is read anew anyway."""
    text_model: str = ""
    """Empty keeps the run's."""
    image_model: str = ""


def retry_failed_items(
    tx: AiTransaction, *, run_id: str, account_id: str, retry: Retry, now: datetime
) -> tuple[RunSnapshot, int]:
    """Lets failed items wait again, each for an execution of its own; a completed run goes on. Gives how many.

    Raises NotFound for a run or item that is not there or has not failed, NothingToDo when nothing failed,
    StateConflict for a run that was cancelled, RunAlreadyActive when the site has another run meanwhile.
    """
    tx.runs.get(run_id, account_id=account_id)
    before = tx.runs.lock(run_id)
    run = before.reopened(now=now)
    items = tx.run_items.failed(run_id)
    wanted = {*retry.item_ids, *retry.inputs}
    for missing in sorted(wanted - {item.id for item in items}):
        raise NotFound(kind="run_item", id=missing)
    if retry.item_ids:
        items = [item for item in items if item.id in wanted]
    if not items:
        raise NothingToDo("No item of this run has failed: there is nothing to retry.")
    _take_inputs(tx, run, items, retry)
    for item in items:
        tx.run_items.save(item.retried(input_ids=retry.inputs.get(item.id), now=now))
        progress = run.progress(item.stage)
        failed = item.status is RunItemStatus.FAILED
        progress = replace(progress, failed=progress.failed - failed, done=progress.done - (not failed))
        run = run.with_progress(progress, now=now)
    run = run.with_models(text_model=retry.text_model, image_model=retry.image_model)
    if run.status is before.status:
        return advance(tx, run, before=before, move=RunMove.PROGRESSED, now=now), len(items)
    active = tx.runs.active_id(run.site_id)
    if active is not None:
        raise RunAlreadyActive(active)
    tx.runs.reopen(run)
    return advance(tx, run, before=before, move=RunMove.RESUMED, now=now), len(items)


def _take_inputs(tx: AiTransaction, run: Run, items: list[RunItem], retry: Retry) -> None:
    """Inputs that an item gets instead must not be another item's of its stage: they would be paid twice."""
    for item in items:
        wanted = retry.inputs.get(item.id)
        if wanted is None:
            continue
        new = [input_id for input_id in wanted if input_id not in item.input_ids]
        taken = tx.run_items.taken(run.id, item.stage, new) if new else set()
        if taken:
            raise RequestInvalid(
                FieldFault("changes", f"{min(taken)} is worked on by another item of stage {int(item.stage)}")
            )
        tx.run_items.take(run.id, item.stage, new)
