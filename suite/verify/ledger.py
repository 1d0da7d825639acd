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
]
