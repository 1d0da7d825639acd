"""One delivery of one content to one target."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from services.publisher.domain.content import Content
from services.publisher.domain.item import wrong_move
from services.publisher.domain.target import Target


class Action(StrEnum):
    """What a delivery is for."""

    PUBLISH = "publish"
    UNPUBLISH = "unpublish"


class PublicationState(StrEnum):
    """pending > delivering > published | failed | unconfirmed; taking it off: pending > delivering > retracted."""

    PENDING = "pending"
    DELIVERING = "delivering"
    PUBLISHED = "published"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    RETRACTED = "retracted"


_OPEN = (PublicationState.PENDING, PublicationState.DELIVERING, PublicationState.UNCONFIRMED)
LEAVABLE = (PublicationState.PUBLISHED, PublicationState.UNCONFIRMED)
"""It is or may be at its target, and nobody is at work on it just now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One per content and target, taken up again by each delivery.

    `marker` is random and committed before the target is called: what bears it at the target is ours, so a
    delivery whose answer was lost is looked up and adopted, never repeated blindly. `deliveries` counts how often one
    was asked for, `attempts` those of the last. `content_version` is the version that the last delivery took there,
    `published_version` the one that readers see there: 0 while they see none. A delivery that fails leaves what was
    there before, and the publication published.
    """

    id: str
    account_id: str
    site_id: str
    content_id: str
    target: Target
    marker: str
    state: PublicationState = PublicationState.PENDING
    action: Action = Action.PUBLISH
    deliveries: int = 1
    attempts: int = 0
    content_version: int = 0
    published_version: int = 0
    external_id: str = ""
    external_url: str = ""
    error: str = ""
    created_at: datetime
    updated_at: datetime

    @classmethod
    def ask(cls, *, id: str, content: Content, target: Target, marker: str, now: datetime) -> Self:
        """The first delivery of a content to a target; it waits until a publisher takes it up."""
        return cls(
            id=id,
            account_id=content.account_id,
            site_id=content.site_id,
            content_id=content.id,
            target=target,
            marker=marker,
            created_at=now,
            updated_at=now,
        )

    @property
    def is_open(self) -> bool:
        """Whether a delivery is under way, or waits."""
        return self.state in _OPEN

    def ask_again(self, *, now: datetime) -> Self:
        """Another delivery is wanted, after the last one ended; its attempts are counted anew."""
        return self._asked(Action.PUBLISH, cannot="asked for again", now=now)

    def ask_to_retract(self, *, now: datetime) -> Self:
        """It is to be taken from the target."""
        if not self.published_version:
            raise wrong_move(
                "publication",
                state=self.state,
                cannot="retracted",
                way_out="Only what is published can be.",
            )
        return self._asked(Action.UNPUBLISH, cannot="retracted", now=now)

    def take_over(self, *, content_version: int, now: datetime) -> Self:
        """Go on with a delivery whose publisher died: one more attempt, with the text as it is by now."""
        assert self.state is PublicationState.DELIVERING, "only what is on its way is taken over"
        if self.action is Action.UNPUBLISH:
            content_version = self.content_version
        return replace(self, attempts=self.attempts + 1, content_version=content_version, updated_at=now)

    def begin(self, *, content_version: int, now: datetime) -> Self:
        """Start a delivery; `attempts` counts them. While one is on its way there is no second."""
        if self.state is PublicationState.DELIVERING:
            raise wrong_move(
                "publication",
                state=self.state,
                cannot="started twice",
                way_out="Wait until it has ended.",
            )
        return replace(
            self,
            state=PublicationState.DELIVERING,
            attempts=self.attempts + 1,
            content_version=content_version if self.action is Action.PUBLISH else self.content_version,
            error="",
            updated_at=now,
        )

    def arrive(self, *, external_id: str, external_url: str, now: datetime) -> Self:
        """The version that was delivered was seen at the target; the second time is a quiet success."""
        if self.state is PublicationState.PUBLISHED and self.external_id == external_id:
            return self
        self._require_open(cannot="confirmed")
        return replace(
            self,
            state=PublicationState.PUBLISHED,
            published_version=self.content_version,
            external_id=external_id,
            external_url=external_url,
            error="",
            updated_at=now,
        )

    def fail(self, error: str, *, now: datetime) -> Self:
        """The delivery came to nothing: what was at the target is there still, and a first one is known not to be there."""
        self._require_open(cannot="marked as failed")
        state = PublicationState.PUBLISHED if self.published_version else PublicationState.FAILED
        return replace(self, state=state, error=error, updated_at=now)

    def lose_answer(self, reason: str, *, now: datetime) -> Self:
        """Whether it is at the target is not known, until its marker has been looked for there."""
        self._require_open(cannot="left unconfirmed")
        return replace(self, state=PublicationState.UNCONFIRMED, error=reason, updated_at=now)

    def retract(self, *, now: datetime) -> Self:
        """It was taken from the target, by us or by somebody there; the second time is a quiet success."""
        if self.state is PublicationState.RETRACTED:
            return self
        if self.state not in (
            PublicationState.DELIVERING,
            PublicationState.UNCONFIRMED,
            PublicationState.PUBLISHED,
        ):
            raise wrong_move(
                "publication",
                state=self.state,
                cannot="retracted",
                way_out="Only what is published can be.",
            )
        return replace(
            self,
            state=PublicationState.RETRACTED,
            published_version=0,
            external_url="",
            error="",
            updated_at=now,
        )

    def _asked(self, action: Action, *, cannot: str, now: datetime) -> Self:
        if self.is_open:
            raise wrong_move(
                "publication", state=self.state, cannot=cannot, way_out="Wait until its delivery has ended."
            )
        return replace(
            self,
            state=PublicationState.PENDING,
            action=action,
            deliveries=self.deliveries + 1,
            attempts=0,
            error="",
            updated_at=now,
        )

    def _require_open(self, *, cannot: str) -> None:
        if self.state not in (PublicationState.DELIVERING, PublicationState.UNCONFIRMED):
            raise wrong_move(
                "publication", state=self.state, cannot=cannot, way_out="Publish the content again."
            )
