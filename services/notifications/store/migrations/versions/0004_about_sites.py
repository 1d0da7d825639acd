"""Notifications about a site: its connection was lost, or works again."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE igny8_notifications_notification DROP CONSTRAINT notification_related_type;
        ALTER TABLE igny8_notifications_notification ADD CONSTRAINT notification_related_type
            CHECK (related_type IN ('ai_task', 'run', 'planned_run', 'content', 'site', 'grant', 'account'));
    """)
