"""Secret addresses of calendars."""

from alembic import op

revision = "0003"
down_revision = "0002"

FEED = """
CREATE TABLE calendar_feed (
    site_id uuid NOT NULL,
    account_id uuid NOT NULL,
    secret_hash text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (site_id),
    UNIQUE (secret_hash),
    CONSTRAINT calendar_feed_secret_hash CHECK (secret_hash ~ '^[0-9a-f]{64}$'),
    FOREIGN KEY (site_id) REFERENCES site (id) ON DELETE CASCADE
);
"""


def upgrade() -> None:
    op.execute(FEED)
