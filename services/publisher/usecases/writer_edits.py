"""Tasks and content by hand: making, editing, and doing the same to many, all or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from chassis.ids import new_id
from services.publisher.domain.content import Content
from services.publisher.domain.content_text import ContentText
from services.publisher.domain.events import ContentCreated
from services.publisher.domain.slug import slug_of, unique_slug
from services.publisher.domain.task import Task, TaskStatus, TaskText
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases.planner import check_place
from services.publisher.usecases.review import approve_content, submit_for_review
from services.publisher.usecases.writing import add_content


class TaskAction(StrEnum):
    """What people do to many tasks at once."""

    REQUEUE = "requeue"
    DELETE = "delete"


class ContentAction(StrEnum):
    """What people do to many articles at once."""

    SUBMIT = "submit"
    APPROVE = "approve"
    DELETE = "delete"


def create_task(
    tx: PublisherTransaction,
    *,
    account_id: str,
    site_id: str,
    sector_id: str | None,
    text: TaskText,
    now: datetime,
) -> Task:
    """A task without an idea. Raises NotFound."""
    check_place(tx, account_id=account_id, site_id=site_id, sector_id=sector_id)
    task = Task(
        id=new_id(),
        account_id=account_id,
        site_id=site_id,
        sector_id=sector_id,
        title=text.title,
        brief=text.brief,
        content_type=text.content_type,
        content_structure=text.content_structure,
        target_keywords=text.target_keywords,
        word_count=text.word_count,
        created_at=now,
        updated_at=now,
    )
    tx.tasks.add([task])
    return task


def put_task(
    tx: PublisherTransaction, *, account_id: str, task_id: str, text: TaskText, etag: str, now: datetime
) -> Task:
    """Another text of a task. Raises NotFound, StaleEtag, StateConflict for one that is or was written."""
    before = tx.tasks.lock(task_id, account_id=account_id)
    edited = before.edit(text, etag=etag, now=now)
    if edited is not before:
        tx.tasks.save(edited)
    return edited


def change_tasks(
    tx: PublisherTransaction,
    *,
    account_id: str,
    site_id: str,
    ids: Sequence[str],
    action: TaskAction,
    now: datetime,
) -> int:
    """Do the same to many tasks of a site; returns how many were not so already.

    Raises NotFound for the site, and for an id that it does not have; StateConflict for one of which it cannot be
    done. Then nothing is changed. The idea of a deleted task is new again.
    """
    tx.sites.check(site_id, account_id=account_id)
    ids = _each_once(ids)
    tasks = tx.tasks.lock_of_site(ids, site_id=site_id, account_id=account_id)
    if action is TaskAction.REQUEUE:
        waiting = [task for task in tasks if task.status is not TaskStatus.QUEUED]
        for task in waiting:
            tx.tasks.save(task.requeue(now=now))
        return len(waiting)
    for task in tasks:
        task.check_deletable()
    ideas = tx.ideas.lock_all([task.idea_id for task in tasks if task.idea_id], account_id=account_id)
    tx.tasks.delete_all(ids)
    for idea in ideas.values():
        tx.ideas.save(idea.lost_task(now=now))
    return len(ids)


def create_content(
    tx: PublisherTransaction,
    *,
    account_id: str,
    site_id: str,
    sector_id: str | None,
    text: ContentText,
    actor: str,
    now: datetime,
) -> Content:
    """A draft that a person wrote, its HTML clean. Raises NotFound."""
    check_place(tx, account_id=account_id, site_id=site_id, sector_id=sector_id)
    wanted = slug_of(text.title)
    content = add_content(
        tx,
        Content.create(
            id=new_id(),
            account_id=account_id,
            site_id=site_id,
            sector_id=sector_id,
            task_id=None,
            cluster_id=None,
            slug=unique_slug(wanted, taken=tx.content.slug_is_taken(site_id)),
            text=text,
            now=now,
        ),
        wanted,
        edited_by=actor,
    )
    tx.record(ContentCreated.of(content, now=now), account_id=account_id)
    return content


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What became of many articles: how many were not so already, and by its id why one was approved without a time."""

    count: int
    unscheduled: Mapping[str, str] = field(default_factory=dict)


def change_content(
    tx: PublisherTransaction,
    *,
    account_id: str,
    site_id: str,
    ids: Sequence[str],
    action: ContentAction,
    actor: str,
    now: datetime,
) -> Changed:
    """Do the same to many articles of a site.

    Raises NotFound for the site, and for an id that it does not have; StateConflict for one of which it cannot be
    done: a draft is not approved, and what has a time or is published is not deleted. Then nothing is changed.
    """
    tx.sites.check(site_id, account_id=account_id)
    ids = sorted(_each_once(ids))
    if action is ContentAction.DELETE:
        return Changed(count=_delete(tx, account_id=account_id, site_id=site_id, ids=ids, now=now))
    # Before any content, as whoever takes times of it does.
    tx.settings.lock(site_id, account_id=account_id)
    before = tx.content.lock_of_site(ids, site_id=site_id, account_id=account_id)
    usecase = submit_for_review if action is ContentAction.SUBMIT else approve_content
    outcomes = [usecase(tx, content_id=id, account_id=account_id, actor=actor, now=now) for id in ids]
    changed = sum(
        was.status is not outcome.content.status for was, outcome in zip(before, outcomes, strict=True)
    )
    unscheduled = {
        outcome.content.id: outcome.unscheduled_because for outcome in outcomes if outcome.unscheduled_because
    }
    return Changed(count=changed, unscheduled=unscheduled)


def _delete(
    tx: PublisherTransaction, *, account_id: str, site_id: str, ids: Sequence[str], now: datetime
) -> int:
    # Tasks are locked before content, and which they are is known from it: a content never changes its task.
    found = tx.content.some(ids)
    task_ids = [content.task_id for content in found if content.task_id and content.site_id == site_id]
    tasks = tx.tasks.lock_of_site(task_ids, site_id=site_id, account_id=account_id)
    for content in tx.content.lock_of_site(ids, site_id=site_id, account_id=account_id):
        content.check_deletable()
    tx.content.delete_all(ids)
    for task in tasks:
        tx.tasks.save(task.lost_content(now=now))
    return len(ids)


def _each_once(ids: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(id.lower() for id in ids))
