"""What the items of a run took and made, and how long a run stood still."""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = """
ALTER TABLE automation_run
    ADD COLUMN trigger TEXT DEFAULT 'manual' NOT NULL,
    ADD COLUMN paused_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN paused_seconds INTEGER DEFAULT '0' NOT NULL,
    ADD COLUMN expected_seconds INTEGER DEFAULT '0' NOT NULL,
    ADD CONSTRAINT automation_run_trigger CHECK (trigger IN ('manual', 'scheduled'));
UPDATE automation_run SET paused_at = updated_at WHERE status = 'paused';
ALTER TABLE run_stage ADD COLUMN expected INTEGER DEFAULT '0' NOT NULL;
ALTER TABLE run_item
    ADD COLUMN cost NUMERIC DEFAULT '0' NOT NULL,
    ADD COLUMN input_tokens BIGINT DEFAULT '0' NOT NULL,
    ADD COLUMN output_tokens BIGINT DEFAULT '0' NOT NULL,
    ADD COLUMN outputs INTEGER DEFAULT '0' NOT NULL,
    ADD COLUMN output_ids JSONB DEFAULT '[]' NOT NULL,
    ADD COLUMN retries INTEGER DEFAULT '0' NOT NULL;
UPDATE task_item SET output = output || '{"input_tokens": 0, "output_tokens": 0}' WHERE status = 'done';
"""


def upgrade() -> None:
    # The colons in JSON are no bind parameters here.
    op.get_bind().exec_driver_sql(STATEMENTS)
