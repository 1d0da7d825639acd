"""Between the numbers of a site and their message."""

from datetime import timedelta

from igny8.publisher import v1 as publisher

from services.publisher.convert import maybe_instant_to_proto
from services.publisher.domain.workflow_stats import WorkflowStats

_PERIODS = {
    publisher.GetWorkflowStatsRequest.PERIOD_7D: timedelta(days=7),
    publisher.GetWorkflowStatsRequest.PERIOD_30D: timedelta(days=30),
    publisher.GetWorkflowStatsRequest.PERIOD_90D: timedelta(days=90),
}


def period_from_proto(period: publisher.GetWorkflowStatsRequest.Period.ValueType) -> timedelta | None:
    """None for all, which the unset value means too."""
    return _PERIODS.get(period)


def stats_to_proto(stats: WorkflowStats) -> publisher.WorkflowStats:
    keyword, cluster, idea = stats.counts["keyword"], stats.counts["cluster"], stats.counts["idea"]
    return publisher.WorkflowStats(
        keywords=publisher.KeywordStats(total=keyword["total"], mapped=keyword["mapped"]),
        clusters=cluster["total"],
        ideas=publisher.IdeaStats(total=idea["total"], queued=idea["queued"], completed=idea["completed"]),
        tasks=publisher.TaskStats(**stats.counts["task"]),
        content=publisher.ContentStats(**stats.counts["content"]),
        images=publisher.ImageStats(**stats.counts["image"]),
        credits_used=stats.credits_used,
        credits_as_of=maybe_instant_to_proto(stats.credits_as_of),
    )
