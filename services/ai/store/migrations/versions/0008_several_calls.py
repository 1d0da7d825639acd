"""Items that take several calls of a model: what the calls before the last one came to."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("ALTER TABLE task_item ADD COLUMN drafts JSONB DEFAULT '[]' NOT NULL")
