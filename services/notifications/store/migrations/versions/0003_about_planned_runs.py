"""Notifications may be about a run that a schedule planned and that was not started."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE igny8_notifications_notification DROP CONSTRAINT notification_related_type;
        ALTER TABLE igny8_notifications_notification ADD CONSTRAINT notification_related_type
            CHECK (related_type IN ('ai_task', 'run', 'planned_run', 'content', 'grant', 'account'));
    """)
