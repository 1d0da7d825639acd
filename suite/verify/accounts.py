"""Nothing of one account hangs on a thing of another one (invariant 10)."""

from typing import Final

from suite.verify.check import Check

CHECKS: Final = [
    Check(
        invariant=10,
        name="rows_belong_to_their_sites_account",
        says="Whatever belongs to a site belongs to the site's account, in every service.",
        bad_rows="""
            SELECT place, site_id, claim.account_id, s.account_id AS site_account_id, count(*) AS rows_there
            FROM (
                SELECT 'publisher.sector' AS place, site_id, account_id FROM publisher.sector UNION ALL
                SELECT 'publisher.publishing_settings', site_id, account_id FROM publisher.publishing_settings UNION ALL
                SELECT 'publisher.keyword', site_id, account_id FROM publisher.keyword UNION ALL
                SELECT 'publisher.cluster', site_id, account_id FROM publisher.cluster UNION ALL
                SELECT 'publisher.idea', site_id, account_id FROM publisher.idea UNION ALL
                SELECT 'publisher.task', site_id, account_id FROM publisher.task UNION ALL
                SELECT 'publisher.content', site_id, account_id FROM publisher.content UNION ALL
                SELECT 'publisher.image', site_id, account_id FROM publisher.image UNION ALL
                SELECT 'publisher.publication', site_id, account_id FROM publisher.publication UNION ALL
                SELECT 'publisher.connection', site_id, account_id FROM publisher.connection UNION ALL
                SELECT 'publisher.remote_object', site_id, account_id FROM publisher.remote_object UNION ALL
                SELECT 'publisher.site_credits', site_id, account_id FROM publisher.site_credits UNION ALL
                SELECT 'ai.igny8_ai_task_logs', site_id, account_id FROM ai.igny8_ai_task_logs UNION ALL
                SELECT 'ai.automation_config', site_id, account_id FROM ai.automation_config UNION ALL
                SELECT 'ai.automation_run', site_id, account_id FROM ai.automation_run UNION ALL
                SELECT 'billing.reservation', site_id, account_id FROM billing.reservation UNION ALL
                SELECT 'billing.igny8_billing_creditusagelog', site_id, account_id FROM billing.igny8_billing_creditusagelog UNION ALL
                SELECT 'notifications.igny8_notifications_notification', site_id, account_id FROM notifications.igny8_notifications_notification
            ) claim JOIN publisher.site s ON s.id = site_id
            WHERE claim.account_id <> s.account_id
            GROUP BY place, site_id, claim.account_id, s.account_id""",
    ),
    Check(
        invariant=10,
        name="charges_are_for_their_task",
        says="A charge names the account, the site, the run and the operation of its AI task.",
        bad_rows="""
            SELECT u.id AS usage_id, u.account_id, u.site_id, u.run_id, u.operation_type, t.id AS task_id,
                   t.account_id AS task_account_id, t.site_id AS task_site_id, t.run_id AS task_run_id,
                   t.operation_type AS task_operation_type
            FROM billing.igny8_billing_creditusagelog u JOIN ai.igny8_ai_task_logs t ON t.id = u.ai_task_id
            WHERE (u.account_id, u.site_id, u.run_id, u.operation_type)
                  IS DISTINCT FROM (t.account_id, t.site_id, t.run_id, t.operation_type)""",
    ),
]
