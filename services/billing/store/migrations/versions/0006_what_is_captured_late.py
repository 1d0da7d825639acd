"""What of an expired hold its late work was charged, so that it never takes more than was held for it."""

from alembic import op

revision = "0006"
down_revision = "0005"

COLUMN = """
ALTER TABLE reservation
    ADD COLUMN captured_late bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT reservation_captured_late
        CHECK (captured_late >= 0 AND captured_late <= released AND (captured_late = 0 OR status = 'expired'));
"""


def upgrade() -> None:
    op.execute(COLUMN)
