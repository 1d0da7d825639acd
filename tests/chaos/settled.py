"""What must hold once faults are over and the work has ended, whichever faults they were."""

from typing import Final

import psycopg2

from suite.verify.report import verify
from tests.chaos.campaign import Report
from tests.journeys.suites import RunningSuite

OPEN_WORK: Final = """
    SELECT (SELECT count(*) FROM ai.igny8_ai_task_logs WHERE status = 'pending') AS tasks,
           (SELECT count(*) FROM ai.run_item WHERE status IN ('queued', 'running')) AS items,
           (SELECT count(*) FROM ai.job_lease) AS leases,
           (SELECT count(*) FROM billing.reservation WHERE status = 'active') AS holds"""
_CHARGED_TWICE: Final = """
    SELECT operation_type, item_id, count(*) AS charges FROM billing.igny8_billing_creditusagelog
    GROUP BY operation_type, item_id HAVING count(*) > 1"""
_BATCHED: Final = ("clustering",)
"""Operations whose item is a batch of inputs, named by its first: the same one may lead another batch."""


def database_answers(suite: RunningSuite) -> bool:
    """Whether what was killed last may be asked: a server just started is still reading its log."""
    try:
        return bool(suite.rows("SELECT 1 AS answer"))
    except psycopg2.OperationalError:
        return False


def nothing_is_open(suite: RunningSuite) -> bool:
    """Whether no work waits or is done, and nobody holds a lease or credits."""
    (found,) = suite.rows(OPEN_WORK)
    return not any(found.values())


def books_hold(suite: RunningSuite) -> bool:
    """Whether `igny8 verify` finds nothing."""
    return all(finding.holds for finding in verify(suite.stack.read_only_database_url))


def charged_twice(suite: RunningSuite) -> list[dict[str, object]]:
    """Items with more than one charge for the same operation."""
    return [row for row in suite.rows(_CHARGED_TWICE) if row["operation_type"] not in _BATCHED]


def promise_all(report: Report, suite: RunningSuite) -> None:
    """Notes what every campaign of AI work promises."""
    (found,) = suite.rows(OPEN_WORK)
    report.promise(
        "No task, item, lease or hold is left open", holds=not any(found.values()), found=dict(found)
    )
    twice = charged_twice(suite)
    report.promise("No item is charged twice", holds=not twice, found=twice[:3] or "0")
    bad = [finding.check.name for finding in verify(suite.stack.read_only_database_url) if not finding.holds]
    report.promise("igny8 verify is clean", holds=not bad, found=bad or "all checks hold")
