"""Two sites of one account in one database, made by SQL: a large one and a small one, alike in everything but their size."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import psycopg2
from sqlalchemy import Connection, Engine, create_engine, text

from chassis.ids import new_id

ACCOUNT: Final = new_id()
ROWS_AT_ONCE: Final = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many of each a site has."""

    keywords: int
    clusters: int
    ideas: int
    tasks: int
    content: int
    images: int

    @classmethod
    def all(cls, count: int) -> "Size":
        return cls(keywords=count, clusters=count, ideas=count, tasks=count, content=count, images=count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A site with a sector, and some of what it has."""

    site_id: str
    sector_id: str
    made_at: datetime
    """When its newest rows were made."""

    cluster_id: str = ""
    content_id: str = ""
    run_id: str = ""


def fill(engine: Engine, size: Size, *, now: datetime) -> Place:
    """A new site of that size, whose rows were made one a second until now."""
    place = Place(site_id=new_id(), sector_id=new_id(), made_at=now)
    names: dict[str, str | int | datetime] = {
        "site": place.site_id,
        "sector": place.sector_id,
        "account": ACCOUNT,
        "now": now,
    }
    with engine.begin() as connection:
        for statement in (_SITE, _SECTOR, _BLOB):
            connection.execute(text(statement), names)
        for table, count in (
            ("cluster", size.clusters),
            ("keyword", size.keywords),
            ("idea", size.ideas),
            ("task", size.tasks),
            ("content", size.content),
            ("image", size.images),
        ):
            for begin in range(0, count, ROWS_AT_ONCE):
                rows = {"count": count, "begin": begin + 1, "end": min(begin + ROWS_AT_ONCE, count)}
                connection.execute(text(_FILL[table]), names | rows)
        return _with_some(connection, place)


def filler(dsn: str) -> Engine:
    """An engine of the owner's without the limits of the service's, which no large site is made within; nor do triggers
    and foreign keys look at what it writes."""
    options = "-c search_path=publisher -c session_replication_role=replica -c synchronous_commit=off"
    return create_engine("postgresql+psycopg2://", creator=lambda: psycopg2.connect(dsn, options=options))


@contextmanager
def unindexed(engine: Engine) -> Iterator[None]:
    """Without the indexes of lists until the block ends, so that a large site is made in minutes; then as after a
    vacuum, which would have come by itself."""
    with engine.begin() as connection:
        rows = connection.execute(text(_INDEXES), {"tables": list(_FILL)}).all()
        for name, _ in rows:
            connection.execute(text(f"DROP INDEX {name}"))
    yield
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for _, definition in rows:
            connection.execute(text(definition))
        for table in _FILL:
            connection.execute(text(f"VACUUM (ANALYZE) {table}"))
        connection.execute(text("CHECKPOINT"))


def _with_some(connection: Connection, place: Place) -> Place:
    """One of each, from the middle of what there is."""

    def middle(column: str, table: str) -> str:
        query = f"""SELECT {column} FROM {table} WHERE site_id = :site AND {column} IS NOT NULL ORDER BY id
            OFFSET (SELECT count(*) / 3 FROM {table} WHERE site_id = :site) LIMIT 1"""
        return str(connection.execute(text(query), {"site": place.site_id}).scalar_one())

    return replace(
        place,
        cluster_id=middle("id", "cluster"),
        content_id=middle("content_id", "image"),
        run_id=middle("run_id", "content"),
    )


_INDEXES: Final = """
SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = 'publisher' AND tablename = ANY(:tables) AND indexdef NOT LIKE 'CREATE UNIQUE%'
"""
_SITE: Final = """
INSERT INTO site (id, account_id, name, slug, url, description, language, created_at, updated_at)
VALUES (:site, :account, 'Garden', :site, '', '', 'en', now(), now())
"""
_SECTOR: Final = """
INSERT INTO sector (id, account_id, site_id, name, description, created_at, updated_at)
VALUES (:sector, :account, :site, 'Soil', '', now(), now())
"""
_BLOB: Final = """
INSERT INTO image_blob (sha256, media_type, width, height, size, data, created_at)
VALUES (repeat('0', 64), 'image/png', 1, 1, 1, 'x', now()) ON CONFLICT DO NOTHING
"""

# Made one a second, the oldest first. `share` is how far along it is, `r` a number from 0 to 1 by chance.
_ROWS: Final = """
    SELECT n, n::float / :count AS share, random() AS r, random() AS other,
        CAST(:now AS timestamptz) - make_interval(secs => :count - n) AS at,
        uuidv7(make_interval(secs => n - :count)) AS id
    FROM generate_series(:begin, :end) AS n
"""
# "how" in one half, "garden" in a twentieth, "pond" in one of 200, "quince" in one of 5,000, and words that few have.
_TEXT: Final = """
    concat_ws(' ', CASE WHEN random() < 0.5 THEN 'how' END, CASE WHEN random() < 0.05 THEN 'garden' END,
        CASE WHEN random() < 0.005 THEN 'pond' END, CASE WHEN random() < 0.0002 THEN 'quince' END,
        'topic' || (random() * 300)::int, 'word' || (random() * 30000)::int, n)
"""
_ITEM: Final = "id, account_id, site_id, sector_id, created_at, updated_at"
_OF: Final = "id, :account, :site, CASE WHEN other < 0.3 THEN CAST(:sector AS uuid) END, at, at"

_FILL: Final = {
    "cluster": f"""
INSERT INTO cluster ({_ITEM}, name, name_normalised, description, keywords_count, volume, status)
SELECT {_OF}, name, name, '', (r * 200)::int, (r * r * 100000)::int, CASE WHEN share < 0.8 THEN 'mapped' ELSE 'new' END
FROM (SELECT *, {_TEXT} AS name FROM ({_ROWS}) AS made) AS made
""",
    "keyword": f"""
INSERT INTO keyword ({_ITEM}, keyword, normalised, volume, volume_is_impressions, difficulty, intent, country,
    cluster_id, status, disabled)
SELECT {_OF}, word, word, CASE WHEN random() < 0.9 THEN (r * r * r * 1000000)::int END, false,
    CASE WHEN random() < 0.8 THEN (random() * 100)::int END,
    (ARRAY['informational', 'commercial', 'transactional'])[1 + (random() * 2)::int],
    CASE WHEN random() < 0.0005 THEN 'at' WHEN random() < 0.5 THEN 'de' ELSE 'us' END,
    cluster_id, CASE WHEN cluster_id IS NULL THEN 'new' ELSE 'mapped' END, random() < 0.01
FROM (
    SELECT *, {_TEXT} AS word, CASE WHEN share < 0.8 THEN
        clusters[1 + floor(share * 1.25 * array_length(clusters, 1))::int] END AS cluster_id
    FROM ({_ROWS}) AS made,
        (SELECT array_agg(id ORDER BY id) AS clusters FROM cluster WHERE site_id = :site) AS of_site
) AS made
""",
    "idea": f"""
INSERT INTO idea ({_ITEM}, cluster_id, title, description, content_type, content_structure, target_keywords,
    estimated_word_count, status)
SELECT {_OF}, clusters[1 + floor(share * 0.99 * array_length(clusters, 1))::int], title, '',
    CASE WHEN r < 0.001 THEN 'page' ELSE 'post' END, 'guide', '{{}}', 1000,
    CASE WHEN share < 0.7 THEN 'completed' WHEN share < 0.8 THEN 'queued' ELSE 'new' END
FROM (
    SELECT *, {_TEXT} AS title FROM ({_ROWS}) AS made,
        (SELECT array_agg(id ORDER BY id) AS clusters FROM cluster WHERE site_id = :site) AS of_site
) AS made
""",
    "task": f"""
INSERT INTO task ({_ITEM}, cluster_id, title, brief, content_type, content_structure, target_keywords, word_count,
    status, error)
SELECT {_OF}, clusters[1 + floor(share * 0.99 * array_length(clusters, 1))::int], title, '',
    CASE WHEN r < 0.001 THEN 'page' ELSE 'post' END, 'guide', '{{}}', 1000,
    CASE WHEN r < 0.001 THEN 'failed' WHEN share < 0.9 THEN 'completed' ELSE 'queued' END, ''
FROM (
    SELECT *, {_TEXT} AS title FROM ({_ROWS}) AS made,
        (SELECT array_agg(id ORDER BY id) AS clusters FROM cluster WHERE site_id = :site) AS of_site
) AS made
""",
    "content": f"""
INSERT INTO content ({_ITEM}, cluster_id, run_id, slug, title, title_normalised, html, excerpt, meta_title,
    meta_description, primary_keyword, categories, tags, content_type, content_structure, model_name, prompt_version,
    images_wanted, word_count, version, status, review_note, site_status, publish_error, scheduled_publish_at,
    published_at, external_id, external_url, published_version)
SELECT {_OF}, clusters[1 + floor(share * 0.99 * array_length(clusters, 1))::int],
    CASE WHEN r < 0.9 THEN runs[1 + floor(share * 0.99 * array_length(runs, 1))::int] END,
    'slug-' || n, title, title, repeat(md5(n::text), 20), 'An excerpt of some words for lists', title, title, 'compost',
    '{{Soil}}', '{{heap,leaves}}', CASE WHEN r < 0.001 THEN 'page' ELSE 'post' END, 'guide', 'model', 'prompt/v1',
    true, (random() * 3000)::int, 1, CASE WHEN share < 0.9 THEN 'approved' WHEN share < 0.95 THEN 'review' ELSE 'draft' END,
    '', CASE WHEN share >= 0.9 THEN 'not_published' WHEN r < 0.002 THEN 'failed' WHEN share < 0.85 THEN 'published'
        ELSE 'scheduled' END,
    '', at, at, '', '', CASE WHEN share < 0.9 AND r >= 0.002 AND share < 0.85 THEN 1 ELSE 0 END
FROM (
    SELECT *, {_TEXT} AS title FROM ({_ROWS}) AS made,
        (SELECT array_agg(id ORDER BY id) AS clusters FROM cluster WHERE site_id = :site) AS of_site,
        (SELECT array_agg(md5(:site || n)::uuid) AS runs FROM generate_series(1, 1 + :count / 100) AS n) AS run
) AS made
""",
    "image": f"""
INSERT INTO image ({_ITEM}, content_id, image_type, position, prompt, alt_text, model_name, url, content_hash,
    media_type, width, height, status, error)
SELECT {_OF}, content_id, CASE place WHEN 0 THEN 'featured' ELSE 'in_article' END, place, prompt, prompt, 'model', '',
    CASE WHEN r >= 0.002 THEN repeat('0', 64) END, 'image/png', 1, 1,
    CASE WHEN r < 0.001 THEN 'pending' WHEN r < 0.002 THEN 'failed' ELSE 'generated' END, ''
FROM (
    SELECT made.*, {_TEXT} AS prompt, contents[1 + (n - 1) / 2] AS content_id, (n - 1) % 2 AS place
    FROM ({_ROWS}) AS made,
        (SELECT array_agg(id ORDER BY id) AS contents FROM content WHERE site_id = :site) AS of_site
) AS made
""",
}
