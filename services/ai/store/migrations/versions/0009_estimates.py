"""What a run was expected to take, beside what it takes."""

from alembic import op

revision = "0009"
down_revision = "0008"

STATEMENTS = """
ALTER TABLE run_stage
    ADD COLUMN credits_expected BIGINT DEFAULT '0' NOT NULL,
    ADD COLUMN credits_low BIGINT DEFAULT '0' NOT NULL,
    ADD COLUMN credits_high BIGINT DEFAULT '0' NOT NULL,
    ADD COLUMN estimate_basis TEXT DEFAULT '' NOT NULL;
"""


def upgrade() -> None:
    op.execute(STATEMENTS)
