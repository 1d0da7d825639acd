"""Idempotency of many calls in one transaction: their stored answers are read together, and written together."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from chassis.bulk import insert_rows, recordset, to_json
from chassis.idempotency import RequestKey
from chassis.refusal import RequestIdReused
from chassis.tables import idempotency

_NAMES = ("account_id", "scope", "request_id")
_STORED = text(
    "SELECT account_id, scope, request_id, request_hash, answer"  # noqa: S608 - names of our own table only
    f" FROM {recordset(idempotency.c[name] for name in _NAMES)}"
    " JOIN idempotency USING (account_id, scope, request_id)"
).columns(*(idempotency.c[name] for name in (*_NAMES, "request_hash", "answer")))

Name = tuple[str, str, str]
"""The account, the scope and the request_id of a call."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The first answer to a call, and the hash of what was asked."""

    request_hash: bytes
    answer: bytes

    def to(self, key: RequestKey) -> bytes:
        """The answer to a repeat. Raises RequestIdReused for another body."""
        if self.request_hash != key.request_hash:
            raise RequestIdReused(key.request_id)
        return self.answer


def name_of(key: RequestKey) -> Name:
    """What two calls have in common that are the same call."""
    return (key.account_id, key.scope, key.request_id)


def stored_answers(connection: Connection, keys: Collection[RequestKey]) -> dict[Name, Answer]:
    """The answers given to these calls before, in transactions that have committed.

    Only whoever holds a lock that every such call takes first (billing: the account's row) may rely on what is
    not there, and then write with `store_answers`.
    """
    if not keys:
        return {}
    named = [dict(zip(_NAMES, name_of(key), strict=True)) for key in keys]
    rows = connection.execute(_STORED, {"rows": to_json(named)})
    return {
        (row.account_id, row.scope, row.request_id): Answer(bytes(row.request_hash), bytes(row.answer))
        for row in rows
    }


def store_answers(connection: Connection, answers: Sequence[tuple[RequestKey, bytes]]) -> None:
    """Keeps the first answers to these calls, in the transaction of their effects."""
    insert_rows(
        connection,
        idempotency,
        [
            {
                "account_id": key.account_id,
                "scope": key.scope,
                "request_id": key.request_id,
                "request_hash": key.request_hash,
                "answer": answer,
            }
            for key, answer in answers
        ],
    )
