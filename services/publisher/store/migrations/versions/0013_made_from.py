"""What the deleted was made from, so that the work done on that is not taken for work without a result."""

from alembic import op

revision = "0013"
down_revision = "0012"

# An idea is made from its cluster, content from its task, an image from its content.
DELETED = """
ALTER TABLE deleted ADD COLUMN made_from uuid;
CREATE INDEX deleted_made_from ON deleted (made_from) WHERE made_from IS NOT NULL;
CREATE OR REPLACE FUNCTION note_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO deleted (id, site_id, noun, deleted_at, made_from)
    SELECT id, site_id, TG_TABLE_NAME, statement_timestamp(), CAST(to_jsonb(old_rows) ->> TG_ARGV[0] AS uuid)
    FROM old_rows;
    RETURN NULL;
END $$;
"""

TRIGGER = """
DROP TRIGGER {table}_deleted ON {table};
CREATE TRIGGER {table}_deleted AFTER DELETE ON {table}
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION note_deleted('{made_from}');
"""


def upgrade() -> None:
    op.execute(DELETED)
    for table, made_from in (("idea", "cluster_id"), ("content", "task_id"), ("image", "content_id")):
        op.execute(TRIGGER.format(table=table, made_from=made_from))
