"""Serves one operation: request message in, gRPC call, answer out. The same for every method."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from igny8.options.v1 import options_pb2
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive

from chassis import wire_json, wire_values
from chassis.identity import Caller
from gateway.access import Access
from gateway.audit_note import AuditRule, Note
from gateway.binding import Binding, unquoted
from gateway.bodies import (
    JSON_TYPE,
    UPLOAD_BYTES_MAX,
    UPLOAD_SECONDS_MAX,
    UPLOAD_TYPES,
    counted,
    read_json_body,
    require_type,
)
from gateway.calls import Calls, FileAnswer
from gateway.credentials import Credentials
from gateway.local import PACKAGE, LocalMethods
from gateway.long_lists import long_lists
from gateway.operations import Operation
from gateway.refusals import NotAcceptable
from gateway.sessions import Sessions, session_part

FILE_HEADERS = frozenset(
    {"etag", "cache-control", "content-disposition", "content-security-policy", "last-modified", "location"}
)
"""Response headers a service may set on a file, by initial metadata `x-http-<name>`."""

FILE_STATUSES = frozenset({"200", "301", "302", "303", "307", "308", "404", "410"})
"""Statuses a service may give a file, by initial metadata `x-http-status`."""

ForClient = Callable[[str, str], str]
"""A service and the address of a client -> the gateway's own token for a call on behalf of that client."""


class Endpoint:
    """What answers one operation."""

    def __init__(
        self,
        operation: Operation,
        calls: Calls,
        access: Access,
        for_client: ForClient,
        sessions: Sessions,
        local: LocalMethods | None = None,
    ) -> None:
        """`local` answers the operations of the gateway's own package; the others go to their service."""
        self.operation = operation
        self._binding = Binding(operation)
        self._calls = calls
        self._local = local if operation.service == PACKAGE else None
        self._access = access
        self._for_client = for_client
        self._sessions = sessions
        self._session_part = session_part(operation)
        self._is_public = operation.access == options_pb2.ACCESS_PUBLIC
        self._etag = _etag_reader(operation)
        self.audit_rule = AuditRule.of(operation)

    async def answer(
        self,
        values: tuple[str, ...],
        query: bytes,
        headers: dict[str, str],
        receive: Receive,
        credentials: Credentials,
        note: Note | None,
    ) -> Response:
        """Answers a request, or raises a Refusal. `values` are the path's variables in the template's order.

        `note` is told what the audit log is to know; None where nothing can change.
        """
        operation = self.operation
        if not operation.answers_file:
            _check_accept(headers.get("accept", ""))
        token = await self._token(credentials)
        if note is not None and not self._is_public:
            note.caller = self._access.caller_of(token)
        if operation.is_upload:
            return await self._upload(values, query, headers, receive, token, note)
        body = await read_json_body(receive, headers) if operation.body else None
        request = self._binding.message(values, query, body, headers)
        if note is not None:
            note.request, note.reached = request, True
        if operation.answers_file:
            return await self._file(request, token, headers)

        async def call(message: Message) -> Message:
            response = await self._answered(message, token)
            if note is not None:
                note.response = response
                # Whoever signs in is known by what billing gives out.
                note.caller = note.caller or self._signed_in(response)
            return response

        def write(response: Message) -> Response:
            return self._json(response, headers)

        if self._session_part is not None:
            return await self._sessions.answer(self._session_part, request, headers, credentials, call, write)
        return write(await call(request))

    async def _answered(self, request: Message, token: str) -> Message:
        if self._local is not None:
            return await self._local.answer(self.operation, request, token)
        return (await self._calls.unary(self.operation, request, token))[0]

    def _signed_in(self, response: Any) -> Caller | None:
        if not (self._session_part and self._session_part.gives):
            return None
        return self._access.caller_of(response.access_token)

    async def _token(self, credentials: Credentials) -> str:
        """The token the call goes out with. What anybody may change, the gateway asks for as itself, and says for whom."""
        changes = self.operation.verb != "GET"
        if not self._is_public:
            return await self._access.token(credentials, changes=changes)
        if not changes or not credentials.client_address:
            return ""
        return self._for_client(self.operation.service, credentials.client_address)

    async def _upload(
        self,
        values: tuple[str, ...],
        query: bytes,
        headers: dict[str, str],
        receive: Receive,
        token: str,
        note: Note | None,
    ) -> Response:
        content_type = require_type(headers, UPLOAD_TYPES)
        first = self._binding.message(values, query, None, headers)
        if note is not None:
            note.request, note.reached = first, True
        chunks = counted(receive, headers, UPLOAD_BYTES_MAX, UPLOAD_SECONDS_MAX)
        response, _ = await self._calls.upload(self.operation, first, chunks, content_type, token)
        if note is not None:
            note.response = response
        return self._json(response, headers)

    def _json(self, response: Message, headers: dict[str, str]) -> Response:
        status = self.operation.success_status
        etag = self._etag(response)
        extra = {"ETag": f'"{etag}"'} if etag else {}
        if etag and self.operation.verb == "GET" and _matches(headers, etag):
            return Response(None, 304, extra)
        if status == 204:
            return Response(None, 204, extra)
        return Response(_json_bytes(response, self.operation.response_body), status, extra, JSON_TYPE)

    async def _file(self, request: Message, token: str, headers: dict[str, str]) -> Response:
        answer = await self._calls.file(self.operation, request, token)
        kept = {name: value for name, value in answer.headers.items() if name in FILE_HEADERS}
        asked = answer.headers.get("status", "200")
        status = int(asked) if asked in FILE_STATUSES else 200
        etag = kept.get("etag", "")
        if etag and status == 200 and _matches(headers, unquoted(etag)):
            if answer.call is not None:
                answer.call.cancel()
            return Response(None, 304, {k: v for k, v in kept.items() if k in ("etag", "cache-control")})
        kept["content-type"] = answer.first.content_type or "application/octet-stream"
        if answer.call is None:
            return Response(answer.first.data, status, kept)
        return StreamingResponse(_data(answer), status, kept)


async def _data(answer: FileAnswer) -> AsyncIterator[bytes]:
    yield answer.first.data
    async for message in answer.rest:
        yield message.data


def _json_bytes(response: Message, response_body: str) -> bytes:
    if not response_body:
        return wire_json.to_json_bytes(response, long_lists)
    part = getattr(response, response_body)
    if isinstance(part, Message):
        return wire_json.to_json_bytes(part, long_lists)
    return orjson.dumps(wire_json.to_dict(response)[response_body])


def _etag_reader(operation: Operation) -> Callable[[Any], str]:
    """Reads the answer's ETag: the field `etag` of the response, or of the one resource in it that has one."""
    response = operation.method.output_type
    if _has_etag(response):
        return lambda message: str(message.etag)
    holders = [
        field.name
        for field in response.fields
        if wire_values.kind_of(field) == "message"
        and not field.is_repeated
        and _has_etag(wire_values.message_type(field))
    ]
    if len(holders) != 1:
        return lambda _message: ""
    name = holders[0]
    return lambda message: str(getattr(message, name).etag)


def _has_etag(descriptor: Descriptor) -> bool:
    field = descriptor.fields_by_name.get("etag")
    return field is not None and wire_values.kind_of(field) == "string"


def _matches(headers: dict[str, str], etag: str) -> bool:
    wanted = headers.get("if-none-match", "")
    return wanted == "*" or etag in (unquoted(one) for one in wanted.split(",") if one.strip())


def _check_accept(accept: str) -> None:
    """Raises NotAcceptable when the header leaves no way to answer JSON (RFC 9110, 12.5.1)."""
    if accept in ("", "*/*", JSON_TYPE):
        return
    quality: dict[str, float] = {}
    for part in accept.split(","):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weights = [text.removeprefix("q=") for text in parameters if text.startswith("q=")]
        quality[media_type] = _weight(weights[0]) if weights else 1.0
    for media_type in (JSON_TYPE, "application/*", "*/*"):
        if media_type in quality:
            if quality[media_type] > 0:
                return
            break
    raise NotAcceptable(JSON_TYPE)


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
