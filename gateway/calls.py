"""Calls to the services by descriptor: one channel per service, no stub per method."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import message_factory
from google.protobuf.message import Message

from chassis import telemetry
from chassis.errors import from_rpc_error
from gateway.early_status import EarlyStatus
from gateway.operations import Operation

DEADLINE_SECONDS_MAX = 10.0
UPLOAD_SECONDS_MAX = 130.0
HEADER_PREFIX = "x-http-"
CHUNK_BYTES_MAX = 256 * 1024

Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class FileAnswer:
    """A google.api.HttpBody answer: its first message, the rest of its stream, and what its metadata says.

    `headers` are the response headers a service asked for by initial metadata: `x-http-etag`,
    `x-http-cache-control`, `x-http-location`, …; `status` comes from `x-http-status`. `close` must be called.
    """

    first: Any
    rest: AsyncIterator[Any]
    headers: Headers
    call: Any


class Calls:
    """The services by name, and the calls the gateway makes to them."""

    def __init__(self, channels: Mapping[str, grpc.aio.Channel]) -> None:
        self.channels = channels
        self._methods: dict[str, Any] = {}

    async def unary(
        self, operation: Operation, request: Message, token: str, *, seconds_max: float = math.inf
    ) -> tuple[Message, Headers]:
        """One request, one answer, with the response headers the service asked for. Raises RemoteRefusal."""
        call = self._method(operation, "unary_unary")(
            request, timeout=min(_timeout(operation), seconds_max), metadata=_metadata(token)
        )
        return await self._answer(operation, call)

    async def upload(
        self,
        operation: Operation,
        first: Message,
        chunks: AsyncIterator[bytes],
        content_type: str,
        token: str,
    ) -> tuple[Message, Headers]:
        """Streams a file: the first message carries the fields and the type, the later ones data only.

        Raises RemoteRefusal; what `chunks` raises cancels the call, so that the service uses nothing of the file.
        """
        call = self._method(operation, "stream_unary")(timeout=UPLOAD_SECONDS_MAX, metadata=_metadata(token))
        early = EarlyStatus(call)
        getattr(first, operation.body).content_type = content_type
        message_class = type(first)
        try:
            try:
                await call.write(first)
                async for part in chunks:
                    for start in range(0, len(part), CHUNK_BYTES_MAX):
                        message = message_class()
                        getattr(message, operation.body).data = part[start : start + CHUNK_BYTES_MAX]
                        await call.write(message)
                await call.done_writing()
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
                # The service answered before the end of the file, usually with a refusal: that is read below.
                async for _ in chunks:
                    continue
            return await call, {}
        except grpc.aio.AioRpcError as error:
            raise self._refusal(operation.service, await early.error(error)) from None
        finally:
            call.cancel()

    async def file(self, operation: Operation, request: Message, token: str) -> FileAnswer:
        """Asks for a google.api.HttpBody, streamed or not. Raises RemoteRefusal before the first byte only."""
        if not operation.method.server_streaming:
            message, headers = await self.unary(operation, request, token)
            return FileAnswer(message, _nothing(), headers, None)
        call = self._method(operation, "unary_stream")(
            request, timeout=_timeout(operation), metadata=_metadata(token)
        )
        try:
            messages = aiter(call)
            first = await anext(messages, None)
            if first is None:
                first = _reader(operation)(b"")
            return FileAnswer(
                first, _rest(call, messages), _asked_headers(await call.initial_metadata()), call
            )
        except grpc.aio.AioRpcError as error:
            call.cancel()
            raise self._refusal(operation.service, error) from None

    async def _answer(self, operation: Operation, call: Any) -> tuple[Message, Headers]:
        try:
            response = await call
            if not operation.answers_file:
                return response, {}
            return response, _asked_headers(await call.initial_metadata())
        except grpc.aio.AioRpcError as error:
            raise self._refusal(operation.service, error) from None
        finally:
            # Since grpcio 1.83 a call that was left alone is never collected (grpc#43462).
            call.cancel()

    def _method(self, operation: Operation, kind: str) -> Any:
        made = self._methods.get(operation.rpc_path)
        if made is None:
            method = operation.method
            made = self._methods[operation.rpc_path] = getattr(self.channels[operation.service], kind)(
                operation.rpc_path,
                request_serializer=message_factory.GetMessageClass(method.input_type).SerializeToString,
                response_deserializer=_reader(operation),
            )
        return made

    def _refusal(self, service: str, error: grpc.aio.AioRpcError) -> Exception:
        reached = self.channels[service].get_state() in (
            grpc.ChannelConnectivity.READY,
            grpc.ChannelConnectivity.IDLE,
        )
        return from_rpc_error(error, service=service, reached=reached)


def _reader(operation: Operation) -> Callable[[bytes], Any]:
    """Reads an answer; of a file's answer it gives the google.api.HttpBody, wherever the response has it."""
    parse = message_factory.GetMessageClass(operation.method.output_type).FromString
    if not (operation.answers_file and operation.response_body):
        return parse
    return lambda data: getattr(parse(data), operation.response_body)


def _timeout(operation: Operation) -> float:
    return min(operation.deadline_seconds, DEADLINE_SECONDS_MAX)


def _metadata(token: str) -> list[tuple[str, str]]:
    metadata = [(telemetry.TRACEPARENT, telemetry.traceparent())]
    return [*metadata, ("authorization", f"Bearer {token}")] if token else metadata


def _asked_headers(metadata: Sequence[tuple[str, str | bytes]] | None) -> Headers:
    return {
        key.removeprefix(HEADER_PREFIX): value
        for key, value in metadata or ()
        if key.startswith(HEADER_PREFIX) and isinstance(value, str)
    }


async def _rest(call: Any, messages: AsyncIterator[Any]) -> AsyncIterator[Any]:
    try:
        async for message in messages:
            yield message
    finally:
        call.cancel()


async def _nothing() -> AsyncIterator[Any]:
    nothing: tuple[Any, ...] = ()
    for message in nothing:
        yield message
