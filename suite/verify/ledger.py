"""Balances, holds and grants against the ledger they come from (invariant 1)."""

from typing import Final

from suite.verify.check import Check

CHECKS: Final = [
    Check(
        invariant=1,
        name="balance_is_sum_of_ledger",
        says="An account's credits and held credits are the sums of its ledger, and its sequence is its last line's.",
        bad_rows="""
            SELECT account_id, a.credits, a.reserved, a.sequence, l.credits AS ledger_credits,
                   l.reserved AS ledger_reserved, l.last_sequence
            FROM billing.credit_account a
            FULL JOIN (
                SELECT account_id, sum(amount) AS credits, sum(reserved_amount) AS reserved,
                       max(sequence) AS last_sequence
                FROM billing.igny8_billing_credittransaction GROUP BY account_id
            ) l USING (account_id)
            WHERE (a.credits, a.reserved, a.sequence)
                  IS DISTINCT FROM (coalesce(l.credits, 0), coalesce(l.reserved, 0), coalesce(l.last_sequence, 0))""",
    ),
    Check(
        invariant=1,
        name="sequence_has_no_gap",
        says="The lines of an account's ledger are numbered 1, 2, 3 … without gaps.",
        bad_rows="""
            SELECT account_id, count(*) AS lines, min(sequence) AS first, max(sequence) AS last
            FROM billing.igny8_billing_credittransaction GROUP BY account_id
            HAVING min(sequence) <> 1 OR max(sequence) <> count(*)""",
    ),
    Check(
        invariant=1,
        name="running_balance_is_right",
        says="Each line of the ledger carries the balance and the held credits after it, and neither is below zero.",
        bad_rows="""
            SELECT * FROM (
                SELECT account_id, sequence, balance_after, reserved_after,
                       sum(amount) OVER w AS balance, sum(reserved_amount) OVER w AS reserved
                FROM billing.igny8_billing_credittransaction WINDOW w AS (PARTITION BY account_id ORDER BY sequence)
            ) line
            WHERE balance_after <> balance OR reserved_after <> reserved OR reserved < 0 OR balance < reserved
            ORDER BY account_id, sequence""",
    ),
    Check(
        invariant=1,
        name="reserved_is_sum_of_holds",
        says="What an account holds is what its active reservations have left.",
        bad_rows="""
            SELECT account_id, a.reserved, h.held
            FROM billing.credit_account a
            FULL JOIN (
                SELECT account_id, sum(amount - captured - released) AS held
                FROM billing.reservation WHERE status = 'active' GROUP BY account_id
            ) h USING (account_id)
            WHERE coalesce(a.reserved, 0) <> coalesce(h.held, 0)""",
    ),
    Check(
        invariant=1,
        name="balance_is_what_grants_have_left",
        says="An account's credits and held credits are what its grants have left and hold.",
        bad_rows="""
            SELECT account_id, a.credits, a.reserved, g.remaining, g.held
            FROM billing.credit_account a
            FULL JOIN (
                SELECT account_id, sum(remaining) AS remaining, sum(reserved) AS held
                FROM billing.credit_grant GROUP BY account_id
            ) g USING (account_id)
            WHERE coalesce(a.credits, 0) <> coalesce(g.remaining, 0) OR coalesce(a.reserved, 0) <> coalesce(g.held, 0)""",
    ),
    Check(
        invariant=1,
        name="grants_are_sums_of_draws",
        says="What a grant has left and holds is the sum of what the ledger's lines drew on it.",
        bad_rows="""
            SELECT g.id AS grant_id, g.amount, g.remaining, g.reserved, d.drawn, d.held
            FROM billing.credit_grant g
            LEFT JOIN (
                SELECT grant_id, sum(amount) AS drawn, sum(reserved_amount) AS held
                FROM billing.credit_draw GROUP BY grant_id
            ) d ON d.grant_id = g.id
            WHERE g.remaining <> coalesce(d.drawn, 0) OR g.reserved <> coalesce(d.held, 0)""",
    ),
    Check(
        invariant=1,
        name="lines_are_sums_of_draws",
        says="Each line of the ledger is the sum of what it drew on grants.",
        bad_rows="""
            SELECT l.id AS transaction_id, l.account_id, l.sequence, l.amount, l.reserved_amount, d.drawn, d.held
            FROM billing.igny8_billing_credittransaction l
            LEFT JOIN (
                SELECT transaction_id, sum(amount) AS drawn, sum(reserved_amount) AS held
                FROM billing.credit_draw GROUP BY transaction_id
            ) d ON d.transaction_id = l.id
            WHERE l.amount <> coalesce(d.drawn, 0) OR l.reserved_amount <> coalesce(d.held, 0)""",
    ),
    Check(
        invariant=1,
        name="ledger_is_a_chain",
        says="Each line's hash follows from the line and the hash of the line before, so none was changed or slipped in.",
        bad_rows="""
            SELECT id AS transaction_id, account_id, sequence, encode(hash, 'hex') AS hash
            FROM (
                SELECT whole, whole.id, whole.account_id, whole.sequence, whole.hash,
                       lag(whole.hash, 1, decode(repeat('00', 32), 'hex'))
                           OVER (PARTITION BY whole.account_id ORDER BY whole.sequence) AS previous
                FROM billing.igny8_billing_credittransaction whole
            ) line
            WHERE hash <> billing.ledger_line_hash(previous, whole)
            ORDER BY account_id, sequence""",
    ),
    Check(
        invariant=1,
        name="balance_carries_the_last_hash",
        says="An account's balance carries the hash of its ledger's last line, so none was cut off.",
        bad_rows="""
            SELECT a.account_id, a.sequence, encode(a.hash, 'hex') AS hash, encode(l.hash, 'hex') AS last_hash
            FROM billing.credit_account a
            LEFT JOIN billing.igny8_billing_credittransaction l
                ON l.account_id = a.account_id AND l.sequence = a.sequence
            WHERE a.hash IS DISTINCT FROM coalesce(l.hash, decode(repeat('00', 32), 'hex'))""",
    ),
    Check(
        invariant=1,
        name="reversals_give_back_a_charge",
        says="A reversal gives back exactly what one deduction took, to the same grants.",
        bad_rows="""
            SELECT l.id AS transaction_id, l.account_id, l.sequence, l.amount, d.id AS deduction_id, d.amount AS taken
            FROM billing.igny8_billing_credittransaction l
            LEFT JOIN billing.igny8_billing_credittransaction d
                ON d.id = l.related_id AND d.transaction_type = 'deduction' AND d.account_id = l.account_id
            WHERE l.transaction_type = 'reversal' AND (
                d.amount IS DISTINCT FROM -l.amount OR EXISTS (
                    SELECT FROM billing.credit_draw taken
                    FULL JOIN (SELECT * FROM billing.credit_draw WHERE transaction_id = l.id) given
                        ON given.grant_id = taken.grant_id
                    WHERE (taken.transaction_id = d.id OR taken.transaction_id IS NULL)
                      AND coalesce(taken.amount, 0) + coalesce(given.amount, 0) <> 0))""",
    ),
    Check(
        invariant=4,
        name="lines_are_told",
        says="Every line of the ledger has its event in the outbox, which keeps them for three weeks.",
        bad_rows="""
            SELECT l.id AS transaction_id, l.account_id, l.sequence, l.transaction_type, l.created_at
            FROM billing.igny8_billing_credittransaction l
            LEFT JOIN (
                SELECT DISTINCT account_id, (payload::json -> 'balance' ->> 'sequence')::bigint AS sequence
                FROM billing.outbox WHERE subject LIKE 'igny8.v1.credits.%'
            ) told USING (account_id, sequence)
            WHERE told.sequence IS NULL AND l.created_at > now() - interval '20 days'
            ORDER BY l.account_id, l.sequence""",
    ),
    Check(
        invariant=1,
        name="budgets_are_a_recount",
        says="What a budget has seen spent and held in its window equals the usage and the holds of its target.",
        bad_rows="""
            SELECT b.id AS budget_id, b.account_id, b.scope, b.target_id, b.spent, b.held, used.credits,
                   holds.credits AS holding
            FROM (
                SELECT *, (window_start AT TIME ZONE 'UTC' + CASE scope WHEN 'site_day' THEN interval '1 day'
                           ELSE interval '1 month' END) AT TIME ZONE 'UTC' AS window_end
                FROM billing.budget
            ) b
            CROSS JOIN LATERAL (
                SELECT coalesce(sum(u.credits_used), 0) - coalesce(sum(v.amount), 0) AS credits
                FROM billing.igny8_billing_creditusagelog u
                LEFT JOIN billing.reservation r ON r.id = u.reservation_id
                LEFT JOIN billing.igny8_billing_credittransaction v
                    ON v.related_id = u.transaction_id AND v.transaction_type = 'reversal'
                WHERE u.account_id = b.account_id AND b.target_id = CASE b.scope
                        WHEN 'run' THEN u.run_id WHEN 'api_key' THEN u.api_key_id ELSE u.site_id END
                  AND (b.window_start IS NULL OR (coalesce(r.created_at, u.created_at) >= b.window_start
                                                  AND coalesce(r.created_at, u.created_at) < b.window_end))
            ) used
            CROSS JOIN LATERAL (
                SELECT coalesce(sum(r.amount - r.captured - r.released), 0) AS credits
                FROM billing.reservation r
                WHERE r.account_id = b.account_id AND r.status = 'active' AND b.target_id = CASE b.scope
                        WHEN 'run' THEN r.run_id WHEN 'api_key' THEN r.api_key_id ELSE r.site_id END
                  AND (b.window_start IS NULL
                       OR (r.created_at >= b.window_start AND r.created_at < b.window_end))
            ) holds
            WHERE (b.spent, b.held) <> (used.credits, holds.credits)""",
    ),
]
