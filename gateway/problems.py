"""A refusal as an answer: application/problem+json of RFC 9457 for programs, a page for people."""

import math
from typing import Any

import orjson
from starlette.responses import Response

from chassis import telemetry
from chassis.errors import RemoteRefusal, meaning_of
from chassis.refusal import Refusal

PROBLEM_JSON = "application/problem+json"
RETRY_SECONDS_DEFAULT = 1


def http_status(refusal: Refusal) -> int:
    """The HTTP status of a refusal, from the catalogue of reasons."""
    return meaning_of(refusal.reason).http_status


def title_of(reason: str) -> str:
    """`INSUFFICIENT_CREDITS` as `Insufficient credits`."""
    return reason.replace("_", " ").capitalize()


def problem_document(refusal: Refusal) -> dict[str, Any]:
    """The refusal as RFC 9457 has it, with our reason, metadata, trace id and field faults."""
    meaning = meaning_of(refusal.reason)
    return {
        "type": f"/docs#{meaning.reason}",
        "title": title_of(meaning.reason),
        "status": meaning.http_status,
        "detail": refusal.message,
        "reason": meaning.reason,
        "metadata": refusal.metadata,
        "trace_id": telemetry.trace_id(),
        "errors": [{"field": fault.field, "message": fault.message} for fault in refusal.fields],
    }


def problem(refusal: Refusal) -> Response:
    """The answer of a refused call."""
    return Response(
        orjson.dumps(problem_document(refusal), default=str),
        http_status(refusal),
        problem_headers(refusal),
        PROBLEM_JSON,
    )


def problem_headers(refusal: Refusal) -> dict[str, str]:
    """What goes with a refusal: Retry-After where a retry can help, Allow with 405, WWW-Authenticate with 401."""
    meaning = meaning_of(refusal.reason)
    headers = {"Cache-Control": "no-store"}
    if meaning.retryable:
        headers["Retry-After"] = str(retry_after_seconds(refusal))
    if meaning.http_status == 405:
        headers["Allow"] = refusal.metadata.get("allowed", "")
    if meaning.http_status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="igny8"'
    return headers


def retry_after_seconds(refusal: Refusal) -> int:
    """Whole seconds to wait, at least 1; what the refusal says, or 1."""
    said: float | None = None
    if isinstance(refusal, RemoteRefusal):
        said = refusal.retry_after_seconds
    if said is None:
        try:
            said = float(refusal.metadata.get("retry_after_seconds", RETRY_SECONDS_DEFAULT))
        except ValueError:
            said = RETRY_SECONDS_DEFAULT
    return max(1, math.ceil(said))
