"""The tables of the schema `publisher`."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from chassis.tables import chassis_tables

metadata = MetaData()
chassis_tables(metadata)


def _id(name: str, *constraints: Any, nullable: bool = False, primary_key: bool = False) -> Column[str]:
    return Column(name, Uuid(as_uuid=False), *constraints, nullable=nullable, primary_key=primary_key)


def _instant(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _word(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _words(name: str) -> Column[Any]:
    return Column(name, ARRAY(Text), nullable=False)


def _number(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _item() -> list[Column[Any]]:
    """What every item of the pipeline has."""
    return [
        _id("id", primary_key=True),
        _id("account_id"),
        _id("site_id", ForeignKey("site.id")),
        _id("sector_id", ForeignKey("sector.id"), nullable=True),
        _instant("created_at"),
        _instant("updated_at"),
    ]


site = Table(
    "site",
    metadata,
    _id("id", primary_key=True),
    _id("account_id"),
    _word("name"),
    Column("slug", Text, nullable=False, unique=True),
    _word("url"),
    _word("description"),
    _word("language"),
    _instant("created_at"),
    _instant("updated_at"),
    Index("site_account", "account_id", "name", "id"),
)
"""Its time zone is the one of its publishing settings."""

sector = Table(
    "sector",
    metadata,
    _id("id", primary_key=True),
    _id("account_id"),
    _id("site_id", ForeignKey("site.id")),
    _word("name"),
    _word("description"),
    _instant("created_at"),
    _instant("updated_at"),
    Index("sector_name", "site_id", func.lower(text("name")), unique=True),
    Index("sector_site", "site_id", "name", "id"),
)

publishing_settings = Table(
    "publishing_settings",
    metadata,
    _id("site_id", ForeignKey("site.id"), primary_key=True),
    _id("account_id"),
    _word("time_zone"),
    _flag("auto_approve_content"),
    _flag("auto_schedule"),
    _word("mode"),
    Column("schedule_interval", JSONB, nullable=False),
    _words("publish_days"),
    _words("publish_time_slots"),
    Column("daily_limit", Integer),
    Column("weekly_limit", Integer),
    Column("monthly_limit", Integer),
    _word("catch_up"),
    Column("quality_gates", JSONB, nullable=False),
    _number("version"),
    CheckConstraint("mode IN ('slots', 'interval', 'immediate')", name="publishing_settings_mode"),
    CheckConstraint("catch_up IN ('publish_now', 'next_slot', 'hold')", name="publishing_settings_catch_up"),
)
"""The row of a site is its calendar's lock: who reads taken slots to take another one locks it first."""

keyword = Table(
    "keyword",
    metadata,
    *_item(),
    _word("keyword"),
    _word("normalised"),
    Column("volume", BigInteger),
    _flag("volume_is_impressions"),
    Column("difficulty", Integer),
    Column("cpc", Numeric),
    _word("currency", nullable=True),
    _word("intent", nullable=True),
    _word("country", nullable=True),
    _id("cluster_id", ForeignKey("cluster.id"), nullable=True),
    _word("status"),
    _flag("disabled"),
    # Lists are sorted by it: unknown volumes come after the searches of 0 a month, and pages need a value.
    Column(
        "volume_rank", BigInteger, Computed("COALESCE(volume, '-1'::bigint)", persisted=True), nullable=False
    ),
    CheckConstraint("status IN ('new', 'mapped')", name="keyword_status"),
    CheckConstraint(
        "(cluster_id IS NOT NULL) = (status = 'mapped')", name="keyword_is_mapped_to_its_cluster"
    ),
    UniqueConstraint(
        "site_id", "sector_id", "normalised", name="keyword_once", postgresql_nulls_not_distinct=True
    ),
    Index("keyword_site", "site_id", text("volume_rank DESC"), "id"),
    Index("keyword_cluster", "cluster_id", text("volume_rank DESC"), "id"),
    Index("keyword_sector", "sector_id", text("volume_rank DESC"), "id"),
    Index("keyword_new", "site_id", "id", postgresql_where=text("status = 'new' AND NOT disabled")),
)

cluster = Table(
    "cluster",
    metadata,
    *_item(),
    _word("name"),
    # Names are compared by it: NFKC, any case, single spaces, straight quotes.
    _word("name_normalised"),
    _word("description"),
    _number("keywords_count"),
    Column("volume", BigInteger, nullable=False),
    _word("status"),
    CheckConstraint("status IN ('new', 'mapped')", name="cluster_status"),
    UniqueConstraint(
        "site_id", "sector_id", "name_normalised", name="cluster_name", postgresql_nulls_not_distinct=True
    ),
    Index("cluster_site", "site_id", text("volume DESC"), "id"),
    Index("cluster_new", "site_id", "id", postgresql_where=text("status = 'new'")),
)

idea = Table(
    "idea",
    metadata,
    *_item(),
    _id("cluster_id", ForeignKey("cluster.id"), nullable=True),
    _word("title"),
    _word("description"),
    _word("content_type"),
    _word("content_structure"),
    _words("target_keywords"),
    _number("estimated_word_count"),
    _word("status"),
    CheckConstraint("status IN ('new', 'queued', 'completed')", name="idea_status"),
    Index("idea_site", "site_id", "id"),
    Index("idea_cluster", "cluster_id", "id"),
    Index("idea_new", "site_id", "id", postgresql_where=text("status = 'new'")),
)

task = Table(
    "task",
    metadata,
    *_item(),
    _id("idea_id", ForeignKey("idea.id"), nullable=True),
    _id("cluster_id", ForeignKey("cluster.id"), nullable=True),
    _word("title"),
    _word("brief"),
    _word("content_type"),
    _word("content_structure"),
    _words("target_keywords"),
    _number("word_count"),
    _word("status"),
    _word("error"),
    _id("content_id", nullable=True),
    UniqueConstraint("idea_id", name="task_one_of_an_idea"),
    CheckConstraint("status IN ('queued', 'in_progress', 'completed', 'failed')", name="task_status"),
    Index("task_site", "site_id", "id"),
    Index("task_queued", "site_id", "id", postgresql_where=text("status = 'queued'")),
)

content = Table(
    "content",
    metadata,
    *_item(),
    _id("task_id", ForeignKey("task.id"), nullable=True),
    _id("cluster_id", ForeignKey("cluster.id"), nullable=True),
    _id("run_id", nullable=True),
    _word("slug"),
    _word("title"),
    # Titles are compared by it: NFKC, any case, single spaces, straight quotes.
    _word("title_normalised"),
    _word("html"),
    _word("excerpt"),
    _word("meta_title"),
    _word("meta_description"),
    _word("primary_keyword"),
    _words("categories"),
    _words("tags"),
    _word("content_type"),
    _word("content_structure"),
    _word("model_name"),
    _word("prompt_version"),
    _flag("images_wanted"),
    _number("word_count"),
    _number("version"),
    _word("status"),
    _word("review_note"),
    _word("site_status"),
    _word("publish_error"),
    _instant("scheduled_publish_at", nullable=True),
    _instant("published_at", nullable=True),
    _word("external_id"),
    _word("external_url"),
    # Where it stands on the calendar, whatever its state; null for what has no time.
    Column(
        "calendar_at",
        DateTime(timezone=True),
        Computed(
            "CASE site_status WHEN 'not_published' THEN NULL WHEN 'published' THEN published_at"
            " ELSE COALESCE(scheduled_publish_at, updated_at) END",
            persisted=True,
        ),
    ),
    UniqueConstraint("site_id", "slug", name="content_slug"),
    UniqueConstraint("task_id", name="content_one_of_a_task"),
    CheckConstraint("status IN ('draft', 'review', 'approved')", name="content_status"),
    CheckConstraint(
        "site_status IN ('not_published', 'scheduled', 'publishing', 'published', 'failed', 'unconfirmed')",
        name="content_site_status",
    ),
    CheckConstraint(
        "site_status <> 'scheduled' OR scheduled_publish_at IS NOT NULL", name="content_scheduled_has_a_time"
    ),
    CheckConstraint(
        "site_status <> 'published' OR published_at IS NOT NULL", name="content_published_has_a_time"
    ),
    Index("content_site", "site_id", "id"),
    Index("content_run", "run_id", "id", postgresql_where=text("run_id IS NOT NULL")),
    Index("content_title", "site_id", "title_normalised"),
    Index("content_draft", "site_id", "id", postgresql_where=text("status = 'draft'")),
    Index(
        "content_unscheduled",
        "site_id",
        "id",
        postgresql_where=text("status = 'approved' AND site_status IN ('not_published', 'failed')"),
    ),
    Index("content_due", "scheduled_publish_at", "id", postgresql_where=text("site_status = 'scheduled'")),
    Index(
        "content_calendar", "site_id", "calendar_at", "id", postgresql_where=text("calendar_at IS NOT NULL")
    ),
    Index(
        "content_published",
        "site_id",
        "published_at",
        "id",
        postgresql_where=text("published_at IS NOT NULL"),
    ),
)

content_version = Table(
    "content_version",
    metadata,
    _id("content_id", ForeignKey("content.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True),
    _word("title"),
    _word("html"),
    _word("excerpt"),
    _word("meta_title"),
    _word("meta_description"),
    _word("primary_keyword"),
    _words("categories"),
    _words("tags"),
    _word("edited_by"),
    _instant("created_at"),
)
"""Every saved text of a content, the newest one too."""

image_blob = Table(
    "image_blob",
    metadata,
    Column("sha256", Text, primary_key=True),
    _word("media_type"),
    _number("width"),
    _number("height"),
    _number("size"),
    Column("data", LargeBinary, nullable=False),
    _instant("created_at"),
    CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="image_blob_sha256"),
    CheckConstraint("size = octet_length(data)", name="image_blob_size"),
)
"""Pictures by the hash of their bytes, each once, whoever uses them."""

image = Table(
    "image",
    metadata,
    *_item(),
    _id("content_id", ForeignKey("content.id", ondelete="CASCADE")),
    _word("image_type"),
    _number("position"),
    _word("prompt"),
    _word("alt_text"),
    _word("model_name"),
    _word("url"),
    Column("content_hash", Text, ForeignKey("image_blob.sha256"), nullable=True),
    _word("media_type"),
    _number("width"),
    _number("height"),
    _word("status"),
    _word("error"),
    UniqueConstraint("content_id", "position", name="image_place"),
    CheckConstraint("image_type IN ('featured', 'in_article')", name="image_type"),
    CheckConstraint("status IN ('pending', 'generated', 'failed')", name="image_status"),
    CheckConstraint("(content_hash IS NOT NULL) = (status = 'generated')", name="image_generated_has_bytes"),
    Index("image_site", "site_id", "id"),
    Index("image_pending", "content_id", postgresql_where=text("status = 'pending'")),
    Index("image_content_hash", "content_hash", postgresql_where=text("content_hash IS NOT NULL")),
)

publication = Table(
    "publication",
    metadata,
    _id("id", primary_key=True),
    _id("account_id"),
    _id("site_id", ForeignKey("site.id")),
    _id("content_id", ForeignKey("content.id")),
    _word("target"),
    Column("marker", Text, nullable=False, unique=True),
    _word("state"),
    _number("attempts"),
    _number("content_version"),
    _word("external_id"),
    _word("external_url"),
    _word("error"),
    # While it is open: nobody else takes it up before this instant of the database's clock.
    _instant("claimed_until", nullable=True),
    _instant("created_at"),
    _instant("updated_at"),
    UniqueConstraint("content_id", "target", name="publication_once"),
    CheckConstraint("target IN ('hosted', 'wordpress', 'webhook')", name="publication_target"),
    CheckConstraint(
        "state IN ('pending', 'delivering', 'published', 'failed', 'unconfirmed', 'retracted')",
        name="publication_state",
    ),
    Index("publication_site", "site_id", "id"),
    Index(
        "publication_open",
        "claimed_until",
        "id",
        postgresql_where=text("state IN ('pending', 'delivering', 'unconfirmed')"),
    ),
)

site_credits = Table(
    "site_credits",
    metadata,
    _id("site_id", primary_key=True),
    _id("account_id", primary_key=True),
    Column("day", Date, primary_key=True),
    Column("credits_used", BigInteger, nullable=False),
    _instant("as_of"),
    CheckConstraint("credits_used >= 0", name="site_credits_never_below_zero"),
)
"""What billing said it charged for a site, by UTC day; a copy for the statistics, never the books."""
