"""The ledger becomes a chain of hashes; charges without a hold, voided grants, levels of the balance, budgets."""

from alembic import op

revision = "0002"
down_revision = "0001"

# Whoever may read the ledger can check its chain with these two, so they are part of the schema and not of a program.
# Free text is preceded by its length in bytes, so that no two lines have the same bytes.
CHAIN = """
CREATE FUNCTION ledger_line_bytes(line igny8_billing_credittransaction) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT convert_to(concat_ws('|', line.id, line.account_id, line.sequence, line.transaction_type, line.amount,
        line.reserved_amount, line.balance_after, line.reserved_after, coalesce(line.related_id::text, ''),
        coalesce(line.run_id::text, ''), (extract(epoch FROM line.created_at) * 1000000)::bigint,
        octet_length(line.operation_type) || ':' || line.operation_type,
        octet_length(line.actor) || ':' || line.actor,
        octet_length(line.description) || ':' || line.description,
        line.metadata), 'UTF8')
$$;

CREATE FUNCTION ledger_line_hash(previous bytea, line igny8_billing_credittransaction) RETURNS bytea
LANGUAGE sql STABLE AS $$
    SELECT sha256(previous || ledger_line_bytes(line))
$$;

ALTER TABLE igny8_billing_credittransaction ADD COLUMN hash bytea;
ALTER TABLE credit_account ADD COLUMN hash bytea;

ALTER TABLE igny8_billing_credittransaction DISABLE TRIGGER USER;
DO $$
DECLARE
    line igny8_billing_credittransaction;
    begins CONSTANT bytea := decode(repeat('00', 32), 'hex');
    previous bytea;
BEGIN
    UPDATE credit_account SET hash = begins;
    FOR line IN SELECT * FROM igny8_billing_credittransaction ORDER BY account_id, sequence LOOP
        IF line.sequence = 1 THEN
            previous := begins;
        END IF;
        previous := ledger_line_hash(previous, line);
        UPDATE igny8_billing_credittransaction SET hash = previous WHERE id = line.id;
        UPDATE credit_account SET hash = previous WHERE account_id = line.account_id;
    END LOOP;
END $$;
ALTER TABLE igny8_billing_credittransaction ENABLE TRIGGER USER;

ALTER TABLE igny8_billing_credittransaction ALTER COLUMN hash SET NOT NULL;
ALTER TABLE credit_account ALTER COLUMN hash SET NOT NULL;
"""

LINES = """
ALTER TABLE igny8_billing_credittransaction DROP CONSTRAINT credittransaction_signs;
ALTER TABLE igny8_billing_credittransaction ADD CONSTRAINT credittransaction_signs CHECK (CASE transaction_type
    WHEN 'grant' THEN amount > 0 AND reserved_amount = 0
    WHEN 'hold' THEN amount = 0 AND reserved_amount > 0
    WHEN 'release' THEN amount = 0 AND reserved_amount < 0
    WHEN 'deduction' THEN amount <= 0 AND reserved_amount <= 0
    WHEN 'reversal' THEN amount > 0 AND reserved_amount = 0
    WHEN 'expiry' THEN amount < 0 AND reserved_amount = 0
    WHEN 'void' THEN amount < 0 AND reserved_amount = 0
    ELSE true END);
CREATE UNIQUE INDEX credittransaction_reversed ON igny8_billing_credittransaction (related_id)
    WHERE transaction_type = 'reversal';
"""

CHARGES = """
ALTER TABLE reservation ADD COLUMN api_key_id uuid;
ALTER TABLE igny8_billing_creditusagelog ADD COLUMN api_key_id uuid;
ALTER TABLE igny8_billing_creditusagelog ADD COLUMN minimum_credits bigint;
ALTER TABLE igny8_billing_creditusagelog DISABLE TRIGGER USER;
UPDATE igny8_billing_creditusagelog used SET minimum_credits = reservation.minimum_credits
    FROM reservation WHERE reservation.id = used.reservation_id;
ALTER TABLE igny8_billing_creditusagelog ENABLE TRIGGER USER;
ALTER TABLE igny8_billing_creditusagelog ALTER COLUMN minimum_credits SET NOT NULL;
ALTER TABLE igny8_billing_creditusagelog ALTER COLUMN reservation_id DROP NOT NULL;
CREATE INDEX creditusagelog_site ON igny8_billing_creditusagelog (account_id, site_id, created_at)
    WHERE site_id IS NOT NULL;
CREATE INDEX creditusagelog_api_key ON igny8_billing_creditusagelog (account_id, api_key_id)
    WHERE api_key_id IS NOT NULL;
"""

GRANTS = """
ALTER TABLE credit_grant ADD COLUMN voided_at timestamptz;
"""

# The level of an account that has a ledger is what it would be; it is told of the next crossing.
LEVELS = """
ALTER TABLE credit_account ADD COLUMN low_threshold bigint;
ALTER TABLE credit_account ADD CONSTRAINT credit_account_low_threshold CHECK (low_threshold >= 0);
ALTER TABLE credit_account ADD COLUMN level text;
UPDATE credit_account SET level = CASE
    WHEN sequence = 0 THEN 'new' WHEN credits = 0 THEN 'depleted' WHEN credits <= 100 THEN 'low' ELSE 'normal' END;
ALTER TABLE credit_account ALTER COLUMN level SET NOT NULL;
ALTER TABLE credit_account ADD CONSTRAINT credit_account_level
    CHECK (level IN ('new', 'normal', 'low', 'depleted'));
"""

BUDGETS = """
CREATE TABLE budget (
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    scope text NOT NULL,
    target_id uuid NOT NULL,
    credits_limit bigint NOT NULL,
    window_start timestamptz,
    spent bigint NOT NULL,
    held bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT budget_scope CHECK (scope IN ('run', 'site_day', 'site_month', 'api_key')),
    CONSTRAINT budget_window CHECK ((window_start IS NULL) = (scope IN ('run', 'api_key'))),
    CONSTRAINT budget_never_below_zero CHECK (credits_limit >= 0 AND spent >= 0 AND held >= 0),
    FOREIGN KEY (account_id) REFERENCES account (id),
    CONSTRAINT budget_target UNIQUE (account_id, target_id, scope)
) WITH (fillfactor = 50);

CREATE TABLE ledger_checkpoint (
    account_id uuid NOT NULL,
    sequence bigint NOT NULL,
    credits bigint NOT NULL,
    reserved bigint NOT NULL,
    hash bytea NOT NULL,
    verified_at timestamptz NOT NULL,
    PRIMARY KEY (account_id),
    FOREIGN KEY (account_id) REFERENCES account (id)
);
"""


def upgrade() -> None:
    for statements in (CHAIN, LINES, CHARGES, GRANTS, LEVELS, BUDGETS):
        op.execute(statements)
