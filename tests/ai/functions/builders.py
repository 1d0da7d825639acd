"""Tasks, items and answers for tests of functions."""

import json
from typing import Any

from services.ai.domain.task_item import Answer, TaskItem
from tests.ai.domain.builders import a_task

__all__ = ["a_task", "an_answer", "an_item"]


def an_item(**values: Any) -> TaskItem:
    filled: dict[str, Any] = {"task_id": "t", "position": 0, "item_id": "i", "label": "Compost", "input": {}}
    return TaskItem(**{**filled, **values})


def an_answer(said: object) -> Answer:
    """A model's answer: data as JSON, a text as it is."""
    text = said if isinstance(said, str) else json.dumps(said)
    return Answer(data=text.encode(), media_type="application/json", model_name="offline-1")
