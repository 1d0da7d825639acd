"""Runware's half of the stand-in: tasks in an array, answers with their cost, errors in an array.

https://runware.ai/docs/platform/introduction, /platform/errors and /docs/image-inference/api-reference
"""

import uuid
from collections.abc import Collection, Mapping
from typing import Any, Final

from tests.outside.behaviour import Behaviour
from tests.outside.pictures import png_base64

COST_USD: Final = 0.0013
"""What every picture costs."""

_PARAMETERS: Final = frozenset(
    [
        "taskType",
        "taskUUID",
        "outputType",
        "outputFormat",
        "outputQuality",
        "deliveryMethod",
        "uploadEndpoint",
        "webhookURL",
        "ttl",
        "safety",
        "checkNSFW",
        "includeCost",
        "positivePrompt",
        "negativePrompt",
        "seedImage",
        "maskImage",
        "maskMargin",
        "strength",
        "referenceImages",
        "outpaint",
        "width",
        "height",
        "model",
        "vae",
        "steps",
        "scheduler",
        "seed",
        "CFGScale",
        "clipSkip",
        "promptWeighting",
        "numberResults",
        "refiner",
        "embeddings",
        "controlNet",
        "lora",
        "ipAdapters",
        "providerSettings",
        "acceleratorOptions",
        "advancedFeatures",
    ]
)


class Refused(Exception):
    """Runware would answer with this error."""

    def __init__(self, message: str, *, code: str, parameter: str = "", status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.parameter = parameter
        self.status = status


def check(headers: Mapping[str, str], body: Any, *, keys: Collection[str]) -> list[Mapping[str, Any]]:
    """The tasks of a request. The key is in the header or in a first task of its own. Raises Refused as Runware would."""
    if not isinstance(body, list) or not all(isinstance(task, dict) for task in body):
        raise Refused("The request must be an array of tasks.", code="invalidRequest")
    tasks = list(body)
    given = headers.get("authorization", "").removeprefix("Bearer ")
    if tasks and tasks[0].get("taskType") == "authentication":
        given = tasks.pop(0).get("apiKey", "")
    if given not in keys:
        raise Refused(f"Invalid API key: {given}.", code="invalidApiKey", parameter="apiKey", status=401)
    for task in tasks:
        _check_task(task)
    return tasks


Made = dict[str, dict[str, Any]]
"""The answers that were ever given, by their taskUUID: Runware keeps them, and each was charged for."""


def answer(tasks: list[Mapping[str, Any]], behaviour: Behaviour, made: Made) -> dict[str, Any]:
    """A good answer to every task, with what the behaviour changes in each."""
    return {"data": [_answer(task, behaviour, made) for task in tasks]}


def _answer(task: Mapping[str, Any], behaviour: Behaviour, made: Made) -> dict[str, Any]:
    task_uuid = str(task["taskUUID"])
    if task["taskType"] == "imageInference":
        made[task_uuid] = _picture(task) | behaviour.changes
        return made[task_uuid]
    if task_uuid not in made:
        raise Refused("The task was not found.", code="taskNotFound", parameter="taskUUID")
    if task["taskType"] == "getResponse":
        # What was asked for in one piece is not at work any more.
        if not behaviour.changes:
            raise Refused("No active operation.", code="taskNotFound", parameter="taskUUID")
        return {"taskType": "getResponse", "taskUUID": task_uuid} | behaviour.changes
    return {
        "taskType": "getTaskDetails",
        "taskUUID": task_uuid,
        "request": [],
        "response": {"data": [made[task_uuid]]},
    }


def error(message: str, *, code: str, parameter: str = "", task_uuid: str = "") -> dict[str, Any]:
    """An error in the API's shape."""
    fault = {"code": code or "unknownError", "message": message, "taskType": "imageInference"}
    if parameter:
        fault["parameter"] = parameter
    if task_uuid:
        fault["taskUUID"] = task_uuid
    return {"errors": [fault]}


def _picture(task: Mapping[str, Any]) -> dict[str, Any]:
    made = {
        "taskType": "imageInference",
        "taskUUID": task["taskUUID"],
        "imageUUID": str(uuid.uuid4()),
        "seed": 7,
        "imageBase64Data": png_base64(task["width"], task["height"]),
    }
    return made | ({"cost": COST_USD} if task.get("includeCost") else {})


def _check_task(task: Mapping[str, Any]) -> None:
    kind = task.get("taskType")
    if kind not in ("imageInference", "getResponse", "getTaskDetails"):
        raise Refused("Unsupported taskType.", code="invalidTaskType", parameter="taskType")
    for parameter in task:
        if parameter not in (_PARAMETERS if kind == "imageInference" else ("taskType", "taskUUID")):
            raise Refused(
                f"Unsupported parameter {parameter}.", code="unsupportedParameter", parameter=parameter
            )
    try:
        version = uuid.UUID(str(task.get("taskUUID", ""))).version
    except ValueError:
        version = None
    if version != 4:
        raise Refused("taskUUID must be a UUIDv4.", code="invalidTaskUUID", parameter="taskUUID")
    if kind != "imageInference":
        return
    if task.get("outputType") != "base64Data":
        raise Refused(
            "This stand-in sends base64Data only.", code="invalidOutputType", parameter="outputType"
        )
    for side in ("width", "height"):
        pixels = task.get(side)
        if not isinstance(pixels, int) or not 128 <= pixels <= 2048 or pixels % 64:
            raise Refused(
                f"{side} must be a multiple of 64 from 128 to 2048.",
                code="invalidDimension",
                parameter=side,
            )
    if not 2 <= len(task.get("positivePrompt", "")) <= 3_000:
        raise Refused(
            "positivePrompt takes 2 to 3,000 characters.",
            code="invalidPositivePrompt",
            parameter="positivePrompt",
        )
    if not task.get("model"):
        raise Refused("model is required.", code="missingModel", parameter="model")
