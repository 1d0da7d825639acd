"""The tables of the schema `billing`. Names that start with `igny8_billing_` are part of the public contract."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.billing.store.account_tables import account as account
from services.billing.store.account_tables import api_key as api_key
from services.billing.store.account_tables import invitation as invitation
from services.billing.store.account_tables import refresh_token as refresh_token
from services.billing.store.account_tables import session as session
from services.billing.store.account_tables import sign_in_count as sign_in_count
from services.billing.store.account_tables import user as user
from services.billing.store.audit_table import audit_entry as audit_entry
from services.billing.store.columns import count, id_column, instant, money, word
from services.billing.store.columns import metadata as metadata

model_price = Table(
    "igny8_billing_aimodelconfig",
    metadata,
    id_column("id", primary_key=True),
    word("model_name"),
    word("provider"),
    word("kind"),
    money("cost_per_1k_input"),
    money("cost_per_1k_output"),
    money("cost_per_image"),
    count("tokens_per_credit"),
    count("credits_per_image"),
    instant("effective_from"),
    Column("is_active", Boolean, nullable=False),
    word("source"),
    instant("created_at"),
    word("created_by"),
    money("cost_per_1k_cached_input", nullable=True),
    money("cost_per_1k_reasoning", nullable=True),
    money("weight_cached_input", nullable=True),
    money("weight_output", nullable=True),
    money("weight_reasoning", nullable=True),
    Column("image_variants", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    CheckConstraint("kind IN ('text', 'image')", name="aimodelconfig_kind"),
    CheckConstraint(
        "(kind = 'text' AND tokens_per_credit > 0) OR (kind = 'image' AND credits_per_image > 0)",
        name="aimodelconfig_is_never_free",
    ),
    CheckConstraint(
        "cost_per_1k_input >= 0 AND cost_per_1k_output >= 0 AND cost_per_image >= 0",
        name="aimodelconfig_costs",
    ),
    CheckConstraint(
        "cost_per_1k_cached_input >= 0 AND cost_per_1k_reasoning >= 0", name="aimodelconfig_costs_of_parts"
    ),
    CheckConstraint(
        "weight_cached_input > 0 AND weight_output > 0 AND weight_reasoning > 0", name="aimodelconfig_weights"
    ),
    UniqueConstraint("model_name", "effective_from", name="aimodelconfig_version"),
    Index("aimodelconfig_in_force", "model_name", unique=True, postgresql_where=text("is_active")),
)
"""Versions of prices. Only `is_active` may be updated: it shows which version is in force."""

billing_configuration = Table(
    "billing_configuration",
    metadata,
    id_column("id", primary_key=True),
    money("default_credit_price_usd"),
    Column("minimum_by_operation", JSONB, nullable=False),
    instant("effective_from"),
    word("created_by"),
    Index("billing_configuration_effective_from", "effective_from"),
)

credit_account = Table(
    "credit_account",
    metadata,
    id_column("account_id", ForeignKey("account.id"), primary_key=True),
    count("credits"),
    count("reserved"),
    count("sequence"),
    instant("updated_at"),
    Column("hash", LargeBinary, nullable=False),
    Column("low_threshold", BigInteger),
    word("level"),
    CheckConstraint("reserved >= 0 AND credits >= reserved", name="credit_account_never_below_zero"),
    CheckConstraint("low_threshold >= 0", name="credit_account_low_threshold"),
    CheckConstraint("level IN ('new', 'normal', 'low', 'depleted')", name="credit_account_level"),
    # It is updated with every line of the ledger; the room lets that stay on its page.
    postgresql_with={"fillfactor": 50},
)
"""What an account has. `hash` is that of its ledger's last line; no threshold means the usual one."""

credit_grant = Table(
    "credit_grant",
    metadata,
    id_column("id", primary_key=True),
    id_column("account_id", ForeignKey("account.id")),
    word("category"),
    count("amount"),
    count("remaining"),
    count("reserved"),
    Column("priority", Integer, nullable=False),
    instant("expires_at", nullable=True),
    word("description"),
    instant("created_at"),
    instant("voided_at", nullable=True),
    instant("effective_at", nullable=True),
    Column("is_pending", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("category IN ('plan', 'paid', 'promotional')", name="credit_grant_category"),
    CheckConstraint(
        "reserved >= 0 AND remaining >= reserved AND amount >= remaining",
        name="credit_grant_never_below_zero",
    ),
    CheckConstraint(
        "NOT is_pending OR (remaining = 0 AND effective_at IS NOT NULL)", name="credit_grant_pending"
    ),
    Index("credit_grant_account", "account_id", "id"),
    Index("credit_grant_open", "account_id", postgresql_where=text("remaining > 0 OR is_pending")),
    Index("credit_grant_beginning", "effective_at", postgresql_where=text("is_pending")),
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
    id_column("id", primary_key=True),
    id_column("account_id", ForeignKey("account.id")),
    word("operation_type"),
    word("model_name"),
    id_column("price_id", ForeignKey("igny8_billing_aimodelconfig.id")),
    count("items"),
    count("expected_credits"),
    count("maximum_credits"),
    money("credit_price_usd"),
    count("minimum_credits"),
    instant("expires_at"),
    instant("created_at"),
    Index("quote_expiry", "expires_at"),
)

reservation = Table(
    "reservation",
    metadata,
    id_column("id", primary_key=True),
    id_column("account_id", ForeignKey("account.id")),
    # A quote is forgotten some time after it expired; what it pinned stands here.
    id_column("quote_id"),
    word("operation_type"),
    word("model_name"),
    id_column("price_id", ForeignKey("igny8_billing_aimodelconfig.id")),
    money("credit_price_usd"),
    count("minimum_credits"),
    count("amount"),
    count("captured"),
    count("released"),
    word("status"),
    id_column("site_id", nullable=True),
    id_column("run_id", nullable=True),
    id_column("ai_task_id", nullable=True),
    instant("expires_at"),
    instant("created_at"),
    id_column("api_key_id", nullable=True),
    count("captured_late", server_default=text("0")),
    CheckConstraint("status IN ('active', 'captured', 'released', 'expired')", name="reservation_status"),
    CheckConstraint(
        "amount > 0 AND captured >= 0 AND released >= 0 AND"
        " (captured + released = amount OR (status = 'active' AND captured + released < amount))",
        name="reservation_adds_up",
    ),
    CheckConstraint(
        "captured_late >= 0 AND captured_late <= released AND (captured_late = 0 OR status = 'expired')",
        name="reservation_captured_late",
    ),
    Index("reservation_account", "account_id", "id"),
    Index("reservation_active", "account_id", "expires_at", postgresql_where=text("status = 'active'")),
    Index("reservation_expiry", "expires_at", postgresql_where=text("status = 'active'")),
)

credit_transaction = Table(
    "igny8_billing_credittransaction",
    metadata,
    id_column("id", primary_key=True),
    id_column("account_id", ForeignKey("account.id")),
    count("sequence"),
    word("transaction_type"),
    count("amount"),
    count("reserved_amount"),
    count("balance_after"),
    count("reserved_after"),
    word("operation_type"),
    word("description"),
    word("actor"),
    id_column("related_id", nullable=True),
    id_column("run_id", nullable=True),
    Column("metadata", JSONB, nullable=False),
    instant("created_at"),
    Column("hash", LargeBinary, nullable=False),
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
        " WHEN 'reversal' THEN amount > 0 AND reserved_amount = 0"
        " WHEN 'expiry' THEN amount < 0 AND reserved_amount = 0"
        " WHEN 'void' THEN amount < 0 AND reserved_amount = 0"
        " ELSE true END",
        name="credittransaction_signs",
    ),
    Index("credittransaction_run", "account_id", "run_id", postgresql_where=text("run_id IS NOT NULL")),
    Index(
        "credittransaction_reversed",
        "related_id",
        unique=True,
        postgresql_where=text("transaction_type = 'reversal'"),
    ),
)
"""The ledger, each line with the hash of the one before and itself (`ledger_line_hash` in the schema).

Append-only: neither the service's role nor anybody else can update or delete a line."""

credit_draw = Table(
    "credit_draw",
    metadata,
    id_column("transaction_id", ForeignKey("igny8_billing_credittransaction.id")),
    id_column("grant_id", ForeignKey("credit_grant.id")),
    id_column("reservation_id", ForeignKey("reservation.id"), nullable=True),
    count("amount"),
    count("reserved_amount"),
    PrimaryKeyConstraint("transaction_id", "grant_id"),
    Index("credit_draw_grant", "grant_id"),
    Index("credit_draw_reservation", "reservation_id", postgresql_where=text("reservation_id IS NOT NULL")),
)
"""What each ledger line changed at each grant. Append-only like the ledger."""

credit_usage = Table(
    "igny8_billing_creditusagelog",
    metadata,
    id_column("id", primary_key=True),
    id_column("account_id", ForeignKey("account.id")),
    id_column("transaction_id", ForeignKey("igny8_billing_credittransaction.id")),
    id_column("reservation_id", ForeignKey("reservation.id"), nullable=True),
    word("operation_type"),
    word("model_name"),
    id_column("price_id", ForeignKey("igny8_billing_aimodelconfig.id")),
    count("input_tokens"),
    count("output_tokens"),
    count("images"),
    count("credits_used"),
    money("cost_usd"),
    word("cost_source"),
    money("credit_price_usd"),
    money("credit_value_usd"),
    count("platform_loss_credits"),
    id_column("site_id", nullable=True),
    id_column("run_id", nullable=True),
    id_column("ai_task_id", nullable=True),
    word("item_id"),
    instant("created_at"),
    id_column("api_key_id", nullable=True),
    count("minimum_credits"),
    count("cached_input_tokens", server_default=text("0")),
    count("reasoning_tokens", server_default=text("0")),
    word("image_size", server_default=text("''")),
    word("image_quality", server_default=text("''")),
    UniqueConstraint("transaction_id", name="creditusagelog_transaction"),
    UniqueConstraint("reservation_id", "item_id", name="creditusagelog_item"),
    CheckConstraint("cost_source IN ('reported', 'computed')", name="creditusagelog_cost_source"),
    CheckConstraint(
        "credits_used >= 0 AND platform_loss_credits >= 0 AND cost_usd >= 0", name="creditusagelog_amounts"
    ),
    CheckConstraint("credit_value_usd = credits_used * credit_price_usd", name="creditusagelog_value"),
    Index("creditusagelog_account", "account_id", "id"),
    Index("creditusagelog_run", "account_id", "run_id", postgresql_where=text("run_id IS NOT NULL")),
    Index(
        "creditusagelog_site",
        "account_id",
        "site_id",
        "created_at",
        postgresql_where=text("site_id IS NOT NULL"),
    ),
    Index(
        "creditusagelog_api_key", "account_id", "api_key_id", postgresql_where=text("api_key_id IS NOT NULL")
    ),
)
"""What captures and charges paid for. Append-only like the ledger."""

budget = Table(
    "budget",
    metadata,
    id_column("id", primary_key=True),
    id_column("account_id", ForeignKey("account.id")),
    word("scope"),
    id_column("target_id"),
    count("credits_limit"),
    instant("window_start", nullable=True),
    count("spent"),
    count("held"),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("scope IN ('run', 'site_day', 'site_month', 'api_key')", name="budget_scope"),
    CheckConstraint("(window_start IS NULL) = (scope IN ('run', 'api_key'))", name="budget_window"),
    CheckConstraint("credits_limit >= 0 AND spent >= 0 AND held >= 0", name="budget_never_below_zero"),
    UniqueConstraint("account_id", "target_id", "scope", name="budget_target"),
    postgresql_with={"fillfactor": 50},
)
"""Hard caps, each with what was spent and is held in its window; one that has passed counts as nothing."""

ledger_checkpoint = Table(
    "ledger_checkpoint",
    metadata,
    id_column("account_id", ForeignKey("account.id"), primary_key=True),
    count("sequence"),
    count("credits"),
    count("reserved"),
    Column("hash", LargeBinary, nullable=False),
    instant("verified_at"),
)
"""How far an account's ledger was found right, so that the next proof goes on from there."""

APPEND_ONLY = (credit_transaction, credit_draw, credit_usage, billing_configuration)
"""Tables of which UPDATE and DELETE are refused, by grant and by trigger."""
