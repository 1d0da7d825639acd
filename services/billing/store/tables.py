"""The tables of the schema `billing`. Names that start with `igny8_billing_` are part of the public contract."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from chassis.tables import chassis_tables

metadata = MetaData()
chassis_tables(metadata)


def _id(name: str, *constraints: Any, nullable: bool = False, primary_key: bool = False) -> Column[str]:
    return Column(name, Uuid(as_uuid=False), *constraints, nullable=nullable, primary_key=primary_key)


def _instant(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _money(name: str) -> Column[Any]:
    return Column(name, Numeric, nullable=False)


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _word(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


account = Table(
    "account",
    metadata,
    _id("id", primary_key=True),
    _word("name"),
    Column("suspended", Boolean, nullable=False),
    _instant("created_at"),
)

user = Table(
    "user",
    metadata,
    _id("id", primary_key=True),
    _id("account_id", ForeignKey("account.id")),
    Column("email", Text, nullable=False, unique=True),
    _word("name"),
    _word("role"),
    _word("password_hash"),
    _instant("created_at"),
    CheckConstraint("role IN ('viewer', 'editor', 'owner')", name="user_role"),
    Index("user_account", "account_id"),
)

api_key = Table(
    "api_key",
    metadata,
    _id("id", primary_key=True),
    _id("account_id", ForeignKey("account.id"), nullable=True),
    _word("name"),
    _word("prefix"),
    Column("secret_hash", Text, nullable=False, unique=True),
    _word("scope"),
    _instant("created_at"),
    _instant("expires_at", nullable=True),
    _instant("revoked_at", nullable=True),
    CheckConstraint("scope IN ('read', 'write', 'admin')", name="api_key_scope"),
    Index("api_key_account", "account_id", "id"),
)
"""A key without an account is an operator's."""

model_price = Table(
    "igny8_billing_aimodelconfig",
    metadata,
    _id("id", primary_key=True),
    _word("model_name"),
    _word("provider"),
    _word("kind"),
    _money("cost_per_1k_input"),
    _money("cost_per_1k_output"),
    _money("cost_per_image"),
    _count("tokens_per_credit"),
    _count("credits_per_image"),
    _instant("effective_from"),
    Column("is_active", Boolean, nullable=False),
    _word("source"),
    _instant("created_at"),
    _word("created_by"),
    CheckConstraint("kind IN ('text', 'image')", name="aimodelconfig_kind"),
    CheckConstraint(
        "(kind = 'text' AND tokens_per_credit > 0) OR (kind = 'image' AND credits_per_image > 0)",
        name="aimodelconfig_is_never_free",
    ),
    CheckConstraint(
        "cost_per_1k_input >= 0 AND cost_per_1k_output >= 0 AND cost_per_image >= 0",
        name="aimodelconfig_costs",
    ),
    UniqueConstraint("model_name", "effective_from", name="aimodelconfig_version"),
    Index("aimodelconfig_in_force", "model_name", unique=True, postgresql_where=text("is_active")),
)
"""Versions of prices. Only `is_active` may be updated: it shows which version is in force."""

billing_configuration = Table(
    "billing_configuration",
    metadata,
    _id("id", primary_key=True),
    _money("default_credit_price_usd"),
    Column("minimum_by_operation", JSONB, nullable=False),
    _instant("effective_from"),
    _word("created_by"),
    Index("billing_configuration_effective_from", "effective_from"),
)

credit_account = Table(
    "credit_account",
    metadata,
    _id("account_id", ForeignKey("account.id"), primary_key=True),
    _count("credits"),
    _count("reserved"),
    _count("sequence"),
    _instant("updated_at"),
    CheckConstraint("reserved >= 0 AND credits >= reserved", name="credit_account_never_below_zero"),
    # It is updated with every line of the ledger; the room lets that stay on its page.
    postgresql_with={"fillfactor": 50},
)

credit_grant = Table(
    "credit_grant",
    metadata,
    _id("id", primary_key=True),
    _id("account_id", ForeignKey("account.id")),
    _word("category"),
    _count("amount"),
    _count("remaining"),
    _count("reserved"),
    Column("priority", Integer, nullable=False),
    _instant("expires_at", nullable=True),
    _word("description"),
    _instant("created_at"),
    CheckConstraint("category IN ('plan', 'paid', 'promotional')", name="credit_grant_category"),
    CheckConstraint(
        "reserved >= 0 AND remaining >= reserved AND amount >= remaining",
        name="credit_grant_never_below_zero",
    ),
    Index("credit_grant_account", "account_id", "id"),
    Index("credit_grant_remaining", "account_id", postgresql_where=text("remaining > 0")),
    Index(
        "credit_grant_expiry",
        "expires_at",
        postgresql_where=text("remaining > reserved AND expires_at IS NOT NULL"),
    ),
    postgresql_with={"fillfactor": 50},
)

quote = Table(
    "quote",
    metadata,
    _id("id", primary_key=True),
    _id("account_id", ForeignKey("account.id")),
    _word("operation_type"),
    _word("model_name"),
    _id("price_id", ForeignKey("igny8_billing_aimodelconfig.id")),
    _count("items"),
    _count("expected_credits"),
    _count("maximum_credits"),
    _money("credit_price_usd"),
    _count("minimum_credits"),
    _instant("expires_at"),
    _instant("created_at"),
    Index("quote_expiry", "expires_at"),
)

reservation = Table(
    "reservation",
    metadata,
    _id("id", primary_key=True),
    _id("account_id", ForeignKey("account.id")),
    # A quote is forgotten some time after it expired; what it pinned stands here.
    _id("quote_id"),
    _word("operation_type"),
    _word("model_name"),
    _id("price_id", ForeignKey("igny8_billing_aimodelconfig.id")),
    _money("credit_price_usd"),
    _count("minimum_credits"),
    _count("amount"),
    _count("captured"),
    _count("released"),
    _word("status"),
    _id("site_id", nullable=True),
    _id("run_id", nullable=True),
    _id("ai_task_id", nullable=True),
    _instant("expires_at"),
    _instant("created_at"),
    CheckConstraint("status IN ('active', 'captured', 'released', 'expired')", name="reservation_status"),
    CheckConstraint(
        "amount > 0 AND captured >= 0 AND released >= 0 AND"
        " (captured + released = amount OR (status = 'active' AND captured + released < amount))",
        name="reservation_adds_up",
    ),
    Index("reservation_account", "account_id", "id"),
    Index("reservation_active", "account_id", "expires_at", postgresql_where=text("status = 'active'")),
    Index("reservation_expiry", "expires_at", postgresql_where=text("status = 'active'")),
)

credit_transaction = Table(
    "igny8_billing_credittransaction",
    metadata,
    _id("id", primary_key=True),
    _id("account_id", ForeignKey("account.id")),
    _count("sequence"),
    _word("transaction_type"),
    _count("amount"),
    _count("reserved_amount"),
    _count("balance_after"),
    _count("reserved_after"),
    _word("operation_type"),
    _word("description"),
    _word("actor"),
    _id("related_id", nullable=True),
    _id("run_id", nullable=True),
    Column("metadata", JSONB, nullable=False),
    _instant("created_at"),
    UniqueConstraint("account_id", "sequence", name="credittransaction_sequence"),
    CheckConstraint(
        "transaction_type IN"
        " ('grant', 'hold', 'release', 'deduction', 'reversal', 'expiry', 'adjustment', 'void')",
        name="credittransaction_type",
    ),
    CheckConstraint(
        "sequence > 0 AND reserved_after >= 0 AND balance_after >= reserved_after",
        name="credittransaction_never_below_zero",
    ),
    CheckConstraint(
        "CASE transaction_type"
        " WHEN 'grant' THEN amount > 0 AND reserved_amount = 0"
        " WHEN 'hold' THEN amount = 0 AND reserved_amount > 0"
        " WHEN 'release' THEN amount = 0 AND reserved_amount < 0"
        " WHEN 'deduction' THEN amount <= 0 AND reserved_amount <= 0"
        " WHEN 'expiry' THEN amount < 0 AND reserved_amount = 0"
        " ELSE true END",
        name="credittransaction_signs",
    ),
    Index("credittransaction_run", "account_id", "run_id", postgresql_where=text("run_id IS NOT NULL")),
)
"""The ledger. Append-only: neither the service's role nor anybody else can update or delete a line."""

credit_draw = Table(
    "credit_draw",
    metadata,
    _id("transaction_id", ForeignKey("igny8_billing_credittransaction.id")),
    _id("grant_id", ForeignKey("credit_grant.id")),
    _id("reservation_id", ForeignKey("reservation.id"), nullable=True),
    _count("amount"),
    _count("reserved_amount"),
    PrimaryKeyConstraint("transaction_id", "grant_id"),
    Index("credit_draw_grant", "grant_id"),
    Index("credit_draw_reservation", "reservation_id", postgresql_where=text("reservation_id IS NOT NULL")),
)
"""What each ledger line changed at each grant. Append-only like the ledger."""

credit_usage = Table(
    "igny8_billing_creditusagelog",
    metadata,
    _id("id", primary_key=True),
    _id("account_id", ForeignKey("account.id")),
    _id("transaction_id", ForeignKey("igny8_billing_credittransaction.id")),
    _id("reservation_id", ForeignKey("reservation.id")),
    _word("operation_type"),
    _word("model_name"),
    _id("price_id", ForeignKey("igny8_billing_aimodelconfig.id")),
    _count("input_tokens"),
    _count("output_tokens"),
    _count("images"),
    _count("credits_used"),
    _money("cost_usd"),
    _word("cost_source"),
    _money("credit_price_usd"),
    _money("credit_value_usd"),
    _count("platform_loss_credits"),
    _id("site_id", nullable=True),
    _id("run_id", nullable=True),
    _id("ai_task_id", nullable=True),
    _word("item_id"),
    _instant("created_at"),
    UniqueConstraint("transaction_id", name="creditusagelog_transaction"),
    UniqueConstraint("reservation_id", "item_id", name="creditusagelog_item"),
    CheckConstraint("cost_source IN ('reported', 'computed')", name="creditusagelog_cost_source"),
    CheckConstraint(
        "credits_used >= 0 AND platform_loss_credits >= 0 AND cost_usd >= 0", name="creditusagelog_amounts"
    ),
    CheckConstraint("credit_value_usd = credits_used * credit_price_usd", name="creditusagelog_value"),
    Index("creditusagelog_account", "account_id", "id"),
    Index("creditusagelog_run", "account_id", "run_id", postgresql_where=text("run_id IS NOT NULL")),
)
"""What captures paid for. Append-only like the ledger."""

APPEND_ONLY = (credit_transaction, credit_draw, credit_usage, billing_configuration)
"""Tables of which UPDATE and DELETE are refused, by grant and by trigger."""
