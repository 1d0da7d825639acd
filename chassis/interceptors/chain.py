"""Composes the interceptors around each method once, when its servicer is added, so that a call pays for no layers."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from google.rpc import status_pb2

from chassis.errors import STATUS_DETAILS
from chassis.identity import TokenVerifier
from chassis.interceptors.access import admit
from chassis.interceptors.call import Call, Method
from chassis.interceptors.errors import status_of
from chassis.interceptors.logging import log_call
from chassis.interceptors.telemetry import begin, finish
from chassis.interceptors.validation import accept, accepted

if TYPE_CHECKING:
    # These are generic for type checkers only.
    Context = grpc.aio.ServicerContext[Any, Any]
    Handler = grpc.RpcMethodHandler[Any, Any]
else:
    Context = grpc.aio.ServicerContext
    Handler = grpc.RpcMethodHandler

Answer = Callable[[Any, Context], Awaitable[Message]]
AnswerStream = Callable[[Any, Context], Any]

_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}


class Chain:
    """The interceptors of one server: `wrap` puts them around the methods of a service."""

    def __init__(self, verifier: TokenVerifier) -> None:
        self._verifier = verifier

    def wrap(self, service: ServiceDescriptor, handlers: Mapping[str, Handler]) -> dict[str, Handler]:
        """The same handlers, guarded. Streams must be served by async generators (see otel#3066)."""
        return {
            name: self._wrapped(Method.of(service.methods_by_name[name]), handler)
            for name, handler in handlers.items()
        }

    def _wrapped(self, method: Method, handler: Handler) -> Handler:
        if handler.response_streaming:
            inner = handler.stream_stream if handler.request_streaming else handler.unary_stream
            make = (
                grpc.stream_stream_rpc_method_handler
                if handler.request_streaming
                else grpc.unary_stream_rpc_method_handler
            )
            behavior: Any = self._streaming(method, cast(AnswerStream, inner), many=handler.request_streaming)
        else:
            single = handler.stream_unary if handler.request_streaming else handler.unary_unary
            make = (
                grpc.stream_unary_rpc_method_handler
                if handler.request_streaming
                else grpc.unary_unary_rpc_method_handler
            )
            behavior = self._single(method, cast(Answer, single), many=handler.request_streaming)
        return make(behavior, handler.request_deserializer, handler.response_serializer)

    def _single(self, method: Method, answer: Answer, *, many: bool) -> Answer:
        verifier = self._verifier

        async def served(request: Any, context: Context) -> Message:
            call = begin(method, context)
            try:
                admit(call, context, verifier)
                if many:
                    request = accepted(call, request)
                else:
                    accept(call, request)
                response = await answer(request, context)
            except BaseException as error:
                status = _ended(call, context, error)
                if status is None:
                    raise
                await _abort(context, status)
            _over(call, "OK")
            return response

        return served

    def _streaming(
        self, method: Method, answer: AnswerStream, *, many: bool
    ) -> Callable[[Any, Context], AsyncIterator[Message]]:
        verifier = self._verifier

        async def served(request: Any, context: Context) -> AsyncIterator[Message]:
            call = begin(method, context)
            try:
                admit(call, context, verifier)
                if many:
                    request = accepted(call, request)
                else:
                    accept(call, request)
                async with aclosing(answer(request, context)) as responses:
                    async for response in responses:
                        yield response
            except BaseException as error:
                status = _ended(call, context, error)
                if status is None:
                    raise
                await _abort(context, status)
            _over(call, "OK")

        return served


def _ended(call: Call, context: Context, error: BaseException) -> status_pb2.Status | None:
    """The answer to an exception, None where it has to go on; either way the call is over."""
    status = status_of(error, call)
    if status is not None:
        _over(call, _CODES[status.code].name)
    elif isinstance(error, grpc.aio.AbortError):
        code = context.code()
        _over(call, code.name if isinstance(code, grpc.StatusCode) else "UNKNOWN")
    else:
        _over(call, "CANCELLED")
    return status


def _over(call: Call, code: str) -> None:
    log_call(call, code, finish(call, code))


async def _abort(context: Context, status: status_pb2.Status) -> NoReturn:
    details = ((STATUS_DETAILS, status.SerializeToString()),)
    await context.abort(_CODES[status.code], status.message, details)
    raise AssertionError("abort always raises")
