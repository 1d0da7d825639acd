"""Automation runs: at rest once they have ended, counted right, and costing what was charged (invariants 5 and 6)."""

from typing import Final

from suite.verify.check import Check

CHECKS: Final = [
    Check(
        invariant=5,
        name="ended_runs_cost_what_was_charged",
        says="The credits of a run that has ended are those of its usage rows.",
        bad_rows="""
            SELECT r.id AS run_id, r.status, s.credits_used, u.credits_used AS charged
            FROM ai.automation_run r
            LEFT JOIN (
                SELECT run_id, sum(credits_used) AS credits_used FROM ai.run_stage GROUP BY run_id
            ) s ON s.run_id = r.id
            LEFT JOIN (
                SELECT run_id, sum(credits_used) AS credits_used
                FROM billing.igny8_billing_creditusagelog GROUP BY run_id
            ) u ON u.run_id = r.id
            WHERE r.status IN ('completed', 'cancelled', 'failed')
              AND coalesce(s.credits_used, 0) <> coalesce(u.credits_used, 0)""",
    ),
    Check(
        invariant=6,
        name="ended_runs_are_at_rest",
        says="A run in a final state has no open item, no lease and no hold.",
        bad_rows="""
            SELECT r.id AS run_id, r.status, i.id AS run_item_id, i.status AS item_status, l.owner AS leased_by,
                   h.id AS reservation_id
            FROM ai.automation_run r
            LEFT JOIN ai.run_item i ON i.run_id = r.id
            LEFT JOIN ai.job_lease l ON l.subject_id = i.id
            LEFT JOIN billing.reservation h ON h.run_id = r.id AND h.status = 'active'
            WHERE r.status IN ('completed', 'cancelled', 'failed')
              AND (i.status IN ('queued', 'running') OR l.subject_id IS NOT NULL OR h.id IS NOT NULL)""",
    ),
    Check(
        invariant=6,
        name="one_active_run_per_site",
        says="A site has at most one run that is not in a final state.",
        bad_rows="""
            SELECT site_id, count(*) AS active_runs, min(id::text) AS first_run_id
            FROM ai.automation_run WHERE status NOT IN ('completed', 'cancelled', 'failed')
            GROUP BY site_id HAVING count(*) > 1""",
    ),
    Check(
        invariant=6,
        name="run_counters_recount",
        says="The counters of a run's stages equal a recount of its items.",
        bad_rows="""
            SELECT run_id, stage, s.total, s.done, s.failed, s.skipped, s.credits_used, i.total AS items,
                   i.done AS items_done, i.failed AS items_failed, i.skipped AS items_skipped,
                   i.credits_used AS item_credits
            FROM ai.run_stage s
            FULL JOIN (
                SELECT run_id, stage, count(*) AS total, sum(credits_used) AS credits_used,
                       count(*) FILTER (WHERE status = 'done') AS done,
                       count(*) FILTER (WHERE status = 'failed') AS failed,
                       count(*) FILTER (WHERE status = 'skipped') AS skipped
                FROM ai.run_item GROUP BY run_id, stage
            ) i USING (run_id, stage)
            WHERE (s.total, s.done, s.failed, s.skipped, s.credits_used) IS DISTINCT FROM (
                      coalesce(i.total, 0), coalesce(i.done, 0), coalesce(i.failed, 0), coalesce(i.skipped, 0),
                      coalesce(i.credits_used, 0))""",
    ),
]
