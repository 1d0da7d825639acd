"""What captures were for: usage rows against the ledger, the pinned prices and the holds (invariants 2 and 3)."""

from typing import Final

from suite.verify.check import Check

CHECKS: Final = [
    Check(
        invariant=2,
        name="captures_have_usage",
        says="Every deduction has one usage row of the same credits, and every usage row its deduction.",
        bad_rows="""
            SELECT l.id AS transaction_id, u.id AS usage_id, l.amount, u.credits_used
            FROM (SELECT * FROM billing.igny8_billing_credittransaction WHERE transaction_type = 'deduction') l
            FULL JOIN billing.igny8_billing_creditusagelog u ON u.transaction_id = l.id
            WHERE l.id IS NULL OR u.id IS NULL OR -l.amount <> u.credits_used OR l.account_id <> u.account_id
               OR l.operation_type <> u.operation_type OR l.run_id IS DISTINCT FROM u.run_id""",
    ),
    Check(
        invariant=2,
        name="credits_recompute",
        says="Credits recompute from the units and the pinned price; what was not charged is a platform loss.",
        bad_rows="""
            SELECT u.id AS usage_id, u.credits_used, u.platform_loss_credits, u.images, u.input_tokens,
                   u.output_tokens, p.tokens_per_credit, p.credits_per_image, u.minimum_credits
            FROM billing.igny8_billing_creditusagelog u
            LEFT JOIN billing.reservation r ON r.id = u.reservation_id
            LEFT JOIN billing.igny8_billing_aimodelconfig p ON p.id = u.price_id
            CROSS JOIN LATERAL (
                SELECT (u.input_tokens - u.cached_input_tokens)
                       + u.cached_input_tokens * coalesce(p.weight_cached_input, 1)
                       + (u.output_tokens - u.reasoning_tokens) * coalesce(p.weight_output, 1)
                       + u.reasoning_tokens * coalesce(p.weight_reasoning, p.weight_output, 1) AS counted
            ) c
            WHERE (u.reservation_id IS NOT NULL
                   AND (u.price_id, u.minimum_credits) IS DISTINCT FROM (r.price_id, r.minimum_credits))
               OR u.credits_used + u.platform_loss_credits IS DISTINCT FROM CASE p.kind
                WHEN 'image' THEN u.images * CASE WHEN (u.image_size, u.image_quality) = ('', '') THEN p.credits_per_image ELSE (
                    SELECT coalesce(max(v.credits_per_image) FILTER (WHERE (v.size, v.quality) = (u.image_size, u.image_quality)),
                                    greatest(p.credits_per_image, max(v.credits_per_image)))
                    FROM jsonb_to_recordset(p.image_variants)
                        AS v(size text, quality text, credits_per_image numeric)) END
                ELSE greatest(u.minimum_credits, div(c.counted, p.tokens_per_credit)
                                   + (mod(c.counted, p.tokens_per_credit) > 0)::int) END""",
    ),
    Check(
        invariant=2,
        name="credit_value_recomputes",
        says="credit_value_usd = credits_used x credit_price_usd, at the price of the quote.",
        bad_rows="""
            SELECT u.id AS usage_id, u.credits_used, u.credit_price_usd, u.credit_value_usd,
                   r.credit_price_usd AS pinned_credit_price_usd
            FROM billing.igny8_billing_creditusagelog u
            LEFT JOIN billing.reservation r ON r.id = u.reservation_id
            WHERE u.credit_value_usd <> u.credits_used * u.credit_price_usd
               OR (u.reservation_id IS NOT NULL AND u.credit_price_usd IS DISTINCT FROM r.credit_price_usd)""",
    ),
    Check(
        invariant=2,
        name="cost_recomputes",
        says="A cost that no provider reported recomputes from the units and the pinned price, to the last digit.",
        bad_rows="""
            SELECT u.id AS usage_id, u.cost_usd, u.images, u.input_tokens, u.output_tokens, p.cost_per_image,
                   p.cost_per_1k_input, p.cost_per_1k_output
            FROM billing.igny8_billing_creditusagelog u
            LEFT JOIN billing.igny8_billing_aimodelconfig p ON p.id = u.price_id
            WHERE u.cost_source = 'computed' AND u.cost_usd IS DISTINCT FROM CASE p.kind
                WHEN 'image' THEN u.images * CASE WHEN (u.image_size, u.image_quality) = ('', '') THEN p.cost_per_image ELSE (
                    SELECT coalesce(max(v.cost_per_image) FILTER (WHERE (v.size, v.quality) = (u.image_size, u.image_quality)),
                                    greatest(p.cost_per_image, max(v.cost_per_image)))
                    FROM jsonb_to_recordset(p.image_variants)
                        AS v(size text, quality text, cost_per_image numeric)) END
                ELSE ((u.input_tokens - u.cached_input_tokens) * p.cost_per_1k_input
                      + u.cached_input_tokens * coalesce(p.cost_per_1k_cached_input, p.cost_per_1k_input)
                      + (u.output_tokens - u.reasoning_tokens) * p.cost_per_1k_output
                      + u.reasoning_tokens * coalesce(p.cost_per_1k_reasoning, p.cost_per_1k_output)) * 0.001 END""",
    ),
    Check(
        invariant=3,
        name="reservations_add_up",
        says="captured + released = amount once a reservation has ended, and the ledger and the usage rows say the same.",
        # Usage may be more than what was captured of the hold: work that took more is charged beyond it.
        bad_rows="""
            SELECT r.id AS reservation_id, r.status, r.amount, r.captured, r.released, l.held,
                   l.captured AS ledger_captured, u.used
            FROM billing.reservation r
            LEFT JOIN (
                SELECT related_id, sum(reserved_amount) AS held,
                       -sum(reserved_amount) FILTER (WHERE transaction_type = 'deduction') AS captured
                FROM billing.igny8_billing_credittransaction WHERE reserved_amount <> 0 GROUP BY related_id
            ) l ON l.related_id = r.id
            LEFT JOIN (
                SELECT reservation_id, sum(credits_used) AS used
                FROM billing.igny8_billing_creditusagelog GROUP BY reservation_id
            ) u ON u.reservation_id = r.id
            WHERE (r.status <> 'active' AND r.captured + r.released <> r.amount)
               OR coalesce(l.held, 0) <> r.amount - r.captured - r.released
               OR coalesce(l.captured, 0) <> r.captured OR coalesce(u.used, 0) < r.captured + r.captured_late""",
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
