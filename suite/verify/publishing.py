"""What is said to be published is at one target, in a version that is kept (invariant 8)."""

from typing import Final

from suite.verify.check import Check

CHECKS: Final = [
    Check(
        invariant=8,
        name="published_content_is_at_one_target",
        says="Content is published in the version and at the address of its one publication, and that version is kept.",
        bad_rows="""
            SELECT c.id AS content_id, p.content_id AS publication_of, c.site_status, c.published_version,
                   p.target, p.published_version AS version_there, c.external_url, p.external_url AS url_there,
                   v.version AS version_kept
            FROM publisher.content c
            FULL JOIN (SELECT * FROM publisher.publication WHERE published_version > 0) p ON p.content_id = c.id
            LEFT JOIN publisher.content_version v
                ON v.content_id = p.content_id AND v.version = p.published_version
            WHERE (c.site_status = 'published' OR p.content_id IS NOT NULL)
              AND ((c.published_version, c.external_url) IS DISTINCT FROM (p.published_version, p.external_url)
                   OR v.version IS NULL)""",
    ),
]
