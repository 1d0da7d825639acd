"""What each stage of an automation run could work on."""

from dataclasses import dataclass
from enum import IntEnum

from sqlalchemy import ColumnElement, Connection, Table, and_, exists, func, not_, or_, select

from services.publisher.domain.cluster import ClusterStatus
from services.publisher.domain.content import ContentStatus
from services.publisher.domain.idea import IdeaStatus
from services.publisher.domain.image import ImageStatus
from services.publisher.domain.keyword import KeywordStatus
from services.publisher.domain.task import TaskStatus
from services.publisher.store import tables

_keyword, _cluster, _idea, _task = tables.keyword, tables.cluster, tables.idea, tables.task
_content, _image = tables.content, tables.image


class Stage(IntEnum):
    """The stages of a run, by what they take in."""

    CLUSTERS = 1
    IDEAS = 2
    TASKS = 3
    CONTENT = 4
    IMAGE_PROMPTS = 5
    IMAGES = 6
    REVIEW = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class StageInputs:
    """Ids, oldest first, and how many there are in all."""

    ids: list[str]
    total: int


class Stages:
    """What waits in the schema `publisher`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def inputs(self, *, site_id: str, account_id: str, stage: Stage, limit: int) -> StageInputs:
        table, waits = _waiting(stage)
        of_site = and_(table.c.site_id == site_id, table.c.account_id == account_id, waits)
        ids = self._connection.execute(select(table.c.id).where(of_site).order_by(table.c.id).limit(limit))
        total = self._connection.execute(select(func.count()).select_from(table).where(of_site))
        return StageInputs(ids=list(ids.scalars()), total=total.scalar_one())


def _waiting(stage: Stage) -> tuple[Table, ColumnElement[bool]]:
    match stage:
        case Stage.CLUSTERS:
            return _keyword, and_(_keyword.c.status == KeywordStatus.NEW.value, ~_keyword.c.disabled)
        case Stage.IDEAS:
            return _cluster, _cluster.c.status == ClusterStatus.NEW.value
        case Stage.TASKS:
            return _idea, _idea.c.status == IdeaStatus.NEW.value
        case Stage.CONTENT:
            return _task, _task.c.status == TaskStatus.QUEUED.value
        case Stage.IMAGE_PROMPTS:
            return _content, and_(_fresh_draft(), _lacks_images())
        case Stage.IMAGES:
            return _content, and_(_fresh_draft(), _has_pending_images())
        case Stage.REVIEW:
            return _content, and_(_fresh_draft(), not_(or_(_lacks_images(), _has_pending_images())))


def _fresh_draft() -> ColumnElement[bool]:
    # What a reviewer sent back waits for a person: a run would bring it back unchanged.
    return and_(_content.c.status == ContentStatus.DRAFT.value, _content.c.review_note == "")


def _lacks_images() -> ColumnElement[bool]:
    return and_(_content.c.images_wanted, ~exists().where(_image.c.content_id == _content.c.id))


def _has_pending_images() -> ColumnElement[bool]:
    return exists().where(_image.c.content_id == _content.c.id, _image.c.status == ImageStatus.PENDING.value)
