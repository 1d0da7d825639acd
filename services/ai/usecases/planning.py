"""Planning a run: its items are made from what waits or was made, and handed out within its limits."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from chassis.ids import new_id
from services.ai.domain.events import ExecuteRunItem
from services.ai.domain.run import Run
from services.ai.domain.run_item import RunItem
from services.ai.domain.stages import Output, PlannedItem, Stage, plan
from services.ai.store.run_sheets import HANDED_OUT_MAX
from services.ai.store.transaction import AiTransaction

AHEAD_MAX: Final = HANDED_OUT_MAX
"""Jobs of an account that wait in the queue, over all its runs (but one a run). The queue is first come, first
served, so however many items a run has, another account's next item waits for so few of them."""


def plan_outputs(
    tx: AiTransaction, run: Run, stage: Stage, outputs: Sequence[Output], *, now: datetime
) -> Run:
    """Makes items of `stage` for these inputs, as far as the run does the stage and has room for them.

    An input that the stage has had is left out: two batches of keywords may lead to the same cluster, and its ideas
    are written and paid once.
    """
    progress = run.progress(stage)
    if not progress.enabled or not outputs:
        return run
    by_id = {output.id: output for output in outputs}
    taken = tx.run_items.taken(run.id, stage, list(by_id))
    wanted = [output for output in by_id.values() if output.id not in taken][: progress.room()]
    if not wanted:
        return run
    planned = plan(stage, wanted, batch_size=progress.batch_size)
    tx.run_items.add(
        [
            _item(run, item, ordinal=progress.total + number, now=now)
            for number, item in enumerate(planned, start=1)
        ],
        writes=tx.writes,
    )
    progress = replace(progress, total=progress.total + len(planned), inputs=progress.inputs + len(wanted))
    return run.with_progress(progress, now=now)


def hand_out(tx: AiTransaction, run: Run, *, freed: bool, now: datetime) -> Run:
    """Hands jobs out up to each stage's concurrency, the later stages first, and only so many ahead of the workers.

    Each item that is begun makes room for the next, so the queue never runs empty while there is work and never holds
    what others would have to wait for. Where an item was put off for lack of credits, only as many follow as the
    credits that are left allow; `freed` says that some were given back just now.
    """
    free = {
        progress.stage: progress.concurrency - progress.in_flight
        for progress in reversed(run.stages)
        if progress.concurrency > progress.in_flight and progress.total > progress.ended + progress.in_flight
    }
    if not free:
        return run
    tx.send()
    found = tx.run_sheets.waiting(run, free)
    ahead = max(1, AHEAD_MAX // (1 + found.others_running)) - found.ahead
    for stage, places in free.items():
        progress = run.progress(stage)
        if progress.credits_awaited:
            places = min(places, _affordable(tx, run, progress.credits_awaited, freed=freed))
        ids = found.ids[stage][: max(0, min(places, ahead))]
        if not ids:
            continue
        ahead -= len(ids)
        tx.run_items.mark_dispatched(ids, now=now, writes=tx.writes)
        for id in ids:
            tx.enqueue(ExecuteRunItem(run_item_id=id, account_id=run.account_id), account_id=run.account_id)
        run = run.with_progress(replace(progress, in_flight=progress.in_flight + len(ids)), now=now)
    return run


def _affordable(tx: AiTransaction, run: Run, each: int, *, freed: bool) -> int:
    """How many more items may try to get `each` credits. With nothing in flight one always may: it decides."""
    if not run.in_flight:
        return 1
    if run.max_credits == 0:
        # It was the account that had too few, and only billing knows how many there are now: one tries.
        return int(freed)
    held, holding = tx.run_items.holding(run.id)
    undecided = sum(stage.in_flight for stage in run.stages if stage.stage.function) - holding
    return max(0, (run.max_credits - run.credits_used - held) // each - undecided)


def _item(run: Run, planned: PlannedItem, *, ordinal: int, now: datetime) -> RunItem:
    return RunItem(
        id=new_id(),
        run_id=run.id,
        account_id=run.account_id,
        stage=planned.stage,
        ordinal=ordinal,
        label=planned.label,
        input_ids=planned.input_ids,
        created_at=now,
        updated_at=now,
    )
