"""Bring the four schemas to the newest migration: `python -m suite.migrations [--prepare]`.

It reads the owner's URI from IGNY8_ADMIN_DATABASE_URL. With `--prepare` it first makes the database, schemas and
roles, with the passwords of IGNY8_<SERVICE>_DATABASE_PASSWORD and IGNY8_READONLY_DATABASE_PASSWORD.
"""

import os
import sys

import psycopg2
from psycopg2 import sql

from chassis.migration_files import MigrationsMissing, heads
from suite.databases import READ_ONLY, SERVICES, prepare


def pending(owner_dsn: str) -> tuple[str, ...]:
    """The services whose schema is not at its newest migration.

    Read from the files and one query, without alembic, which takes half a second to import.
    """
    connection = psycopg2.connect(owner_dsn, connect_timeout=5)
    try:
        with connection.cursor() as cursor:
            return tuple(service for service in SERVICES if _heads(service) - _applied(cursor, service))
    finally:
        connection.close()


def migrate(owner_dsn: str, services: tuple[str, ...]) -> None:
    """Run the migrations of these services in this process."""
    from chassis.migrations import migrate as migrate_service

    for service in services:
        migrate_service(service, owner_dsn)


def main(arguments: list[str]) -> int:
    """What the module does when run; returns the exit status."""
    wanted = ["IGNY8_ADMIN_DATABASE_URL"]
    if "--prepare" in arguments:
        wanted += [_password_variable(name) for name in (*SERVICES, READ_ONLY)]
    missing = [name for name in wanted if not os.environ.get(name)]
    if missing:
        print("These settings are missing: " + ", ".join(missing), file=sys.stderr)
        return 78
    owner_dsn = os.environ["IGNY8_ADMIN_DATABASE_URL"]
    if "--prepare" in arguments:
        passwords = {name: os.environ[_password_variable(name)] for name in (*SERVICES, READ_ONLY)}
        owner_dsn = prepare(owner_dsn, passwords=passwords)
    services = pending(owner_dsn)
    migrate(owner_dsn, services)
    print("Migrated: " + (", ".join(services) or "nothing, every schema is at its newest migration."))
    return 0


def _password_variable(name: str) -> str:
    return f"IGNY8_{name.upper()}_DATABASE_PASSWORD"


def _applied(cursor: psycopg2.extensions.cursor, service: str) -> set[str]:
    cursor.execute("SELECT to_regclass(%s)", (f"{service}.alembic_version",))
    row = cursor.fetchone()
    if row is None or row[0] is None:
        return set()
    cursor.execute(sql.SQL("SELECT version_num FROM {}.alembic_version").format(sql.Identifier(service)))
    return {str(version) for (version,) in cursor.fetchall()}


def _heads(service: str) -> frozenset[str]:
    try:
        return heads(service)
    except MigrationsMissing:
        return frozenset()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
