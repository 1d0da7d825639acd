"""Gives each call its place in a trace and its entry in the metrics."""

import time
from typing import Any

import grpc

from chassis.interceptors.call import Call, Method
from chassis.telemetry import RPC_SECONDS, TRACEPARENT, span

_children: dict[tuple[str, str], Any] = {}


def begin(method: Method, context: "grpc.aio.ServicerContext[Any, Any]") -> Call:
    """Starts the span of a call, as a part of the trace its caller sent, and reads the caller's token."""
    authorization = ""
    parent: str | None = None
    for key, value in context.invocation_metadata() or ():
        if key == "authorization" and isinstance(value, str):
            authorization = value
        elif key == TRACEPARENT and isinstance(value, str):
            parent = value
    served = span(method.name, kind="server", parent=parent, attributes=method.attributes)
    served.start()
    return Call(method=method, span=served, authorization=authorization)


def finish(call: Call, code: str) -> float:
    """Ends the span and counts the call. Returns how long it took, in milliseconds."""
    seconds = time.perf_counter() - call.started
    call.span.end(failed=code in ("INTERNAL", "UNKNOWN", "UNAVAILABLE", "DEADLINE_EXCEEDED"), code=code)
    key = (call.method.name, code)
    child = _children.get(key)
    if child is None:
        child = _children[key] = RPC_SECONDS.labels(*key)
    child.observe(seconds)
    return seconds * 1000
