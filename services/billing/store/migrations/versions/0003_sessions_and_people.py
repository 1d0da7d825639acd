"""Sessions with refresh tokens, people who are invited, sign-ins that are counted, and when a key was last used."""

from alembic import op

revision = "0003"
down_revision = "0002"

# Somebody who is invited has no password yet, and must not keep the owner of the address from joining elsewhere.
PEOPLE = """
ALTER TABLE "user" ALTER COLUMN password_hash DROP NOT NULL;
ALTER TABLE "user" DROP CONSTRAINT user_email_key;
CREATE UNIQUE INDEX user_email ON "user" (email) WHERE password_hash IS NOT NULL;
ALTER TABLE "user" ADD CONSTRAINT user_account_email UNIQUE (account_id, email);
DROP INDEX user_account;

CREATE TABLE invitation (
    user_id uuid NOT NULL,
    secret_hash text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (user_id),
    FOREIGN KEY (user_id) REFERENCES "user" (id) ON DELETE CASCADE,
    UNIQUE (secret_hash)
);
"""

SESSIONS = """
CREATE TABLE session (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (id),
    FOREIGN KEY (user_id) REFERENCES "user" (id) ON DELETE CASCADE
);
CREATE INDEX session_of_user ON session (user_id);
CREATE INDEX session_expiry ON session (expires_at);

CREATE TABLE refresh_token (
    secret_hash text NOT NULL,
    session_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    rotated_at timestamptz,
    PRIMARY KEY (secret_hash),
    FOREIGN KEY (session_id) REFERENCES session (id) ON DELETE CASCADE
);
CREATE INDEX refresh_token_session ON refresh_token (session_id);
CREATE INDEX refresh_token_expiry ON refresh_token (expires_at);

CREATE TABLE sign_in_count (
    key text NOT NULL,
    attempts integer NOT NULL,
    window_ends_at timestamptz NOT NULL,
    PRIMARY KEY (key),
    CONSTRAINT sign_in_count_attempts CHECK (attempts >= 0)
);
CREATE INDEX sign_in_count_window ON sign_in_count (window_ends_at);
"""

KEYS = """
ALTER TABLE api_key ADD COLUMN last_used_at timestamptz;
"""

# The read-only role sees everything but what somebody could sign in with.
SECRETS = """
REVOKE SELECT ON invitation, refresh_token FROM igny8_readonly;
GRANT SELECT (user_id, expires_at) ON invitation TO igny8_readonly;
GRANT SELECT (session_id, expires_at, rotated_at) ON refresh_token TO igny8_readonly;
GRANT SELECT (last_used_at) ON api_key TO igny8_readonly;
"""


def upgrade() -> None:
    for statements in (PEOPLE, SESSIONS, KEYS, SECRETS):
        op.execute(statements)
