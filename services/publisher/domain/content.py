"""An article on its two axes: what editors think of it, and where its delivery stands."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from chassis.refusal import FieldFault, RequestInvalid, StaleEtag, StateConflict
from services.publisher.domain.article_text import word_count
from services.publisher.domain.content_form import ContentStructure, ContentType
from services.publisher.domain.content_text import ContentText, ContentVersion
from services.publisher.domain.item import PipelineItem, wrong_move

NOTE_CHARACTERS_MAX = 2_000


class ContentStatus(StrEnum):
    """Editorial: draft > review > approved."""

    DRAFT = "draft"
    REVIEW = "review"
    APPROVED = "approved"


class SiteStatus(StrEnum):
    """Delivery: not_published > scheduled > publishing > published | failed | unconfirmed."""

    NOT_PUBLISHED = "not_published"
    SCHEDULED = "scheduled"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"


_WAY_OUT = {
    SiteStatus.NOT_PUBLISHED: "Schedule or publish it first.",
    SiteStatus.SCHEDULED: "Unschedule it first, or move it to another time.",
    SiteStatus.PUBLISHING: "Wait until its delivery has ended.",
    SiteStatus.PUBLISHED: "It is on the site already.",
    SiteStatus.FAILED: "Schedule or publish it again.",
    SiteStatus.UNCONFIRMED: "Wait: whether it arrived is being looked up at the target.",
}
_DELETED_WAY_OUT = _WAY_OUT | {
    SiteStatus.SCHEDULED: "Unschedule it first.",
    SiteStatus.PUBLISHED: "Unpublish it first.",
}
_EDITORIAL_WAY_OUT = {
    ContentStatus.DRAFT: "Submit it for review first.",
    ContentStatus.REVIEW: "Approve it first.",
    ContentStatus.APPROVED: "Send it back first.",
}
_IN_FLIGHT = (SiteStatus.PUBLISHING, SiteStatus.UNCONFIRMED)
_DELIVERABLE = (*_IN_FLIGHT, SiteStatus.PUBLISHED)
_AT_REST = (SiteStatus.NOT_PUBLISHED, SiteStatus.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content(PipelineItem):
    """`scheduled_publish_at` is set exactly while site_status is scheduled, publishing or unconfirmed by a schedule.

    `external_id` and `external_url` are the target's; the id stays after unpublishing, so that the next delivery
    updates the page it made before. `published_version` is the version that readers see, 0 while they see none: an article
    that was edited since stays published, as it was, until it is published again. `word_count` is counted from the text, never believed. `run_id` is the automation
    run that wrote it; None when a person asked for it. `images_wanted`: it is not complete before it has pictures.
    """

    task_id: str | None = None
    cluster_id: str | None = None
    run_id: str | None = None
    slug: str
    text: ContentText
    content_type: ContentType = ContentType.POST
    content_structure: ContentStructure = ContentStructure.ARTICLE
    model_name: str = ""
    prompt_version: str = ""
    images_wanted: bool = False
    word_count: int
    version: int = 1
    status: ContentStatus = ContentStatus.DRAFT
    review_note: str = ""
    site_status: SiteStatus = SiteStatus.NOT_PUBLISHED
    publish_error: str = ""
    scheduled_publish_at: datetime | None = None
    published_at: datetime | None = None
    published_version: int = 0
    external_id: str = ""
    external_url: str = ""

    @classmethod
    def create(
        cls,
        *,
        id: str,
        account_id: str,
        site_id: str,
        sector_id: str | None,
        task_id: str | None,
        cluster_id: str | None,
        slug: str,
        text: ContentText,
        content_type: ContentType = ContentType.POST,
        content_structure: ContentStructure = ContentStructure.ARTICLE,
        run_id: str | None = None,
        model_name: str = "",
        prompt_version: str = "",
        images_wanted: bool = False,
        now: datetime,
    ) -> Self:
        """A first draft."""
        return cls(
            id=id,
            account_id=account_id,
            site_id=site_id,
            sector_id=sector_id,
            created_at=now,
            updated_at=now,
            task_id=task_id,
            cluster_id=cluster_id,
            slug=slug,
            text=text,
            content_type=content_type,
            content_structure=content_structure,
            run_id=run_id,
            model_name=model_name,
            prompt_version=prompt_version,
            images_wanted=images_wanted,
            word_count=word_count(text.html),
        )

    @property
    def title(self) -> str:
        return self.text.title

    @property
    def etag(self) -> str:
        """What an editor read; it changes with the text alone, so a move of state never makes an edit stale."""
        return str(self.version)

    def as_of(self, version: ContentVersion) -> Self:
        """The article as a version of it read: for its readers, who see the one that was published."""
        return replace(
            self,
            text=version.text,
            word_count=word_count(version.text.html),
            version=version.version,
            updated_at=version.created_at,
        )

    def current_version(self, *, edited_by: str) -> ContentVersion:
        """The text as it is now, for the list of versions."""
        return ContentVersion(
            content_id=self.id,
            version=self.version,
            text=self.text,
            edited_by=edited_by,
            created_at=self.updated_at,
        )

    def check_etag(self, etag: str) -> None:
        """StaleEtag when somebody saved after `etag` was read; an empty one checks nothing."""
        if etag and etag != self.etag:
            raise StaleEtag(kind="content", etag=self.etag)

    def check_deletable(self) -> None:
        """StateConflict for what has a time or is, or may be, at its target."""
        self._check_at_rest("deleted")

    def check_pictures_deletable(self) -> None:
        """StateConflict for what has a time or is, or may be, at its target: readers would miss them at once."""
        self._check_at_rest("parted from its pictures")

    def _check_at_rest(self, cannot: str) -> None:
        if self.site_status not in _AT_REST:
            way_out = _DELETED_WAY_OUT[self.site_status]
            raise wrong_move("content", state=self.site_status, cannot=cannot, way_out=way_out, id=self.id)

    # Editorial moves

    def edit(self, text: ContentText, *, etag: str, now: datetime) -> Self:
        """Save another text as the next version; the same text again is no version."""
        self.check_etag(etag)
        self._refuse_delivery(_IN_FLIGHT, cannot="edited")
        if text == self.text:
            return self
        return replace(
            self, text=text, word_count=word_count(text.html), version=self.version + 1, updated_at=now
        )

    def submit_for_review(self, *, pending_images: int, now: datetime) -> Self:
        """draft > review, once every image is generated or has finally failed; later states stay as they are."""
        if self.status is not ContentStatus.DRAFT:
            return self
        if pending_images:
            raise StateConflict(
                f"This content has {pending_images} images that are not made yet. "
                "Wait for them, or delete the ones you do not want.",
                metadata={"kind": "content", "state": self.status, "pending_images": str(pending_images)},
            )
        return replace(self, status=ContentStatus.REVIEW, review_note="", updated_at=now)

    def approve(self, *, now: datetime) -> Self:
        """review > approved; approved again is a quiet success."""
        if self.status is ContentStatus.APPROVED:
            return self
        self._require_editorial(ContentStatus.REVIEW, cannot="approved")
        return replace(self, status=ContentStatus.APPROVED, review_note="", updated_at=now)

    def send_back(self, note: str, *, now: datetime) -> Self:
        """Back to draft with what is to be changed; what is on its way or at its target has to come back first."""
        if self.status is ContentStatus.DRAFT:
            raise wrong_move(
                "content", state=self.status, cannot="sent back", way_out="It is a draft already: edit it."
            )
        self._refuse_delivery((*_IN_FLIGHT, SiteStatus.SCHEDULED, SiteStatus.PUBLISHED), cannot="sent back")
        if len(note) > NOTE_CHARACTERS_MAX:
            message = f"has {len(note):,} characters; at most {NOTE_CHARACTERS_MAX:,} are possible"
            raise RequestInvalid(FieldFault(field="note", message=message))
        return replace(self, status=ContentStatus.DRAFT, review_note=note.strip(), updated_at=now)

    # Delivery moves

    def schedule(self, at: datetime, *, now: datetime) -> Self:
        """Plan the publication of approved content; `at` is not in the past. The same time again changes nothing."""
        if self.site_status is SiteStatus.SCHEDULED and self.scheduled_publish_at == at:
            return self
        self._require_editorial(ContentStatus.APPROVED, cannot="scheduled")
        self._require_delivery(_AT_REST, cannot="scheduled")
        return self._planned(at, now=now)

    def move(self, at: datetime, *, now: datetime) -> Self:
        """Give scheduled content another time."""
        self._require_delivery((SiteStatus.SCHEDULED,), cannot="moved")
        return self if self.scheduled_publish_at == at else self._planned(at, now=now)

    def unschedule(self, *, now: datetime) -> Self:
        """Take it off the calendar; it stays approved."""
        self._require_delivery((SiteStatus.SCHEDULED,), cannot="unscheduled")
        return replace(self, site_status=SiteStatus.NOT_PUBLISHED, scheduled_publish_at=None, updated_at=now)

    def start_publishing(self, *, now: datetime) -> Self:
        """Claim the delivery: from the calendar, at once, or again after a failure."""
        self._require_editorial(ContentStatus.APPROVED, cannot="published")
        self._require_delivery((*_AT_REST, SiteStatus.SCHEDULED), cannot="published")
        return replace(self, site_status=SiteStatus.PUBLISHING, publish_error="", updated_at=now)

    def confirm_published(self, *, version: int, external_id: str, external_url: str, now: datetime) -> Self:
        """That version was seen at its target. `published_at` is the first time, whatever is delivered there later."""
        self._require_delivery(_DELIVERABLE, cannot="confirmed")
        return replace(
            self,
            site_status=SiteStatus.PUBLISHED,
            publish_error="",
            scheduled_publish_at=None,
            published_at=self.published_at or now,
            published_version=version,
            external_id=external_id,
            external_url=external_url,
            updated_at=now,
        )

    def fail_publishing(self, error: str, *, now: datetime) -> Self:
        """The delivery came to nothing; the sentence says why and what to do. What was published before stays so."""
        self._require_delivery(_DELIVERABLE, cannot="marked as failed")
        if self.site_status is SiteStatus.PUBLISHED:
            return replace(self, publish_error=error, updated_at=now)
        return replace(
            self,
            site_status=SiteStatus.FAILED,
            publish_error=error,
            scheduled_publish_at=None,
            updated_at=now,
        )

    def leave_unconfirmed(self, reason: str, *, now: datetime) -> Self:
        """The target's answer was lost: it may be there or not, until the target has been asked."""
        self._require_delivery(_DELIVERABLE, cannot="left unconfirmed")
        published = self.site_status is SiteStatus.PUBLISHED
        site_status = SiteStatus.PUBLISHED if published else SiteStatus.UNCONFIRMED
        return replace(self, site_status=site_status, publish_error=reason, updated_at=now)

    def unpublish(self, *, reason: str = "", now: datetime) -> Self:
        """It was taken from its target, by us or, for a reason told, by somebody there; it stays approved."""
        self._require_delivery((SiteStatus.PUBLISHED,), cannot="unpublished")
        return replace(
            self,
            site_status=SiteStatus.NOT_PUBLISHED,
            publish_error=reason,
            published_at=None,
            published_version=0,
            external_url="",
            updated_at=now,
        )

    def leave_behind(self, reason: str, *, now: datetime) -> Self:
        """It is or may be at a target that nobody can reach any more: here it counts as not published from now on."""
        self._require_delivery((SiteStatus.PUBLISHED, SiteStatus.UNCONFIRMED), cannot="left behind")
        published = replace(self, site_status=SiteStatus.PUBLISHED, scheduled_publish_at=None)
        return published.unpublish(reason=reason, now=now)

    def _planned(self, at: datetime, *, now: datetime) -> Self:
        if at < now:
            message = f"is in the past ({at:%Y-%m-%d %H:%M} UTC). Choose a time to come"
            raise RequestInvalid(FieldFault(field="scheduled_publish_at", message=message))
        return replace(
            self,
            site_status=SiteStatus.SCHEDULED,
            scheduled_publish_at=at,
            publish_error="",
            updated_at=now,
        )

    def _require_editorial(self, wanted: ContentStatus, *, cannot: str) -> None:
        if self.status is not wanted:
            raise wrong_move(
                "content", state=self.status, cannot=cannot, way_out=_EDITORIAL_WAY_OUT[self.status]
            )

    def _require_delivery(self, allowed: tuple[SiteStatus, ...], *, cannot: str) -> None:
        if self.site_status not in allowed:
            raise wrong_move(
                "content", state=self.site_status, cannot=cannot, way_out=_WAY_OUT[self.site_status]
            )

    def _refuse_delivery(self, refused: tuple[SiteStatus, ...], *, cannot: str) -> None:
        if self.site_status in refused:
            raise wrong_move(
                "content", state=self.site_status, cannot=cannot, way_out=_WAY_OUT[self.site_status]
            )
