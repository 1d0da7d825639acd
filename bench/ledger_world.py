"""A database with fsync on and the process that serves its ledger: what the ledger's benchmarks measure on."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chassis.clock import SystemClock
from chassis.database import open_engine
from chassis.identity import Caller, Keyring, TokenIssuer
from chassis.outbox import Outbox
from chassis.testing import ManualClock
from chassis.testing.callers import operator, service
from chassis.testing.serving import SECRET_KEY
from chassis.transaction import Transactions
from services.billing.convert import encode
from services.billing.store.transaction import BillingTransaction
from suite.embedded.postgres import EmbeddedPostgres, new_password
from tests.billing.books import Billing
from tests.kit.databases import EMBEDDED, SessionDatabase

TOKEN_SECONDS: Final = 4 * 3600

Metadata = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class World:
    """The database, and use cases on it without a server."""

    folder: Path
    server: EmbeddedPostgres
    database: SessionDatabase
    books: Billing

    @property
    def dsn(self) -> str:
        """The libpq URI of billing's own role."""
        return self.database.dsn("billing")

    @property
    def owner_dsn(self) -> str:
        """That of the superuser."""
        return self.database.owner_dsn


@contextmanager
def world() -> Iterator[World]:
    """An empty billing database of its own server."""
    with tempfile.TemporaryDirectory(prefix="igny8-bench-ledger-") as name:
        folder = Path(name)
        server = EmbeddedPostgres(folder / "postgres", password=new_password(), durable=True)
        server.start()
        database = SessionDatabase(server.dsn(), kind=EMBEDDED)
        clock = ManualClock(SystemClock().now())
        engine = open_engine(database.dsn("billing"), service="billing", pool_size=1)
        outbox = Outbox(service="billing", encode=encode, clock=clock)
        transactions = Transactions(engine, BillingTransaction, outbox=outbox, threads=1)
        try:
            yield World(
                folder=folder,
                server=server,
                database=database,
                books=Billing(transactions=transactions, clock=clock),
            )
        finally:
            transactions.close()
            engine.dispose()
            database.close()
            server.stop()


@contextmanager
def served(dsn: str) -> Iterator[tuple[str, str]]:
    """The targets of billing's CreditService, in a process of its own, and of the one that does nothing."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.ledger_server", dsn],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        charged, nothing = (f"127.0.0.1:{port}" for port in process.stdout.readline().split())
        yield charged, nothing
    finally:
        process.communicate()


def as_service(account_id: str) -> Metadata:
    """What the ai service calls with when it works for an account."""
    return _bearer("ai", service("ai", account_id=account_id), audience="billing")


def as_operator() -> Metadata:
    """What the platform's operator calls with."""
    return _bearer("billing", operator())


def _bearer(issuer: str, caller: Caller, **audience: str) -> Metadata:
    tokens = TokenIssuer(Keyring.from_secret(SECRET_KEY), issuer)
    token = tokens.issue(caller, lifetime_seconds=TOKEN_SECONDS, **audience)
    return (("authorization", f"Bearer {token}"),)
