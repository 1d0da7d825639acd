"""The database of the suite: schemas, roles and rights, made as the owner; works on any PostgreSQL."""

from collections.abc import Mapping
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - it is a class, named like a module
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from psycopg2.extensions import encrypt_password

DATABASE = "igny8"
SERVICES = ("billing", "ai", "publisher", "notifications")
READ_ONLY = "readonly"

_LOCK = 0x69676E7938
"""Key of the advisory lock under which one process at a time prepares: `igny8` in ASCII."""


def prepare(admin_dsn: str, *, passwords: Mapping[str, str]) -> str:
    """Make what is missing: the database `igny8`, a schema and a role per service, the read-only role.

    `admin_dsn` is a libpq URI of a role that may create roles and databases; it becomes the owner of everything,
    so name the same one each time. `passwords` are by service name and `readonly`. Returns the owner's URI of
    the database. Running it again changes nothing. Raises psycopg2.Error.
    """
    with _connected(admin_dsn) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        for name in (*SERVICES, READ_ONLY):
            _make_role(cursor, role_of(name), passwords[name])
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
        if cursor.fetchone() is None:
            cursor.execute(
                sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(
                    sql.Identifier(DATABASE)
                )
            )
        owner_dsn = with_database(admin_dsn, DATABASE)
        with _connected(owner_dsn) as inside, inside.cursor() as inside_cursor:
            _grant_database(inside_cursor)
            for service in SERVICES:
                _make_schema(inside_cursor, service)
    return owner_dsn


def role_of(name: str) -> str:
    """The database role of a service, or of `readonly`."""
    return f"igny8_{name}"


def with_database(dsn: str, database: str) -> str:
    """The same libpq URI for another database of the server."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))


def with_user(dsn: str, *, user: str, password: str) -> str:
    """The same libpq URI for another role."""
    parts = urlsplit(dsn)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{host}"))


def with_all_schemas(dsn: str) -> str:
    """The same libpq URI with a search_path of the four schemas, for a role that has none of its own."""
    parts = urlsplit(dsn)
    option = "options=" + quote(f"-csearch_path={','.join(SERVICES)}", safe="")
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, option)))))


def _connected(dsn: str) -> "_Autocommit":
    return _Autocommit(dsn)


class _Autocommit:
    """A connection for statements that stand alone, closed at the end of the block."""

    def __init__(self, dsn: str) -> None:
        self._connection: Connection = psycopg2.connect(dsn, connect_timeout=5)
        self._connection.autocommit = True

    def __enter__(self) -> Connection:
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def _make_role(cursor: Cursor, role: str, password: str) -> None:
    cursor.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname = %s", (role,))
    verb = "CREATE" if cursor.fetchone() is None else "ALTER"
    # Hashed here, so that the password never stands in the server's log.
    hashed = encrypt_password(password, role, scope=cursor, algorithm="scram-sha-256")
    cursor.execute(
        sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
            sql.SQL(verb), sql.Identifier(role), sql.Literal(hashed)
        )
    )


def _grant_database(cursor: Cursor) -> None:
    database, read_only = sql.Identifier(DATABASE), sql.Identifier(role_of(READ_ONLY))
    roles = sql.SQL(", ").join(sql.Identifier(role_of(name)) for name in (*SERVICES, READ_ONLY))
    cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    cursor.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, roles))
    cursor.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    cursor.execute(
        sql.SQL("ALTER ROLE {} IN DATABASE {} SET search_path = {}").format(
            read_only, database, sql.SQL(", ").join(sql.Identifier(service) for service in SERVICES)
        )
    )
    cursor.execute(
        sql.SQL("ALTER ROLE {} IN DATABASE {} SET default_transaction_read_only = on").format(
            read_only, database
        )
    )


def _make_schema(cursor: Cursor, service: str) -> None:
    """Rights on tables come by default privileges alone, never by a grant on all tables that exist: a migration
    that takes one away (an append-only table, a column with a secret) would be undone at the next start."""
    names = {
        "schema": sql.Identifier(service),
        "role": sql.Identifier(role_of(service)),
        "read_only": sql.Identifier(role_of(READ_ONLY)),
        "database": sql.Identifier(DATABASE),
    }
    for statement in (
        "CREATE SCHEMA IF NOT EXISTS {schema}",
        "GRANT USAGE ON SCHEMA {schema} TO {role}, {read_only}",
        "ALTER ROLE {role} IN DATABASE {database} SET search_path = {schema}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT USAGE, SELECT ON SEQUENCES TO {role}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO {read_only}",
    ):
        cursor.execute(sql.SQL(statement).format(**names))
