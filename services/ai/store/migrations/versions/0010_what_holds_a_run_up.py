"""Which limit a paused run has reached, and the refusal it met."""

from alembic import op

revision = "0010"
down_revision = "0009"

STATEMENTS = """
ALTER TABLE automation_run
    ADD COLUMN pause_scope TEXT DEFAULT '' NOT NULL,
    ADD COLUMN pause_detail TEXT DEFAULT '' NOT NULL;
"""


def upgrade() -> None:
    op.execute(STATEMENTS)
