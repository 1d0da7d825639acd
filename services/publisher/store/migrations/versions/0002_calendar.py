"""The calendar: one indexed instant of each content whatever its state, and claims on deliveries."""

from alembic import op

revision = "0002"
down_revision = "0001"

CALENDAR = """
ALTER TABLE content ADD COLUMN calendar_at timestamptz GENERATED ALWAYS AS (
    CASE site_status WHEN 'not_published' THEN NULL WHEN 'published' THEN published_at
    ELSE COALESCE(scheduled_publish_at, updated_at) END
) STORED;
CREATE INDEX content_calendar ON content (site_id, calendar_at, id) WHERE calendar_at IS NOT NULL;
DROP INDEX content_planned;
DROP INDEX content_on_its_way;
"""

CLAIMS = """
ALTER TABLE publication ADD COLUMN claimed_until timestamptz;
DROP INDEX publication_open;
CREATE INDEX publication_open ON publication (claimed_until, id) WHERE state IN ('pending', 'delivering', 'unconfirmed');
"""


def upgrade() -> None:
    op.execute(CALENDAR)
    op.execute(CLAIMS)
