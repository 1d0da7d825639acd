"""What the publisher's benchmarks run on: a small site, a large one, one that is full for years, and files of keywords."""

import io
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final

import psycopg2

from bench.gateway_world import as_owner
from chassis.database import open_engine
from services.publisher.domain.schedule.candidates import candidates
from services.publisher.store.transaction import PublisherTransaction
from tests.journeys.suites import RunningSuite

SMALL: Final = 2_000
LARGE: Final = 200_000
SHOWN: Final = 1_000
SCHEDULED: Final = 5_000
KEYWORDS: Final = 100_000

_CONTENT: Final = """
INSERT INTO publisher.content (id, account_id, site_id, created_at, updated_at, slug, title, title_normalised, html,
    excerpt, meta_title, meta_description, primary_keyword, categories, tags, content_type, content_structure,
    model_name, prompt_version, images_wanted, word_count, version, status, review_note, site_status, publish_error,
    scheduled_publish_at, published_at, published_version, external_id, external_url)
SELECT uuidv7(), %(account_id)s, %(site_id)s, made_at, made_at, 'article-' || number, 'How to compost, part ' || number,
    'how to compost, part ' || number, '<p>Turn it.</p>', '', '', '', '', '{}', '{}', 'post', 'guide',
    'offline', '1', false, 2, 1, 'approved', '', CASE WHEN at < now() THEN 'published' ELSE 'scheduled' END, '',
    CASE WHEN at >= now() THEN at END, CASE WHEN at < now() THEN at END,
    CASE WHEN at < now() THEN 1 ELSE 0 END, '', CASE WHEN at < now() THEN 'https://example.com/article-' || number ELSE '' END
FROM unnest(%(times)s::timestamptz[]) WITH ORDINALITY AS made (at, number),
    LATERAL (SELECT least(at, now()) AS made_at) AS when_made
"""

_COPIED: Final = """
    id, account_id, site_id, created_at, updated_at, keyword, normalised, volume, volume_is_impressions, difficulty,
    cpc, currency, intent, country, status, disabled"""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Ids of the account and its sites."""

    account_id: str
    small: str
    large: str
    full: str


async def furnish(suite: RunningSuite, say: Callable[[str], None]) -> Place:
    """Sites of the demo account. The small and the large one show the same number of entries on their calendar."""
    now = datetime.now(UTC)
    shown = [now + timedelta(hours=number - SHOWN * 0.3) for number in range(SHOWN)]
    async with suite.api() as api:
        account_id = (await api.get("/api/v1/auth/me"))["account"]["id"]
        sites = {
            name: (await api.post("/api/v1/sites", {"name": name}))["site"]["id"]
            for name in ("Small", "Large", "Full")
        }
    place = Place(account_id=account_id, small=sites["Small"], large=sites["Large"], full=sites["Full"])
    with as_owner(suite) as cursor:
        for site_id, count in ((place.small, SMALL), (place.large, LARGE)):
            # What is older than a calendar shows, an hour apart.
            older = [now - timedelta(days=31, hours=number) for number in range(count - SHOWN)]
            fill(cursor, account_id, site_id, [*older, *shown])
        fill(cursor, account_id, place.full, _first_slots(suite, place, now))
        cursor.execute("VACUUM ANALYZE")
    say(f"sites with {SMALL:,} and {LARGE:,} contents, and one with {SCHEDULED:,} scheduled")
    return place


def fill(cursor: Any, account_id: str, site_id: str, times: list[datetime]) -> None:
    """Content of a new site at these times: published if they are past, scheduled if they are to come."""
    cursor.execute(_CONTENT, {"account_id": account_id, "site_id": site_id, "times": times})


def _first_slots(suite: RunningSuite, place: Place, now: datetime) -> list[datetime]:
    """The site's next slots, so many that the search for a free one has to pass all of them."""
    engine = open_engine(suite.stack.database_url, service="publisher", pool_size=1)
    try:
        with engine.connect() as connection:
            tx = PublisherTransaction(connection)
            settings = tx.settings.get(place.full, account_id=place.account_id)
    finally:
        engine.dispose()
    return list(islice(candidates(settings, after=now), SCHEDULED))


def keyword_file(number: int) -> bytes:
    """A file of keywords as people export it, other ones for each number."""
    lines = (
        f"how to compost {number} part {row},{row % 9_000},{row % 100},{row % 500 / 100:.2f}"
        for row in range(KEYWORDS)
    )
    return "\n".join(("Keyword,Volume,Keyword Difficulty,CPC (USD)", *lines)).encode()


def copied(suite: RunningSuite, from_site: str, to_site: str) -> float:
    """Seconds of a COPY of one site's keywords, with ids of their own, into the same table for another site."""
    chosen = _COPIED.replace("id, account_id, site_id", f"uuidv7(), account_id, '{to_site}'::uuid", 1)
    rows = io.BytesIO()
    with closing(psycopg2.connect(suite.stack.database_url)) as connection, connection.cursor() as cursor:
        # Ids come from our own calls.
        cursor.copy_expert(
            f"COPY (SELECT {chosen} FROM publisher.keyword WHERE site_id = '{from_site}') TO STDOUT",
            rows,
        )
        rows.seek(0)
        began = time.perf_counter()
        cursor.copy_expert(f"COPY publisher.keyword ({_COPIED}) FROM STDIN", rows)
        connection.commit()
        return time.perf_counter() - began
