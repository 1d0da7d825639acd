"""Idempotency of many calls in one transaction: their stored answers are read together, and written together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from chassis.bulk import Writes, recordset, to_json
from chassis.idempotency import RequestKey
from chassis.reading import Query, Reading, Rows
from chassis.refusal import RequestIdReused
from chassis.tables import idempotency

_NAMES = ("account_id", "scope", "request_id")

ANSWERS: Final = Query(
    tuple(idempotency.c[name] for name in (*_NAMES, "request_hash", "answer")),
    f"SELECT {{columns}} FROM {recordset((idempotency.c[name] for name in _NAMES), name='keys')}"  # noqa: S608 - names of our own table only
    " JOIN idempotency USING (account_id, scope, request_id)",
)
"""The answers given before to the calls in the parameter `keys` (`names_of`), in transactions that have committed.

Only whoever holds a lock that every such call takes first (billing: the account's row) may rely on what is not
there, and then write with `store_answers`.
"""

_CLAIMED: Final = (*_NAMES, "request_hash", "answer")

CLAIM: Final = (
    f"INSERT INTO idempotency ({', '.join(_CLAIMED)}) SELECT {', '.join(_CLAIMED)}"  # noqa: S608 - names of our own table only
    f" FROM {recordset((idempotency.c[name] for name in _CLAIMED), name='claims')}"
    f" ORDER BY {', '.join(_NAMES)} ON CONFLICT DO NOTHING RETURNING {', '.join(_NAMES)}"
)
"""Stores the answers of the calls in the parameter `claims` (`rows_of`) and returns whose they are: those that were not
made before. For calls whose answers are known before their effects, where no lock keeps others away: it waits for
another transaction that claims the same. A call that is refused afterwards is to be forgotten (`idempotency.forget`).
"""

_ANSWERED: Final = Reading({"answered": ANSWERS}, types={"keys": "json"})

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


def names_of(keys: Iterable[RequestKey]) -> list[dict[str, str]]:
    """The calls as rows that `ANSWERS` takes."""
    return [dict(zip(_NAMES, name_of(key), strict=True)) for key in keys]


def answers_from_rows(rows: Rows) -> dict[Name, Answer]:
    """What `ANSWERS` found."""
    return {
        (row["account_id"], row["scope"], row["request_id"]): Answer(row["request_hash"], row["answer"])
        for row in rows
    }


def read_answers(connection: Connection, keys: Iterable[RequestKey]) -> dict[Name, Answer]:
    """The answers given before to these calls, with a statement of its own."""
    found = _ANSWERED.read(connection, {"keys": to_json(names_of(keys))})
    return answers_from_rows(found["answered"])


def store_answers(writes: Writes, answers: Sequence[tuple[RequestKey, bytes]]) -> None:
    """Keeps the first answers to these calls, in the transaction of their effects."""
    writes.insert(idempotency, rows_of(answers))


def rows_of(answers: Iterable[tuple[RequestKey, bytes]]) -> list[dict[str, Any]]:
    """Calls and their first answers, as rows of the table."""
    return [
        {
            "account_id": key.account_id,
            "scope": key.scope,
            "request_id": key.request_id,
            "request_hash": key.request_hash,
            "answer": answer,
        }
        for key, answer in answers
    ]
