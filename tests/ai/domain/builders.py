"""Builders of runs and tasks that fill what a test does not care about."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from services.ai.domain.function_names import FunctionName
from services.ai.domain.run import Run, StageProgress
from services.ai.domain.stages import DEFAULTS, Stage
from services.ai.domain.task import AiTask

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ACCOUNT = "01980000-0000-7000-8000-000000000001"
SITE = "01980000-0000-7000-8000-000000000002"


def a_run(*, progress: dict[Stage, dict[str, Any]] | None = None, **values: Any) -> Run:
    """A running run; `progress` sets counts of stages, for example {Stage.CONTENT: {"total": 4}}."""
    stages = tuple(
        replace(
            StageProgress(
                stage=stage,
                enabled=True,
                batch_size=DEFAULTS[stage].batch_size,
                concurrency=DEFAULTS[stage].concurrency,
            ),
            **(progress or {}).get(stage, {}),
        )
        for stage in Stage
    )
    filled: dict[str, Any] = {
        "id": "01980000-0000-7000-8000-000000000003",
        "account_id": ACCOUNT,
        "site_id": SITE,
        "actor": "user:1",
        "created_at": NOW,
        "updated_at": NOW,
        "stages": stages,
    }
    return Run(**{**filled, **values})


def a_task(**values: Any) -> AiTask:
    """A pending execution of generate_images."""
    filled: dict[str, Any] = {
        "id": "01980000-0000-7000-8000-000000000004",
        "account_id": ACCOUNT,
        "site_id": SITE,
        "function_name": FunctionName.GENERATE_IMAGES,
        "model_name": "offline-image-1",
        "prompt_version": "",
        "actor": "user:1",
        "created_at": NOW,
        "updated_at": NOW,
        "payload": {"task_ids": []},
    }
    return AiTask(**{**filled, **values})
