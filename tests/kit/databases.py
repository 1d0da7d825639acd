"""The PostgreSQL of a test session: the embedded one, or one in a container, with every schema made on first use."""

import contextlib
import importlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from chassis.database import open_engine
from chassis.migrations import migrate
from chassis.testing import CleanSchema, assert_schema_matches
from suite.databases import READ_ONLY, SERVICES, prepare, role_of, with_user
from suite.embedded.postgres import EmbeddedPostgres, new_password

EMBEDDED: Final = "embedded"
CONTAINER: Final = "testcontainers"
CONTAINER_IMAGE: Final = "postgres:18"


class SessionDatabase:
    """The database `igny8` with its roles, and each service's schema, migrated when a test first asks for it."""

    def __init__(self, admin_dsn: str, *, kind: str) -> None:
        self.kind = kind
        """`embedded` or `testcontainers`; only the embedded server's process ids are ours."""
        self._passwords = {name: new_password() for name in (*SERVICES, READ_ONLY)}
        self.owner_dsn = prepare(admin_dsn, passwords=self._passwords)
        """The libpq URI of the owner of everything, a superuser."""
        self._clean: dict[str, CleanSchema] = {}
        self._owners: dict[str, Engine] = {}

    def dsn(self, service: str) -> str:
        """The libpq URI of a service's own role, or of `readonly`."""
        if service in SERVICES:
            self._migrated(service)
        return with_user(self.owner_dsn, user=role_of(service), password=self._passwords[service])

    def owner(self, schema: str) -> Engine:
        """An engine of the owner that sees this schema; for what no service may do."""
        if schema not in self._owners:
            self._owners[schema] = open_engine(self.owner_dsn, service=schema, pool_size=2)
        return self._owners[schema]

    def empty(self, service: str) -> None:
        """Brings a service's tables back to what its migrations left."""
        self._migrated(service).empty()

    def assert_migrations_match(self, service: str) -> None:
        """Asserts that the service's migrations make exactly what its store/tables.py declares."""
        self._migrated(service)
        tables = importlib.import_module(f"services.{service}.store.tables")
        assert_schema_matches(tables.metadata, schema=service, owner=self.owner(service))

    def close(self) -> None:
        for engine in self._owners.values():
            engine.dispose()

    def _migrated(self, service: str) -> CleanSchema:
        if service not in self._clean:
            migrate(service, self.owner_dsn)
            self._clean[service] = CleanSchema(self.owner(service), schema=service)
        return self._clean[service]


@contextlib.contextmanager
def serving(kind: str) -> Iterator[str]:
    """A running server's superuser as a libpq URI; `kind` is `embedded` or `testcontainers`."""
    with _container() if kind == CONTAINER else _embedded() as admin_dsn:
        yield admin_dsn


@contextlib.contextmanager
def _embedded() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="igny8-test-postgres-") as folder:
        server = EmbeddedPostgres(Path(folder, "postgres"), password=new_password(), durable=False)
        server.start()
        try:
            yield server.dsn()
        finally:
            server.stop()


@contextlib.contextmanager
def _container() -> Iterator[str]:
    # Only who asks for it needs Docker and this package.
    from testcontainers.community.postgres import PostgresContainer
    from testcontainers.core.config import testcontainers_config

    # The reaper is a second image to fetch; this container ends with the block.
    testcontainers_config.ryuk_disabled = True
    with PostgresContainer(
        os.environ.get("IGNY8_TEST_POSTGRES_IMAGE", CONTAINER_IMAGE), driver=None
    ) as container:
        yield container.get_connection_url()
