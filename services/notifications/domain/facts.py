"""What notifications knows of the events of other services, in its own words. Empty strings mean: not said."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AiFunction(StrEnum):
    """An AI function by its name on the wire."""

    CLUSTER_KEYWORDS = "cluster_keywords"
    GENERATE_IDEAS = "generate_ideas"
    GENERATE_CONTENT = "generate_content"
    GENERATE_IMAGE_PROMPTS = "generate_image_prompts"
    GENERATE_IMAGES = "generate_images"

    @property
    def outputs_key(self) -> str:
        """What a task's result and a notification's metadata call the number of things it made."""
        return _OUTPUTS_KEYS[self]


_OUTPUTS_KEYS = {
    AiFunction.CLUSTER_KEYWORDS: "clusters_created",
    AiFunction.GENERATE_IDEAS: "ideas_created",
    AiFunction.GENERATE_CONTENT: "content_created",
    AiFunction.GENERATE_IMAGE_PROMPTS: "prompts_created",
    AiFunction.GENERATE_IMAGES: "images_created",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AiTaskEnded:
    """One execution of an AI function ended, well or with nothing done."""

    task_id: str
    site_id: str | None
    run_id: str | None
    function: AiFunction
    succeeded: bool
    outputs: int
    """Things made."""
    credits_used: int
    tasks_processed: int
    """Items that succeeded."""
    items_failed: int
    reason: str
    """Of the error catalogue, without prefix."""
    error: str
    occurred_at: datetime


class RunMove(StrEnum):
    """What happened to a run."""

    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMoved:
    """A run began, ended, or stands still; its numbers are those of the whole run so far."""

    move: RunMove
    run_id: str
    site_id: str | None
    pause_reason: str
    pause_scope: str
    """What the budget caps that was reached; empty for other reasons."""
    pause_detail: str
    error: str
    credits_used: int
    max_credits: int
    """Where it stops; 0 means no limit."""
    items_total: int
    items_failed: int
    outputs_by_stage: Mapping[int, int]
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSkipped:
    """A site's schedule planned a run that was not started."""

    planned_run_id: str
    site_id: str
    planned_at: datetime
    active_run_id: str
    """The run that was in the way; may be empty."""
    reason: str
    """Of the error catalogue, without prefix."""
    detail: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentFact:
    """What every event about an article says."""

    content_id: str
    site_id: str | None
    run_id: str | None
    title: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentReadyForReview(ContentFact):
    """An article waits for somebody to read it. `review_note` is what the quality gates found."""

    review_note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentApproved(ContentFact):
    """An article may be published. `actor` is `auto_approve` where the site's rule decided."""

    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentScheduled(ContentFact):
    """An article got a time, and why this one."""

    scheduled_publish_at: datetime
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentPublished(ContentFact):
    """An article can be read at its address; `again` when an earlier version could before."""

    external_url: str
    again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentPublishFailed(ContentFact):
    """An article could not be put on its site."""

    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentUnpublishFailed(ContentFact):
    """An article could not be taken off its site."""

    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentPublishUnconfirmed(ContentFact):
    """Whether an article is on its site is being found out."""

    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleMissed(ContentFact):
    """An article was not published at its time. `catch_up`, `publish_now`, `next_slot` or `hold`, decides on it."""

    planned_at: datetime
    catch_up: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLost:
    """Nothing can be published on a site until somebody has changed something; the reason has the way out."""

    site_id: str
    target: str
    cause: str
    reason: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRestored:
    """A site whose connection was lost can be published on again."""

    site_id: str
    target: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditsAdded:
    """Credits were given to the account; it has `credits` since, of which `available` are not held."""

    grant_id: str
    amount: int
    credits: int
    available: int
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditsLow:
    """What is available fell to the account's threshold or below; the two are credits."""

    account_id: str
    available: int
    threshold: int
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditsDepleted:
    """Nothing is available any more."""

    account_id: str
    occurred_at: datetime


Fact = (
    AiTaskEnded
    | RunMoved
    | RunSkipped
    | ContentReadyForReview
    | ContentApproved
    | ContentScheduled
    | ContentPublished
    | ContentPublishFailed
    | ContentUnpublishFailed
    | ContentPublishUnconfirmed
    | ScheduleMissed
    | ConnectionLost
    | ConnectionRestored
    | CreditsAdded
    | CreditsLow
    | CreditsDepleted
)
"""Everything that people are told of."""
