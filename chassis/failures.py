"""What an error of the database means for the transaction it ended: try again, refuse, or a fault of ours."""

from enum import Enum
from typing import Final

from psycopg2 import errorcodes
from sqlalchemy import exc

from chassis.refusal import Contention, DeadlineExceeded, Overloaded, Refusal, ServiceUnavailable


class Failure(Enum):
    """The kinds of failure, by what can be done about them."""

    CONTENTION = "contention"
    """PostgreSQL gave the transaction up for others; at once again it will likely pass."""
    CONNECTION = "connection"
    """The server is away or has ended the session; nothing was committed unless the COMMIT was on its way."""
    LOCK_TIMEOUT = "lock_timeout"
    """Somebody held the row for the whole lock_timeout; waiting once more would only lengthen the queue."""
    STATEMENT_TIMEOUT = "statement_timeout"
    """A statement took too long and was stopped."""
    POOL = "pool"
    """No connection was free in time."""
    FAULT = "fault"
    """Anything else: a violated constraint, a wrong statement."""


_BY_CODE: Final = {
    errorcodes.SERIALIZATION_FAILURE: Failure.CONTENTION,
    errorcodes.DEADLOCK_DETECTED: Failure.CONTENTION,
    errorcodes.LOCK_NOT_AVAILABLE: Failure.LOCK_TIMEOUT,
    errorcodes.QUERY_CANCELED: Failure.STATEMENT_TIMEOUT,
    errorcodes.TOO_MANY_CONNECTIONS: Failure.CONNECTION,
}

RETRIED: Final = frozenset({Failure.CONTENTION, Failure.CONNECTION})


def classify(error: exc.SQLAlchemyError) -> Failure:
    """Which kind of failure it is."""
    if isinstance(error, exc.TimeoutError):
        return Failure.POOL
    if not isinstance(error, exc.DBAPIError):
        return Failure.FAULT
    code = getattr(error.orig, "pgcode", None)
    if code in _BY_CODE:
        return _BY_CODE[code]
    if error.connection_invalidated or (code or "")[:2] == "08" or (code or "")[:3] == "57P":
        return Failure.CONNECTION
    # An error without a code comes from libpq, not from the server: it could not connect or lost the line.
    if code is None and isinstance(error, exc.OperationalError | exc.InterfaceError):
        return Failure.CONNECTION
    return Failure.FAULT


def refusal_of(failure: Failure) -> Refusal | None:
    """The refusal a caller gets for it; None for a fault, which stays the error it is."""
    match failure:
        case Failure.CONTENTION | Failure.LOCK_TIMEOUT:
            return Contention()
        case Failure.CONNECTION:
            return ServiceUnavailable("database")
        case Failure.STATEMENT_TIMEOUT:
            return DeadlineExceeded()
        case Failure.POOL:
            return Overloaded()
        case Failure.FAULT:
            return None
