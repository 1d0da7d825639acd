"""Holds each request, and each message of a request stream, against the rules of its proto."""

from collections.abc import AsyncIterator

from google.protobuf.message import Message

from chassis.interceptors.call import Call
from chassis.interceptors.logging import log_request


def accept(call: Call, request: Message) -> None:
    """Raises RequestInvalid with every fault of the request."""
    log_request(call, request)
    call.method.validate(request)


async def accepted(call: Call, requests: AsyncIterator[Message]) -> AsyncIterator[Message]:
    """The messages of a stream, each checked before the handler sees it. Raises RequestInvalid."""
    async for request in requests:
        call.method.validate(request)
        yield request
