"""AI work across the services: every item with its output, its capture and its place in a task log (invariant 5)."""

from typing import Final

from suite.verify.check import Check

CHECKS: Final = [
    Check(
        invariant=5,
        name="items_have_their_capture",
        says="Every item that is done has one usage row, of its credits and its cost.",
        bad_rows="""
            SELECT i.task_id, i.position, i.item_id, i.credits_used, u.credits_used AS charged,
                   i.cost, u.cost_usd AS cost_charged
            FROM ai.task_item i
            LEFT JOIN billing.igny8_billing_creditusagelog u
                ON u.ai_task_id = i.task_id AND u.item_id = i.item_id::text
            WHERE i.status = 'done' AND (u.credits_used, u.cost_usd) IS DISTINCT FROM (i.credits_used, i.cost)""",
    ),
    Check(
        invariant=5,
        name="nothing_failed_is_charged",
        says="No usage row belongs to an item that failed or was not answered, nor to one that does not exist.",
        bad_rows="""
            SELECT u.id AS usage_id, u.ai_task_id, u.item_id, i.status, u.credits_used
            FROM billing.igny8_billing_creditusagelog u
            LEFT JOIN ai.task_item i ON i.task_id = u.ai_task_id AND i.item_id::text = u.item_id
            WHERE u.ai_task_id IS NOT NULL AND coalesce(i.status, 'missing') NOT IN ('answered', 'done')""",
    ),
    Check(
        invariant=5,
        name="task_logs_add_up",
        says="A task log's counts, credits and cost are those of its items, and none is open once it has worked.",
        bad_rows="""
            SELECT t.id AS task_id, t.function_name, t.status, t.items_total, t.items_done, t.items_failed,
                   t.credits_used, t.cost, i.total, i.done, i.failed, i.credits_used AS item_credits,
                   i.cost AS item_cost
            FROM ai.igny8_ai_task_logs t
            LEFT JOIN (
                SELECT task_id, count(*) AS total, sum(credits_used) AS credits_used, sum(cost) AS cost,
                       count(*) FILTER (WHERE status = 'done') AS done,
                       count(*) FILTER (WHERE status = 'failed') AS failed
                FROM ai.task_item GROUP BY task_id
            ) i ON i.task_id = t.id
            WHERE (t.items_total, t.items_done, t.items_failed, t.credits_used, t.cost) IS DISTINCT FROM (
                      coalesce(i.total, 0), coalesce(i.done, 0), coalesce(i.failed, 0),
                      coalesce(i.credits_used, 0), coalesce(i.cost, 0))
               -- One that was refused before any call has neither held nor done anything.
               OR (t.status IN ('success', 'error') AND t.reservation_id IS NOT NULL
                   AND t.items_done + t.items_failed < t.items_total)""",
    ),
    Check(
        invariant=5,
        name="outputs_are_there",
        says="What every item that is done has made is at the publisher.",
        bad_rows="""
            SELECT t.id AS task_id, t.function_name, i.item_id
            FROM ai.igny8_ai_task_logs t JOIN ai.task_item i ON i.task_id = t.id
            WHERE i.status = 'done' AND NOT CASE t.function_name
                WHEN 'cluster_keywords' THEN EXISTS (
                    SELECT FROM publisher.keyword k WHERE k.id = i.item_id
                      -- People may take it out of its cluster again.
                      AND (k.status = 'mapped' OR k.updated_at > t.created_at))
                WHEN 'generate_ideas' THEN EXISTS (
                    SELECT FROM publisher.idea n WHERE n.cluster_id = i.item_id)
                WHEN 'generate_content' THEN EXISTS (
                    SELECT FROM publisher.content c WHERE c.task_id = i.item_id)
                WHEN 'generate_image_prompts' THEN EXISTS (
                    SELECT FROM publisher.image p WHERE p.content_id = i.item_id)
                WHEN 'generate_images' THEN EXISTS (
                    SELECT FROM publisher.image p WHERE p.id = i.item_id AND p.status = 'generated')
                ELSE false END
              AND NOT EXISTS (SELECT FROM publisher.deleted d WHERE i.item_id IN (d.id, d.made_from))""",
    ),
    Check(
        invariant=5,
        name="no_output_without_its_work",
        says="Every article and image that a model made belongs to an item whose answer was journalled.",
        bad_rows="""
            SELECT made.* FROM (
                SELECT 'generate_content' AS function_name, task_id AS item_id, id AS output_id
                FROM publisher.content WHERE task_id IS NOT NULL AND model_name <> ''
                UNION ALL
                SELECT 'generate_images', id, id FROM publisher.image WHERE status = 'generated' AND model_name <> ''
            ) made
            WHERE NOT EXISTS (
                SELECT FROM ai.task_item i JOIN ai.igny8_ai_task_logs t ON t.id = i.task_id
                WHERE i.item_id = made.item_id AND t.function_name = made.function_name
                  AND i.status IN ('answered', 'done'))""",
    ),
]
