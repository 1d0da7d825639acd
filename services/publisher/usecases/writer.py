"""Tasks, content and images as people see them, and how far a site is."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from chassis.paging import Page, PageRequest
from services.publisher.domain.content import Content, ContentStatus, SiteStatus
from services.publisher.domain.image import Image, ImageStatus
from services.publisher.domain.task import Task, TaskStatus
from services.publisher.domain.workflow_stats import WorkflowStats
from services.publisher.store.stages import Stage, StageInputs
from services.publisher.store.transaction import PublisherTransaction


def list_tasks(
    tx: PublisherTransaction,
    *,
    account_id: str,
    site_id: str,
    status: TaskStatus | None,
    ids: Sequence[str],
    page: PageRequest,
) -> Page[Task]:
    """The site's tasks, newest first. Raises NotFound for the site."""
    tx.sites.check(site_id, account_id=account_id)
    return tx.tasks.newest(site_id=site_id, account_id=account_id, status=status, ids=ids, page=page)


def get_task(tx: PublisherTransaction, *, account_id: str, task_id: str) -> Task:
    """Raises NotFound."""
    return tx.tasks.get(task_id, account_id=account_id)


def list_content(
    tx: PublisherTransaction,
    *,
    account_id: str,
    site_id: str,
    status: ContentStatus | None,
    site_status: SiteStatus | None,
    run_id: str | None,
    ids: Sequence[str],
    page: PageRequest,
) -> Page[Content]:
    """The site's articles, newest first, without texts. Raises NotFound for the site."""
    tx.sites.check(site_id, account_id=account_id)
    return tx.content.newest(
        site_id=site_id,
        account_id=account_id,
        status=status,
        site_status=site_status,
        run_id=run_id,
        ids=ids,
        page=page,
    )


def get_content(tx: PublisherTransaction, *, account_id: str, content_id: str) -> tuple[Content, list[Image]]:
    """One article and its images. Raises NotFound."""
    content = tx.content.get(content_id, account_id=account_id)
    return content, tx.images.of_content(content.id)


def list_images(
    tx: PublisherTransaction,
    *,
    account_id: str,
    site_id: str,
    content_id: str | None,
    status: ImageStatus | None,
    ids: Sequence[str],
    page: PageRequest,
) -> Page[Image]:
    """The site's images, newest first. Raises NotFound for the site."""
    tx.sites.check(site_id, account_id=account_id)
    return tx.images.newest(
        site_id=site_id, account_id=account_id, content_id=content_id, status=status, ids=ids, page=page
    )


def list_stage_inputs(
    tx: PublisherTransaction, *, account_id: str, site_id: str, stage: Stage, limit: int
) -> StageInputs:
    """What a stage of a run could work on now, oldest first. Raises NotFound for the site."""
    tx.sites.check(site_id, account_id=account_id)
    return tx.stages.inputs(site_id=site_id, account_id=account_id, stage=stage, limit=limit)


def get_workflow_stats(
    tx: PublisherTransaction, *, account_id: str, site_id: str, period: timedelta | None, now: datetime
) -> WorkflowStats:
    """How far the site is, over what was made in the period before `now`, by whole UTC days. Raises NotFound for the site."""
    tx.sites.check(site_id, account_id=account_id)
    since = None if period is None else now - period
    return tx.stats.workflow(site_id=site_id, account_id=account_id, since=since)


def add_charge(
    tx: PublisherTransaction, *, account_id: str, site_id: str, credits: int, at: datetime
) -> None:
    """Billing charged credits for a site; the caller sees to it that each charge is added once."""
    tx.stats.add_charge(site_id=site_id, account_id=account_id, credits=credits, at=at)
