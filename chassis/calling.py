"""A channel whose calls guard themselves: deadline, token and trace on the way out, refusals on the way back."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache
from typing import Any, Final, Protocol, Self

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor
from igny8.options.v1 import options_pb2

from chassis import deadline, logs
from chassis.errors import RemoteRefusal, from_rpc_error, remote_refusal
from chassis.telemetry import CLIENT_SECONDS, TRACEPARENT, span

Invoke = Callable[..., Any]

_UNAUTHENTICATED: Final = grpc.StatusCode.UNAUTHENTICATED


class Authorize(Protocol):
    """Says which `authorization` a call to `callee` carries; None for no token."""

    def __call__(self, callee: str) -> str | None: ...


class GuardedChannel(grpc.aio.Channel):
    """A grpc.aio channel to one service; generated stubs are made on it as on any other.

    Every call has a deadline: the method's `deadline_ms`, the caller's `timeout` and what the request being
    served leaves, whichever is soonest. It waits for a connection rather than failing at once, is cancelled
    whatever way it ends (an abandoned one would live for ever, grpc#43462), and fails only with a RemoteRefusal.
    """

    def __init__(
        self, channel: grpc.aio.Channel, *, callee: str, authorize: Authorize, as_itself: bool
    ) -> None:
        self._channel = channel
        self.callee = callee
        self._authorize = authorize
        self._as_itself = as_itself

    def unary_unary(self, method: str, *arguments: Any, **keywords: Any) -> Any:
        """A call of one message for one message: await it."""
        return self._answered_once(method, self._channel.unary_unary(method, *arguments, **keywords))

    def stream_unary(self, method: str, *arguments: Any, **keywords: Any) -> Any:
        """A call of an iterator of messages, for one message: await it."""
        return self._answered_once(method, self._channel.stream_unary(method, *arguments, **keywords))

    def unary_stream(self, method: str, *arguments: Any, **keywords: Any) -> Any:
        """A call of one message for many: iterate over it, inside `aclosing` when you may stop early."""
        return self._answered_many(method, self._channel.unary_stream(method, *arguments, **keywords))

    def stream_stream(self, method: str, *arguments: Any, **keywords: Any) -> Any:
        """A call of an iterator of messages for many: iterate over it."""
        return self._answered_many(method, self._channel.stream_stream(method, *arguments, **keywords))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close(None)

    async def close(self, grace: float | None = None) -> None:
        """Closes the channel; calls in flight are cancelled after the grace, in seconds."""
        await self._channel.close(grace)

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
        """The state of the connection."""
        return self._channel.get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """Waits until the state is another."""
        await self._channel.wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        """Waits until there is a connection."""
        await self._channel.channel_ready()

    def _answered_once(self, path: str, invoke: Invoke) -> Callable[..., Awaitable[Any]]:
        async def call(request: Any, **keywords: Any) -> Any:
            outgoing = _Outgoing(self, path, keywords.get("timeout"))
            source = _Source(request) if isinstance(request, AsyncIterator) else None
            started = invoke(
                request if source is None else source,
                timeout=outgoing.seconds,
                metadata=outgoing.metadata,
                wait_for_ready=True,
            )
            try:
                answer = await started
                outgoing.end("OK")
            except (grpc.aio.AioRpcError, asyncio.CancelledError) as error:
                if source is not None and source.failure is not None:
                    raise source.failure from None
                if isinstance(error, asyncio.CancelledError):
                    raise
                raise outgoing.refused(error) from error
            finally:
                started.cancel()
                outgoing.end("CANCELLED")
            return answer

        return call

    def _answered_many(self, path: str, invoke: Invoke) -> Callable[..., AsyncIterator[Any]]:
        async def call(request: Any, **keywords: Any) -> AsyncIterator[Any]:
            outgoing = _Outgoing(self, path, keywords.get("timeout"))
            started = invoke(
                request, timeout=outgoing.seconds, metadata=outgoing.metadata, wait_for_ready=True
            )
            try:
                async for answer in started:
                    yield answer
                outgoing.end("OK")
            except grpc.aio.AioRpcError as error:
                raise outgoing.refused(error) from error
            finally:
                started.cancel()
                outgoing.end("CANCELLED")

        return call

    def authorization(self) -> str | None:
        """What a call made now carries as its token."""
        return self._authorize(self.callee)

    def refused(self, error: grpc.aio.AioRpcError) -> RemoteRefusal:
        """The refusal in a failed call."""
        reached = self._channel.get_state() is grpc.ChannelConnectivity.READY
        refusal = from_rpc_error(error, service=self.callee, reached=reached)
        if self._as_itself and refusal.code is _UNAUTHENTICATED:
            # Our own token was refused. Passed on, it would sign out a person whose token is good.
            logs.get_logger().error(
                "a service refuses our token; do both have the same secret key?", callee=self.callee
            )
            return remote_refusal(
                "INTERNAL",
                f"The {self.callee} service refused this service's own token.",
                service=self.callee,
                code=refusal.code,
            )
        return refusal


class _Outgoing:
    """One call on its way: what it carries, how long it may take, its span."""

    __slots__ = ("_channel", "_ended", "_method", "_span", "_started", "metadata", "seconds")

    def __init__(self, channel: GuardedChannel, path: str, timeout: float | None) -> None:
        method = _method(path)
        cap = _cap_seconds(path)
        self._channel = channel
        self._method = method.full_name
        self._ended = False
        self.seconds = deadline.for_call(cap if timeout is None else min(cap, timeout))
        if self.seconds < deadline.LEAST_SECONDS:
            raise remote_refusal(
                "DEADLINE_EXCEEDED",
                "The answer took too long. Repeat the request with the same request_id.",
                service=channel.callee,
            )
        self._span = span(self._method, kind="client", attributes={"rpc.system.name": "grpc"})
        self.metadata: list[tuple[str, str]] = [(TRACEPARENT, self._span.begin().traceparent)]
        authorization = channel.authorization()
        if authorization:
            self.metadata.append(("authorization", authorization))
        self._started = time.perf_counter()

    def refused(self, error: grpc.aio.AioRpcError) -> RemoteRefusal:
        """Ends the call with the code it failed with. Returns the refusal to raise."""
        self.end(error.code().name)
        return self._channel.refused(error)

    def end(self, code: str) -> None:
        """Ends the span and counts the call, the first time it is called."""
        if not self._ended:
            self._ended = True
            self._span.end(failed=code != "OK", code=code)
            CLIENT_SECONDS.labels(self._method, code).observe(time.perf_counter() - self._started)


class _Source:
    """The messages of an upload; keeps the exception of its source, which grpc would swallow."""

    def __init__(self, messages: AsyncIterator[Any]) -> None:
        self._messages = messages
        self.failure: Exception | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            return await anext(self._messages)
        except StopAsyncIteration:
            raise
        except Exception as error:
            self.failure = error
            raise


@cache
def _method(path: str) -> MethodDescriptor:
    _, service, name = path.split("/")
    method: MethodDescriptor = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    return method


@cache
def _cap_seconds(path: str) -> float:
    """How long a call of the method may take, as its proto says."""
    milliseconds = _method(path).GetOptions().Extensions[options_pb2.deadline_ms]
    return milliseconds / 1000 if milliseconds else deadline.CALL_SECONDS_DEFAULT
