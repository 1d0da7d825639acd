"""Turns whatever leaves a handler into one status: a refusal as it is, everything else without its text."""

import asyncio
import secrets

import grpc
from google.rpc import status_pb2

from chassis import logs
from chassis.errors import CATALOGUE, Internal, to_status
from chassis.interceptors.call import Call
from chassis.refusal import Refusal


class Cancelled(Refusal):
    """The work behind the call was given up."""

    reason = "CANCELLED"

    def __init__(self) -> None:
        super().__init__("The request was cancelled.")


def status_of(error: BaseException, call: Call) -> status_pb2.Status | None:
    """The answer to an exception; None for one that is not for the caller, which then has to go on.

    A refusal is an answer like another and not logged here. Anything else is a fault of ours: it is logged
    with an error id, and the caller gets that id alone, for the text may hold a password (grpc#23306).
    """
    if isinstance(error, Refusal) and error.reason in CATALOGUE:
        refusal: Refusal = error
    elif isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            return None
        # Something inside gave up while the caller still waits: raised on, it would never get an answer (grpc#29248).
        refusal = Cancelled()
    elif isinstance(error, grpc.aio.AbortError) or not isinstance(error, Exception):
        return None
    else:
        refusal = Internal(secrets.token_hex(8))
        logs.get_logger().error(
            "a call failed by a fault of ours",
            method=call.method.name,
            error_id=refusal.metadata["error_id"],
            exc_info=error,
        )
    call.reason = refusal.reason
    return to_status(refusal)
