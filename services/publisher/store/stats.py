"""The numbers of a site, all of them from one statement so that they agree; and what billing charged for it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, FromClause, Subquery, Table, func, select, true
from sqlalchemy.dialects import postgresql

from services.publisher.domain.cluster import ClusterStatus
from services.publisher.domain.content import ContentStatus, SiteStatus
from services.publisher.domain.idea import IdeaStatus
from services.publisher.domain.image import ImageStatus
from services.publisher.domain.keyword import KeywordStatus
from services.publisher.domain.task import TaskStatus
from services.publisher.domain.workflow_stats import WorkflowStats
from services.publisher.store import tables

_credits = tables.site_credits
_STATES: dict[str, tuple[Table, dict[Column[str], Sequence[str]]]] = {
    "keyword": (tables.keyword, {tables.keyword.c.status: list(KeywordStatus)}),
    "cluster": (tables.cluster, {tables.cluster.c.status: list(ClusterStatus)}),
    "idea": (tables.idea, {tables.idea.c.status: list(IdeaStatus)}),
    "task": (tables.task, {tables.task.c.status: list(TaskStatus)}),
    "content": (
        tables.content,
        {tables.content.c.status: list(ContentStatus), tables.content.c.site_status: list(SiteStatus)},
    ),
    "image": (tables.image, {tables.image.c.status: list(ImageStatus)}),
}


class Stats:
    """Counts over the schema `publisher`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def workflow(self, *, site_id: str, account_id: str, since: datetime | None) -> WorkflowStats:
        """What was made from `since` on, by its state now; credits from the UTC day of `since` on."""
        parts = [_counted(noun, site_id, account_id, since) for noun in _STATES]
        credits = select(
            func.coalesce(func.sum(_credits.c.credits_used), 0).label("credits_used"),
            func.max(_credits.c.as_of).label("credits_as_of"),
        ).where(_credits.c.site_id == site_id, _credits.c.account_id == account_id)
        if since is not None:
            credits = credits.where(_credits.c.day >= since.date())
        # Each part is one row.
        every: FromClause = credits.subquery("credits")
        for part in parts:
            every = every.join(part, true())
        row = self._connection.execute(select(every)).one()
        found = dict(row._mapping)
        return WorkflowStats(
            counts={
                noun: {
                    name.partition("__")[2]: count
                    for name, count in found.items()
                    if name.startswith(f"{noun}__")
                }
                for noun in _STATES
            },
            credits_used=int(found["credits_used"]),
            credits_as_of=found["credits_as_of"],
        )

    def add_charge(self, *, site_id: str, account_id: str, credits: int, at: datetime) -> None:
        """Adds credits that billing charged for a site to the UTC day of `at`."""
        row = {
            "site_id": site_id,
            "account_id": account_id,
            "day": at.date(),
            "credits_used": credits,
            "as_of": at,
        }
        insert = postgresql.insert(_credits).values(row)
        self._connection.execute(
            insert.on_conflict_do_update(
                index_elements=[_credits.c.site_id, _credits.c.account_id, _credits.c.day],
                set_={
                    "credits_used": _credits.c.credits_used + insert.excluded.credits_used,
                    "as_of": func.greatest(_credits.c.as_of, insert.excluded.as_of),
                },
            )
        )


def _counted(noun: str, site_id: str, account_id: str, since: datetime | None) -> Subquery:
    table, axes = _STATES[noun]
    counts: list[Any] = [func.count().label(f"{noun}__total")]
    for column, states in axes.items():
        counts += [func.count().filter(column == state).label(f"{noun}__{state}") for state in states]
    query = select(*counts).where(table.c.site_id == site_id, table.c.account_id == account_id)
    if since is not None:
        query = query.where(table.c.created_at >= since)
    return query.subquery(noun)
