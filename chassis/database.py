"""The SQLAlchemy engine every service uses: a bounded pool, limits on every wait, and a watchdog over all of them."""

import time
from typing import Any, Final, cast

import orjson
from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, PoolProxiedConnection

from chassis.watchdog import Guarded, guard

POOL_TIMEOUT_SECONDS: Final = 2.0
STATEMENT_TIMEOUT_SECONDS: Final = 5.0
LOCK_TIMEOUT_SECONDS: Final = 2.0
DEADLINE_SECONDS: Final = 15.0
"""The longest a connection may be checked out unless the work says otherwise (see `guarded`)."""

PING_AFTER_IDLE_SECONDS: Final = 1.0
"""A connection idle for longer is asked whether it lives before it is handed out."""

_GUARDED: Final = "igny8.guarded"
_USED_AT: Final = "igny8.used_at"


def database_url(dsn: str) -> URL:
    """SQLAlchemy's URL of a libpq URI, for psycopg2: bare `postgresql://` would mean another driver."""
    return make_url(dsn.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql+psycopg2")


def open_engine(
    dsn: str,
    *,
    service: str,
    pool_size: int = 8,
    pooled: bool = True,
    statement_timeout_seconds: float = STATEMENT_TIMEOUT_SECONDS,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> Engine:
    """An engine whose connections see the schema of that service and cannot wait for ever.

    `dsn` is a libpq URI. Open it in the process that uses it, after any fork. A checkout that finds no free
    connection for 2 s raises sqlalchemy.exc.TimeoutError; a connection checked out for longer than
    `deadline_seconds` is shut. Not `pooled` connects anew each time: for leaders and migrations.
    """
    url = database_url(dsn)
    waits: dict[str, Any] = (
        {
            "pool_size": pool_size,
            "max_overflow": 0,
            "pool_timeout": POOL_TIMEOUT_SECONDS,
            "pool_recycle": 900,
            "pool_use_lifo": True,
        }
        if pooled
        else {"poolclass": NullPool}
    )
    engine = create_engine(
        url,
        **waits,
        json_serializer=_to_json,
        json_deserializer=orjson.loads,
        connect_args={
            "connect_timeout": 2,
            "application_name": f"igny8-{service}",
            "keepalives_idle": 10,
            "keepalives_interval": 3,
            "keepalives_count": 3,
            "tcp_user_timeout": 5000,
            "options": _options(url, service, statement_timeout_seconds),
        },
    )
    _watch(engine, deadline_seconds)
    return engine


def guarded(connection: Connection) -> Guarded:
    """The watchdog's hold on a connection of `open_engine`: moves its deadline, tells whether it was cut."""
    return cast(Guarded, connection.info[_GUARDED])


def _options(url: URL, service: str, statement_timeout_seconds: float) -> str:
    own = url.query.get("options", "")
    return (
        f"{own} -c search_path={service} -c timezone=UTC"
        f" -c statement_timeout={round(statement_timeout_seconds * 1000)}"
        f" -c lock_timeout={round(LOCK_TIMEOUT_SECONDS * 1000)}"
        " -c idle_in_transaction_session_timeout=10000"
    ).strip()


def _to_json(value: object) -> str:
    return orjson.dumps(value).decode()


def _watch(engine: Engine, deadline_seconds: float) -> None:
    """Guards every connection while it is in use, and asks one that was idle whether it lives."""

    # Goes first: SQLAlchemy's own first questions to a new server are guarded too.
    @event.listens_for(engine, "connect", insert=True)
    def opened(dbapi_connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        hold = guard(cast(Any, dbapi_connection).fileno())
        record.info[_GUARDED] = hold
        record.info[_USED_AT] = time.monotonic()
        hold.arm(deadline_seconds)

    @event.listens_for(engine, "checkout")
    def checked_out(
        dbapi_connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection
    ) -> None:
        record.info[_GUARDED].arm(deadline_seconds)
        if time.monotonic() - record.info[_USED_AT] > PING_AFTER_IDLE_SECONDS:
            _ping(engine, dbapi_connection)

    @event.listens_for(engine, "checkin")
    def checked_in(_dbapi_connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        hold: Guarded | None = record.info.get(_GUARDED)
        if hold is not None:
            hold.disarm()
            record.info[_USED_AT] = time.monotonic()

    @event.listens_for(engine, "close")
    def closed(_dbapi_connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        hold: Guarded | None = record.info.pop(_GUARDED, None)
        if hold is not None:
            hold.close()


def _ping(engine: Engine, dbapi_connection: DBAPIConnection) -> None:
    try:
        engine.dialect.do_ping(dbapi_connection)
    except Exception as error:
        # The pool throws all its idle connections away and connects anew: they died together.
        raise exc.InvalidatePoolError from error
