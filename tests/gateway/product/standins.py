"""Servers that stand where the product's services are: they answer every method, and can be killed and started again."""

import asyncio
from typing import TYPE_CHECKING, Any, Final, cast

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

HANGS: Final = object()
"""The answer of a service that has stopped and not ended."""


class Held:
    """An answer that is given when the test says so."""

    def __init__(self, answer: Message) -> None:
        self.answer = answer
        self.asked = asyncio.Event()
        self.given = asyncio.Event()


SERVICES = ("billing", "ai", "publisher", "notifications")


if TYPE_CHECKING:
    # Generic for type checkers only.
    Handler = grpc.GenericRpcHandler[Any, Any]
else:
    Handler = grpc.GenericRpcHandler


class StandIn(Handler):
    """One service: `answers` by full method name, and an empty message for any other."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []
        self.port = 0
        self._server: grpc.aio.Server | None = None

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Serves, on the port it had before."""
        self._server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        checks = cast(Any, health).aio.HealthServicer()
        await checks.set("", health_pb2.HealthCheckResponse.SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(checks, cast(Any, self._server))
        self._server.add_generic_rpc_handlers((self,))
        self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        await self._server.start()

    async def kill(self) -> None:
        """Ends at once, with every connection."""
        if self._server is not None:
            await self._server.stop(None)
            self._server = None

    def service(self, handler_call_details: Any) -> Any:
        _, service, name = handler_call_details.method.split("/")
        if service.startswith("grpc."):
            return None
        method = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
        empty = message_factory.GetMessageClass(method.output_type)
        known = f"{service}.{name}"

        async def answer(request: Any, context: Any) -> Any:
            self.asked.append(known)
            found = self.answers.get(known, empty())
            if found is HANGS:
                await asyncio.Event().wait()
            if isinstance(found, Held):
                found.asked.set()
                await found.given.wait()
                return found.answer
            if isinstance(found, grpc.StatusCode):
                await context.abort(found, "as the test wants it")
            return found

        return grpc.unary_unary_rpc_method_handler(
            answer,
            request_deserializer=message_factory.GetMessageClass(method.input_type).FromString,
            response_serializer=empty.SerializeToString,
        )
