"""What the gateway's calls are measured on: a calendar of 1,000 entries, and tables for the peer beside the suite's."""

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import psycopg2

from chassis.ids import new_id
from suite.secrets import kept_api_key
from tests.journeys.suites import RunningSuite

ENTRIES: Final = 1_000

_CONTENT: Final = """
INSERT INTO publisher.content (id, account_id, site_id, created_at, updated_at, slug, title, title_normalised, html,
    excerpt, meta_title, meta_description, primary_keyword, categories, tags, content_type, content_structure,
    model_name, prompt_version, images_wanted, word_count, version, status, review_note, site_status, publish_error,
    scheduled_publish_at, published_at, external_id, external_url, published_version)
SELECT uuidv7(), %(account_id)s, %(site_id)s, now(), now(), 'article-' || number, 'How to compost, part ' || number,
    'how to compost, part ' || number, '<p>Turn it.</p>', '', '', '', '', '{}', '{}', 'post', 'guide',
    'offline', '1', false, 2, 1, 'approved', '', CASE WHEN past THEN 'published' ELSE 'scheduled' END, '',
    CASE WHEN past THEN NULL ELSE now() + number * interval '1 hour' END,
    CASE WHEN past THEN now() - number * interval '2 hours' END,
    '', CASE WHEN past THEN 'https://example.com/article-' || number ELSE '' END, past::integer
FROM (SELECT number, number <= 300 AS past FROM generate_series(1, %(entries)s) number) made
"""
"""Three of ten are published, at most 25 days ago, the others planned, for the next 42 days."""

_PEER: Final = """
CREATE SCHEMA peer;
CREATE TABLE peer.api_key (hash bytea PRIMARY KEY, account_id uuid NOT NULL);
CREATE TABLE peer.keyword (LIKE publisher.keyword INCLUDING ALL);
CREATE TABLE peer.outbox (LIKE publisher.outbox INCLUDING ALL);
INSERT INTO peer.api_key VALUES (%(hash)s, %(account_id)s);
ANALYZE;
"""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Whose calls are measured, and where."""

    account_id: str
    site_id: str
    key: str
    """The account's API key, which the peer knows too."""


async def furnish(suite: RunningSuite) -> Place:
    """A site of the demo account with a full calendar, and the peer's tables."""
    key = kept_api_key(suite.data_dir, "demo")
    assert key is not None, "the suite was made ready for use"
    async with suite.api() as api:
        account_id = (await api.get("/api/v1/auth/me"))["account"]["id"]
        site = (await api.post("/api/v1/sites", {"name": "Bench"}, key=new_id()))["site"]
    with as_owner(suite) as cursor:
        cursor.execute(_CONTENT, {"account_id": account_id, "site_id": site["id"], "entries": ENTRIES})
        cursor.execute(_PEER, {"hash": hashlib.sha256(key.encode()).digest(), "account_id": account_id})
    return Place(account_id=account_id, site_id=site["id"], key=key)


@contextlib.contextmanager
def as_owner(suite: RunningSuite) -> Iterator[Any]:
    """A cursor of the database's owner, each statement its own transaction."""
    with contextlib.closing(psycopg2.connect(suite.stack.database_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor
