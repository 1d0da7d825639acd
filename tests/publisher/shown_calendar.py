"""What a site's calendar has to show, by PostgreSQL's own clock rules, and changes of all kinds to it."""

import random
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import text

from chassis.ids import new_id
from chassis.refusal import RequestInvalid, StateConflict
from services.publisher.domain.content import Content
from services.publisher.domain.site import Site
from services.publisher.usecases import calendar_moves, editing, writer_edits
from services.publisher.usecases.writer_edits import ContentAction
from tests.publisher.newsroom import EDITOR, Newsroom, published

ZONES: Final = ("UTC", "Europe/Rome", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")
_TITLES: Final = ('A "heap"\nof\u2028leaves ', "Über 🌱 \\n \x1e \x85 ", "Plain ")
DAYS: Final = 25
"""Content is planned at most so far ahead, where every range that is asked for by default shows it."""

INSTANTS: Final = ("scheduled_publish_at", "published_at")

_SHOWN: Final = """
WITH rules AS (SELECT * FROM publishing_settings WHERE site_id = :site_id),
    stands AS (SELECT content.*, time_zone, (calendar_at AT TIME ZONE time_zone)::date AS day FROM content, rules
        WHERE content.site_id = :site_id AND calendar_at IS NOT NULL),
    counted AS (SELECT * FROM stands WHERE site_status <> 'failed')
SELECT json_build_object(
    'time_zone', time_zone, 'daily_limit', daily_limit, 'weekly_limit', weekly_limit, 'monthly_limit', monthly_limit,
    'entries', (SELECT coalesce(json_agg(json_build_object(
            'content_id', id, 'title', title, 'status', status, 'site_status', site_status,
            'local_time', to_char(calendar_at AT TIME ZONE time_zone, 'YYYY-MM-DD"T"HH24:MI'),
            'scheduled_publish_at', to_char(scheduled_publish_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'published_at', to_char(published_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'external_url', external_url) ORDER BY calendar_at, id), '[]') FROM stands),
    'unscheduled', (SELECT coalesce(json_agg(title ORDER BY id), '[]') FROM content
        WHERE site_id = :site_id AND status = 'approved' AND site_status = 'not_published'),
    'days', (SELECT coalesce(json_object_agg(date, count ORDER BY date), '{}') FROM
        (SELECT day AS date, count(*) FROM counted GROUP BY 1) AS days),
    'weeks', (SELECT coalesce(json_object_agg(date, count ORDER BY date), '{}') FROM
        (SELECT date_trunc('week', day)::date AS date, count(*) FROM counted GROUP BY 1) AS weeks),
    'months', (SELECT coalesce(json_object_agg(date, count ORDER BY date), '{}') FROM
        (SELECT date_trunc('month', day)::date AS date, count(*) FROM counted GROUP BY 1) AS months)
) FROM rules
"""


def expected(newsroom: Newsroom, site: Site) -> dict[str, Any]:
    """The whole calendar as `summary` has it, read from the table by a statement of its own."""
    with newsroom.engine.connect() as connection:
        found: dict[str, Any] = connection.execute(text(_SHOWN), {"site_id": site.id}).scalar_one()
    return found


def summary(calendar: dict[str, Any]) -> dict[str, Any]:
    """An answer's JSON, with counts as mappings, and what has no time and is overdue as titles."""
    counts = {
        name: {each["date"]: each["count"] for each in calendar[name]} for name in ("days", "weeks", "months")
    }
    entries = [{**entry, **{name: _whole(entry[name]) for name in INSTANTS}} for entry in calendar["entries"]]
    assert calendar["overdue"] == [], "nothing is planned for the past"
    shown = {name: value for name, value in calendar.items() if name != "overdue"}
    return (
        shown
        | counts
        | {"entries": entries, "unscheduled": [entry["title"] for entry in calendar["unscheduled"]]}
    )


def _whole(instant: str | None) -> str | None:
    """With all its decimals, as PostgreSQL writes it here."""
    return instant and f"{datetime.fromisoformat(instant):%Y-%m-%dT%H:%M:%S.%fZ}"


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Changes of a site's content and rules, one after the other, at random."""

    newsroom: Newsroom
    site: Site
    chosen: random.Random
    contents: list[Content] = field(default_factory=list)

    async def make(self) -> str:
        """Makes one that is possible, and says which."""
        while True:
            change = self.chosen.choice(
                (
                    self._approve,
                    self._schedule,
                    self._move,
                    self._unschedule,
                    self._retitle,
                    self._publish,
                    self._unpublish,
                    self._fail,
                    self._delete,
                    self._rule,
                    self._zone,
                )
            )
            try:
                await change()
            except (StateConflict, RequestInvalid, IndexError):
                continue
            return change.__name__

    def _one(self) -> Content:
        """Raises IndexError while there is none."""
        return self.newsroom.read(self.chosen.choice(self.contents))

    def _at(self) -> datetime:
        minutes = self.chosen.randrange(1, DAYS * 24 * 60)
        return self.newsroom.clock.now() + timedelta(minutes=minutes)

    async def _approve(self) -> None:
        title = self.chosen.choice(_TITLES) + new_id()[-6:]
        self.contents.append(self.newsroom.approved(self.site, title=title))

    async def _schedule(self) -> None:
        self.newsroom.schedule(self._one(), at=self.chosen.choice((None, self._at())))

    async def _move(self) -> None:
        content = self._one()
        named = {"content_id": content.id, "account_id": content.account_id}
        day = self._at().date()
        self.newsroom.run(calendar_moves.move, **named, day=day, clock=time(self.chosen.randrange(24), 30))

    async def _unschedule(self) -> None:
        self.newsroom.unschedule(self._one())

    async def _retitle(self) -> None:
        content = self._one()
        text = replace(content.text, title=f"Other {new_id()[-6:]}")
        named = {"content_id": content.id, "account_id": content.account_id}
        self.newsroom.run(editing.put_text, **named, text=text, etag=content.etag, actor=EDITOR)

    async def _publish(self) -> None:
        self.newsroom.publish(self._one())
        await published(self.newsroom.scheduler())

    async def _unpublish(self) -> None:
        self.newsroom.unpublish(self._one())
        await published(self.newsroom.scheduler())

    async def _fail(self) -> None:
        # Without `updated_at`, as no use case leaves it: what is shown must not hang on it.
        statement = text(
            "UPDATE content SET site_status = 'failed' WHERE id = :id AND site_status IN ('scheduled', 'not_published')"
        )
        with self.newsroom.engine.begin() as connection:
            connection.execute(statement, {"id": self._one().id})

    async def _delete(self) -> None:
        content = self._one()
        self.newsroom.run(
            writer_edits.change_content,
            account_id=content.account_id,
            site_id=content.site_id,
            ids=[content.id],
            action=ContentAction.DELETE,
            actor=EDITOR,
        )
        self.contents[:] = [one for one in self.contents if one.id != content.id]

    async def _rule(self) -> None:
        self.newsroom.rules(self.site, daily_limit=self.chosen.choice((None, 50, 60)))

    async def _zone(self) -> None:
        self.newsroom.rules(self.site, time_zone=self.chosen.choice(ZONES))
