"""Idempotent calls: the request's id, its effect and its answer are stored in one transaction, and a repeat gets that answer."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

from google.protobuf.message import Message
from psycopg2.errorcodes import LOCK_NOT_AVAILABLE
from sqlalchemy import ColumnElement, Connection, delete, select
from sqlalchemy.exc import OperationalError

from chassis.prepared import execute, insert_unless_there
from chassis.refusal import FieldFault, RequestIdReused, RequestInProgress, RequestInvalid
from chassis.tables import idempotency

REQUEST_ID_LENGTH_MAX: Final = 255
PLATFORM: Final = "00000000-0000-0000-0000-000000000000"
"""Stands in place of the account for callers that have none: operators, and people who are signing up."""

_ANSWER: Final = """
    UPDATE idempotency SET answer = %(answer)s
    WHERE account_id = %(account_id)s AND scope = %(scope)s AND request_id = %(request_id)s"""
_ANSWER_TYPES: Final = {"account_id": "uuid", "scope": "text", "request_id": "text", "answer": "bytea"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKey:
    """What makes a call the same call: the account, the method and the request_id; and what it asks for, hashed."""

    account_id: str
    scope: str
    request_id: str
    request_hash: bytes

    @classmethod
    def of(cls, request: Message, *, account_id: str | None, scope: str, request_id: str) -> Self:
        """Raises RequestInvalid for a request_id longer than 255 characters."""
        if len(request_id) > REQUEST_ID_LENGTH_MAX:
            raise RequestInvalid(
                FieldFault("request_id", f"must have at most {REQUEST_ID_LENGTH_MAX} characters")
            )
        if "\0" in request_id:
            raise RequestInvalid(FieldFault("request_id", "must not contain a NUL character"))
        body = request.SerializeToString(deterministic=True)
        return cls(
            account_id=account_id or PLATFORM,
            scope=scope,
            request_id=request_id,
            request_hash=hashlib.sha256(body).digest(),
        )


def once(connection: Connection, key: RequestKey, effect: Callable[[], bytes]) -> bytes:
    """Runs the effect if this is the first call with the key, and stores its answer; otherwise gives the stored one.

    A call that arrives while the first is still at work waits for its end. Raises RequestIdReused for another
    body, and RequestInProgress when the wait takes longer than the connection's lock_timeout (2 s).
    """
    if not _claim(connection, key):
        return _stored_answer(connection, key)
    answer = effect()
    execute(connection, _ANSWER, _ANSWER_TYPES, {**_name(key), "answer": answer})
    return answer


def answered(connection: Connection, key: RequestKey) -> bytes | None:
    """The stored answer to an earlier call with the key; None without one. Raises RequestIdReused for another body."""
    known = select(idempotency.c.request_id).where(*_is(key))
    return None if connection.execute(known).first() is None else _stored_answer(connection, key)


def forget(connection: Connection, *, account_id: str, scope: str, request_id: str) -> None:
    """Lets the id be used again, for a call whose work went on after its answer was stored and was then refused."""
    connection.execute(
        delete(idempotency).where(
            idempotency.c.account_id == account_id,
            idempotency.c.scope == scope,
            idempotency.c.request_id == request_id,
        )
    )


def _claim(connection: Connection, key: RequestKey) -> bool:
    row = {**_name(key), "request_hash": key.request_hash}
    try:
        return insert_unless_there(connection, idempotency, row)
    except OperationalError as error:
        if getattr(error.orig, "pgcode", None) == LOCK_NOT_AVAILABLE:
            raise RequestInProgress(key.request_id) from error
        raise


def _stored_answer(connection: Connection, key: RequestKey) -> bytes:
    stored = connection.execute(
        select(idempotency.c.request_hash, idempotency.c.answer).where(*_is(key))
    ).one_or_none()
    if stored is None:
        # The 30 days ended between the two statements.
        raise RequestInProgress(key.request_id)
    if bytes(stored.request_hash) != key.request_hash:
        raise RequestIdReused(key.request_id)
    assert stored.answer is not None, "the answer is written in the transaction that claims the key"
    return bytes(stored.answer)


def _name(key: RequestKey) -> dict[str, str]:
    return {"account_id": key.account_id, "scope": key.scope, "request_id": key.request_id}


def _is(key: RequestKey) -> tuple[ColumnElement[bool], ...]:
    return (
        idempotency.c.account_id == key.account_id,
        idempotency.c.scope == key.scope,
        idempotency.c.request_id == key.request_id,
    )
