"""The three logs of each AI function, read from the tables that the contract names, and whether they agree."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import psycopg2

FUNCTIONS: Final = (
    ("cluster_keywords", "clustering", "ai_cluster_success"),
    ("generate_ideas", "idea_generation", "ai_ideas_success"),
    ("generate_content", "content_generation", "ai_content_success"),
    ("generate_image_prompts", "image_prompt_extraction", "ai_prompts_success"),
    ("generate_images", "image_generation", "ai_image_success"),
)
"""Each AI function, its operation at billing, and the notification of its success."""

_TASK_LOGS: Final = """
SELECT count(*), coalesce(sum(credits_used), 0), coalesce(sum(cost), 0) FROM igny8_ai_task_logs
WHERE function_name = %s AND run_id = %s"""
_USAGE: Final = """
SELECT count(*), coalesce(sum(credits_used), 0), coalesce(sum(cost_usd), 0) FROM igny8_billing_creditusagelog
WHERE operation_type = %s AND run_id = %s"""
_LEDGER: Final = """
SELECT count(*), coalesce(-sum(amount), 0) FROM igny8_billing_credittransaction
WHERE transaction_type = 'deduction' AND operation_type = %s AND run_id = %s"""
_NOTIFICATIONS: Final = """
SELECT coalesce(sum(count), 0) FROM igny8_notifications_notification
WHERE notification_type = %s AND run_id = %s"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionLogs:
    """What the logs say about one AI function in one run. Costs are USD."""

    function_name: str
    task_logs: int
    task_credits: int
    task_cost: Decimal
    usage_rows: int
    usage_credits: int
    usage_cost: Decimal
    deductions: int
    deducted_credits: int
    notifications: int

    @property
    def agree(self) -> bool:
        """Whether the three logs and the ledger tell the same, and none of them is empty."""
        return (
            self.task_logs > 0
            and self.task_credits == self.usage_credits == self.deducted_credits
            and self.usage_rows == self.deductions > 0
            and self.task_cost == self.usage_cost
            and self.notifications == self.task_logs
        )


def read(dsn: str, run_id: str) -> list[FunctionLogs]:
    """The logs of the five functions in a run; `dsn` is the read-only one."""
    connection = psycopg2.connect(dsn, connect_timeout=5)
    try:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:
            return [_one(cursor, run_id, *names) for names in FUNCTIONS]
    finally:
        connection.close()


def _one(
    cursor: "psycopg2.extensions.cursor", run_id: str, function: str, operation: str, notification: str
) -> FunctionLogs:
    def row(query: str, name: str) -> tuple[Decimal, ...]:
        cursor.execute(query, (name, run_id))
        found = cursor.fetchone()
        assert found is not None, "an aggregate has one row"
        return tuple(Decimal(value) for value in found)

    task_logs, task_credits, task_cost = row(_TASK_LOGS, function)
    usage_rows, usage_credits, usage_cost = row(_USAGE, operation)
    deductions, deducted_credits = row(_LEDGER, operation)
    (notifications,) = row(_NOTIFICATIONS, notification)
    return FunctionLogs(
        function_name=function,
        task_logs=int(task_logs),
        task_credits=int(task_credits),
        task_cost=task_cost,
        usage_rows=int(usage_rows),
        usage_credits=int(usage_credits),
        usage_cost=usage_cost,
        deductions=int(deductions),
        deducted_credits=int(deducted_credits),
        notifications=int(notifications),
    )
