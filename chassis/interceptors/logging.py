"""Writes one line for each answered call and, for debugging only, the request without its sensitive fields."""

import logging
from typing import Final

from google.protobuf import text_format
from google.protobuf.message import Message

from chassis import logs
from chassis.interceptors.call import Call
from chassis.sensitive import cleared

_REQUEST_LENGTH_MAX: Final = 2000


def log_request(call: Call, request: Message) -> None:
    """Writes the request at level debug; at any other level this costs one comparison."""
    if logs.enabled(logging.DEBUG):
        text = text_format.MessageToString(cleared(request), as_one_line=True)[:_REQUEST_LENGTH_MAX]
        logs.get_logger().debug("request", method=call.method.name, request=text)


def log_call(call: Call, code: str, milliseconds: float) -> None:
    """Writes the line of an answered call, at level info whatever the answer was."""
    fields: dict[str, object] = {
        "method": call.method.name,
        "code": code,
        "ms": round(milliseconds, 2),
        "trace_id": call.span.trace.trace_id,
    }
    if call.reason:
        fields["reason"] = call.reason
    caller = call.caller
    if caller is not None:
        fields["caller_kind"] = caller.kind.value
        if caller.account_id is not None:
            fields["account_id"] = caller.account_id
    logs.write_call(fields)
