"""The audit log: entries are added, never changed, and deleted only when they are older than 30 days."""

from alembic import op

revision = "0004"
down_revision = "0003"

AUDIT = """
CREATE TABLE audit_entry (
    id uuid NOT NULL,
    account_id uuid,
    actor text NOT NULL,
    method text NOT NULL,
    resources jsonb NOT NULL,
    resource_ids text[] NOT NULL,
    outcome text NOT NULL,
    http_status integer NOT NULL,
    trace_id text NOT NULL,
    request_id text NOT NULL,
    client_address text NOT NULL,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX audit_entry_account ON audit_entry (account_id, occurred_at, id);
CREATE INDEX audit_entry_time ON audit_entry (occurred_at, id);
CREATE INDEX audit_entry_resource ON audit_entry USING gin (resource_ids);
"""

# By the database's own clock: nothing that the service believes can make an entry old.
APPEND_ONLY = """
CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.occurred_at < now() - interval '30 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'entries of % are never changed, and kept for 30 days', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
REVOKE UPDATE, TRUNCATE ON audit_entry FROM igny8_billing;
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_audit();
"""


def upgrade() -> None:
    for statements in (AUDIT, APPEND_ONLY):
        op.execute(statements)
