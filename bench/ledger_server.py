"""Billing's CreditService on a port, and the same service that does nothing behind the same interceptors on another.

`python -m bench.ledger_server DSN` prints both ports on one line, and serves until its input ends.
"""

import asyncio
import contextlib
import os
import sys
from typing import Any, Final

import grpc
from igny8.billing import v1 as billing

from chassis.clock import SystemClock
from chassis.database import open_engine
from chassis.identity import Keyring, TokenVerifier, current_caller
from chassis.outbox import Outbox
from chassis.server import Server
from chassis.testing.serving import SECRET_KEY
from chassis.transaction import Transactions
from services.billing.convert import encode
from services.billing.servicers.credits import CreditServicer
from services.billing.servicers.writer import Writer
from services.billing.store.transaction import BillingTransaction

THREADS: Final = 4


class Nothing(CreditServicer):
    """Answers a charge with messages of the same size, from no database."""

    async def _charge(
        self, request: billing.ChargeRequest, context: "grpc.aio.ServicerContext[Any, Any]"
    ) -> billing.ChargeResponse:
        account_id = current_caller().account()
        usage = billing.CreditUsage(
            id=account_id,
            account_id=account_id,
            transaction_id=account_id,
            operation_type=request.item.operation_type,
            model_name=request.item.model_name,
            price_id=account_id,
            images=request.item.images,
            credits_used=1,
            cost_usd="0.001",
            cost_source="computed",
            credit_price_usd="0.01",
            credit_value_usd="0.01",
            item_id=request.item.item_id,
        )
        return billing.ChargeResponse(usage=usage, balance=billing.Balance(credits=1, available=1))

    Charge = _charge


async def serve(dsn: str, *, say: Any) -> None:
    """Serves both until standard input ends."""
    clock = SystemClock()
    verifier = TokenVerifier(Keyring.from_secret(SECRET_KEY), "billing")
    transactions = Transactions(
        open_engine(dsn, service="billing", pool_size=THREADS),
        BillingTransaction,
        outbox=Outbox(service="billing", encode=encode, clock=clock),
        threads=THREADS,
    )
    writer = Writer(transactions, clock)
    ports = []
    servers = []
    for kind in (CreditServicer, Nothing):
        servicer = kind(transactions, clock, writer=writer)
        server = Server(verifier, concurrent_calls_max=1024)
        server.add_servicer(billing.add_CreditServiceServicer_to_server, servicer)
        ports.append(await server.start("127.0.0.1:0"))
        servers.append(server)
    say.write(" ".join(map(str, ports)) + "\n")
    say.flush()
    await asyncio.to_thread(sys.stdin.read)
    for server in servers:
        await server.stop(1)
    await asyncio.to_thread(writer.close)


if __name__ == "__main__":
    said = os.fdopen(os.dup(1), "w")
    # The log lines are written as always, and go nowhere.
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        asyncio.run(serve(sys.argv[1], say=said))
