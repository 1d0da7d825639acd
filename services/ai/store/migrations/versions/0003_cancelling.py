"""Executions that were asked to stop between items."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE igny8_ai_task_logs ADD COLUMN cancelling BOOLEAN DEFAULT 'false' NOT NULL")
