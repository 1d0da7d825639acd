"""What must hold in one account's books, each as a query of the rows that break it; the suite proves all accounts.

`:begin`, `:credits`, `:reserved` and `:hash` are those of the line after which the ledger is read.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A rule in words, and the query of what breaks it."""

    name: str
    says: str
    bad_rows: str
    newer_bad_rows: str | None = None
    """The same for what came after a checkpoint only, where the whole takes time that grows with the ledger."""


_LINE: Final = "igny8_billing_credittransaction"
_USAGE: Final = "igny8_billing_creditusagelog"
_BEGUN: Final = "coalesce(r.created_at, u.created_at)"
_WINDOW_END: Final = (
    "(b.window_start + CASE b.scope WHEN 'site_day' THEN interval '1 day' ELSE interval '1 month' END)"
)
_COUNTED: Final = """CROSS JOIN LATERAL (
                SELECT (u.input_tokens - u.cached_input_tokens)
                       + u.cached_input_tokens * coalesce(p.weight_cached_input, 1)
                       + (u.output_tokens - u.reasoning_tokens) * coalesce(p.weight_output, 1)
                       + u.reasoning_tokens * coalesce(p.weight_reasoning, p.weight_output, 1) AS counted
            ) c"""
_CREDITS: Final = """WHEN 'image' THEN u.images * CASE WHEN (u.image_size, u.image_quality) = ('', '') THEN p.credits_per_image ELSE (
                    SELECT coalesce(max(v.credits_per_image) FILTER (WHERE (v.size, v.quality) = (u.image_size, u.image_quality)),
                                    greatest(p.credits_per_image, max(v.credits_per_image)))
                    FROM jsonb_to_recordset(p.image_variants)
                        AS v(size text, quality text, credits_per_image numeric)) END
                ELSE greatest(u.minimum_credits, div(c.counted, p.tokens_per_credit)
                                   + CAST(mod(c.counted, p.tokens_per_credit) > 0 AS int))"""
_COST: Final = """WHEN 'image' THEN u.images * CASE WHEN (u.image_size, u.image_quality) = ('', '') THEN p.cost_per_image ELSE (
                    SELECT coalesce(max(v.cost_per_image) FILTER (WHERE (v.size, v.quality) = (u.image_size, u.image_quality)),
                                    greatest(p.cost_per_image, max(v.cost_per_image)))
                    FROM jsonb_to_recordset(p.image_variants)
                        AS v(size text, quality text, cost_per_image numeric)) END
                ELSE ((u.input_tokens - u.cached_input_tokens) * p.cost_per_1k_input
                      + u.cached_input_tokens * coalesce(p.cost_per_1k_cached_input, p.cost_per_1k_input)
                      + (u.output_tokens - u.reasoning_tokens) * p.cost_per_1k_output
                      + u.reasoning_tokens * coalesce(p.cost_per_1k_reasoning, p.cost_per_1k_output)) * 0.001"""

# The names put in are those of our own tables; what varies is bound.
_ALL_LINES: Final = f"SELECT * FROM {_LINE} WHERE account_id = :account_id"  # noqa: S608
_NEWER_LINES: Final = f"{_ALL_LINES} AND sequence > :begin"
_ALL_USAGE: Final = f"SELECT * FROM {_USAGE} WHERE account_id = :account_id"  # noqa: S608
_NEWER_USAGE: Final = f"""
    SELECT * FROM {_USAGE} WHERE transaction_id IN (SELECT id FROM ({_NEWER_LINES}) AS newer)"""  # noqa: S608
_MOVED_RESERVATIONS: Final = f"""
    SELECT related_id FROM ({_NEWER_LINES}) AS newer WHERE reserved_amount <> 0
    UNION SELECT id FROM reservation WHERE account_id = :account_id AND status = 'active'"""  # noqa: S608


def _captures_without_usage(lines: str, usage: str) -> str:
    return f"""
        SELECT l.id AS transaction_id, u.id AS usage_id, l.amount, u.credits_used
        FROM (SELECT * FROM ({lines}) AS line WHERE transaction_type = 'deduction') AS l
        FULL JOIN ({usage}) AS u ON u.transaction_id = l.id
        WHERE l.id IS NULL OR u.id IS NULL OR -l.amount <> u.credits_used
           OR l.operation_type <> u.operation_type OR l.run_id IS DISTINCT FROM u.run_id"""  # noqa: S608


def _miscounted_usage(usage: str) -> str:
    return f"""
        SELECT u.id AS usage_id, u.credits_used, u.platform_loss_credits, u.cost_usd, u.credit_value_usd
        FROM ({usage}) AS u
        LEFT JOIN igny8_billing_aimodelconfig p ON p.id = u.price_id
        LEFT JOIN reservation r ON r.id = u.reservation_id
        {_COUNTED}
        WHERE (
            u.credits_used + u.platform_loss_credits IS DISTINCT FROM CASE p.kind
                {_CREDITS} END
            OR u.credit_value_usd <> u.credits_used * u.credit_price_usd
            OR (u.reservation_id IS NOT NULL AND (u.price_id, u.minimum_credits, u.credit_price_usd)
                IS DISTINCT FROM (r.price_id, r.minimum_credits, r.credit_price_usd))
            OR (u.cost_source = 'computed' AND u.cost_usd IS DISTINCT FROM CASE p.kind
                {_COST} END))"""  # noqa: S608


def _unbalanced_reservations(lines: str, which: str = "") -> str:
    return f"""
        SELECT r.id AS reservation_id, r.status, r.amount, r.captured, r.released, l.held
        FROM reservation r
        LEFT JOIN (
            SELECT related_id, sum(reserved_amount) AS held,
                   -sum(reserved_amount) FILTER (WHERE transaction_type = 'deduction') AS captured
            FROM ({lines}) AS line WHERE reserved_amount <> 0 GROUP BY related_id
        ) AS l ON l.related_id = r.id
        WHERE r.account_id = :account_id {which} AND (
            coalesce(l.held, 0) <> r.amount - r.captured - r.released
            OR coalesce(l.captured, 0) <> r.captured
            OR (r.status <> 'active' AND r.captured + r.released <> r.amount)
            OR (r.captured_late > 0 AND r.captured + r.captured_late > (
                SELECT coalesce(sum(u.credits_used), 0) FROM {_USAGE} u WHERE u.reservation_id = r.id)))"""  # noqa: S608


CHECKS: Final = (
    Check(
        name="checkpoint_stands",
        says="The line at which the last proof ended is as it was.",
        bad_rows=f"""
            SELECT :begin AS sequence, l.id AS transaction_id FROM (SELECT) AS one
            LEFT JOIN {_LINE} l ON l.account_id = :account_id AND l.sequence = :begin
            WHERE :begin > 0
              AND (l.hash, l.balance_after, l.reserved_after) IS DISTINCT FROM (:hash, :credits, :reserved)""",  # noqa: S608
    ),
    Check(
        name="ledger_is_a_chain",
        says="Each line goes on from the one before: its number, its balance, its held credits and its hash.",
        bad_rows=f"""
            SELECT id AS transaction_id, sequence, balance_after, reserved_after
            FROM (
                SELECT whole, whole.*,
                       lag(sequence, 1, CAST(:begin AS bigint)) OVER own AS sequence_before,
                       lag(balance_after, 1, CAST(:credits AS bigint)) OVER own AS balance_before,
                       lag(reserved_after, 1, CAST(:reserved AS bigint)) OVER own AS reserved_before,
                       lag(hash, 1, CAST(:hash AS bytea)) OVER own AS previous
                FROM {_LINE} whole WHERE account_id = :account_id AND sequence > :begin
                WINDOW own AS (ORDER BY sequence)
            ) AS line
            WHERE (sequence, balance_after, reserved_after, hash) IS DISTINCT FROM (
                sequence_before + 1, balance_before + amount, reserved_before + reserved_amount,
                ledger_line_hash(previous, whole))
            ORDER BY sequence""",  # noqa: S608
    ),
    Check(
        name="balance_is_last_line",
        says="The balance is what the ledger's last line says, with its number and its hash.",
        bad_rows=f"""
            SELECT a.credits, a.reserved, a.sequence, l.balance_after, l.reserved_after, l.sequence AS last_sequence
            FROM credit_account a
            LEFT JOIN (
                SELECT * FROM {_LINE} WHERE account_id = :account_id ORDER BY sequence DESC LIMIT 1
            ) AS l ON l.account_id = a.account_id
            WHERE a.account_id = :account_id
              AND (a.credits, a.reserved, a.sequence, a.hash) IS DISTINCT FROM (
                  coalesce(l.balance_after, 0), coalesce(l.reserved_after, 0), coalesce(l.sequence, 0),
                  coalesce(l.hash, decode(repeat('00', 32), 'hex')))""",  # noqa: S608
    ),
    Check(
        name="reserved_is_sum_of_holds",
        says="What the account holds is what its active reservations have left.",
        bad_rows="""
            SELECT reserved, held FROM credit_account a, (
                SELECT coalesce(sum(amount - captured - released), 0) AS held
                FROM reservation WHERE account_id = :account_id AND status = 'active'
            ) AS holds
            WHERE a.account_id = :account_id AND reserved <> held""",
    ),
    Check(
        name="balance_is_what_grants_have_left",
        says="The credits and the held credits are what the grants have left and hold.",
        bad_rows="""
            SELECT a.credits, a.reserved, g.remaining, g.held FROM credit_account a, (
                SELECT coalesce(sum(remaining), 0) AS remaining, coalesce(sum(reserved), 0) AS held
                FROM credit_grant WHERE account_id = :account_id
            ) AS g
            WHERE a.account_id = :account_id AND (a.credits, a.reserved) <> (g.remaining, g.held)""",
    ),
    Check(
        name="grants_are_sums_of_draws",
        says="What a grant has left and holds is the sum of what the ledger's lines drew on it.",
        bad_rows="""
            SELECT g.id AS grant_id, g.remaining, g.reserved, d.drawn, d.held
            FROM credit_grant g
            LEFT JOIN (
                SELECT grant_id, sum(amount) AS drawn, sum(reserved_amount) AS held FROM credit_draw
                WHERE grant_id IN (SELECT id FROM credit_grant WHERE account_id = :account_id) GROUP BY grant_id
            ) AS d ON d.grant_id = g.id
            WHERE g.account_id = :account_id
              AND (g.remaining, g.reserved) <> (coalesce(d.drawn, 0), coalesce(d.held, 0))""",
    ),
    Check(
        name="lines_are_sums_of_draws",
        says="Each line of the ledger is the sum of what it drew on grants.",
        bad_rows=f"""
            SELECT l.id AS transaction_id, l.sequence, l.amount, l.reserved_amount,
                   sum(d.amount) AS drawn, sum(d.reserved_amount) AS held
            FROM {_LINE} l LEFT JOIN credit_draw d ON d.transaction_id = l.id
            WHERE l.account_id = :account_id AND l.sequence > :begin
            GROUP BY l.id
            HAVING (l.amount, l.reserved_amount)
                <> (coalesce(sum(d.amount), 0), coalesce(sum(d.reserved_amount), 0))
            ORDER BY l.sequence""",  # noqa: S608
    ),
    Check(
        name="captures_have_usage",
        says="Every deduction has one usage row of the same credits, and every usage row its deduction.",
        bad_rows=_captures_without_usage(_ALL_LINES, _ALL_USAGE),
        newer_bad_rows=_captures_without_usage(_NEWER_LINES, _NEWER_USAGE),
    ),
    Check(
        name="credits_recompute",
        says="Credits, their worth and a computed cost follow from the units at the pinned price.",
        bad_rows=_miscounted_usage(_ALL_USAGE),
        newer_bad_rows=_miscounted_usage(_NEWER_USAGE),
    ),
    Check(
        name="reservations_add_up",
        says="What a reservation has left is what the ledger holds for it, ended it has nothing left, and late work has usage.",
        bad_rows=_unbalanced_reservations(_ALL_LINES),
        # Only the lines of a hold that is active, or that a newer line is about.
        newer_bad_rows=_unbalanced_reservations(
            f"""SELECT * FROM {_LINE} WHERE id IN (
                    SELECT transaction_id FROM credit_draw WHERE reservation_id IN ({_MOVED_RESERVATIONS}))""",  # noqa: S608
            f"AND r.id IN ({_MOVED_RESERVATIONS})",
        ),
    ),
    Check(
        name="budgets_are_a_recount",
        says="What a budget has seen spent and held in its window equals the usage and the holds.",
        bad_rows=f"""
            SELECT b.id AS budget_id, b.scope, b.target_id, b.spent, b.held, used.credits, holds.credits AS holding
            FROM budget b
            CROSS JOIN LATERAL (
                SELECT coalesce(sum(u.credits_used), 0) - coalesce(sum(v.amount), 0) AS credits
                FROM {_USAGE} u
                LEFT JOIN reservation r ON r.id = u.reservation_id
                LEFT JOIN {_LINE} v ON v.related_id = u.transaction_id AND v.transaction_type = 'reversal'
                WHERE u.account_id = b.account_id AND b.target_id = CASE b.scope
                        WHEN 'run' THEN u.run_id WHEN 'api_key' THEN u.api_key_id ELSE u.site_id END
                  AND (b.window_start IS NULL OR ({_BEGUN} >= b.window_start AND {_BEGUN} < {_WINDOW_END}))
            ) AS used
            CROSS JOIN LATERAL (
                SELECT coalesce(sum(r.amount - r.captured - r.released), 0) AS credits
                FROM reservation r
                WHERE r.account_id = b.account_id AND r.status = 'active' AND b.target_id = CASE b.scope
                        WHEN 'run' THEN r.run_id WHEN 'api_key' THEN r.api_key_id ELSE r.site_id END
                  AND (b.window_start IS NULL OR (r.created_at >= b.window_start AND r.created_at < {_WINDOW_END}))
            ) AS holds
            WHERE b.account_id = :account_id AND (b.spent, b.held) <> (used.credits, holds.credits)""",  # noqa: S608
    ),
)
