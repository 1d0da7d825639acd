"""Between publisher's nouns and its messages: enums by their words, money as decimal strings, instants as timestamps."""

from collections.abc import Sequence
from datetime import timedelta

from igny8.publisher import v1 as publisher

from chassis.plain import instant_to_proto, maybe_instant_to_proto, money_to_proto
from services.publisher.domain.cluster import Cluster, ClusterStatus
from services.publisher.domain.content import Content, ContentStatus, SiteStatus
from services.publisher.domain.csv_dialects import LineError
from services.publisher.domain.idea import Idea, IdeaStatus
from services.publisher.domain.image import Image, ImageStatus, ImageType
from services.publisher.domain.intent import Intent
from services.publisher.domain.keyword import Keyword, KeywordStatus
from services.publisher.domain.sector import Sector
from services.publisher.domain.site import Site
from services.publisher.domain.task import Task, TaskStatus
from services.publisher.domain.workflow_stats import WorkflowStats

_PERIODS = {
    publisher.GetWorkflowStatsRequest.PERIOD_7D: timedelta(days=7),
    publisher.GetWorkflowStatsRequest.PERIOD_30D: timedelta(days=30),
    publisher.GetWorkflowStatsRequest.PERIOD_90D: timedelta(days=90),
}


def site_to_proto(site: Site) -> publisher.Site:
    return publisher.Site(
        id=site.id,
        account_id=site.account_id,
        name=site.name,
        slug=site.slug,
        time_zone=site.time_zone,
        description=site.description,
        created_at=instant_to_proto(site.created_at),
        updated_at=instant_to_proto(site.updated_at),
        language=site.language,
        etag=site.etag,
    )


def sector_to_proto(sector: Sector) -> publisher.Sector:
    return publisher.Sector(
        id=sector.id,
        site_id=sector.site_id,
        name=sector.name,
        created_at=instant_to_proto(sector.created_at),
        updated_at=instant_to_proto(sector.updated_at),
        etag=sector.etag,
    )


def keyword_to_proto(keyword: Keyword) -> publisher.Keyword:
    return publisher.Keyword(
        id=keyword.id,
        site_id=keyword.site_id,
        sector_id=keyword.sector_id or "",
        keyword=keyword.keyword,
        volume=keyword.volume,
        volume_is_impressions=keyword.volume_is_impressions,
        difficulty=keyword.difficulty,
        cpc=None if keyword.cpc is None else money_to_proto(keyword.cpc),
        cpc_currency=keyword.currency or "",
        intent=(
            publisher.Keyword.Intent.Value(f"INTENT_{keyword.intent.name}")
            if keyword.intent
            else publisher.Keyword.INTENT_UNSPECIFIED
        ),
        country=keyword.country or "",
        cluster_id=keyword.cluster_id or "",
        status=publisher.Keyword.Status.Value(f"STATUS_{keyword.status.name}"),
        disabled=keyword.disabled,
        created_at=instant_to_proto(keyword.created_at),
        updated_at=instant_to_proto(keyword.updated_at),
    )


def intent_from_proto(intent: publisher.Keyword.Intent.ValueType) -> Intent | None:
    """None for the unset value, which is unknown."""
    return Intent[publisher.Keyword.Intent.Name(intent).removeprefix("INTENT_")] if intent else None


def keyword_status_from_proto(status: publisher.Keyword.Status.ValueType) -> KeywordStatus | None:
    """None for the unset value, which lists everything."""
    return KeywordStatus[publisher.Keyword.Status.Name(status).removeprefix("STATUS_")] if status else None


def import_error_to_proto(error: LineError) -> publisher.ImportError:
    return publisher.ImportError(line=error.line, reason=error.reason)


def cluster_to_proto(cluster: Cluster) -> publisher.Cluster:
    return publisher.Cluster(
        id=cluster.id,
        site_id=cluster.site_id,
        sector_id=cluster.sector_id or "",
        name=cluster.name,
        description=cluster.description,
        keywords_count=cluster.keywords_count,
        volume=cluster.volume,
        status=publisher.Cluster.Status.Value(f"STATUS_{cluster.status.name}"),
        created_at=instant_to_proto(cluster.created_at),
        etag=cluster.etag,
        updated_at=instant_to_proto(cluster.updated_at),
    )


def cluster_status_from_proto(status: publisher.Cluster.Status.ValueType) -> ClusterStatus | None:
    """None for the unset value, which lists everything."""
    return ClusterStatus[publisher.Cluster.Status.Name(status).removeprefix("STATUS_")] if status else None


def idea_to_proto(idea: Idea) -> publisher.Idea:
    return publisher.Idea(
        id=idea.id,
        site_id=idea.site_id,
        sector_id=idea.sector_id or "",
        cluster_id=idea.cluster_id or "",
        title=idea.title,
        description=idea.description,
        content_type=idea.content_type.value,
        content_structure=idea.content_structure.value,
        target_keywords=idea.target_keywords,
        estimated_word_count=idea.estimated_word_count,
        status=publisher.Idea.Status.Value(f"STATUS_{idea.status.name}"),
        created_at=instant_to_proto(idea.created_at),
        etag=idea.etag,
        updated_at=instant_to_proto(idea.updated_at),
    )


def idea_status_from_proto(status: publisher.Idea.Status.ValueType) -> IdeaStatus | None:
    """None for the unset value, which lists everything."""
    return IdeaStatus[publisher.Idea.Status.Name(status).removeprefix("STATUS_")] if status else None


def task_to_proto(task: Task) -> publisher.Task:
    return publisher.Task(
        id=task.id,
        site_id=task.site_id,
        sector_id=task.sector_id or "",
        cluster_id=task.cluster_id or "",
        idea_id=task.idea_id or "",
        title=task.title,
        brief=task.brief,
        content_type=task.content_type.value,
        content_structure=task.content_structure.value,
        target_keywords=task.target_keywords,
        word_count=task.word_count,
        status=publisher.Task.Status.Value(f"STATUS_{task.status.name}"),
        error=task.error,
        content_id=task.content_id or "",
        created_at=instant_to_proto(task.created_at),
        etag=task.etag,
        updated_at=instant_to_proto(task.updated_at),
    )


def task_status_from_proto(status: publisher.Task.Status.ValueType) -> TaskStatus | None:
    """None for the unset value, which lists everything."""
    return TaskStatus[publisher.Task.Status.Name(status).removeprefix("STATUS_")] if status else None


def content_to_proto(content: Content, *, images: Sequence[Image] = ()) -> publisher.Content:
    """The content as it is, with the images that are given."""
    text = content.text
    return publisher.Content(
        id=content.id,
        site_id=content.site_id,
        sector_id=content.sector_id or "",
        task_id=content.task_id or "",
        cluster_id=content.cluster_id or "",
        title=text.title,
        slug=content.slug,
        html=text.html,
        excerpt=text.excerpt,
        meta_title=text.meta_title,
        meta_description=text.meta_description,
        primary_keyword=text.primary_keyword,
        word_count=content.word_count,
        categories=text.categories,
        tags=text.tags,
        status=publisher.Content.Status.Value(f"STATUS_{content.status.name}"),
        site_status=publisher.Content.SiteStatus.Value(f"SITE_STATUS_{content.site_status.name}"),
        review_note=content.review_note,
        scheduled_publish_at=maybe_instant_to_proto(content.scheduled_publish_at),
        published_at=maybe_instant_to_proto(content.published_at),
        external_id=content.external_id,
        external_url=content.external_url,
        published_version=content.published_version,
        publish_error=content.publish_error,
        run_id=content.run_id or "",
        version=content.version,
        etag=content.etag,
        images=map(image_to_proto, images),
        created_at=instant_to_proto(content.created_at),
        updated_at=instant_to_proto(content.updated_at),
    )


def content_status_from_proto(status: publisher.Content.Status.ValueType) -> ContentStatus | None:
    """None for the unset value, which lists everything."""
    return ContentStatus[publisher.Content.Status.Name(status).removeprefix("STATUS_")] if status else None


def site_status_from_proto(status: publisher.Content.SiteStatus.ValueType) -> SiteStatus | None:
    """None for the unset value, which lists everything."""
    if not status:
        return None
    return SiteStatus[publisher.Content.SiteStatus.Name(status).removeprefix("SITE_STATUS_")]


def image_to_proto(image: Image) -> publisher.Image:
    return publisher.Image(
        id=image.id,
        site_id=image.site_id,
        content_id=image.content_id,
        image_type=publisher.Image.Type.Value(f"TYPE_{image.image_type.name}"),
        position=image.position,
        prompt=image.prompt,
        alt_text=image.alt_text,
        model_name=image.model_name,
        media_type=image.media_type,
        width=image.width,
        height=image.height,
        sha256=image.content_hash,
        url=image.url,
        status=publisher.Image.Status.Value(f"STATUS_{image.status.name}"),
        error=image.error,
        created_at=instant_to_proto(image.created_at),
        updated_at=instant_to_proto(image.updated_at),
        etag=image.etag,
    )


def image_type_from_proto(image_type: publisher.Image.Type.ValueType) -> ImageType:
    return ImageType[publisher.Image.Type.Name(image_type).removeprefix("TYPE_")]


def image_status_from_proto(status: publisher.Image.Status.ValueType) -> ImageStatus | None:
    """None for the unset value, which lists everything."""
    return ImageStatus[publisher.Image.Status.Name(status).removeprefix("STATUS_")] if status else None


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
