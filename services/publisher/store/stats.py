"""The numbers of a site, all of them from one statement so that they agree; and what billing charged for it."""

from collections import defaultdict
from datetime import date, datetime
from typing import Final

from sqlalchemy import BigInteger, Connection, String, cast, func, literal, null, select, text
from sqlalchemy.dialects import postgresql

from chassis.bulk import Writes, recordset
from services.publisher.domain.workflow_stats import WorkflowStats
from services.publisher.store import tables

_credits, _tally = tables.site_credits, tables.site_tally
_NOUNS: Final = ("keyword", "cluster", "idea", "task", "content", "image")

# One statement, so that nobody sees a row neither before nor after. `-infinity` holds what no period asks for.
_FOLD: Final = text("""
    WITH taken AS (
        DELETE FROM site_tally
        WHERE id IN (SELECT id FROM site_tally WHERE site_id = :site_id FOR UPDATE SKIP LOCKED)
        RETURNING noun, state, day, count
    )
    INSERT INTO site_tally (site_id, noun, state, day, count, folded)
    SELECT :site_id, noun, state, CASE WHEN day < :oldest_day THEN '-infinity' ELSE day END, sum(count), true
    FROM taken GROUP BY 2, 3, 4 HAVING sum(count) <> 0
""").bindparams(site_id="", oldest_day=None)

# Days in one order, so that two who add to the same do not wait for each other.
_ADD_CHARGES: Final = """
    INSERT INTO site_credits (site_id, account_id, day, credits_used, as_of)
    SELECT site_id, account_id, day, sum(credits_used), max(as_of) FROM {given}
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (site_id, account_id, day) DO UPDATE
    SET credits_used = site_credits.credits_used + excluded.credits_used,
        as_of = greatest(site_credits.as_of, excluded.as_of)
""".replace("{given}", recordset(_credits.c))


class Stats:
    """Counts over the schema `publisher`, kept by its triggers; reading them does not grow with the content."""

    def __init__(self, connection: Connection, writes: Writes) -> None:
        self._connection = connection
        self._writes = writes

    def workflow(self, *, site_id: str, account_id: str, since: datetime | None) -> WorkflowStats:
        """What was made from the UTC day of `since` on, by its state now, and the credits of those days.

        The site is the account's own.
        """
        tallies = select(
            _tally.c.noun,
            _tally.c.state,
            cast(func.sum(_tally.c.count), BigInteger).label("count"),
            cast(null(), postgresql.TIMESTAMP(timezone=True)).label("as_of"),
        ).where(_tally.c.site_id == site_id)
        credits = select(
            literal("credits", String),
            literal("used", String),
            cast(func.coalesce(func.sum(_credits.c.credits_used), 0), BigInteger),
            func.max(_credits.c.as_of),
        ).where(_credits.c.site_id == site_id, _credits.c.account_id == account_id)
        if since is not None:
            tallies = tallies.where(_tally.c.day >= since.date())
            credits = credits.where(_credits.c.day >= since.date())
        counted = tallies.group_by(_tally.c.noun, _tally.c.state).union_all(credits)
        counts: dict[str, dict[str, int]] = {noun: defaultdict(int) for noun in _NOUNS}
        credits_used, as_of = 0, None
        for noun, state, count, at in self._connection.execute(counted):
            if noun == "credits":
                credits_used, as_of = count, at
            else:
                counts[noun][state] = count
        return WorkflowStats(counts=counts, credits_used=credits_used, credits_as_of=as_of)

    def unfolded(self, *, rows_min: int, limit: int) -> list[str]:
        """Ids of sites with at least so many rows that nobody has put together."""
        query = (
            select(_tally.c.site_id)
            .where(~_tally.c.folded)
            .group_by(_tally.c.site_id)
            .having(func.count() >= rows_min)
            .limit(limit)
        )
        return list(self._connection.execute(query).scalars())

    def fold(self, site_id: str, *, oldest_day: date) -> None:
        """Puts the site's rows together, those of days before `oldest_day` to one a state. The sums stay."""
        self._connection.execute(_FOLD, {"site_id": site_id, "oldest_day": oldest_day})

    def add_charge(self, *, site_id: str, account_id: str, credits: int, at: datetime) -> None:
        """Adds credits that billing charged for a site to the UTC day of `at`, with the transaction's last statements."""
        row = {
            "site_id": site_id,
            "account_id": account_id,
            "day": at.date(),
            "credits_used": credits,
            "as_of": at,
        }
        self._writes.gather(_ADD_CHARGES, row)
