"""Calls of billing as its callers make them, each remembered with how it ended, so that the books can be asked later."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from google.protobuf.message import Message
from igny8.billing import v1 as billing

from chassis.channel import Channels
from chassis.clock import SystemClock
from chassis.errors import RemoteRefusal
from chassis.identity import Caller, Keyring, TokenIssuer
from chassis.service_tokens import ServiceTokens, acting_for
from chassis.testing import callers
from suite import secrets
from tests.chaos.campaign import Chaos
from tests.journeys.suites import RunningSuite

if TYPE_CHECKING:
    # The asynchronous stubs exist for type checkers only.
    from igny8.billing.v1.account_service_pb2_grpc import AccountServiceAsyncStub
    from igny8.billing.v1.credit_service_pb2_grpc import CreditServiceAsyncStub
    from igny8.billing.v1.pricing_service_pb2_grpc import PricingServiceAsyncStub

IMPATIENT_ONE_IN: Final = 6
"""So many callers wait a moment only, for an answer that may be on its way. Half of them come back with the same
request, the others never: what those asked for may be there, and never twice."""

MOMENT_SECONDS: Final = (0.02, 0.3)

REPEATED_ONE_IN: Final = 12
BREATH_SECONDS: Final = 0.1
TOKEN_SECONDS: Final = 7_200

PASSING: Final = frozenset(
    {"SERVICE_UNAVAILABLE", "DEADLINE_EXCEEDED", "CONTENTION", "OVERLOADED", "REQUEST_IN_PROGRESS"}
)
"""Reasons that a caller waits out, with the same request_id."""


class Call(Protocol):
    """A method of a stub."""

    def __call__(self, request: Any, /, *, timeout: float | None = None) -> Awaitable[Any]: ...


class GaveUp(Exception):
    """The caller stopped asking without an answer."""


@dataclass(slots=True)
class Calls:
    """One campaign's calls: stubs for everybody, what is in flight, and how everything ended."""

    chaos: Chaos
    suite: RunningSuite
    in_flight: Counter[str] = field(default_factory=Counter)
    acknowledged: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    abandoned: Counter[str] = field(default_factory=Counter)
    retried: int = 0
    repeated: int = 0
    other_answers: list[str] = field(default_factory=list)
    """Repeats of a request that got another answer than the first."""

    ending: bool = False
    _channels: list[Channels] = field(default_factory=list)

    def credits(self) -> "CreditServiceAsyncStub":
        """As the ai service, for the account that is acted for."""
        tokens = ServiceTokens(self._keyring(), "ai", SystemClock())
        return self._on(tokens).stub("billing", self._target, billing.CreditServiceStub)

    def credits_as(self, caller: Caller) -> "CreditServiceAsyncStub":
        """As a person or an operator."""
        return self._as(caller).stub("billing", self._target, billing.CreditServiceStub)

    def accounts(self) -> "AccountServiceAsyncStub":
        """As anybody."""
        tokens = ServiceTokens(self._keyring(), "gateway", SystemClock())
        return self._on(tokens).stub("billing", self._target, billing.AccountServiceStub)

    def prices(self) -> "PricingServiceAsyncStub":
        """As the operator."""
        return self._as(callers.operator()).stub("billing", self._target, billing.PricingServiceStub)

    async def write(
        self,
        name: str,
        call: Call,
        request: Message,
        *,
        account_id: str | None = None,
        repeatable: bool = True,
    ) -> Any:
        """The answer, however often it had to be asked for with the same request.

        Raises RemoteRefusal for what waiting does not change, GaveUp for a caller that lost its patience. Some that
        have their answer ask once more, and `repeatable` says that they must get the same.
        """
        patient = self.chaos.random.randrange(IMPATIENT_ONE_IN) > 0
        self.in_flight[name] += 1
        try:
            with acting_for(account_id):
                answer = await self._answer(call, request, patient=patient)
                self.acknowledged[name] += 1
                if repeatable and self.chaos.random.randrange(REPEATED_ONE_IN) == 0:
                    await self._repeat(name, call, request, answer)
                return answer
        except GaveUp:
            self.abandoned[name] += 1
            raise
        except RemoteRefusal as refusal:
            self.refused[refusal.reason] += 1
            raise
        finally:
            self.in_flight[name] -= 1

    async def read(self, call: Call, request: Message, *, account_id: str) -> Any:
        """The answer of a method that changes nothing, however long it takes."""
        with acting_for(account_id):
            return await self._answer(call, request, patient=True)

    async def close(self) -> None:
        """Closes every channel."""
        for channels in self._channels:
            await channels.close()

    async def _answer(self, call: Call, request: Message, *, patient: bool) -> Any:
        timeout = None if patient else self.chaos.random.uniform(*MOMENT_SECONDS)
        while True:
            try:
                return await call(request, timeout=timeout)
            except RemoteRefusal as refusal:
                if refusal.reason not in PASSING:
                    raise
                if timeout is not None and self.chaos.random.random() < 0.5:
                    raise GaveUp from refusal
            timeout = None
            self.retried += 1
            await asyncio.sleep(BREATH_SECONDS * self.chaos.random.random())

    async def _repeat(self, name: str, call: Call, request: Message, first: Message) -> None:
        self.repeated += 1
        again = await self._answer(call, request, patient=True)
        if again != first:
            self.other_answers.append(f"{name}: {first} and then {again}")

    @property
    def _target(self) -> str:
        return self.suite.stack.grpc["billing"]

    def _keyring(self) -> Keyring:
        return Keyring.from_secret(secrets.load_or_make(self.suite.data_dir).secret_key)

    def _as(self, caller: Caller) -> Channels:
        token = TokenIssuer(self._keyring(), "billing").issue(caller, lifetime_seconds=TOKEN_SECONDS)

        def authorize(callee: str) -> str:
            del callee
            return f"Bearer {token}"

        return self._on(authorize)

    def _on(self, authorize: Any) -> Channels:
        self._channels.append(Channels(authorize))
        return self._channels[-1]
