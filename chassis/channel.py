"""Clients of other services: one channel per target, each call with its deadline, token, trace, retries and refusals."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Final, TypeVar

import grpc
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

from chassis.calling import Authorize, GuardedChannel

Stub = TypeVar("Stub")

CLIENT_OPTIONS: Final[Sequence[tuple[str, int]]] = (
    ("grpc.max_receive_message_length", 4 * 1024 * 1024),
    ("grpc.max_send_message_length", 4 * 1024 * 1024),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # With the defaults the first call after an outage of 30 s waited 16 s, with these 1 s.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # Despite its name what an attempt to connect gets: with less, a service that is only busy counts as away.
    ("grpc.min_reconnect_backoff_ms", 5_000),
    ("grpc.enable_retries", 1),
)

RETRY_POLICY: Final = {
    "maxAttempts": 4,
    "initialBackoff": "0.1s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
RETRY_THROTTLING: Final = {"maxTokens": 10, "tokenRatio": 0.1}
"""Retries stop while more than about one call in ten fails, so that they cannot bury a service that is ill."""


class Channels:
    """The channels of a process, one per target, opened when first asked for and closed together."""

    def __init__(self, authorize: Authorize, *, as_itself: bool = True) -> None:
        """`as_itself` says that the tokens are this process's own, so that a callee refusing one is our fault."""
        self._authorize = authorize
        self._as_itself = as_itself
        self._channels: dict[str, GuardedChannel] = {}

    def channel(self, callee: str, target: str, services: Iterable[ServiceDescriptor]) -> GuardedChannel:
        """The channel to a service at host:port; `services` are those whose methods it may retry."""
        found = self._channels.get(target)
        if found is None:
            options: list[tuple[str, int | str]] = [*CLIENT_OPTIONS]
            options.append(("grpc.service_config", service_config(services)))
            found = self._channels[target] = GuardedChannel(
                grpc.aio.insecure_channel(target, options=options),
                callee=callee,
                authorize=self._authorize,
                as_itself=self._as_itself,
            )
        return found

    def stub(self, callee: str, target: str, stub: Callable[[grpc.aio.Channel], Stub]) -> Stub:
        """A generated stub on the channel to `callee` at host:port."""
        return stub(self.channel(callee, target, services_beside(stub)))

    async def close(self) -> None:
        """Cancels the calls in flight and closes every channel."""
        channels, self._channels = list(self._channels.values()), {}
        for channel in channels:
            await channel.close(None)


def services_beside(stub: object) -> list[ServiceDescriptor]:
    """Every service of the proto package that a generated stub belongs to."""
    package = str(getattr(stub, "__module__", "")).rpartition(".")[0]
    if package:
        import_module(package)
    modules = [module for name, module in sys.modules.items() if name.startswith(f"{package}.")]
    files = [
        found
        for module in modules
        if isinstance(found := getattr(module, "DESCRIPTOR", None), FileDescriptor)
    ]
    return [service for file in files for service in file.services_by_name.values()]


def service_config(services: Iterable[ServiceDescriptor]) -> str:
    """The gRPC service config: a retry policy for methods whose `idempotency_level` allows one.

    It never has a timeout: that one fires too early (grpc#34547); each call brings its own.
    """
    names = [
        {"service": service.full_name, "method": method.name}
        for service in services
        for method in service.methods
        if may_repeat(method)
    ]
    method_config = [{"name": names, "retryPolicy": RETRY_POLICY}] if names else []
    return json.dumps({"methodConfig": method_config, "retryThrottling": RETRY_THROTTLING})


def may_repeat(method: MethodDescriptor) -> bool:
    """Whether the method's proto says that a second call does no harm."""
    return method.GetOptions().idempotency_level in (
        MethodOptions.NO_SIDE_EFFECTS,
        MethodOptions.IDEMPOTENT,
    )
