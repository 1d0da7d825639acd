"""Notifications may be about the account itself: its credits are low or used up."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE igny8_notifications_notification DROP CONSTRAINT notification_related_type;
        ALTER TABLE igny8_notifications_notification ADD CONSTRAINT notification_related_type
            CHECK (related_type IN ('ai_task', 'run', 'content', 'grant', 'account'));
    """)
