"""What was deleted, so that work that was done on it is not taken for work without a result."""

from alembic import op

revision = "0005"
down_revision = "0004"

DELETED = """
CREATE TABLE deleted (
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    noun text NOT NULL,
    deleted_at timestamptz NOT NULL,
    PRIMARY KEY (id)
);
CREATE FUNCTION note_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO deleted (id, site_id, noun, deleted_at)
    SELECT id, site_id, TG_TABLE_NAME, statement_timestamp() FROM old_rows;
    RETURN NULL;
END $$;
"""

TRIGGER = """
CREATE TRIGGER {table}_deleted AFTER DELETE ON {table}
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION note_deleted();
"""


def upgrade() -> None:
    op.execute(DELETED)
    for table in ("keyword", "cluster", "idea", "task", "content", "image"):
        op.execute(TRIGGER.format(table=table))
