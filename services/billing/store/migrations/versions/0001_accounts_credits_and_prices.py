"""The first tables of billing: accounts and keys, prices, credits, and the ledger that is only added to."""

from alembic import op

from chassis.migrations import create_chassis_tables

revision = "0001"
down_revision = None

ACCOUNTS = """
CREATE TABLE account (
    id uuid NOT NULL,
    name text NOT NULL,
    suspended boolean NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE "user" (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT user_role CHECK (role IN ('viewer', 'editor', 'owner')),
    FOREIGN KEY (account_id) REFERENCES account (id),
    UNIQUE (email)
);
CREATE INDEX user_account ON "user" (account_id);

CREATE TABLE api_key (
    id uuid NOT NULL,
    account_id uuid,
    name text NOT NULL,
    prefix text NOT NULL,
    secret_hash text NOT NULL,
    scope text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (id),
    CONSTRAINT api_key_scope CHECK (scope IN ('read', 'write', 'admin')),
    FOREIGN KEY (account_id) REFERENCES account (id),
    UNIQUE (secret_hash)
);
CREATE INDEX api_key_account ON api_key (account_id, id);
"""

PRICES = """
CREATE TABLE igny8_billing_aimodelconfig (
    id uuid NOT NULL,
    model_name text NOT NULL,
    provider text NOT NULL,
    kind text NOT NULL,
    cost_per_1k_input numeric NOT NULL,
    cost_per_1k_output numeric NOT NULL,
    cost_per_image numeric NOT NULL,
    tokens_per_credit bigint NOT NULL,
    credits_per_image bigint NOT NULL,
    effective_from timestamptz NOT NULL,
    is_active boolean NOT NULL,
    source text NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT aimodelconfig_kind CHECK (kind IN ('text', 'image')),
    CONSTRAINT aimodelconfig_is_never_free CHECK (
        (kind = 'text' AND tokens_per_credit > 0) OR (kind = 'image' AND credits_per_image > 0)
    ),
    CONSTRAINT aimodelconfig_costs CHECK (cost_per_1k_input >= 0 AND cost_per_1k_output >= 0 AND cost_per_image >= 0),
    CONSTRAINT aimodelconfig_version UNIQUE (model_name, effective_from)
);
CREATE UNIQUE INDEX aimodelconfig_in_force ON igny8_billing_aimodelconfig (model_name) WHERE is_active;

CREATE TABLE billing_configuration (
    id uuid NOT NULL,
    default_credit_price_usd numeric NOT NULL,
    minimum_by_operation jsonb NOT NULL,
    effective_from timestamptz NOT NULL,
    created_by text NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX billing_configuration_effective_from ON billing_configuration (effective_from);
"""

CREDITS = """
CREATE TABLE credit_account (
    account_id uuid NOT NULL,
    credits bigint NOT NULL,
    reserved bigint NOT NULL,
    sequence bigint NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (account_id),
    CONSTRAINT credit_account_never_below_zero CHECK (reserved >= 0 AND credits >= reserved),
    FOREIGN KEY (account_id) REFERENCES account (id)
) WITH (fillfactor = 50);

CREATE TABLE credit_grant (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    category text NOT NULL,
    amount bigint NOT NULL,
    remaining bigint NOT NULL,
    reserved bigint NOT NULL,
    priority integer NOT NULL,
    expires_at timestamptz,
    description text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT credit_grant_category CHECK (category IN ('plan', 'paid', 'promotional')),
    CONSTRAINT credit_grant_never_below_zero CHECK (reserved >= 0 AND remaining >= reserved AND amount >= remaining),
    FOREIGN KEY (account_id) REFERENCES account (id)
) WITH (fillfactor = 50);
CREATE INDEX credit_grant_account ON credit_grant (account_id, id);
CREATE INDEX credit_grant_expiry ON credit_grant (expires_at) WHERE remaining > reserved AND expires_at IS NOT NULL;
CREATE INDEX credit_grant_remaining ON credit_grant (account_id) WHERE remaining > 0;

CREATE TABLE quote (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    operation_type text NOT NULL,
    model_name text NOT NULL,
    price_id uuid NOT NULL,
    items bigint NOT NULL,
    expected_credits bigint NOT NULL,
    maximum_credits bigint NOT NULL,
    credit_price_usd numeric NOT NULL,
    minimum_credits bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (account_id) REFERENCES account (id),
    FOREIGN KEY (price_id) REFERENCES igny8_billing_aimodelconfig (id)
);
CREATE INDEX quote_expiry ON quote (expires_at);

CREATE TABLE reservation (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    quote_id uuid NOT NULL,
    operation_type text NOT NULL,
    model_name text NOT NULL,
    price_id uuid NOT NULL,
    credit_price_usd numeric NOT NULL,
    minimum_credits bigint NOT NULL,
    amount bigint NOT NULL,
    captured bigint NOT NULL,
    released bigint NOT NULL,
    status text NOT NULL,
    site_id uuid,
    run_id uuid,
    ai_task_id uuid,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT reservation_status CHECK (status IN ('active', 'captured', 'released', 'expired')),
    CONSTRAINT reservation_adds_up CHECK (amount > 0 AND captured >= 0 AND released >= 0
        AND (captured + released = amount OR (status = 'active' AND captured + released < amount))),
    FOREIGN KEY (account_id) REFERENCES account (id),
    FOREIGN KEY (price_id) REFERENCES igny8_billing_aimodelconfig (id)
);
CREATE INDEX reservation_account ON reservation (account_id, id);
CREATE INDEX reservation_active ON reservation (account_id, expires_at) WHERE status = 'active';
CREATE INDEX reservation_expiry ON reservation (expires_at) WHERE status = 'active';
"""

LEDGER = """
CREATE TABLE igny8_billing_credittransaction (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    sequence bigint NOT NULL,
    transaction_type text NOT NULL,
    amount bigint NOT NULL,
    reserved_amount bigint NOT NULL,
    balance_after bigint NOT NULL,
    reserved_after bigint NOT NULL,
    operation_type text NOT NULL,
    description text NOT NULL,
    actor text NOT NULL,
    related_id uuid,
    run_id uuid,
    metadata jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT credittransaction_sequence UNIQUE (account_id, sequence),
    CONSTRAINT credittransaction_type CHECK (transaction_type IN (
        'grant', 'hold', 'release', 'deduction', 'reversal', 'expiry', 'adjustment', 'void'
    )),
    CONSTRAINT credittransaction_never_below_zero CHECK (sequence > 0 AND reserved_after >= 0 AND balance_after >= reserved_after),
    CONSTRAINT credittransaction_signs CHECK (CASE transaction_type
        WHEN 'grant' THEN amount > 0 AND reserved_amount = 0
        WHEN 'hold' THEN amount = 0 AND reserved_amount > 0
        WHEN 'release' THEN amount = 0 AND reserved_amount < 0
        WHEN 'deduction' THEN amount <= 0 AND reserved_amount <= 0
        WHEN 'expiry' THEN amount < 0 AND reserved_amount = 0
        ELSE true END),
    FOREIGN KEY (account_id) REFERENCES account (id)
);
CREATE INDEX credittransaction_run ON igny8_billing_credittransaction (account_id, run_id) WHERE run_id IS NOT NULL;

CREATE TABLE credit_draw (
    transaction_id uuid NOT NULL,
    grant_id uuid NOT NULL,
    reservation_id uuid,
    amount bigint NOT NULL,
    reserved_amount bigint NOT NULL,
    PRIMARY KEY (transaction_id, grant_id),
    FOREIGN KEY (transaction_id) REFERENCES igny8_billing_credittransaction (id),
    FOREIGN KEY (grant_id) REFERENCES credit_grant (id),
    FOREIGN KEY (reservation_id) REFERENCES reservation (id)
);
CREATE INDEX credit_draw_grant ON credit_draw (grant_id);
CREATE INDEX credit_draw_reservation ON credit_draw (reservation_id) WHERE reservation_id IS NOT NULL;

CREATE TABLE igny8_billing_creditusagelog (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    transaction_id uuid NOT NULL,
    reservation_id uuid NOT NULL,
    operation_type text NOT NULL,
    model_name text NOT NULL,
    price_id uuid NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    images bigint NOT NULL,
    credits_used bigint NOT NULL,
    cost_usd numeric NOT NULL,
    cost_source text NOT NULL,
    credit_price_usd numeric NOT NULL,
    credit_value_usd numeric NOT NULL,
    platform_loss_credits bigint NOT NULL,
    site_id uuid,
    run_id uuid,
    ai_task_id uuid,
    item_id text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT creditusagelog_transaction UNIQUE (transaction_id),
    CONSTRAINT creditusagelog_item UNIQUE (reservation_id, item_id),
    CONSTRAINT creditusagelog_cost_source CHECK (cost_source IN ('reported', 'computed')),
    CONSTRAINT creditusagelog_amounts CHECK (credits_used >= 0 AND platform_loss_credits >= 0 AND cost_usd >= 0),
    CONSTRAINT creditusagelog_value CHECK (credit_value_usd = credits_used * credit_price_usd),
    FOREIGN KEY (account_id) REFERENCES account (id),
    FOREIGN KEY (transaction_id) REFERENCES igny8_billing_credittransaction (id),
    FOREIGN KEY (reservation_id) REFERENCES reservation (id),
    FOREIGN KEY (price_id) REFERENCES igny8_billing_aimodelconfig (id)
);
CREATE INDEX creditusagelog_account ON igny8_billing_creditusagelog (account_id, id);
CREATE INDEX creditusagelog_run ON igny8_billing_creditusagelog (account_id, run_id) WHERE run_id IS NOT NULL;
"""

# The refusal by trigger holds for every role, the owner too; an owner may TRUNCATE, which tests need.
APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""
APPEND_ONLY_TABLE = """
REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM igny8_billing;
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
APPEND_ONLY_TABLES = (
    "igny8_billing_credittransaction",
    "credit_draw",
    "igny8_billing_creditusagelog",
    "billing_configuration",
)

# A version of a price is never edited; only the mark of the one in force moves.
PRICES_STAND = """
REVOKE UPDATE, DELETE ON igny8_billing_aimodelconfig FROM igny8_billing;
GRANT UPDATE (is_active) ON igny8_billing_aimodelconfig TO igny8_billing;
"""

# The read-only role sees everything but what somebody could sign in with.
SECRETS = """
REVOKE SELECT ON "user", api_key, idempotency FROM igny8_readonly;
GRANT SELECT (id, account_id, email, name, role, created_at) ON "user" TO igny8_readonly;
GRANT SELECT (id, account_id, name, prefix, scope, created_at, expires_at, revoked_at) ON api_key TO igny8_readonly;
GRANT SELECT (account_id, scope, request_id, request_hash, created_at) ON idempotency TO igny8_readonly;
"""


def upgrade() -> None:
    create_chassis_tables(op)
    for statements in (ACCOUNTS, PRICES, CREDITS, LEDGER, APPEND_ONLY):
        op.execute(statements)
    for table in APPEND_ONLY_TABLES:
        op.execute(APPEND_ONLY_TABLE.format(table=table))
    op.execute(PRICES_STAND)
    op.execute(SECRETS)
