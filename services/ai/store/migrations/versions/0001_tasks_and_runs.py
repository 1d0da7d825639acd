"""The first tables of ai: task logs with their journal, automation settings, runs, leases."""

from alembic import op

from chassis.migrations import create_chassis_tables

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE automation_config (
    site_id UUID NOT NULL,
    account_id UUID NOT NULL,
    stages JSONB NOT NULL,
    max_credits_per_run BIGINT DEFAULT '0' NOT NULL,
    max_in_article_images INTEGER NOT NULL,
    text_model TEXT DEFAULT '' NOT NULL,
    image_model TEXT DEFAULT '' NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (site_id)
);
CREATE TABLE automation_run (
    id UUID NOT NULL,
    account_id UUID NOT NULL,
    site_id UUID NOT NULL,
    status TEXT NOT NULL,
    pause_reason TEXT DEFAULT '' NOT NULL,
    error TEXT DEFAULT '' NOT NULL,
    max_credits BIGINT DEFAULT '0' NOT NULL,
    max_in_article_images INTEGER NOT NULL,
    text_model TEXT DEFAULT '' NOT NULL,
    image_model TEXT DEFAULT '' NOT NULL,
    sequence BIGINT DEFAULT '0' NOT NULL,
    actor TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id)
);
CREATE INDEX automation_run_by_site ON automation_run (site_id, created_at, id);
CREATE UNIQUE INDEX automation_run_one_active_per_site ON automation_run (site_id) WHERE status IN ('running', 'pausing', 'paused', 'cancelling');
CREATE TABLE igny8_ai_task_logs (
    id UUID NOT NULL,
    account_id UUID NOT NULL,
    site_id UUID NOT NULL,
    run_id UUID,
    function_name TEXT NOT NULL,
    operation_type TEXT NOT NULL,
    model_name TEXT DEFAULT '' NOT NULL,
    prompt_version TEXT DEFAULT '' NOT NULL,
    status TEXT NOT NULL,
    phase TEXT NOT NULL,
    items_total INTEGER DEFAULT '0' NOT NULL,
    items_done INTEGER DEFAULT '0' NOT NULL,
    items_failed INTEGER DEFAULT '0' NOT NULL,
    outputs INTEGER DEFAULT '0' NOT NULL,
    credits_used BIGINT DEFAULT '0' NOT NULL,
    cost NUMERIC DEFAULT '0' NOT NULL,
    payload JSONB NOT NULL,
    result JSONB NOT NULL,
    reason TEXT DEFAULT '' NOT NULL,
    error TEXT DEFAULT '' NOT NULL,
    reservation_id UUID,
    actor TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    CONSTRAINT ai_task_status CHECK (status IN ('pending', 'success', 'error', 'cancelled'))
);
CREATE INDEX ai_task_by_account ON igny8_ai_task_logs (account_id, created_at, id);
CREATE INDEX ai_task_by_run ON igny8_ai_task_logs (run_id, id);
CREATE INDEX ai_task_pending ON igny8_ai_task_logs (updated_at) WHERE status = 'pending';
CREATE TABLE job_lease (
    subject_id UUID NOT NULL,
    owner TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    until TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (subject_id)
);
CREATE TABLE run_item (
    id UUID NOT NULL,
    run_id UUID NOT NULL,
    account_id UUID NOT NULL,
    stage SMALLINT NOT NULL,
    ordinal INTEGER NOT NULL,
    label TEXT NOT NULL,
    input_ids JSONB NOT NULL,
    status TEXT NOT NULL,
    dispatched BOOLEAN DEFAULT 'false' NOT NULL,
    attempts INTEGER DEFAULT '0' NOT NULL,
    ai_task_id UUID,
    credits_held BIGINT DEFAULT '0' NOT NULL,
    credits_used BIGINT DEFAULT '0' NOT NULL,
    outcome TEXT DEFAULT '' NOT NULL,
    error TEXT DEFAULT '' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT run_item_ordinal UNIQUE (run_id, stage, ordinal),
    CONSTRAINT run_item_status CHECK (status IN ('queued', 'running', 'done', 'failed', 'skipped')),
    FOREIGN KEY(run_id) REFERENCES automation_run (id) ON DELETE CASCADE
);
CREATE INDEX run_item_ended ON run_item (run_id, updated_at);
CREATE INDEX run_item_open ON run_item (updated_at) WHERE status IN ('queued', 'running');
CREATE INDEX run_item_waiting ON run_item (run_id, stage, ordinal) WHERE status = 'queued' AND NOT dispatched;
CREATE TABLE run_stage (
    run_id UUID NOT NULL,
    stage SMALLINT NOT NULL,
    enabled BOOLEAN NOT NULL,
    batch_size INTEGER NOT NULL,
    concurrency INTEGER NOT NULL,
    max_items INTEGER NOT NULL,
    inputs INTEGER DEFAULT '0' NOT NULL,
    total INTEGER DEFAULT '0' NOT NULL,
    done INTEGER DEFAULT '0' NOT NULL,
    failed INTEGER DEFAULT '0' NOT NULL,
    skipped INTEGER DEFAULT '0' NOT NULL,
    in_flight INTEGER DEFAULT '0' NOT NULL,
    outputs INTEGER DEFAULT '0' NOT NULL,
    credits_used BIGINT DEFAULT '0' NOT NULL,
    PRIMARY KEY (run_id, stage),
    CONSTRAINT run_stage_counts CHECK (in_flight >= 0 AND done + failed + skipped <= total),
    FOREIGN KEY(run_id) REFERENCES automation_run (id) ON DELETE CASCADE
);
CREATE TABLE task_item (
    task_id UUID NOT NULL,
    position INTEGER NOT NULL,
    item_id UUID NOT NULL,
    label TEXT NOT NULL,
    input JSONB NOT NULL,
    status TEXT NOT NULL,
    answer_data BYTEA,
    answer_meta JSONB,
    repaired BOOLEAN DEFAULT 'false' NOT NULL,
    output JSONB NOT NULL,
    credits_used BIGINT DEFAULT '0' NOT NULL,
    cost NUMERIC DEFAULT '0' NOT NULL,
    reason TEXT DEFAULT '' NOT NULL,
    error TEXT DEFAULT '' NOT NULL,
    PRIMARY KEY (task_id, position),
    CONSTRAINT task_item_once UNIQUE (task_id, item_id),
    CONSTRAINT task_item_status CHECK (status IN ('pending', 'answered', 'done', 'failed')),
    FOREIGN KEY(task_id) REFERENCES igny8_ai_task_logs (id) ON DELETE CASCADE
);
"""

# The read-only role sees neither what a model answered and is not saved yet, nor stored answers.
SECRETS = """
REVOKE SELECT ON idempotency FROM igny8_readonly;
GRANT SELECT (account_id, scope, request_id, request_hash, created_at) ON idempotency TO igny8_readonly;
"""


def upgrade() -> None:
    create_chassis_tables(op)
    op.execute(TABLES)
    op.execute(SECRETS)
