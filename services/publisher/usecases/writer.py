"""Tasks, content and images as people see them, and how far a site is."""

from datetime import datetime, timedelta

from chassis.ids import is_id
from chassis.paging import Page, PageRequest
from services.publisher.domain.content import Content
from services.publisher.domain.image import Image
from services.publisher.domain.listing import Wanted
from services.publisher.domain.task import Task
from services.publisher.domain.workflow_stats import WorkflowStats
from services.publisher.store.stages import Stage, StageInputs
from services.publisher.store.transaction import PublisherTransaction


def list_tasks(
    tx: PublisherTransaction, *, account_id: str, site_id: str, wanted: Wanted, page: PageRequest
) -> Page[Task]:
    """Some of the site's tasks. Raises NotFound for the site."""
    tx.sites.check(site_id, account_id=account_id)
    return tx.tasks.listed(wanted, site_id=site_id, account_id=account_id, page=page)


def get_task(tx: PublisherTransaction, *, account_id: str, task_id: str) -> Task:
    """Raises NotFound."""
    return tx.tasks.get(task_id, account_id=account_id)


def list_content(
    tx: PublisherTransaction, *, account_id: str, site_id: str, wanted: Wanted, page: PageRequest
) -> Page[Content]:
    """Some of the site's articles, without texts. Raises NotFound for the site."""
    tx.sites.check(site_id, account_id=account_id)
    return tx.content.listed(wanted, site_id=site_id, account_id=account_id, page=page)


def get_content(tx: PublisherTransaction, *, account_id: str, content_id: str) -> tuple[Content, list[Image]]:
    """One article and its images. Raises NotFound."""
    content = tx.content.get(content_id, account_id=account_id)
    return content, tx.images.of_content(content.id)


def list_images(
    tx: PublisherTransaction, *, account_id: str, site_id: str, wanted: Wanted, page: PageRequest
) -> Page[Image]:
    """Some of the site's images. Raises NotFound for the site."""
    tx.sites.check(site_id, account_id=account_id)
    return tx.images.listed(wanted, site_id=site_id, account_id=account_id, page=page)


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
    tx: PublisherTransaction,
    *,
    account_id: str,
    site_id: str,
    credits: int,
    at: datetime,
    ai_task_id: str = "",
    item_id: str = "",
) -> None:
    """Billing charged credits for a site, and for an item of an AI task where one is named; the caller sees to it
    that each charge is added once."""
    tx.stats.add_charge(site_id=site_id, account_id=account_id, credits=credits, at=at)
    # Others than the ai service may charge by words of their own.
    if is_id(ai_task_id) and is_id(item_id):
        tx.histories.add_credits(
            account_id=account_id, ai_task_id=ai_task_id, item_id=item_id, credits=credits
        )
