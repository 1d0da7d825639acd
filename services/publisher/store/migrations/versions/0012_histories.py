"""Who did what with content and when, and which AI task made it and its pictures."""

from alembic import op

revision = "0012"
down_revision = "0011"

TABLES = """
CREATE TABLE content_history (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    content_id uuid NOT NULL,
    action text NOT NULL,
    actor text NOT NULL,
    note text NOT NULL,
    version integer NOT NULL,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (content_id) REFERENCES content (id) ON DELETE CASCADE
);
CREATE INDEX content_history_content ON content_history (content_id, id);

CREATE TABLE origin (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    content_id uuid NOT NULL,
    image_id uuid,
    step text NOT NULL,
    ai_task_id uuid NOT NULL,
    item_id uuid NOT NULL,
    model_name text NOT NULL,
    prompt_version text NOT NULL,
    credits_used bigint NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT origin_once UNIQUE NULLS NOT DISTINCT (content_id, step, image_id),
    CONSTRAINT origin_step CHECK (step IN ('article', 'image_prompts', 'picture')),
    FOREIGN KEY (content_id) REFERENCES content (id) ON DELETE CASCADE,
    FOREIGN KEY (image_id) REFERENCES image (id) ON DELETE CASCADE
);
CREATE INDEX origin_charged ON origin (ai_task_id, item_id);
CREATE INDEX origin_image ON origin (image_id) WHERE image_id IS NOT NULL;
"""


def upgrade() -> None:
    op.execute(TABLES)
