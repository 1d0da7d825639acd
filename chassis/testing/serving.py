"""A real server on a free port of 127.0.0.1 for tests of servicers, and stubs that call it as whomever the test says."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import grpc

from chassis.channel import Channels
from chassis.clock import Clock
from chassis.identity import Caller, CallerKind, Keyring, TokenIssuer, TokenVerifier
from chassis.server import CONCURRENT_CALLS_MAX, Server
from chassis.testing.callers import person

Stub = TypeVar("Stub")

SECRET_KEY: Final = "of the tests only " * 3


class Served:
    """A running server, and how to call it."""

    def __init__(self, server: Server, *, service: str, keyring: Keyring, clock: Clock | None) -> None:
        self.server = server
        self.service = service
        self.keyring = keyring
        self._clock = clock
        self._channels: list[Channels] = []

    @property
    def target(self) -> str:
        """host:port."""
        return f"127.0.0.1:{self.server.port}"

    def token(self, caller: Caller) -> str:
        """A token by which the server takes its bearer for `caller`."""
        by_service = caller.kind is CallerKind.SERVICE
        issuer = TokenIssuer(self.keyring, caller.subject if by_service else "billing", self._clock)
        return issuer.issue(caller, audience=self.service) if by_service else issuer.issue(caller)

    def stub(
        self,
        stub: Callable[[grpc.aio.Channel], Stub],
        *,
        caller: Caller | None = None,
        anonymous: bool = False,
        token: str = "",
    ) -> Stub:
        """A stub whose calls come from `caller` (by default an owner), from nobody, or with the very `token`."""
        sent = token or ("" if anonymous else self.token(caller or person()))
        channels = Channels(lambda _callee: f"Bearer {sent}" if sent else None, as_itself=False)
        self._channels.append(channels)
        return channels.stub(self.service, self.target, stub)

    async def close(self) -> None:
        """Closes the stubs' channels and stops the server."""
        for channels in self._channels:
            await channels.close()
        await self.server.stop(0)


@asynccontextmanager
async def serving(
    *servicers: tuple[Callable[[Any, Any], None], Any],
    service: str,
    clock: Clock | None = None,
    secret_key: str = SECRET_KEY,
    concurrent_calls_max: int = CONCURRENT_CALLS_MAX,
) -> AsyncIterator[Served]:
    """`async with serving((billing.add_CreditServiceServicer_to_server, servicer), service="billing") as served:`

    Every interceptor is at work, as in the real process. `clock` judges and issues tokens.
    """
    keyring = Keyring.from_secret(secret_key)
    server = Server(
        TokenVerifier(keyring, service, clock), concurrent_calls_max=concurrent_calls_max, reflection=True
    )
    for add, servicer in servicers:
        server.add_servicer(add, servicer)
    await server.start("127.0.0.1:0")
    await server.set_serving(True)
    served = Served(server, service=service, keyring=keyring, clock=clock)
    try:
        yield served
    finally:
        await served.close()
