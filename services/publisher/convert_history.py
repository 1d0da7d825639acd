"""Between the past of content and its messages."""

from igny8.publisher import v1 as publisher

from chassis.plain import instant_to_proto
from services.publisher.domain.history import HistoryEntry, Origin


def entry_to_proto(entry: HistoryEntry) -> publisher.HistoryEntry:
    return publisher.HistoryEntry(
        id=entry.id,
        action=publisher.HistoryEntry.Action.Value(f"ACTION_{entry.action.name}"),
        actor=entry.actor,
        note=entry.note,
        version=entry.version,
        occurred_at=instant_to_proto(entry.occurred_at),
    )


def origin_to_proto(origin: Origin) -> publisher.Origin:
    return publisher.Origin(
        step=publisher.Origin.Step.Value(f"STEP_{origin.step.name}"),
        image_id=origin.image_id or "",
        ai_task_id=origin.ai_task_id,
        model_name=origin.model_name,
        prompt_version=origin.prompt_version,
        credits_used=origin.credits_used,
        created_at=instant_to_proto(origin.created_at),
    )
