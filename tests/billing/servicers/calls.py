"""Stubs of billing's three services, called as whomever a test says."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import grpc
from igny8.billing import v1 as billing

from chassis.clock import Clock
from chassis.identity import Caller, TokenVerifier
from chassis.testing.serving import Served

if TYPE_CHECKING:
    # The asynchronous stubs exist for type checkers only.
    from igny8.billing.v1.account_service_pb2_grpc import AccountServiceAsyncStub
    from igny8.billing.v1.audit_service_pb2_grpc import AuditServiceAsyncStub
    from igny8.billing.v1.credit_service_pb2_grpc import CreditServiceAsyncStub
    from igny8.billing.v1.pricing_service_pb2_grpc import PricingServiceAsyncStub

Stub = TypeVar("Stub")


@dataclass(frozen=True)
class Calls:
    """`calls.credits(owner)` is a stub whose calls come from that caller, or carry that token."""

    served: Served
    clock: Clock

    def credits(self, caller: Caller | str) -> "CreditServiceAsyncStub":
        return self._stub(billing.CreditServiceStub, caller)

    def accounts(self, caller: Caller | str | None = None) -> "AccountServiceAsyncStub":
        """Without a caller: as anybody."""
        return self._stub(billing.AccountServiceStub, caller)

    def audit(self, caller: Caller | str) -> "AuditServiceAsyncStub":
        return self._stub(billing.AuditServiceStub, caller)

    def prices(self, caller: Caller | str) -> "PricingServiceAsyncStub":
        return self._stub(billing.PricingServiceStub, caller)

    def verified(self, token: str) -> Caller:
        """Whom a service other than billing takes the bearer of this token for."""
        return TokenVerifier(self.served.keyring, "publisher", self.clock).verify(token)

    def _stub(self, stub: Callable[[grpc.aio.Channel], Stub], caller: Caller | str | None) -> Stub:
        if isinstance(caller, str):
            return self.served.stub(stub, token=caller)
        return self.served.stub(stub, caller=caller, anonymous=caller is None)
