"""Prices and usage by kind of token and by size and quality of images; grants that begin later."""

from alembic import op

revision = "0005"
down_revision = "0004"

PRICES = """
ALTER TABLE igny8_billing_aimodelconfig
    ADD COLUMN cost_per_1k_cached_input numeric,
    ADD COLUMN cost_per_1k_reasoning numeric,
    ADD COLUMN weight_cached_input numeric,
    ADD COLUMN weight_output numeric,
    ADD COLUMN weight_reasoning numeric,
    ADD COLUMN image_variants jsonb NOT NULL DEFAULT '[]',
    ADD CONSTRAINT aimodelconfig_costs_of_parts CHECK (cost_per_1k_cached_input >= 0 AND cost_per_1k_reasoning >= 0),
    ADD CONSTRAINT aimodelconfig_weights CHECK (weight_cached_input > 0 AND weight_output > 0 AND weight_reasoning > 0);
"""

USAGE = """
ALTER TABLE igny8_billing_creditusagelog
    ADD COLUMN cached_input_tokens bigint NOT NULL DEFAULT 0,
    ADD COLUMN reasoning_tokens bigint NOT NULL DEFAULT 0,
    ADD COLUMN image_size text NOT NULL DEFAULT '',
    ADD COLUMN image_quality text NOT NULL DEFAULT '';
"""

GRANTS = """
ALTER TABLE credit_grant
    ADD COLUMN effective_at timestamptz,
    ADD COLUMN is_pending boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT credit_grant_pending CHECK (NOT is_pending OR (remaining = 0 AND effective_at IS NOT NULL));
DROP INDEX credit_grant_remaining;
CREATE INDEX credit_grant_open ON credit_grant (account_id) WHERE remaining > 0 OR is_pending;
CREATE INDEX credit_grant_beginning ON credit_grant (effective_at) WHERE is_pending;
"""


def upgrade() -> None:
    op.execute(PRICES)
    op.execute(USAGE)
    op.execute(GRANTS)
