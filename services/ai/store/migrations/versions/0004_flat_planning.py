"""Planning reads by indexes in their order, and stages that wait for credits."""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = """
ALTER TABLE run_stage ADD COLUMN credits_awaited BIGINT DEFAULT '0' NOT NULL;
DROP INDEX run_item_waiting;
DROP INDEX run_item_ended;
CREATE INDEX run_item_queued ON run_item (run_id, dispatched DESC, stage DESC, ordinal) WHERE status = 'queued';
CREATE INDEX run_item_running ON run_item (run_id, stage, ordinal) WHERE status = 'running';
CREATE INDEX run_item_ended ON run_item (run_id, updated_at DESC, id DESC) WHERE status IN ('done', 'failed');
CREATE INDEX run_item_holding ON run_item (run_id) WHERE credits_held > 0;
CREATE INDEX automation_run_running ON automation_run (account_id) WHERE status = 'running';
"""


def upgrade() -> None:
    op.execute(STATEMENTS)
