"""Puts the gateway together: channels, access, feed, endpoints and its own pages; and takes it apart again."""

from collections.abc import Mapping, Sequence
from typing import Any

import grpc
import orjson
from google.protobuf import message_factory
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import Default
from google.protobuf.message import Message
from igny8.billing import v1 as billing
from starlette.responses import Response
from starlette.types import ASGIApp

from chassis.background import Background, measure_loop_lag
from chassis.channel import CLIENT_OPTIONS, service_config
from chassis.clock import Clock, SystemClock
from chassis.errors import from_rpc_error
from chassis.identity import Keyring, TokenVerifier
from chassis.service_tokens import ServiceTokens
from gateway import asyncapi, docs, events, openapi, pages
from gateway.access import Access, Exchange
from gateway.app import Answer, Gateway, Request, events_answer, poll_answer
from gateway.audit import AuditLog, Deliver
from gateway.calls import Calls
from gateway.comments import comments_of
from gateway.cors import Cors
from gateway.csrf import CsrfTokens
from gateway.dashboard import Ask, Dashboards
from gateway.endpoint import Endpoint
from gateway.event_types import EventTypes
from gateway.feed import STREAMS_PER_ACCOUNT, STREAMS_PER_CALLER, Connect, Feed
from gateway.health import Health
from gateway.limits import admission
from gateway.local import LocalMethods
from gateway.operations import operations_of, service_of
from gateway.sessions import Sessions

NAME = "gateway"
EXCHANGE_KEY = "igny8.billing.v1.AccountService.ExchangeApiKey"
EXCHANGE_SESSION = "igny8.billing.v1.AccountService.ExchangeSession"
EXCHANGE_SECONDS_MAX = 2.0
STOP_SECONDS_MAX = 5.0
AUDIT_SECONDS_MAX = 2.0
"""What the last entries of the audit log get to reach billing when the process ends."""

RECORD_WRITES = "igny8.billing.v1.AuditService.RecordWrites"
RECORD_SECONDS_MAX = 5.0


class Process:
    """Everything of one gateway but its socket."""

    def __init__(
        self,
        *,
        files: Sequence[FileDescriptor],
        described: FileDescriptorSet,
        addresses: Mapping[str, str],
        keyring: Keyring,
        connect: Connect,
        support_url: str = "",
        cors_origins: Sequence[str] = (),
        requests_per_minute: tuple[int, int] = (0, 0),
        streams: tuple[int, int] = (STREAMS_PER_CALLER, STREAMS_PER_ACCOUNT),
        clock: Clock | None = None,
        exchange: Exchange | None = None,
        exchange_session: Exchange | None = None,
        deliver_audit: Deliver | None = None,
    ) -> None:
        """`addresses` is host:port by service. `exchange` and `exchange_session` replace the calls to billing that
        exchange API keys and sessions, `deliver_audit` the one that keeps the audit log, which needs billing.

        `requests_per_minute` are those of a caller and of an address; 0 means as many as it likes. `streams` are the
        event streams that a caller and an account may have open.
        """
        self.operations = operations_of(files)
        self._described = described
        self._event_types = EventTypes(files)
        self._channels = {name: _channel(target, name, files) for name, target in addresses.items()}
        self._tokens = ServiceTokens(keyring, NAME, clock)
        self._clock = clock or SystemClock()
        csrf = CsrfTokens(keyring)
        self._verifier = TokenVerifier(keyring, audience=NAME, clock=self._clock)
        self.access = Access(
            self._verifier,
            key=exchange or self._exchange_key,
            session=exchange_session or self._exchange_session,
            csrf=csrf,
        )
        deliver = deliver_audit or (self._record_writes if "billing" in addresses else None)
        self._audit = AuditLog(deliver, self._clock) if deliver else None
        self._sessions = Sessions(csrf, self.access.forget_session, self._clock)
        per_caller, per_account = streams
        self.feed = Feed(connect, streams_per_caller=per_caller, streams_per_account=per_account)
        self.health = Health(self._channels, self.feed)
        self._background = Background()
        self._openapi = b""
        self._asyncapi = b""
        self._docs = ""
        per_caller, per_address = requests_per_minute
        self._admission = admission(per_caller=per_caller, per_address=per_address)
        self.app = self._compose(support_url, cors_origins)

    def start(self) -> None:
        """Starts following the events; for a running event loop."""
        self._background.start("event feed", self.feed.run)
        self._background.start("loop lag", measure_loop_lag)
        if self._audit is not None:
            self._background.start("audit log", self._audit.run)

    def drain(self) -> None:
        """Not ready any more; every event stream is told to come back elsewhere."""
        self.health.draining = True
        self.feed.drain()

    async def close(self) -> None:
        """Ends the loops, leaves NATS and closes the channels."""
        await self._background.stop(timeout_seconds=STOP_SECONDS_MAX)
        await self.feed.close()
        if self._audit is not None:
            await self._audit.close(seconds_max=AUDIT_SECONDS_MAX)
        for channel in self._channels.values():
            await channel.close(None)

    def _compose(self, support_url: str, cors_origins: Sequence[str]) -> ASGIApp:
        calls = Calls(self._channels)
        handlers = {"GetDashboard": Dashboards(self._asking(calls), self._clock).get}
        local = LocalMethods(self.operations, handlers, self._verifier)
        endpoints = [
            Endpoint(operation, calls, self.access, self._tokens.for_client, self._sessions, local)
            for operation in self.operations
        ]
        stream = events.Events(self.feed, self.access, self._event_types)
        own: dict[str, Answer] = {
            "/": _home,
            "/healthz": self._live,
            "/readyz": self._ready,
            "/openapi.json": self._openapi_answer,
            "/asyncapi.json": self._asyncapi_answer,
            "/docs": self._docs_answer,
            events.PATH: events_answer(stream),
            events.POLL_PATH: poll_answer(stream),
        }
        return Gateway(
            endpoints,
            own,
            support_url=support_url,
            admission=self._admission,
            audit=self._audit,
            cors=Cors(cors_origins) if cors_origins else None,
        )

    def _asking(self, calls: Calls) -> Ask:
        """Calls by a method's name, for what the gateway puts together itself."""
        by_name = {one.method.full_name: one for one in self.operations}

        async def ask(method: str, request: Message, token: str, seconds: float) -> Any:
            answer, _ = await calls.unary(by_name[method], request, token, seconds_max=seconds)
            return answer

        return ask

    async def _live(self, _request: Request) -> Response:
        return self.health.live()

    async def _ready(self, _request: Request) -> Response:
        return await self.health.ready()

    async def _openapi_answer(self, _request: Request) -> Response:
        self._write_documents()
        return Response(self._openapi, 200, {"Cache-Control": "no-cache"}, "application/json")

    async def _asyncapi_answer(self, _request: Request) -> Response:
        self._write_documents()
        return Response(self._asyncapi, 200, {"Cache-Control": "no-cache"}, "application/json")

    async def _docs_answer(self, _request: Request) -> Response:
        self._write_documents()
        return pages.page("API", self._docs)

    def _write_documents(self) -> None:
        """Made when first asked for: most processes never are."""
        if not self._openapi:
            comments = comments_of(self._described)
            document = openapi.document(self.operations, comments, self._event_types.domains)
            self._openapi = orjson.dumps(document)
            self._asyncapi = orjson.dumps(asyncapi.document(self._event_types, comments))
            self._docs = docs.docs_body(document, comments)

    async def _exchange_key(self, key: str) -> str:
        """Asks billing for an access token of an API key. Raises RemoteRefusal."""
        return await self._exchanged(EXCHANGE_KEY, secret=key)

    async def _exchange_session(self, refresh_token: str) -> str:
        """Asks billing for an access token of a session. Raises RemoteRefusal."""
        return await self._exchanged(EXCHANGE_SESSION, refresh_token=refresh_token)

    async def _exchanged(self, method: str, **secret: str) -> str:
        answer = await self._ask_billing(method, EXCHANGE_SECONDS_MAX, **secret)
        return str(answer.access_token)

    async def _record_writes(self, entries: Sequence[billing.AuditEntry]) -> None:
        """Adds entries to the audit log. Raises RemoteRefusal."""
        await self._ask_billing(RECORD_WRITES, RECORD_SECONDS_MAX, entries=entries)

    async def _ask_billing(self, method: str, seconds: float, **fields: Any) -> Any:
        descriptor = Default().FindMethodByName(method)
        return await asked(self._channels["billing"], descriptor, self._tokens("billing"), seconds, **fields)


async def _home(_request: Request) -> Response:
    """Until there are pages of the product, the way in is the reference."""
    return Response(None, 302, {"Location": "/docs", "Cache-Control": "no-store"})


async def asked(
    channel: grpc.aio.Channel, method: MethodDescriptor, authorization: str, seconds: float, **fields: Any
) -> Any:
    """Billing's answer to the gateway itself, within so many seconds. Raises RemoteRefusal."""
    request_class = message_factory.GetMessageClass(method.input_type)
    call = channel.unary_unary(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=request_class.SerializeToString,
        response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
    )(request_class(**fields), timeout=seconds, metadata=[("authorization", authorization)])
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        raise from_rpc_error(error, service="billing") from None
    finally:
        call.cancel()


def _channel(target: str, service: str, files: Sequence[FileDescriptor]) -> grpc.aio.Channel:
    """A bare channel: it fails at once when the service is away, and carries the caller's token, not ours."""
    services = [
        found for file in files for found in file.services_by_name.values() if service_of(file) == service
    ]
    return grpc.aio.insecure_channel(
        target, options=[*CLIENT_OPTIONS, ("grpc.service_config", service_config(services))]
    )
