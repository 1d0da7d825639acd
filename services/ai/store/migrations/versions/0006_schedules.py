"""Schedules of sites, and the runs they plan."""

from alembic import op

revision = "0006"
down_revision = "0005"

STATEMENTS = """
ALTER TABLE automation_config
    ADD COLUMN scheduled BOOLEAN DEFAULT 'false' NOT NULL,
    ADD COLUMN frequency TEXT DEFAULT 'daily' NOT NULL,
    ADD COLUMN scheduled_time TIME WITHOUT TIME ZONE DEFAULT '09:00' NOT NULL,
    ADD COLUMN scheduled_weekday SMALLINT DEFAULT '1' NOT NULL,
    ADD COLUMN scheduled_month_day SMALLINT DEFAULT '1' NOT NULL,
    ADD COLUMN time_zone TEXT DEFAULT 'UTC' NOT NULL,
    ADD COLUMN zone_read_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN planned_from TIMESTAMP WITH TIME ZONE,
    ADD COLUMN next_run_at TIMESTAMP WITH TIME ZONE,
    ADD CONSTRAINT automation_config_frequency CHECK (frequency IN ('daily', 'weekly', 'monthly')),
    ADD CONSTRAINT automation_config_planned CHECK (scheduled = (next_run_at IS NOT NULL));
CREATE INDEX automation_config_due ON automation_config (next_run_at) WHERE scheduled;
CREATE INDEX automation_config_zone ON automation_config (zone_read_at) WHERE scheduled;
CREATE TABLE planned_run (
    id UUID NOT NULL,
    account_id UUID NOT NULL,
    site_id UUID NOT NULL,
    planned_at TIMESTAMP WITH TIME ZONE NOT NULL,
    missed INTEGER DEFAULT '0' NOT NULL,
    status TEXT NOT NULL,
    run_id UUID,
    reason TEXT DEFAULT '' NOT NULL,
    detail TEXT DEFAULT '' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT planned_run_once UNIQUE (site_id, planned_at),
    CONSTRAINT planned_run_status CHECK (status IN ('waiting', 'started', 'skipped'))
);
CREATE INDEX planned_run_waiting ON planned_run (planned_at) WHERE status = 'waiting';
"""


def upgrade() -> None:
    # The colon of a time is no bind parameter here.
    op.get_bind().exec_driver_sql(STATEMENTS)
