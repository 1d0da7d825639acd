"""The books of billing: balances, holds, grants, usage and prices (invariants 1, 2 and 3)."""

from typing import Final

from suite.verify.check import Check

CHECKS: Final = [
    Check(
        invariant=1,
        name="balance_is_sum_of_ledger",
        says="An account's credits and held credits are the sums of its ledger, and its sequence is its last line's.",
        bad_rows="""
            SELECT a.account_id, a.credits, a.reserved, a.sequence, l.credits AS ledger_credits,
                   l.reserved AS ledger_reserved, l.lines, l.last_sequence
            FROM billing.credit_account a
            LEFT JOIN (
                SELECT account_id, sum(amount) AS credits, sum(reserved_amount) AS reserved, count(*) AS lines,
                       max(sequence) AS last_sequence
                FROM billing.igny8_billing_credittransaction GROUP BY account_id
            ) l USING (account_id)
            WHERE a.credits <> coalesce(l.credits, 0) OR a.reserved <> coalesce(l.reserved, 0)
               OR a.sequence <> coalesce(l.last_sequence, 0)""",
    ),
    Check(
        invariant=1,
        name="sequence_has_no_gap",
        says="The lines of an account's ledger are numbered 1, 2, 3 … without gaps.",
        bad_rows="""
            SELECT account_id, count(*) AS lines, min(sequence) AS first, max(sequence) AS last
            FROM billing.igny8_billing_credittransaction GROUP BY account_id HAVING min(sequence) <> 1 OR max(sequence) <> count(*)""",
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
            WHERE balance_after <> balance OR reserved_after <> reserved OR reserved < 0 OR balance < reserved""",
    ),
    Check(
        invariant=1,
        name="reserved_is_sum_of_holds",
        says="What an account holds is what its active reservations have left.",
        bad_rows="""
            SELECT a.account_id, a.reserved, h.held
            FROM billing.credit_account a
            LEFT JOIN (
                SELECT account_id, sum(amount - captured - released) AS held
                FROM billing.reservation WHERE status = 'active' GROUP BY account_id
            ) h USING (account_id)
            WHERE a.reserved <> coalesce(h.held, 0)""",
    ),
    Check(
        invariant=1,
        name="grants_add_up",
        says="An account's credits are what its grants have left, and each grant has left what the draws on it left.",
        bad_rows="""
            SELECT g.id AS grant_id, g.amount, g.remaining, g.reserved, d.drawn, d.held
            FROM billing.credit_grant g
            LEFT JOIN (
                SELECT grant_id, sum(amount) AS drawn, sum(reserved_amount) AS held
                FROM billing.credit_draw GROUP BY grant_id
            ) d ON d.grant_id = g.id
            WHERE g.remaining <> coalesce(d.drawn, 0) OR g.reserved <> coalesce(d.held, 0)
            UNION ALL
            SELECT a.account_id, a.credits, g.remaining, a.reserved, NULL, NULL
            FROM billing.credit_account a
            LEFT JOIN (
                SELECT account_id, sum(remaining) AS remaining FROM billing.credit_grant GROUP BY account_id
            ) g USING (account_id)
            WHERE a.credits <> coalesce(g.remaining, 0)""",
    ),
    Check(
        invariant=2,
        name="captures_have_usage",
        says="Every deduction has one usage row of the same credits, and every usage row its deduction.",
        bad_rows="""
            SELECT l.id AS transaction_id, u.id AS usage_id, l.amount, u.credits_used
            FROM (SELECT * FROM billing.igny8_billing_credittransaction WHERE transaction_type = 'deduction') l
            FULL JOIN billing.igny8_billing_creditusagelog u ON u.transaction_id = l.id
            WHERE l.id IS NULL OR u.id IS NULL OR -l.amount <> u.credits_used
               OR l.account_id <> u.account_id OR l.operation_type <> u.operation_type""",
    ),
    Check(
        invariant=2,
        name="credits_recompute",
        says="Credits recompute from the units and the pinned price; what was not charged is a platform loss.",
        bad_rows="""
            SELECT u.id AS usage_id, u.credits_used, u.platform_loss_credits, u.images, u.input_tokens,
                   u.output_tokens, p.tokens_per_credit, p.credits_per_image, r.minimum_credits
            FROM billing.igny8_billing_creditusagelog u
            JOIN billing.reservation r ON r.id = u.reservation_id
            JOIN billing.igny8_billing_aimodelconfig p ON p.id = u.price_id
            WHERE u.price_id <> r.price_id OR u.credits_used + u.platform_loss_credits <> CASE p.kind
                WHEN 'image' THEN u.images * p.credits_per_image
                ELSE greatest(r.minimum_credits,
                              ceil((u.input_tokens + u.output_tokens)::numeric / p.tokens_per_credit)) END""",
    ),
    Check(
        invariant=2,
        name="credit_value_recomputes",
        says="credit_value_usd = credits_used x credit_price_usd, at the price of the quote.",
        bad_rows="""
            SELECT u.id AS usage_id, u.credits_used, u.credit_price_usd, u.credit_value_usd
            FROM billing.igny8_billing_creditusagelog u JOIN billing.reservation r ON r.id = u.reservation_id
            WHERE u.credit_value_usd <> u.credits_used * u.credit_price_usd
               OR u.credit_price_usd <> r.credit_price_usd""",
    ),
    Check(
        invariant=3,
        name="reservations_add_up",
        says="captured + released = amount once a reservation has ended; its captures in the ledger fit.",
        bad_rows="""
            SELECT r.id AS reservation_id, r.status, r.amount, r.captured, r.released, l.held
            FROM billing.reservation r
            LEFT JOIN (
                SELECT related_id, sum(reserved_amount) AS held
                FROM billing.igny8_billing_credittransaction WHERE reserved_amount <> 0 GROUP BY related_id
            ) l ON l.related_id = r.id
            WHERE (r.status <> 'active' AND r.captured + r.released <> r.amount)
               OR coalesce(l.held, 0) <> r.amount - r.captured - r.released""",
    ),
    Check(
        invariant=3,
        name="no_hold_outlives_its_expiry",
        says="No reservation is active more than two minutes after its time ended.",
        bad_rows="""
            SELECT id AS reservation_id, account_id, expires_at
            FROM billing.reservation WHERE status = 'active' AND expires_at < now() - interval '2 minutes'""",
    ),
]
