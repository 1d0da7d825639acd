"""The tables of the schema `publisher` that stand beside the pipeline: deliveries, feeds, statistics."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from services.publisher.store.columns import (
    flag_column,
    id_column,
    instant_column,
    metadata,
    number_column,
    word_column,
)

calendar_feed = Table(
    "calendar_feed",
    metadata,
    id_column("site_id", ForeignKey("site.id", ondelete="CASCADE"), primary_key=True),
    id_column("account_id"),
    Column("secret_hash", Text, nullable=False, unique=True),
    word_column("created_by"),
    instant_column("created_at"),
    CheckConstraint("secret_hash ~ '^[0-9a-f]{64}$'", name="calendar_feed_secret_hash"),
)
"""Who has the secret reads the site's calendar; only its SHA-256 is kept."""

publication = Table(
    "publication",
    metadata,
    id_column("id", primary_key=True),
    id_column("account_id"),
    id_column("site_id", ForeignKey("site.id")),
    id_column("content_id", ForeignKey("content.id")),
    word_column("target"),
    Column("marker", Text, nullable=False, unique=True),
    word_column("state"),
    number_column("attempts"),
    number_column("content_version"),
    number_column("deliveries"),
    word_column("action"),
    number_column("published_version"),
    word_column("external_id"),
    word_column("external_url"),
    word_column("error"),
    # While it is open: nobody else takes it up before this instant of the database's clock.
    instant_column("claimed_until", nullable=True),
    instant_column("created_at"),
    instant_column("updated_at"),
    UniqueConstraint("content_id", "target", name="publication_once"),
    CheckConstraint("target IN ('hosted', 'wordpress', 'webhook')", name="publication_target"),
    CheckConstraint(
        "state IN ('pending', 'delivering', 'published', 'failed', 'unconfirmed', 'retracted')",
        name="publication_state",
    ),
    CheckConstraint("action IN ('publish', 'unpublish')", name="publication_action"),
    CheckConstraint(
        "published_version > 0 OR (state <> 'published' AND action = 'publish') OR state = 'retracted'",
        name="publication_published_has_a_version",
    ),
    Index("publication_site", "site_id", "id"),
    Index("publication_there", "site_id", "target", "id", postgresql_where=text("published_version > 0")),
    # Readers see a content at one place at most.
    Index("publication_shown", "content_id", unique=True, postgresql_where=text("published_version > 0")),
    Index(
        "publication_open",
        "claimed_until",
        "id",
        postgresql_where=text("state IN ('pending', 'delivering', 'unconfirmed')"),
    ),
)

connection = Table(
    "connection",
    metadata,
    id_column("site_id", ForeignKey("site.id", ondelete="CASCADE"), primary_key=True),
    id_column("account_id"),
    word_column("target"),
    word_column("url"),
    word_column("username"),
    # Sealed by chassis.sealing under the key `key_id`, bound to the account and the site.
    word_column("key_id"),
    Column("sealed", LargeBinary, nullable=False),
    instant_column("overlap_ends_at", nullable=True),
    word_column("status"),
    word_column("cause", nullable=True),
    word_column("reason"),
    flag_column("loss_told"),
    instant_column("tested_at", nullable=True),
    number_column("version"),
    word_column("actor"),
    instant_column("created_at"),
    instant_column("updated_at"),
    # Where and when reading back goes on.
    instant_column("read_back_due_at", nullable=True),
    id_column("read_back_after", nullable=True),
    # A site without a row is shown by the built-in target.
    CheckConstraint("target IN ('wordpress', 'webhook')", name="connection_target"),
    CheckConstraint("status IN ('untested', 'connected', 'lost')", name="connection_status"),
    CheckConstraint("(status = 'lost') = (cause IS NOT NULL)", name="connection_lost_has_a_cause"),
)

remote_object = Table(
    "remote_object",
    metadata,
    id_column("site_id", ForeignKey("site.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    id_column("account_id"),
    word_column("remote_id"),
    word_column("remote_url"),
    instant_column("updated_at"),
    CheckConstraint("kind IN ('post', 'media', 'category', 'tag')", name="remote_object_kind"),
)
"""What we made or found at a target, booked step by step, so that a crash makes nothing twice."""

deleted = Table(
    "deleted",
    metadata,
    id_column("id", primary_key=True),
    id_column("site_id"),
    word_column("noun"),
    instant_column("deleted_at"),
    id_column("made_from", nullable=True),
    Index("deleted_made_from", "made_from", postgresql_where=text("made_from IS NOT NULL")),
)
"""Ids of what people deleted, noted by triggers on the tables of the pipeline; nothing of what it was."""

site_tally = Table(
    "site_tally",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    id_column("site_id"),
    word_column("noun"),
    word_column("state"),
    Column("day", Date, nullable=False),
    Column("count", BigInteger, nullable=False),
    flag_column("folded"),
    Index("site_tally_site", "site_id", "day"),
    Index("site_tally_unfolded", "site_id", postgresql_where=text("NOT folded")),
)
"""How many things of a noun and state, made on a UTC day, each change added; the sum is how many there are.

Triggers on the tables of the pipeline add rows, so that no write can forget it. `fold` puts rows together."""

site_credits = Table(
    "site_credits",
    metadata,
    id_column("site_id", primary_key=True),
    id_column("account_id", primary_key=True),
    Column("day", Date, primary_key=True),
    Column("credits_used", BigInteger, nullable=False),
    instant_column("as_of"),
    CheckConstraint("credits_used >= 0", name="site_credits_never_below_zero"),
)
"""What billing said it charged for a site, by UTC day; a copy for the statistics, never the books."""

content_history = Table(
    "content_history",
    metadata,
    id_column("id", primary_key=True),
    id_column("account_id"),
    id_column("content_id", ForeignKey("content.id", ondelete="CASCADE")),
    word_column("action"),
    word_column("actor"),
    word_column("note"),
    number_column("version"),
    instant_column("occurred_at"),
    Index("content_history_content", "content_id", "id"),
)
"""Who did what with content and when; only ever added."""

origin = Table(
    "origin",
    metadata,
    id_column("id", primary_key=True),
    id_column("account_id"),
    id_column("content_id", ForeignKey("content.id", ondelete="CASCADE")),
    id_column("image_id", ForeignKey("image.id", ondelete="CASCADE"), nullable=True),
    word_column("step"),
    id_column("ai_task_id"),
    id_column("item_id"),
    word_column("model_name"),
    word_column("prompt_version"),
    Column("credits_used", BigInteger, nullable=False),
    instant_column("created_at"),
    UniqueConstraint(
        "content_id", "step", "image_id", name="origin_once", postgresql_nulls_not_distinct=True
    ),
    CheckConstraint("step IN ('article', 'image_prompts', 'picture')", name="origin_step"),
    Index("origin_charged", "ai_task_id", "item_id"),
    Index("origin_image", "image_id", postgresql_where=text("image_id IS NOT NULL")),
)
"""Which AI task made an article, what its pictures should show, or a picture; credits as billing's events said."""
