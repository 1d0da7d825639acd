"""What the later stages of the pipeline save: articles, and what their pictures should show."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chassis.ids import new_id
from chassis.refusal import FieldFault, RequestInvalid
from services.publisher.domain.article_text import excerpt_of
from services.publisher.domain.content import Content
from services.publisher.domain.content_text import ContentText
from services.publisher.domain.events import ContentCreated
from services.publisher.domain.history import Origin, Step
from services.publisher.domain.image import Image, ImageType
from services.publisher.domain.slug import slug_of, unique_slug
from services.publisher.domain.task import Task
from services.publisher.html import clean_html
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases.review import submit_for_review


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """An article as a model wrote it: its HTML is hostile until it was cleaned."""

    title: str
    slug: str
    html: str
    excerpt: str
    meta_title: str
    meta_description: str
    primary_keyword: str
    categories: tuple[str, ...]
    tags: tuple[str, ...]
    model_name: str
    prompt_version: str
    run_id: str | None
    images_wanted: bool
    ai_task_id: str | None = None
    """What made it; None for an older ai service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDraft:
    """A picture that an article should have; position 0 is the featured one, the others count from 1."""

    image_type: ImageType
    position: int
    prompt: str
    alt_text: str


def start_task(tx: PublisherTransaction, *, account_id: str, task_id: str, now: datetime) -> Task:
    """The task is being written; again is a quiet success. Raises NotFound, StateConflict for a completed one."""
    task = tx.tasks.lock(task_id, account_id=account_id)
    started = task.start(now=now)
    if started is not task:
        tx.tasks.save(started)
    return started


def fail_task(tx: PublisherTransaction, *, account_id: str, task_id: str, error: str, now: datetime) -> Task:
    """Writing the task failed for good; one that has failed or is completed stays as it is. Raises NotFound."""
    task = tx.tasks.lock(task_id, account_id=account_id)
    failed = task.fail(error, now=now)
    if failed is not task:
        tx.tasks.save(failed)
    return failed


def save_content(
    tx: PublisherTransaction, *, account_id: str, task_id: str, article: Article, actor: str, now: datetime
) -> Content:
    """The article of a task as a first draft; the task and its idea are completed.

    What a person asked for without images goes on to review at once; what a run wrote waits for the run's own
    review stage. Raises NotFound for the task, StateConflict when it has content, RequestInvalid.
    """
    task = tx.tasks.lock(task_id, account_id=account_id)
    html = clean_html(article.html)
    wanted = slug_of(article.slug or article.title)
    content = Content.create(
        id=new_id(),
        account_id=account_id,
        site_id=task.site_id,
        sector_id=task.sector_id,
        task_id=task.id,
        cluster_id=task.cluster_id,
        run_id=article.run_id,
        slug=unique_slug(wanted, taken=tx.content.slug_is_taken(task.site_id)),
        text=ContentText(
            title=" ".join(article.title.split()),
            html=html,
            excerpt=article.excerpt or excerpt_of(html),
            meta_title=article.meta_title,
            meta_description=article.meta_description,
            primary_keyword=article.primary_keyword,
            categories=article.categories,
            tags=article.tags,
        ),
        content_type=task.content_type,
        content_structure=task.content_structure,
        model_name=article.model_name,
        prompt_version=article.prompt_version,
        images_wanted=article.images_wanted,
        now=now,
    )
    completed = task.complete(content_id=content.id, now=now)
    if task.idea_id is not None:
        idea = tx.ideas.lock_all([task.idea_id], account_id=account_id)[task.idea_id]
        tx.ideas.save(idea.complete(now=now))
    content = add_content(tx, content, wanted, edited_by=actor)
    tx.tasks.save(completed)
    tx.record(ContentCreated.of(content, now=now), account_id=account_id)
    if article.ai_task_id is not None:
        made = Origin(
            id=new_id(),
            account_id=account_id,
            content_id=content.id,
            step=Step.ARTICLE,
            ai_task_id=article.ai_task_id,
            item_id=task.id,
            model_name=article.model_name,
            prompt_version=article.prompt_version,
            created_at=now,
        )
        tx.histories.add_origins([made])
    if content.run_id is None and not content.images_wanted:
        return submit_for_review(
            tx, content_id=content.id, account_id=account_id, actor=actor, now=now
        ).content
    return content


def save_image_prompts(
    tx: PublisherTransaction,
    *,
    account_id: str,
    content_id: str,
    drafts: Sequence[ImageDraft],
    ai_task_id: str | None = None,
    model_name: str = "",
    prompt_version: str = "",
    now: datetime,
) -> list[Image]:
    """The pictures that an article should have, as pending; an article that has pictures keeps them.

    Raises NotFound for the content, RequestInvalid for places that do not fit together.
    """
    _check_places(drafts)
    content = tx.content.lock(content_id, account_id=account_id)
    if there := tx.images.of_content(content.id):
        return there
    images = [
        Image(
            id=new_id(),
            account_id=account_id,
            site_id=content.site_id,
            sector_id=content.sector_id,
            content_id=content.id,
            image_type=draft.image_type,
            position=draft.position,
            prompt=draft.prompt,
            alt_text=draft.alt_text,
            created_at=now,
            updated_at=now,
        )
        for draft in sorted(drafts, key=lambda draft: draft.position)
    ]
    tx.images.add(images)
    if ai_task_id is not None:
        described = Origin(
            id=new_id(),
            account_id=account_id,
            content_id=content.id,
            step=Step.IMAGE_PROMPTS,
            ai_task_id=ai_task_id,
            item_id=content.id,
            model_name=model_name,
            prompt_version=prompt_version,
            created_at=now,
        )
        tx.histories.add_origins([described])
    return images


def add_content(tx: PublisherTransaction, content: Content, wanted: str, *, edited_by: str) -> Content:
    """Writes the content under the first free slug; another article may have taken it since it was looked up."""
    while not tx.content.add(content, edited_by=edited_by):
        slug = unique_slug(wanted, taken=tx.content.slug_is_taken(content.site_id))
        content = replace(content, slug=slug)
    return content


def _check_places(drafts: Sequence[ImageDraft]) -> None:
    positions = [draft.position for draft in drafts]
    if len(set(positions)) < len(positions):
        raise RequestInvalid(FieldFault("images", "must not name a position twice"))
    for draft in drafts:
        if (draft.image_type is ImageType.FEATURED) != (draft.position == 0):
            raise RequestInvalid(
                FieldFault("images", "must have the featured image at position 0 and the others from 1 on")
            )
