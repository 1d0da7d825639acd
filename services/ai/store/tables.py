"""The tables of the schema `ai`. The names that start with igny8_ are part of the contract."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from chassis.tables import chassis_tables

metadata: Final = MetaData(schema="ai")


def _id(name: str = "id", *, primary_key: bool = False, nullable: bool = False) -> Column[str]:
    return Column(name, Uuid(as_uuid=False), primary_key=primary_key, nullable=nullable)


def _instant(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


def _credits(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0")


def _words(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


ai_task = Table(
    "igny8_ai_task_logs",
    metadata,
    _id(primary_key=True),
    _id("account_id", nullable=False),
    _id("site_id", nullable=False),
    _id("run_id", nullable=True),
    Column("function_name", Text, nullable=False),
    Column("operation_type", Text, nullable=False),
    _words("model_name"),
    _words("prompt_version"),
    Column("status", Text, nullable=False),
    Column("phase", Text, nullable=False),
    _count("items_total"),
    _count("items_done"),
    _count("items_failed"),
    _count("outputs"),
    _credits("credits_used"),
    Column("cost", Numeric, nullable=False, server_default="0"),
    Column("payload", JSONB, nullable=False),
    Column("result", JSONB, nullable=False),
    _words("reason"),
    _words("error"),
    _count("attempts"),
    _id("quote_id", nullable=True),
    _credits("credits_quoted"),
    _id("reservation_id", nullable=True),
    Column("actor", Text, nullable=False),
    _instant("created_at"),
    _instant("updated_at"),
    _instant("finished_at", nullable=True),
    Column("cancelling", Boolean, nullable=False, server_default="false"),
    # Of one that was started by hand: null while it waits until fewer jobs of its account do.
    _instant("handed_out_at", nullable=True),
    CheckConstraint("status IN ('pending', 'success', 'error', 'cancelled')", name="ai_task_status"),
    Index("ai_task_by_account", "account_id", "created_at", "id"),
    Index("ai_task_by_run", "run_id", "id"),
    Index("ai_task_pending", "updated_at", postgresql_where=text("status = 'pending'")),
    Index(
        "ai_task_by_hand",
        "account_id",
        "id",
        postgresql_where=text("status = 'pending' AND run_id IS NULL"),
    ),
)

task_item = Table(
    "task_item",
    metadata,
    Column(
        "task_id",
        Uuid(as_uuid=False),
        ForeignKey("ai.igny8_ai_task_logs.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("position", Integer, primary_key=True),
    _id("item_id", nullable=False),
    Column("label", Text, nullable=False),
    Column("input", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    # What the calls of an item before its last one came to, until it ends.
    Column("drafts", JSONB, nullable=False, server_default="[]"),
    # The provider's answer lives here from the moment it came until its output is saved and charged.
    Column("answer_data", LargeBinary),
    Column("answer_meta", JSONB),
    Column("repaired", Boolean, nullable=False, server_default="false"),
    Column("output", JSONB, nullable=False),
    _credits("credits_used"),
    Column("cost", Numeric, nullable=False, server_default="0"),
    _words("reason"),
    _words("error"),
    UniqueConstraint("task_id", "item_id", name="task_item_once"),
    CheckConstraint("status IN ('pending', 'answered', 'done', 'failed')", name="task_item_status"),
)

automation_config = Table(
    "automation_config",
    metadata,
    _id("site_id", primary_key=True),
    _id("account_id", nullable=False),
    Column("stages", JSONB, nullable=False),
    _credits("max_credits_per_run"),
    Column("max_in_article_images", Integer, nullable=False),
    _words("text_model"),
    _words("image_model"),
    Column("version", Integer, nullable=False),
    _instant("updated_at"),
    Column("scheduled", Boolean, nullable=False, server_default="false"),
    Column("frequency", Text, nullable=False, server_default="daily"),
    # Local times of the site: only `planned_from` and `next_run_at` are instants.
    Column("scheduled_time", Time, nullable=False, server_default="09:00"),
    Column("scheduled_weekday", SmallInteger, nullable=False, server_default="1"),
    Column("scheduled_month_day", SmallInteger, nullable=False, server_default="1"),
    Column("time_zone", Text, nullable=False, server_default="UTC"),
    _instant("zone_read_at", nullable=True),
    _instant("planned_from", nullable=True),
    _instant("next_run_at", nullable=True),
    CheckConstraint("frequency IN ('daily', 'weekly', 'monthly')", name="automation_config_frequency"),
    CheckConstraint("scheduled = (next_run_at IS NOT NULL)", name="automation_config_planned"),
    Index("automation_config_due", "next_run_at", postgresql_where=text("scheduled")),
    Index("automation_config_zone", "zone_read_at", postgresql_where=text("scheduled")),
)

planned_run = Table(
    "planned_run",
    metadata,
    _id(primary_key=True),
    _id("account_id", nullable=False),
    _id("site_id", nullable=False),
    _instant("planned_at"),
    _count("missed"),
    Column("status", Text, nullable=False),
    _id("run_id", nullable=True),
    _words("reason"),
    _words("detail"),
    _instant("created_at"),
    _instant("updated_at"),
    # The claim: however many processes look, one of them writes the row of a planned instant.
    UniqueConstraint("site_id", "planned_at", name="planned_run_once"),
    CheckConstraint("status IN ('waiting', 'started', 'skipped')", name="planned_run_status"),
    Index("planned_run_waiting", "planned_at", postgresql_where=text("status = 'waiting'")),
)

provider_key = Table(
    "provider_key",
    metadata,
    _id("account_id", primary_key=True),
    Column("provider", Text, primary_key=True),
    # Which key of the ring the secret is sealed under (chassis/sealing.py).
    Column("key_id", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    _words("last4"),
    Column("actor", Text, nullable=False),
    _instant("created_at"),
    _instant("updated_at"),
)

default_models = Table(
    "default_models",
    metadata,
    _id("account_id", primary_key=True),
    Column("models", JSONB, nullable=False),
    Column("version", Integer, nullable=False),
    _instant("updated_at"),
)

automation_run = Table(
    "automation_run",
    metadata,
    _id(primary_key=True),
    _id("account_id", nullable=False),
    _id("site_id", nullable=False),
    Column("status", Text, nullable=False),
    _words("pause_reason"),
    _words("pause_scope"),
    _words("pause_detail"),
    _words("error"),
    _credits("max_credits"),
    Column("max_in_article_images", Integer, nullable=False),
    # The model of each function, chosen at the start.
    Column("models", JSONB, nullable=False, server_default="{}"),
    Column("sequence", BigInteger, nullable=False, server_default="0"),
    Column("actor", Text, nullable=False),
    _instant("created_at"),
    _instant("updated_at"),
    _instant("finished_at", nullable=True),
    Column("trigger", Text, nullable=False, server_default="manual"),
    _instant("paused_at", nullable=True),
    _count("paused_seconds"),
    _count("expected_seconds"),
    CheckConstraint("trigger IN ('manual', 'scheduled')", name="automation_run_trigger"),
    # One active run per site, whoever asks and however many ask at once; every final state frees the place.
    Index(
        "automation_run_one_active_per_site",
        "site_id",
        unique=True,
        postgresql_where=text("status IN ('running', 'pausing', 'paused', 'cancelling')"),
    ),
    Index("automation_run_by_site", "site_id", "created_at", "id"),
    Index("automation_run_running", "account_id", postgresql_where=text("status = 'running'")),
)

run_stage = Table(
    "run_stage",
    metadata,
    Column(
        "run_id",
        Uuid(as_uuid=False),
        ForeignKey("ai.automation_run.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("stage", SmallInteger, primary_key=True),
    Column("enabled", Boolean, nullable=False),
    Column("batch_size", Integer, nullable=False),
    Column("concurrency", Integer, nullable=False),
    Column("max_items", Integer, nullable=False),
    *(_count(name) for name in ("inputs", "total", "done", "failed", "skipped", "in_flight", "outputs")),
    _credits("credits_used"),
    _credits("credits_awaited"),
    _count("expected"),
    _credits("credits_expected"),
    _credits("credits_low"),
    _credits("credits_high"),
    _words("estimate_basis"),
    CheckConstraint("in_flight >= 0 AND done + failed + skipped <= total", name="run_stage_counts"),
)

run_item = Table(
    "run_item",
    metadata,
    _id(primary_key=True),
    Column(
        "run_id", Uuid(as_uuid=False), ForeignKey("ai.automation_run.id", ondelete="CASCADE"), nullable=False
    ),
    _id("account_id", nullable=False),
    Column("stage", SmallInteger, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("label", Text, nullable=False),
    Column("input_ids", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    Column("dispatched", Boolean, nullable=False, server_default="false"),
    _instant("handed_out_at", nullable=True),
    _count("attempts"),
    _id("ai_task_id", nullable=True),
    _credits("credits_held"),
    _credits("credits_used"),
    _words("outcome"),
    _words("error"),
    _instant("created_at"),
    _instant("updated_at"),
    Column("cost", Numeric, nullable=False, server_default="0"),
    _credits("input_tokens"),
    _credits("output_tokens"),
    _count("outputs"),
    Column("output_ids", JSONB, nullable=False, server_default="[]"),
    _count("retries"),
    UniqueConstraint("run_id", "stage", "ordinal", name="run_item_ordinal"),
    CheckConstraint("status IN ('queued', 'running', 'done', 'failed', 'skipped')", name="run_item_status"),
    Index("run_item_handed_out", "handed_out_at", postgresql_where=text("status IN ('queued', 'running')")),
    # Every change of a run reads these, each in the order of its index: what it costs must not grow with the run.
    Index(
        "run_item_queued",
        "run_id",
        text("dispatched DESC"),
        text("stage DESC"),
        "ordinal",
        postgresql_where=text("status = 'queued'"),
    ),
    Index("run_item_running", "run_id", "stage", "ordinal", postgresql_where=text("status = 'running'")),
    Index(
        "run_item_ended",
        "run_id",
        text("updated_at DESC"),
        text("id DESC"),
        postgresql_where=text("status IN ('done', 'failed')"),
    ),
    Index("run_item_holding", "run_id", postgresql_where=text("credits_held > 0")),
)

run_input = Table(
    "run_input",
    metadata,
    # A stage of a run takes each input once, however many items of the stage before lead to it.
    Column(
        "run_id",
        Uuid(as_uuid=False),
        ForeignKey("ai.automation_run.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("stage", SmallInteger, primary_key=True),
    _id("input_id", primary_key=True),
)

job_lease = Table(
    "job_lease",
    metadata,
    # The AI task or run item a worker is at.
    _id("subject_id", primary_key=True),
    Column("owner", Text, nullable=False),
    # Rises with each claim, also over rows that were deleted meanwhile: a write that names an older epoch comes from
    # a worker that was given up.
    Column("epoch", BigInteger, Identity(), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

chassis_tables(metadata)
