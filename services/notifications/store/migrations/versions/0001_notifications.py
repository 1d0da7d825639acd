"""The first tables of notifications: what accounts are told, and how much of it is unread."""

from alembic import op

from chassis.migrations import create_chassis_tables

revision = "0001"
down_revision = None

NOTIFICATIONS = """
CREATE TABLE igny8_notifications_notification (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    notification_type text NOT NULL,
    title text NOT NULL,
    message text NOT NULL,
    severity text NOT NULL,
    count integer NOT NULL,
    related_type text NOT NULL,
    related_id uuid NOT NULL,
    site_id uuid,
    run_id uuid,
    metadata jsonb NOT NULL,
    read_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT notification_severity CHECK (severity IN ('info', 'success', 'warning', 'error')),
    CONSTRAINT notification_related_type CHECK (related_type IN ('ai_task', 'run', 'content', 'grant')),
    CONSTRAINT notification_count CHECK (count >= 1 AND (count = 1 OR run_id IS NOT NULL)),
    CONSTRAINT notification_updated_at CHECK (updated_at >= created_at)
);
CREATE INDEX notification_newest ON igny8_notifications_notification (account_id, updated_at, id);
CREATE INDEX notification_unread ON igny8_notifications_notification (account_id, updated_at, id)
    WHERE read_at IS NULL;
CREATE UNIQUE INDEX notification_of_run ON igny8_notifications_notification (account_id, run_id, notification_type)
    WHERE run_id IS NOT NULL;

CREATE TABLE unread_counter (
    account_id uuid NOT NULL,
    unread bigint NOT NULL,
    PRIMARY KEY (account_id),
    CONSTRAINT unread_counter_never_below_zero CHECK (unread >= 0)
) WITH (fillfactor = 50);
"""


def upgrade() -> None:
    create_chassis_tables(op)
    op.execute(NOTIFICATIONS)
