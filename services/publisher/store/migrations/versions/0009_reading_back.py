"""How far the state of what is published at a target was read back."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE connection ADD read_back_due_at timestamptz, ADD read_back_after uuid;
        CREATE INDEX publication_there ON publication (site_id, target, id) WHERE published_version > 0;
    """)
