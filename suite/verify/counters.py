"""Counters that are kept, against a recount (invariant 10)."""

from typing import Final

from suite.verify.check import Check

CHECKS: Final = [
    Check(
        invariant=10,
        name="clusters_count_their_keywords",
        says="A cluster's number of keywords and their volume equal a recount.",
        bad_rows="""
            SELECT c.id AS cluster_id, c.keywords_count, c.volume, k.keywords, k.searches
            FROM publisher.cluster c
            LEFT JOIN (
                SELECT cluster_id, count(*) AS keywords, coalesce(sum(volume), 0) AS searches
                FROM publisher.keyword WHERE cluster_id IS NOT NULL GROUP BY cluster_id
            ) k ON k.cluster_id = c.id
            WHERE c.keywords_count <> coalesce(k.keywords, 0) OR c.volume <> coalesce(k.searches, 0)""",
    ),
    Check(
        invariant=10,
        name="keywords_are_in_clusters_of_their_site",
        says="A keyword's cluster is one of its own site and sector.",
        bad_rows="""
            SELECT k.id AS keyword_id, k.site_id, k.sector_id, k.cluster_id, c.site_id AS cluster_site_id,
                   c.sector_id AS cluster_sector_id
            FROM publisher.keyword k LEFT JOIN publisher.cluster c ON c.id = k.cluster_id
            WHERE k.cluster_id IS NOT NULL
              AND (c.site_id, c.sector_id) IS DISTINCT FROM (k.site_id, k.sector_id)""",
    ),
    Check(
        invariant=10,
        name="unread_is_a_recount",
        says="An account's number of unread notifications equals a recount.",
        bad_rows="""
            SELECT account_id, u.unread, n.unread AS recount
            FROM notifications.unread_counter u
            FULL JOIN (
                SELECT account_id, count(*) AS unread
                FROM notifications.igny8_notifications_notification WHERE read_at IS NULL GROUP BY account_id
            ) n USING (account_id)
            WHERE coalesce(u.unread, 0) <> coalesce(n.unread, 0)""",
    ),
    Check(
        invariant=10,
        name="site_statistics_are_a_recount",
        says="A site's statistics equal a recount of its things by state.",
        bad_rows="""
            SELECT site_id, noun, state, coalesce(t.count, 0) AS told, coalesce(r.count, 0) AS recount
            FROM (
                SELECT site_id, noun, state, sum(count) AS count FROM publisher.site_tally GROUP BY 1, 2, 3
            ) t
            FULL JOIN (
                SELECT site_id, noun, state, count(*) AS count
                FROM (
                    SELECT site_id, 'keyword' AS noun, ARRAY['total', status] AS states FROM publisher.keyword UNION ALL
                    SELECT site_id, 'cluster', ARRAY['total', status] FROM publisher.cluster UNION ALL
                    SELECT site_id, 'idea', ARRAY['total', status] FROM publisher.idea UNION ALL
                    SELECT site_id, 'task', ARRAY['total', status] FROM publisher.task UNION ALL
                    SELECT site_id, 'content', ARRAY['total', status, site_status] FROM publisher.content UNION ALL
                    SELECT site_id, 'image', ARRAY['total', status] FROM publisher.image
                ) thing, unnest(states) AS state
                GROUP BY 1, 2, 3
            ) r USING (site_id, noun, state)
            WHERE coalesce(t.count, 0) <> coalesce(r.count, 0)""",
    ),
    Check(
        invariant=10,
        name="site_credits_are_a_recount",
        says="What a site was charged by day equals its usage rows, save for events that are still on their way.",
        bad_rows="""
            SELECT site_id, day, s.credits_used, u.credits_used AS charged, w.credits_used AS on_their_way
            FROM (
                SELECT site_id, day, sum(credits_used) AS credits_used FROM publisher.site_credits
                GROUP BY site_id, day
            ) s
            FULL JOIN (
                SELECT site_id, (created_at AT TIME ZONE 'UTC')::date AS day, sum(credits_used) AS credits_used
                FROM billing.igny8_billing_creditusagelog WHERE site_id IS NOT NULL GROUP BY 1, 2
            ) u USING (site_id, day)
            LEFT JOIN (
                SELECT (o.payload::jsonb ->> 'site_id')::uuid AS site_id,
                       ((o.payload::jsonb ->> 'occurred_at')::timestamptz AT TIME ZONE 'UTC')::date AS day,
                       sum((o.payload::jsonb ->> 'credits_used')::bigint) AS credits_used
                FROM billing.outbox o
                WHERE o.subject LIKE 'igny8.v1.credits.%.captured' AND o.payload::jsonb ->> 'site_id' <> ''
                  AND NOT EXISTS (SELECT FROM publisher.inbox handled WHERE handled.event_id = o.event_id)
                GROUP BY 1, 2
            ) w USING (site_id, day)
            WHERE coalesce(s.credits_used, 0) <> coalesce(u.credits_used, 0) - coalesce(w.credits_used, 0)""",
    ),
]
