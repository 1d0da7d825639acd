"""The tables of the schema `publisher`."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.publisher.store.columns import (
    facets_index,
    flag_column,
    id_column,
    instant_column,
    item_columns,
    number_column,
    word_column,
    words_column,
    words_of,
)
from services.publisher.store.columns import (
    metadata as metadata,
)
from services.publisher.store.tables_beside import calendar_feed as calendar_feed
from services.publisher.store.tables_beside import connection as connection
from services.publisher.store.tables_beside import content_history as content_history
from services.publisher.store.tables_beside import deleted as deleted
from services.publisher.store.tables_beside import origin as origin
from services.publisher.store.tables_beside import publication as publication
from services.publisher.store.tables_beside import remote_object as remote_object
from services.publisher.store.tables_beside import site_credits as site_credits
from services.publisher.store.tables_beside import site_tally as site_tally

site = Table(
    "site",
    metadata,
    id_column("id", primary_key=True),
    id_column("account_id"),
    word_column("name"),
    Column("slug", Text, nullable=False, unique=True),
    word_column("url"),
    word_column("description"),
    word_column("language"),
    instant_column("created_at"),
    instant_column("updated_at"),
    Index("site_account", "account_id", "name", "id"),
)
"""Its time zone is the one of its publishing settings."""

sector = Table(
    "sector",
    metadata,
    id_column("id", primary_key=True),
    id_column("account_id"),
    id_column("site_id", ForeignKey("site.id")),
    word_column("name"),
    word_column("description"),
    instant_column("created_at"),
    instant_column("updated_at"),
    Index("sector_name", "site_id", func.lower(text("name")), unique=True),
    Index("sector_site", "site_id", "name", "id"),
)

publishing_settings = Table(
    "publishing_settings",
    metadata,
    id_column("site_id", ForeignKey("site.id"), primary_key=True),
    id_column("account_id"),
    word_column("time_zone"),
    flag_column("auto_approve_content"),
    flag_column("auto_schedule"),
    word_column("mode"),
    Column("schedule_interval", JSONB, nullable=False),
    words_column("publish_days"),
    words_column("publish_time_slots"),
    Column("daily_limit", Integer),
    Column("weekly_limit", Integer),
    Column("monthly_limit", Integer),
    word_column("catch_up"),
    Column("quality_gates", JSONB, nullable=False),
    number_column("version"),
    CheckConstraint("mode IN ('slots', 'interval', 'immediate')", name="publishing_settings_mode"),
    CheckConstraint("catch_up IN ('publish_now', 'next_slot', 'hold')", name="publishing_settings_catch_up"),
)
"""The row of a site is its calendar's lock: who reads taken slots to take another one locks it first."""

keyword = Table(
    "keyword",
    metadata,
    *item_columns(),
    word_column("keyword"),
    word_column("normalised"),
    Column("volume", BigInteger),
    flag_column("volume_is_impressions"),
    Column("difficulty", Integer),
    Column("cpc", Numeric),
    word_column("currency", nullable=True),
    word_column("intent", nullable=True),
    word_column("country", nullable=True),
    id_column("cluster_id", ForeignKey("cluster.id"), nullable=True),
    word_column("status"),
    flag_column("disabled"),
    # Lists are sorted by it: unknown volumes come after the searches of 0 a month, and pages need a value.
    Column(
        "volume_rank", BigInteger, Computed("COALESCE(volume, '-1'::bigint)", persisted=True), nullable=False
    ),
    Column("difficulty_rank", Integer, Computed("COALESCE(difficulty, -1)", persisted=True), nullable=False),
    words_of("keyword"),
    CheckConstraint("status IN ('new', 'mapped')", name="keyword_status"),
    CheckConstraint(
        "(cluster_id IS NOT NULL) = (status = 'mapped')", name="keyword_is_mapped_to_its_cluster"
    ),
    UniqueConstraint(
        "site_id", "sector_id", "normalised", name="keyword_once", postgresql_nulls_not_distinct=True
    ),
    Index("keyword_site", "site_id", "volume_rank", "id"),
    Index("keyword_cluster", "cluster_id", "volume_rank", "id"),
    Index("keyword_sector", "sector_id", "volume_rank", "id"),
    Index("keyword_status", "site_id", "status", "volume_rank", "id"),
    Index("keyword_status_created", "site_id", "status", "created_at", "id"),
    Index("keyword_difficulty", "site_id", "difficulty_rank", "id"),
    Index("keyword_text", "site_id", "normalised", "id"),
    Index("keyword_created", "site_id", "created_at", "id"),
    facets_index("keyword", "status", "sector_id", "intent", "country", "disabled"),
    Index("keyword_new", "site_id", "id", postgresql_where=text("status = 'new' AND NOT disabled")),
)

cluster = Table(
    "cluster",
    metadata,
    *item_columns(),
    word_column("name"),
    # Names are compared by it: NFKC, any case, single spaces, straight quotes.
    word_column("name_normalised"),
    word_column("description"),
    number_column("keywords_count"),
    Column("volume", BigInteger, nullable=False),
    word_column("status"),
    words_of("name", "description"),
    CheckConstraint("status IN ('new', 'mapped')", name="cluster_status"),
    UniqueConstraint(
        "site_id", "sector_id", "name_normalised", name="cluster_name", postgresql_nulls_not_distinct=True
    ),
    Index("cluster_site", "site_id", "volume", "id"),
    Index("cluster_status", "site_id", "status", "volume", "id"),
    Index("cluster_keywords", "site_id", "keywords_count", "id"),
    Index("cluster_text", "site_id", "name_normalised", "id"),
    Index("cluster_created", "site_id", "created_at", "id"),
    facets_index("cluster", "status", "sector_id"),
    Index("cluster_new", "site_id", "id", postgresql_where=text("status = 'new'")),
)

idea = Table(
    "idea",
    metadata,
    *item_columns(),
    id_column("cluster_id", ForeignKey("cluster.id"), nullable=True),
    word_column("title"),
    word_column("description"),
    word_column("content_type"),
    word_column("content_structure"),
    words_column("target_keywords"),
    number_column("estimated_word_count"),
    word_column("status"),
    words_of("title", "description"),
    CheckConstraint("status IN ('new', 'queued', 'completed')", name="idea_status"),
    Index("idea_site", "site_id", "created_at", "id"),
    Index("idea_cluster", "cluster_id", "created_at", "id"),
    Index("idea_status", "site_id", "status", "created_at", "id"),
    Index("idea_title", "site_id", "title", "id"),
    facets_index("idea", "status", "sector_id", "content_type", "content_structure"),
    Index("idea_new", "site_id", "id", postgresql_where=text("status = 'new'")),
)

task = Table(
    "task",
    metadata,
    *item_columns(),
    id_column("idea_id", ForeignKey("idea.id"), nullable=True),
    id_column("cluster_id", ForeignKey("cluster.id"), nullable=True),
    word_column("title"),
    word_column("brief"),
    word_column("content_type"),
    word_column("content_structure"),
    words_column("target_keywords"),
    number_column("word_count"),
    word_column("status"),
    word_column("error"),
    id_column("content_id", nullable=True),
    words_of("title", "brief"),
    UniqueConstraint("idea_id", name="task_one_of_an_idea"),
    CheckConstraint("status IN ('queued', 'in_progress', 'completed', 'failed')", name="task_status"),
    Index("task_site", "site_id", "created_at", "id"),
    Index("task_cluster", "cluster_id", "created_at", "id"),
    Index("task_status", "site_id", "status", "created_at", "id"),
    Index("task_title", "site_id", "title", "id"),
    facets_index("task", "status", "sector_id", "content_type", "content_structure"),
    Index("task_queued", "site_id", "id", postgresql_where=text("status = 'queued'")),
)

content = Table(
    "content",
    metadata,
    *item_columns(),
    id_column("task_id", ForeignKey("task.id"), nullable=True),
    id_column("cluster_id", ForeignKey("cluster.id"), nullable=True),
    id_column("run_id", nullable=True),
    word_column("slug"),
    word_column("title"),
    # Titles are compared by it: NFKC, any case, single spaces, straight quotes.
    word_column("title_normalised"),
    word_column("html"),
    word_column("excerpt"),
    word_column("meta_title"),
    word_column("meta_description"),
    word_column("primary_keyword"),
    words_column("categories"),
    words_column("tags"),
    word_column("content_type"),
    word_column("content_structure"),
    word_column("model_name"),
    word_column("prompt_version"),
    flag_column("images_wanted"),
    number_column("word_count"),
    number_column("version"),
    word_column("status"),
    word_column("review_note"),
    word_column("site_status"),
    word_column("publish_error"),
    instant_column("scheduled_publish_at", nullable=True),
    instant_column("published_at", nullable=True),
    word_column("external_id"),
    word_column("external_url"),
    number_column("published_version"),
    # Where it stands on the calendar: the time it is, or was, planned for, or was asked for at once. It stays there when
    # it is published or fails, and is null for what has no time. A trigger keeps both of these.
    instant_column("calendar_at", nullable=True),
    # The time zone and the limits under which that place was taken; null when it was taken without.
    Column("booked_under", JSONB),
    words_of("title", "primary_keyword", "excerpt"),
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
    CheckConstraint(
        "(published_version > 0) = (site_status = 'published')", name="content_published_has_a_version"
    ),
    Index("content_site", "site_id", "created_at", "id"),
    Index("content_run", "run_id", "created_at", "id", postgresql_where=text("run_id IS NOT NULL")),
    Index(
        "content_cluster", "cluster_id", "created_at", "id", postgresql_where=text("cluster_id IS NOT NULL")
    ),
    Index("content_status", "site_id", "status", "created_at", "id"),
    Index("content_delivery", "site_id", "site_status", "created_at", "id"),
    Index("content_status_updated", "site_id", "status", "updated_at", "id"),
    Index("content_delivery_updated", "site_id", "site_status", "updated_at", "id"),
    Index("content_title", "site_id", "title_normalised", "id"),
    Index("content_updated", "site_id", "updated_at", "id"),
    Index("content_length", "site_id", "word_count", "id"),
    facets_index("content", "status", "site_status", "sector_id", "content_type", "content_structure"),
    Index("content_draft", "site_id", "id", postgresql_where=text("status = 'draft'")),
    Index(
        "content_unscheduled",
        "site_id",
        "id",
        postgresql_where=text("status = 'approved' AND site_status IN ('not_published', 'failed')"),
    ),
    Index("content_due", "scheduled_publish_at", "id", postgresql_where=text("site_status = 'scheduled'")),
    Index(
        "content_planned",
        "site_id",
        "scheduled_publish_at",
        "id",
        postgresql_where=text("site_status = 'scheduled'"),
    ),
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
    id_column("content_id", ForeignKey("content.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True),
    word_column("title"),
    word_column("html"),
    word_column("excerpt"),
    word_column("meta_title"),
    word_column("meta_description"),
    word_column("primary_keyword"),
    words_column("categories"),
    words_column("tags"),
    word_column("edited_by"),
    instant_column("created_at"),
)
"""Every saved text of a content, the newest one too."""

image_blob = Table(
    "image_blob",
    metadata,
    Column("sha256", Text, primary_key=True),
    word_column("media_type"),
    number_column("width"),
    number_column("height"),
    number_column("size"),
    Column("data", LargeBinary, nullable=False),
    instant_column("created_at"),
    CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="image_blob_sha256"),
    CheckConstraint("size = octet_length(data)", name="image_blob_size"),
)
"""Pictures by the hash of their bytes, each once, whoever uses them."""

image = Table(
    "image",
    metadata,
    *item_columns(),
    id_column("content_id", ForeignKey("content.id", ondelete="CASCADE")),
    word_column("image_type"),
    number_column("position"),
    word_column("prompt"),
    word_column("alt_text"),
    word_column("model_name"),
    word_column("url"),
    Column("content_hash", Text, ForeignKey("image_blob.sha256"), nullable=True),
    word_column("media_type"),
    number_column("width"),
    number_column("height"),
    word_column("status"),
    word_column("error"),
    words_of("prompt", "alt_text"),
    UniqueConstraint("content_id", "position", name="image_place"),
    CheckConstraint("image_type IN ('featured', 'in_article')", name="image_type"),
    CheckConstraint("status IN ('pending', 'generated', 'failed')", name="image_status"),
    CheckConstraint("(content_hash IS NOT NULL) = (status = 'generated')", name="image_generated_has_bytes"),
    Index("image_site", "site_id", "created_at", "id"),
    Index("image_status", "site_id", "status", "created_at", "id"),
    facets_index("image", "status", "image_type"),
    Index("image_pending", "content_id", postgresql_where=text("status = 'pending'")),
    Index("image_content_hash", "content_hash", postgresql_where=text("content_hash IS NOT NULL")),
)
