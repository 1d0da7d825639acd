"""Methods that the gateway answers itself: guarded as every service guards its own, and answered without a call."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

from google.protobuf.message import Message

from chassis import access
from chassis.identity import TokenVerifier
from chassis.interceptors.call import Method
from gateway.operations import Operation

PACKAGE: Final = "gateway"
"""The service of an operation that is answered here: `igny8.gateway.v1`."""

Handler = Callable[[Any, str], Awaitable[Message]]
"""A request and the caller's token -> the answer."""


class LocalMethods:
    """The gateway's own methods by name."""

    def __init__(
        self, operations: Iterable[Operation], handlers: Mapping[str, Handler], verifier: TokenVerifier
    ) -> None:
        """Raises KeyError for a method of the gateway's package that has no handler."""
        self._verifier = verifier
        self._methods = {
            one.rpc_path: (Method.of(one.method), handlers[one.method.name])
            for one in operations
            if one.service == PACKAGE
        }

    async def answer(self, operation: Operation, request: Message, token: str) -> Message:
        """The answer. Raises PermissionDenied, RequestInvalid, and what the handler raises."""
        method, handler = self._methods[operation.rpc_path]
        access.check(method.access, self._verifier.verify(token), changes=method.changes)
        method.validate(request)
        return await handler(request, token)
