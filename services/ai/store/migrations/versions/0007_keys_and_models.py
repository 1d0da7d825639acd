"""Provider keys and default models of accounts; a run keeps the model of each of its functions."""

from alembic import op

revision = "0007"
down_revision = "0006"

STATEMENTS = """
CREATE TABLE provider_key (
    account_id UUID NOT NULL,
    provider TEXT NOT NULL,
    key_id TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    last4 TEXT DEFAULT '' NOT NULL,
    actor TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (account_id, provider)
);
REVOKE SELECT ON provider_key FROM igny8_readonly;
GRANT SELECT (account_id, provider, key_id, last4, actor, created_at, updated_at) ON provider_key TO igny8_readonly;
CREATE TABLE default_models (
    account_id UUID NOT NULL,
    models JSONB NOT NULL,
    version INTEGER NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (account_id)
);
ALTER TABLE automation_run ADD COLUMN models JSONB DEFAULT '{}' NOT NULL;
UPDATE automation_run SET models = jsonb_build_object(
    'cluster_keywords', text_model,
    'generate_ideas', text_model,
    'generate_content', text_model,
    'generate_image_prompts', text_model,
    'generate_images', image_model
);
ALTER TABLE automation_run DROP COLUMN text_model, DROP COLUMN image_model;
"""


def upgrade() -> None:
    op.execute(STATEMENTS)
