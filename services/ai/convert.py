"""Between the ai service's nouns and its messages: enums by their words, money as decimal strings, instants as timestamps."""

from collections.abc import Callable
from datetime import datetime

from google.protobuf.message import Message
from igny8.ai import v1 as ai

from chassis.plain import instant_to_proto, maybe_instant_to_proto, money_to_proto, struct_to_proto
from services.ai.domain.default_models import DefaultModels
from services.ai.domain.events import (
    ExecuteRunItem,
    ExecuteTask,
    PlannedRunSkipped,
    RunMove,
    RunMoved,
    RunSnapshot,
    TaskEnded,
    TaskProgressed,
    TaskStarted,
)
from services.ai.domain.function_names import FunctionName
from services.ai.domain.planned_run import PlannedRun
from services.ai.domain.provider_key import ProviderKey
from services.ai.domain.run import Run, RunStatus, Trigger
from services.ai.domain.run_item import RunItem, RunItemStatus
from services.ai.domain.task import AiTask, TaskStatus

SNAPSHOT_IDS_MAX = 5
"""Ids that an item shows in a snapshot of its run; the list of items has them all."""

_RUN_EVENTS: dict[RunMove, type[Message]] = {
    RunMove.STARTED: ai.RunStarted,
    RunMove.PROGRESSED: ai.RunProgressed,
    RunMove.PAUSING: ai.RunPausing,
    RunMove.PAUSED: ai.RunPaused,
    RunMove.RESUMED: ai.RunResumed,
    RunMove.CANCELLING: ai.RunCancelling,
    RunMove.CANCELLED: ai.RunCancelled,
    RunMove.COMPLETED: ai.RunCompleted,
    RunMove.FAILED: ai.RunFailed,
}


def task_to_proto(task: AiTask, *, payload: bool = True, result: bool = True) -> ai.AiTask:
    return ai.AiTask(
        id=task.id,
        account_id=task.account_id,
        site_id=task.site_id,
        function_name=task.function_name.value,
        operation_type=task.function_name.operation_type,
        model_name=task.model_name,
        prompt_version=task.prompt_version,
        status=ai.AiTask.Status.Value(f"STATUS_{task.status.name}"),
        phase=ai.AiTask.Phase.Value(f"PHASE_{task.phase.name}"),
        items_total=task.items_total,
        items_done=task.items_done,
        items_failed=task.items_failed,
        credits_used=task.credits_used,
        cost=money_to_proto(task.cost),
        payload=struct_to_proto(task.payload) if payload else None,
        result=struct_to_proto(task.result) if result else None,
        error=task.error,
        reservation_id=task.reservation_id or "",
        run_id=task.run_id or "",
        actor=task.actor,
        created_at=instant_to_proto(task.created_at),
        updated_at=instant_to_proto(task.updated_at),
        finished_at=maybe_instant_to_proto(task.finished_at),
        cancelling=task.cancelling,
    )


def task_status_from_proto(status: ai.AiTask.Status.ValueType) -> TaskStatus | None:
    """None for the unset value, which lists everything."""
    return TaskStatus[ai.AiTask.Status.Name(status).removeprefix("STATUS_")] if status else None


def provider_key_to_proto(key: ProviderKey) -> ai.ProviderKey:
    """What may be seen of it: the sealed key stays where it is."""
    return ai.ProviderKey(
        provider=key.provider.value,
        last4=key.last4,
        actor=key.actor,
        created_at=instant_to_proto(key.created_at),
        updated_at=instant_to_proto(key.updated_at),
    )


def default_models_to_proto(
    chosen: DefaultModels, *, platforms: Callable[[FunctionName], str]
) -> ai.DefaultModels:
    """All functions, with the platform's model of each beside the account's."""
    return ai.DefaultModels(
        models=[
            ai.FunctionModel(
                function=function.value,
                model_name=chosen.models.get(function, ""),
                platform_model=platforms(function),
            )
            for function in FunctionName
        ],
        etag=chosen.etag,
    )


def snapshot_to_proto(snapshot: RunSnapshot) -> ai.AutomationRun:
    run, now = snapshot.run, snapshot.now_at
    message = run_to_proto(run, now=now)
    for shown, items in (
        (message.now, snapshot.now),
        (message.next, snapshot.next),
        (message.last, snapshot.last),
    ):
        # An event must stay small, and an item may be a batch of a thousand keywords.
        shown.extend(run_item_to_proto(item, ids_max=SNAPSHOT_IDS_MAX) for item in items)
    return message


def run_to_proto(run: Run, *, now: datetime) -> ai.AutomationRun:
    left, remaining = run.time_left(now), run.credits_remaining
    return ai.AutomationRun(
        id=run.id,
        account_id=run.account_id,
        site_id=run.site_id,
        status=ai.AutomationRun.Status.Value(f"STATUS_{run.status.name}"),
        trigger=ai.AutomationRun.Trigger.Value(f"TRIGGER_{run.trigger.name}"),
        pause_reason=run.pause_reason.value if run.pause_reason else "",
        pause_scope=run.pause_scope,
        pause_detail=run.pause_detail,
        error=run.error,
        stages=[
            ai.StageProgress(
                stage=int(progress.stage),
                name=progress.stage.title,
                enabled=progress.enabled,
                total=progress.total,
                done=progress.done,
                failed=progress.failed,
                in_flight=progress.in_flight,
                outputs=progress.outputs,
                credits_used=progress.credits_used,
                skipped=progress.skipped,
                inputs=progress.inputs,
                batch_size=progress.batch_size,
                concurrency=progress.concurrency,
                max_items_per_run=progress.max_items,
                expected=progress.expected,
                credits_expected=progress.credits_expected,
                credits_low=progress.credits_low,
                credits_high=progress.credits_high,
                estimate_basis=progress.estimate_basis,
            )
            for progress in run.stages
        ],
        percent=run.percent,
        credits_used=run.credits_used,
        max_credits=run.max_credits,
        credits_remaining=remaining.credits if remaining else None,
        credits_remaining_basis=remaining.basis if remaining else "",
        elapsed_seconds=run.clock.elapsed_seconds(now),
        seconds_left=left.seconds if left else None,
        seconds_left_basis=left.basis if left else "",
        paused_at=maybe_instant_to_proto(run.paused_at),
        paused_seconds=run.paused_seconds,
        expected_seconds=run.expected_seconds,
        text_model=run.text_model,
        image_model=run.image_model,
        credits_expected=sum(progress.credits_expected for progress in run.stages),
        credits_low=sum(progress.credits_low for progress in run.stages),
        credits_high=sum(progress.credits_high for progress in run.stages),
        sequence=run.sequence,
        actor=run.actor,
        created_at=instant_to_proto(run.created_at),
        updated_at=instant_to_proto(run.updated_at),
        finished_at=maybe_instant_to_proto(run.finished_at),
    )


def run_status_from_proto(status: ai.AutomationRun.Status.ValueType) -> RunStatus | None:
    """None for the unset value, which lists everything."""
    return RunStatus[ai.AutomationRun.Status.Name(status).removeprefix("STATUS_")] if status else None


def trigger_from_proto(trigger: ai.AutomationRun.Trigger.ValueType) -> Trigger | None:
    """None for the unset value, which lists everything."""
    return Trigger[ai.AutomationRun.Trigger.Name(trigger).removeprefix("TRIGGER_")] if trigger else None


def run_item_to_proto(item: RunItem, *, ids_max: int | None = None) -> ai.RunItem:
    return ai.RunItem(
        id=item.id,
        run_id=item.run_id,
        stage=int(item.stage),
        label=item.label,
        input_ids=item.input_ids[:ids_max],
        status=ai.RunItem.Status.Value(f"STATUS_{item.status.name}"),
        attempts=item.attempts,
        ai_task_id=item.ai_task_id or "",
        credits_used=item.credits_used,
        ordinal=item.ordinal,
        cost=money_to_proto(item.cost),
        input_tokens=item.input_tokens,
        output_tokens=item.output_tokens,
        outputs=item.outputs,
        output_ids=item.output_ids[:ids_max],
        output_type=item.stage.output_type,
        retries=item.retries,
        outcome=item.outcome,
        error=item.error,
        created_at=instant_to_proto(item.created_at),
        updated_at=instant_to_proto(item.updated_at),
    )


def run_item_status_from_proto(status: ai.RunItem.Status.ValueType) -> RunItemStatus | None:
    """None for the unset value, which lists everything."""
    return RunItemStatus[ai.RunItem.Status.Name(status).removeprefix("STATUS_")] if status else None


def planned_run_to_proto(planned: PlannedRun) -> ai.PlannedRun:
    return ai.PlannedRun(
        id=planned.id,
        account_id=planned.account_id,
        site_id=planned.site_id,
        planned_at=instant_to_proto(planned.planned_at),
        missed=planned.missed,
        status=ai.PlannedRun.Status.Value(f"STATUS_{planned.status.name}"),
        run_id=planned.run_id or "",
        reason=planned.reason,
        detail=planned.detail,
        created_at=instant_to_proto(planned.created_at),
        updated_at=instant_to_proto(planned.updated_at),
    )


def encode(event: object) -> Message:
    """The message of a domain event or job. Raises TypeError for anything else."""
    match event:
        case TaskStarted(task=task):
            return ai.AiTaskStarted(
                account_id=task.account_id,
                task=task_to_proto(task, payload=False, result=False),
                occurred_at=instant_to_proto(task.updated_at),
            )
        case TaskProgressed(task=task):
            return ai.AiTaskProgressed(
                account_id=task.account_id,
                task=task_to_proto(task, payload=False, result=False),
                occurred_at=instant_to_proto(task.updated_at),
            )
        case TaskEnded(task=task) if task.status is TaskStatus.ERROR:
            return ai.AiTaskFailed(
                account_id=task.account_id,
                task=task_to_proto(task, payload=False),
                reason=task.reason,
                occurred_at=instant_to_proto(task.updated_at),
            )
        case TaskEnded(task=task) if task.status is TaskStatus.CANCELLED:
            return ai.AiTaskCancelled(
                account_id=task.account_id,
                task=task_to_proto(task, payload=False),
                occurred_at=instant_to_proto(task.updated_at),
            )
        case TaskEnded(task=task):
            return ai.AiTaskCompleted(
                account_id=task.account_id,
                task=task_to_proto(task, payload=False),
                occurred_at=instant_to_proto(task.updated_at),
            )
        case RunMoved(move=move, snapshot=snapshot):
            return _RUN_EVENTS[move](
                account_id=snapshot.run.account_id,
                run=snapshot_to_proto(snapshot),
                occurred_at=instant_to_proto(snapshot.now_at),
            )
        case PlannedRunSkipped(planned=planned):
            return ai.RunSkipped(
                account_id=planned.account_id,
                planned_run=planned_run_to_proto(planned),
                occurred_at=instant_to_proto(planned.updated_at),
            )
        case ExecuteTask():
            return ai.ExecuteTaskJob(account_id=event.account_id, task_id=event.task_id)
        case ExecuteRunItem():
            return ai.ExecuteRunItemJob(account_id=event.account_id, run_item_id=event.run_item_id)
        case _:
            raise TypeError(f"{type(event).__name__} is no event or job of ai")
