"""What must hold in the tables after anything: written apart from the service's own proof, to check that too."""

BOOKS = {
    "the balance is the sum of the ledger": """
        SELECT account_id FROM credit_account LEFT JOIN (
            SELECT account_id, sum(amount) AS amount, sum(reserved_amount) AS reserved, count(*) AS lines
            FROM igny8_billing_credittransaction GROUP BY account_id) AS ledger USING (account_id)
        WHERE (credits, credit_account.reserved, sequence)
            <> (coalesce(amount, 0), coalesce(ledger.reserved, 0), coalesce(lines, 0))""",
    "each line goes on from the one before": """
        SELECT id FROM (SELECT *, lag(sequence, 1, 0::bigint) OVER own AS previous,
            lag(balance_after, 1, 0::bigint) OVER own AS balance_before,
            lag(reserved_after, 1, 0::bigint) OVER own AS reserved_before
            FROM igny8_billing_credittransaction WINDOW own AS (PARTITION BY account_id ORDER BY sequence)) AS line
        WHERE (sequence, balance_after, reserved_after)
            <> (previous + 1, balance_before + amount, reserved_before + reserved_amount)""",
    "reserved is the sum of the active holds": """
        SELECT account_id FROM credit_account LEFT JOIN (
            SELECT account_id, sum(amount - captured - released) AS held FROM reservation
            WHERE status = 'active' GROUP BY account_id) AS holds USING (account_id)
        WHERE reserved <> coalesce(held, 0)""",
    "grants have what the balance has": """
        SELECT account_id FROM credit_account LEFT JOIN (
            SELECT account_id, sum(remaining) AS remaining, sum(reserved) AS held FROM credit_grant
            GROUP BY account_id) AS grants USING (account_id)
        WHERE (credits, reserved) <> (coalesce(remaining, 0), coalesce(held, 0))""",
    "each grant is the sum of its draws": """
        SELECT credit_grant.id FROM credit_grant LEFT JOIN credit_draw ON grant_id = credit_grant.id
        GROUP BY credit_grant.id
        HAVING (remaining, reserved)
            <> (coalesce(sum(credit_draw.amount), 0), coalesce(sum(credit_draw.reserved_amount), 0))""",
    "each line is the sum of its draws": """
        SELECT line.id FROM igny8_billing_credittransaction AS line
        LEFT JOIN credit_draw ON transaction_id = line.id
        GROUP BY line.id
        HAVING (line.amount, line.reserved_amount)
            <> (coalesce(sum(credit_draw.amount), 0), coalesce(sum(credit_draw.reserved_amount), 0))""",
    "a deduction and its usage row are one to one": """
        SELECT line.id, used.id FROM igny8_billing_creditusagelog AS used
        FULL JOIN (SELECT * FROM igny8_billing_credittransaction WHERE transaction_type = 'deduction') AS line
            ON line.id = used.transaction_id
        WHERE line.id IS NULL OR used.id IS NULL OR -line.amount <> credits_used""",
    "credits recompute from the work at the pinned price": """
        SELECT used.id FROM igny8_billing_creditusagelog AS used
        LEFT JOIN reservation ON reservation.id = reservation_id
        JOIN igny8_billing_aimodelconfig AS price ON price.id = used.price_id
        LEFT JOIN LATERAL jsonb_to_recordset(image_variants)
            AS variant(size text, quality text, credits_per_image bigint)
            ON (size, quality) = (image_size, image_quality)
        WHERE used.price_id <> coalesce(reservation.price_id, used.price_id) OR credits_used + platform_loss_credits <> CASE kind
            WHEN 'image' THEN images * coalesce(variant.credits_per_image, CASE image_size || image_quality
                WHEN '' THEN price.credits_per_image ELSE greatest(price.credits_per_image,
                    (SELECT max(CAST(v ->> 'credits_per_image' AS bigint)) FROM jsonb_array_elements(image_variants) v)) END)
            ELSE greatest(used.minimum_credits, ceil(round((input_tokens
                + cached_input_tokens * (coalesce(weight_cached_input, 1) - 1)
                + (output_tokens - reasoning_tokens) * coalesce(weight_output, 1)
                + reasoning_tokens * coalesce(weight_reasoning, weight_output, 1)) / tokens_per_credit, 12))) END""",
    "each line's hash follows from the line before": """
        SELECT line.id FROM (SELECT igny8_billing_credittransaction AS whole, id, hash,
            lag(hash, 1, decode(repeat('00', 32), 'hex')) OVER (PARTITION BY account_id ORDER BY sequence) AS previous
            FROM igny8_billing_credittransaction) AS line
        WHERE hash <> ledger_line_hash(previous, whole)""",
    "budgets are a recount": """
        SELECT budget.id FROM budget
        CROSS JOIN LATERAL (SELECT coalesce(sum(used.credits_used), 0) - coalesce(sum(back.amount), 0) AS credits
            FROM igny8_billing_creditusagelog AS used LEFT JOIN reservation ON reservation.id = reservation_id
            LEFT JOIN igny8_billing_credittransaction AS back
                ON back.related_id = used.transaction_id AND back.transaction_type = 'reversal'
            WHERE used.account_id = budget.account_id AND target_id = CASE scope
                WHEN 'run' THEN used.run_id WHEN 'api_key' THEN used.api_key_id ELSE used.site_id END
                AND (window_start IS NULL OR date_trunc(CASE scope WHEN 'site_day' THEN 'day' ELSE 'month' END,
                    coalesce(reservation.created_at, used.created_at)) = window_start)) AS used
        CROSS JOIN LATERAL (SELECT coalesce(sum(amount - captured - released), 0) AS credits FROM reservation
            WHERE reservation.account_id = budget.account_id AND status = 'active' AND target_id = CASE scope
                WHEN 'run' THEN run_id WHEN 'api_key' THEN api_key_id ELSE site_id END
                AND (window_start IS NULL OR date_trunc(CASE scope WHEN 'site_day' THEN 'day' ELSE 'month' END,
                    reservation.created_at) = window_start)) AS holds
        WHERE (spent, held) <> (used.credits, holds.credits)""",
    "the balance carries the hash of the last line": """
        SELECT account_id FROM credit_account JOIN igny8_billing_credittransaction AS line
            USING (account_id, sequence)
        WHERE credit_account.hash <> line.hash""",
}
"""Each query names the rows that break its rule."""
