"""What the demo shows, filled with what a test does not care about."""

from decimal import Decimal
from typing import Any

from suite.demo.books import FunctionLogs
from suite.demo.job import Outcome

STAGES = (
    "Keywords to clusters",
    "Clusters to ideas",
    "Ideas to tasks",
    "Tasks to articles",
    "Articles to image prompts",
    "Image prompts to images",
    "Review and approval",
)


def logs(**more: Any) -> FunctionLogs:
    """Logs that agree."""
    values = {
        "function_name": "generate_image_prompts",
        "task_logs": 2,
        "task_credits": 10,
        "task_cost": Decimal("0.0123456789"),
        "usage_rows": 4,
        "usage_credits": 10,
        "usage_cost": Decimal("0.0123456789"),
        "deductions": 4,
        "deducted_credits": 10,
        "notifications": 2,
    }
    return FunctionLogs(**{**values, **more})


def run(**more: Any) -> dict[str, Any]:
    """A run as the API shows it."""
    stages = [
        {"stage": number, "name": name, "total": 4, "done": 3, "failed": 1, "outputs": 9, "credits_used": 10}
        for number, name in enumerate(STAGES, 1)
    ]
    return {"id": "a run", "status": "running", "stages": stages, **more}


def outcome(**more: Any) -> Outcome:
    """The main job, done."""
    values: dict[str, Any] = {
        "account_id": "an account",
        "site": {"slug": "kitchen-garden"},
        "imported": {},
        "run": run(status="completed"),
        "content": [{"site_status": "published"}, {"site_status": "failed"}],
        "balance_before": {"credits": 10_000},
        "balance_after": {"credits": 9_950},
        "seconds": 12.3,
    }
    return Outcome(**{**values, **more})
