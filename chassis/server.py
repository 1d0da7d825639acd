"""The grpc.aio server of a service: guarded methods, health by service name, reflection, a graceful stop."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from chassis.access import require_declared, service_descriptor
from chassis.identity import TokenVerifier
from chassis.interceptors import Chain

Servicer = TypeVar("Servicer")

MESSAGE_BYTES_MAX: Final = 4 * 1024 * 1024
CONCURRENT_CALLS_MAX: Final = 1024
"""Room for 256 calls in flight with a wide margin: 200, tried first, broke them."""

SERVER_OPTIONS: Final[Sequence[tuple[str, int]]] = (
    # A second server on the port is refused rather than sharing it by surprise.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.max_concurrent_streams", 1024),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # Below the clients' ping interval, or they would be sent away with too_many_pings.
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.max_connection_age_ms", 1_800_000),
    ("grpc.max_connection_age_grace_ms", 30_000),
)


class AddressTaken(Exception):
    """The server cannot listen at its address."""


class Server:
    """One service's gRPC server. Add servicers, start, say when it is serving, stop."""

    def __init__(
        self,
        verifier: TokenVerifier,
        *,
        reflection: bool = True,
        concurrent_calls_max: int = CONCURRENT_CALLS_MAX,
    ) -> None:
        self._chain = Chain(verifier)
        self._reflection = reflection
        self._services: list[ServiceDescriptor] = []
        # Neither grpc-health-checking nor grpc-reflection has types for its aio half.
        self._health = cast(Any, health).aio.HealthServicer()
        self._server = grpc.aio.server(
            options=list(SERVER_OPTIONS), maximum_concurrent_rpcs=concurrent_calls_max
        )
        self.port = 0

    def add_servicer(self, add: Callable[[Servicer, grpc.aio.Server], None], servicer: Servicer) -> None:
        """Serves a servicer by its generated `add_…Servicer_to_server`, every method behind the interceptors."""
        registrar = _Registrar()
        add(servicer, cast(grpc.aio.Server, registrar))
        for name, handlers in registrar.services.items():
            service = service_descriptor(name)
            guarded = self._chain.wrap(service, handlers)
            self._services.append(service)
            self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, guarded),))

    async def start(self, address: str) -> int:
        """Listens at host:port, NOT_SERVING as yet, and returns the port (that was free, for port 0).

        Raises AccessUndeclared where a served method does not say who may call it, AddressTaken where
        something else listens there.
        """
        require_declared(self._services)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, cast(Any, self._server))
        await self.set_serving(False)
        if self._reflection:
            from grpc_reflection.v1alpha import reflection

            names = [service.full_name for service in self._services]
            reflection.enable_server_reflection(
                (*names, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name, reflection.SERVICE_NAME),
                self._server,
            )
        try:
            self.port = self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise AddressTaken(
                f"Cannot listen at {address}: something else does, or it is not here."
            ) from error
        await self._server.start()
        return self.port

    async def set_serving(self, serving: bool) -> None:
        """Tells grpc.health.v1, for each service and for the whole (the empty name), whether calls are welcome."""
        status = (
            health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        )
        for name in ("", *(service.full_name for service in self._services)):
            await self._health.set(name, status)

    async def stop(self, grace_seconds: float) -> None:
        """Takes no new call, lets those in flight end within the grace, then cancels them."""
        await self.set_serving(False)
        await self._server.stop(grace_seconds)


class _Registrar:
    """Stands in for a server while a generated function registers its methods."""

    def __init__(self) -> None:
        self.services: dict[str, Mapping[str, grpc.RpcMethodHandler[Any, Any]]] = {}

    def add_generic_rpc_handlers(self, handlers: Sequence[object]) -> None:
        """Does nothing: the same handlers come by name through the next method."""

    def add_registered_method_handlers(
        self, service_name: str, handlers: Mapping[str, "grpc.RpcMethodHandler[Any, Any]"]
    ) -> None:
        self.services[service_name] = handlers
