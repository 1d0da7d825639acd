"""Admits a call: its token verified, its caller allowed by the method's `access`, its deadline known."""

from typing import Any, Final

import grpc
from igny8.options.v1 import options_pb2

from chassis import access, deadline
from chassis.identity import Caller, TokenVerifier, set_caller
from chassis.interceptors.call import Call
from chassis.refusal import Refusal, Unauthenticated

_BEARER: Final = "bearer "


class DeadlineMissing(Refusal):
    """The call came without a deadline, so nobody would ever stop waiting for it."""

    reason = "REQUEST_INVALID"

    def __init__(self) -> None:
        super().__init__("This call has no deadline. Set a timeout on the call.")


def admit(call: Call, context: "grpc.aio.ServicerContext[Any, Any]", verifier: TokenVerifier) -> None:
    """Sets the caller and the deadline of this task. Raises Unauthenticated, PermissionDenied, DeadlineMissing.

    Nothing but the verified token says who calls: any other metadata is ignored.
    """
    call.caller = _caller(call, verifier)
    set_caller(call.caller)
    access.check(call.method.access, call.caller, changes=call.method.changes)
    seconds = context.time_remaining()
    if seconds is None:
        raise DeadlineMissing
    deadline.set_remaining(seconds)


def _caller(call: Call, verifier: TokenVerifier) -> Caller | None:
    header = call.authorization
    public = call.method.access == options_pb2.ACCESS_PUBLIC
    if header[: len(_BEARER)].lower() != _BEARER:
        if header and not public:
            raise Unauthenticated("Send the token as `authorization: Bearer <token>`.")
        return None
    try:
        return verifier.verify(header[len(_BEARER) :])
    except Unauthenticated:
        # Somebody whose token has ended must still be able to sign in.
        if public:
            return None
        raise
