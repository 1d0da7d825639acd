"""Migrations: each service has one chain of alembic files for its schema; they are run by the owner before it starts."""

from collections.abc import Sequence
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Engine, text

from chassis.database import open_engine
from chassis.migration_files import heads, migrations_folder

VERSION_TABLE: Final = "alembic_version"
STATEMENT_SECONDS_MAX: Final = 600.0


class Executes(Protocol):
    """What a migration needs of alembic's `op`."""

    def execute(self, sqltext: str) -> None: ...


def migrate(service: str, owner_dsn: str) -> None:
    """Brings the schema of a service to its newest migration, in one transaction; a second run changes nothing.

    `owner_dsn` is the libpq URI of the role that owns the schema; the schema is made if it is missing. Two processes
    may run it at once. Raises MigrationsMissing, and whatever PostgreSQL says to a migration.
    """
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(migrations_folder(service)))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)

    def to_head(revision: Any, _: Any) -> Any:
        # alembic's own upgrade: the steps from the revision the schema has to the newest.
        return script._upgrade_revs("head", revision)

    engine = _owner_engine(service, owner_dsn)
    try:
        with engine.begin() as connection:
            connection.execute(
                text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
                {"name": f"igny8.migrations.{service}"},
            )
            connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{service}"'))
            with EnvironmentContext(config, script, fn=to_head, destination_rev="head") as environment:
                environment.configure(
                    connection=connection, version_table=VERSION_TABLE, version_table_schema=service
                )
                environment.run_migrations()
    finally:
        engine.dispose()


def upgrade_all(services: Sequence[str], owner_dsn: str) -> None:
    """Migrates several services, one after the other."""
    for service in services:
        migrate(service, owner_dsn)


def at_head(service: str, dsn: str) -> bool:
    """Whether the schema is at its newest migration: by the files and one query, without importing alembic."""
    engine = open_engine(dsn, service=service, pooled=False)
    try:
        with engine.connect() as connection:
            return _applied(connection, service) == heads(service)
    finally:
        engine.dispose()


def _owner_engine(service: str, owner_dsn: str) -> Engine:
    return open_engine(
        owner_dsn,
        service=service,
        pooled=False,
        statement_timeout_seconds=STATEMENT_SECONDS_MAX,
        deadline_seconds=STATEMENT_SECONDS_MAX,
    )


def _applied(connection: Connection, service: str) -> frozenset[str]:
    table = f'"{service}".{VERSION_TABLE}'
    if connection.execute(text("SELECT to_regclass(:table)"), {"table": table}).scalar_one() is None:
        return frozenset()
    return frozenset(connection.execute(text(f"SELECT version_num FROM {table}")).scalars())  # noqa: S608 - the name of a service


def create_chassis_tables(op: Executes) -> None:
    """The chassis' tables in their first form; a service's first migration calls it.

    It never changes: a later form is a step of its own, which the services' next migrations call.
    """
    for statement in _FIRST_FORM:
        op.execute(statement)


def drop_chassis_tables(op: Executes) -> None:
    """Undoes `create_chassis_tables`."""
    op.execute("DROP TABLE relay_stream, job_attempt, dead_letter, idempotency, inbox, outbox")


_FIRST_FORM: Final = (
    """
    CREATE TABLE outbox (
        id bigserial PRIMARY KEY,
        event_id uuid NOT NULL UNIQUE,
        account_id uuid NOT NULL,
        stream text NOT NULL,
        subject text NOT NULL,
        payload text NOT NULL,
        headers jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        published_at timestamptz,
        stream_seq bigint
    )
    """,
    "CREATE INDEX outbox_unpublished ON outbox (id) WHERE published_at IS NULL",
    "CREATE INDEX outbox_stream_seq ON outbox (stream, stream_seq) WHERE stream_seq IS NOT NULL",
    "CREATE INDEX outbox_published_at ON outbox (published_at) WHERE published_at IS NOT NULL",
    """
    CREATE TABLE inbox (
        consumer text NOT NULL,
        event_id uuid NOT NULL,
        handled_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (consumer, event_id)
    )
    """,
    "CREATE INDEX inbox_handled_at ON inbox (handled_at)",
    """
    CREATE TABLE idempotency (
        account_id uuid NOT NULL,
        scope text NOT NULL,
        request_id text NOT NULL,
        request_hash bytea NOT NULL,
        answer bytea,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (account_id, scope, request_id),
        CONSTRAINT idempotency_request_id_length CHECK (length(request_id) BETWEEN 1 AND 255)
    )
    """,
    "CREATE INDEX idempotency_created_at ON idempotency (created_at)",
    """
    CREATE TABLE dead_letter (
        consumer text NOT NULL,
        event_id uuid NOT NULL,
        stream text NOT NULL,
        stream_seq bigint NOT NULL,
        subject text NOT NULL,
        headers jsonb NOT NULL,
        payload bytea NOT NULL,
        attempts integer NOT NULL,
        reason text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (consumer, event_id)
    )
    """,
    """
    CREATE TABLE job_attempt (
        consumer text NOT NULL,
        event_id uuid NOT NULL,
        attempts integer NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (consumer, event_id)
    )
    """,
    "CREATE TABLE relay_stream (stream text PRIMARY KEY, made_at text NOT NULL)",
)
