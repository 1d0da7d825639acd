"""The connections of sites, and what was made or found at their targets."""

from alembic import op

revision = "0006"
down_revision = "0005"

CONNECTION = """
CREATE TABLE connection (
    site_id uuid NOT NULL REFERENCES site (id) ON DELETE CASCADE,
    account_id uuid NOT NULL,
    target text NOT NULL,
    url text NOT NULL,
    username text NOT NULL,
    key_id text NOT NULL,
    sealed bytea NOT NULL,
    overlap_ends_at timestamptz,
    status text NOT NULL,
    cause text,
    reason text NOT NULL,
    tested_at timestamptz,
    version integer NOT NULL,
    actor text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (site_id),
    CONSTRAINT connection_target CHECK (target IN ('wordpress', 'webhook')),
    CONSTRAINT connection_status CHECK (status IN ('untested', 'connected', 'lost')),
    CONSTRAINT connection_lost_has_a_cause CHECK ((status = 'lost') = (cause IS NOT NULL))
);
CREATE TABLE remote_object (
    site_id uuid NOT NULL REFERENCES site (id) ON DELETE CASCADE,
    place text NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    account_id uuid NOT NULL,
    remote_id text NOT NULL,
    remote_url text NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (site_id, place, kind, key),
    CONSTRAINT remote_object_kind CHECK (kind IN ('post', 'media', 'category', 'tag'))
);
"""


def upgrade() -> None:
    op.execute(CONNECTION)
