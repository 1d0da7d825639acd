"""What is published is at one target, in a version that is kept (invariant 8); calendars hold their limits (invariant 9)."""

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
    Check(
        invariant=9,
        name="no_slot_is_used_twice",
        says="No two contents of a site that are planned, on their way or published have one place on its calendar.",
        bad_rows="""
            SELECT site_id, calendar_at, count(*) AS contents, min(id::text) AS content_id
            FROM publisher.content WHERE site_status NOT IN ('not_published', 'failed')
            GROUP BY site_id, calendar_at HAVING count(*) > 1""",
    ),
    # Whoever came last saw all the others, under limits that are no higher than the highest of them: so a limit that
    # was lowered, or a time zone that was changed, since is no fault, and what has no limit makes its day unlimited.
    Check(
        invariant=9,
        name="calendars_are_within_their_limits",
        says="A site has no more in a local day, week or month than the limits allowed when it was booked there.",
        bad_rows="""
            SELECT site_id, booked_under ->> 'time_zone' AS time_zone, period,
                   date_trunc(period, calendar_at AT TIME ZONE (booked_under ->> 'time_zone'))::date AS first_day,
                   count(*) AS contents, max((booked_under ->> period)::integer) AS at_most
            FROM publisher.content, unnest(ARRAY['day', 'week', 'month']) AS period
            WHERE booked_under IS NOT NULL AND site_status NOT IN ('not_published', 'failed')
            GROUP BY 1, 2, 3, 4
            HAVING count(booked_under ->> period) = count(*) AND count(*) > max((booked_under ->> period)::integer)""",
    ),
]
