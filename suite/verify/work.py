"""AI work across the services: task logs, outputs, captures and runs (invariants 5 and 6)."""

from typing import Final

from suite.verify.check import Check

CHECKS: Final = [
    Check(
        invariant=5,
        name="items_have_their_capture",
        says="Every item that is done has one usage row of its credits, and its task log counts it.",
        bad_rows="""
            SELECT i.task_id, i.position, i.item_id, i.status, i.credits_used, u.credits_used AS charged
            FROM ai.task_item i
            LEFT JOIN billing.igny8_billing_creditusagelog u ON u.ai_task_id = i.task_id AND u.item_id = i.item_id::text
            WHERE i.status = 'done' AND u.credits_used IS DISTINCT FROM i.credits_used""",
    ),
    Check(
        invariant=5,
        name="nothing_failed_is_charged",
        says="No usage row belongs to an item that failed, nor to one that does not exist.",
        bad_rows="""
            SELECT u.id AS usage_id, u.ai_task_id, u.item_id, i.status, u.credits_used
            FROM billing.igny8_billing_creditusagelog u
            LEFT JOIN ai.task_item i ON i.task_id = u.ai_task_id AND i.item_id::text = u.item_id
            WHERE u.ai_task_id IS NOT NULL AND (i.status IS NULL OR i.status = 'failed')""",
    ),
    Check(
        invariant=5,
        name="task_logs_add_up",
        says="A task log's credits and cost are the sums of its items', and an ended one has no open item.",
        bad_rows="""
            SELECT t.id AS task_id, t.function_name, t.status, t.credits_used, t.cost, t.items_done,
                   i.credits_used AS item_credits, i.cost AS item_cost, i.done, i.open
            FROM ai.igny8_ai_task_logs t
            LEFT JOIN (
                SELECT task_id, sum(credits_used) AS credits_used, sum(cost) AS cost,
                       count(*) FILTER (WHERE status = 'done') AS done,
                       count(*) FILTER (WHERE status IN ('pending', 'answered')) AS open
                FROM ai.task_item GROUP BY task_id
            ) i ON i.task_id = t.id
            WHERE t.credits_used <> coalesce(i.credits_used, 0) OR t.cost <> coalesce(i.cost, 0)
               OR t.items_done <> coalesce(i.done, 0)
               OR (t.status IN ('success', 'error') AND t.error = '' AND coalesce(i.open, 0) > 0)""",
    ),
    Check(
        invariant=5,
        name="outputs_are_there",
        says="Every article and image that an item made is at the publisher.",
        bad_rows="""
            SELECT t.id AS task_id, t.function_name, i.item_id
            FROM ai.igny8_ai_task_logs t JOIN ai.task_item i ON i.task_id = t.id
            WHERE i.status = 'done' AND CASE t.function_name
                WHEN 'generate_content' THEN NOT EXISTS (
                    SELECT 1 FROM publisher.content c WHERE c.task_id = i.item_id)
                WHEN 'generate_images' THEN NOT EXISTS (
                    SELECT 1 FROM publisher.image p WHERE p.id = i.item_id AND p.status = 'generated')
                ELSE false END""",
    ),
    Check(
        invariant=6,
        name="ended_runs_are_at_rest",
        says="A run in a final state has no open item and no lease.",
        bad_rows="""
            SELECT r.id AS run_id, r.status, i.id AS run_item_id, i.status AS item_status
            FROM ai.automation_run r
            JOIN ai.run_item i ON i.run_id = r.id
            LEFT JOIN ai.job_lease l ON l.subject_id = i.id
            WHERE r.status IN ('completed', 'cancelled', 'failed')
              AND (i.status IN ('queued', 'running') OR l.subject_id IS NOT NULL)""",
    ),
    Check(
        invariant=6,
        name="run_counters_recount",
        says="The counters of a run's stages equal a recount of its items.",
        bad_rows="""
            SELECT s.run_id, s.stage, s.total, s.done, s.failed, s.credits_used,
                   i.total AS items, i.done AS items_done, i.failed AS items_failed, i.credits_used AS item_credits
            FROM ai.run_stage s
            LEFT JOIN (
                SELECT run_id, stage, count(*) AS total, sum(credits_used) AS credits_used,
                       count(*) FILTER (WHERE status = 'done') AS done,
                       count(*) FILTER (WHERE status = 'failed') AS failed
                FROM ai.run_item GROUP BY run_id, stage
            ) i USING (run_id, stage)
            WHERE s.total <> coalesce(i.total, 0) OR s.done <> coalesce(i.done, 0)
               OR s.failed <> coalesce(i.failed, 0) OR s.credits_used <> coalesce(i.credits_used, 0)""",
    ),
]
