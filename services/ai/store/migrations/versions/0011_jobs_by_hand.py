"""When an execution by hand was handed to the workers."""

from alembic import op

revision = "0011"
down_revision = "0010"

STATEMENTS = """
ALTER TABLE igny8_ai_task_logs ADD COLUMN handed_out_at TIMESTAMP WITH TIME ZONE;
UPDATE igny8_ai_task_logs SET handed_out_at = updated_at WHERE status = 'pending' AND run_id IS NULL;
CREATE INDEX ai_task_by_hand ON igny8_ai_task_logs (account_id, id) WHERE status = 'pending' AND run_id IS NULL;
"""


def upgrade() -> None:
    op.execute(STATEMENTS)
