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
        name="keywords_follow_their_cluster",
        says="A keyword is mapped exactly when it has a cluster of its own site.",
        bad_rows="""
            SELECT k.id AS keyword_id, k.status, k.cluster_id
            FROM publisher.keyword k LEFT JOIN publisher.cluster c ON c.id = k.cluster_id
            WHERE (k.status = 'mapped') <> (k.cluster_id IS NOT NULL)
               OR (k.cluster_id IS NOT NULL AND c.site_id IS DISTINCT FROM k.site_id)""",
    ),
    Check(
        invariant=10,
        name="unread_is_a_recount",
        says="An account's number of unread notifications equals a recount.",
        bad_rows="""
            SELECT u.account_id, u.unread, n.unread AS recount
            FROM notifications.unread_counter u
            FULL JOIN (
                SELECT account_id, count(*) AS unread
                FROM notifications.igny8_notifications_notification WHERE read_at IS NULL GROUP BY account_id
            ) n USING (account_id)
            WHERE coalesce(u.unread, 0) <> coalesce(n.unread, 0)""",
    ),
]
