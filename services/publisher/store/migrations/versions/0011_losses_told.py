"""Whether people were told that a connection is lost."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE connection ADD loss_told boolean NOT NULL DEFAULT false;
        UPDATE connection SET loss_told = true WHERE status = 'lost';
        ALTER TABLE connection ALTER loss_told DROP DEFAULT;
    """)
