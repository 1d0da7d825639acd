"""Writes keywords that were made by hand, many with one statement and each for itself, with the answers to repeats."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Column, Connection, Text

from chassis.bulk import recordset, to_json
from chassis.idempotency import RequestKey
from chassis.idempotency_batch import CLAIM, Name, rows_of
from chassis.reading import Query, Reading
from chassis.tables import idempotency
from services.publisher.domain.keyword import Keyword
from services.publisher.store import tables
from services.publisher.store.rows import columns_of, to_row

_keyword = tables.keyword


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """A keyword that is to be made, the call that asks for it where that may be repeated, and the answer to it."""

    keyword: Keyword
    key: RequestKey | None
    answer: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """The calls that were not made before, and the ids of the keywords that were made.

    A keyword is not made when its call was made before, its site and sector are not the account's, or are so and have
    it already.
    """

    calls: frozenset[Name]
    keyword_ids: frozenset[str]


def create_keywords(
    connection: Connection, creations: Sequence[Creation], *, lock_seconds_max: float
) -> Created:
    """Makes those that can be made; no call may be in two of them. Waits so long for others who write the same."""
    rows = _WRITTEN.read(
        connection,
        {
            "claims": to_json(rows_of((each.key, each.answer) for each in creations if each.key is not None)),
            "keywords": to_json(
                to_row(each.keyword) | {"request_id": each.key and each.key.request_id} for each in creations
            ),
            "lock_timeout": f"{round(lock_seconds_max * 1000)}ms",
        },
    )
    return Created(
        calls=frozenset((row["account_id"], row["scope"], row["request_id"]) for row in rows["claimed"]),
        keyword_ids=frozenset(row["id"] for row in rows["made"]),
    )


_COLUMNS = columns_of(Keyword, _keyword)
_LISTED: Final = ", ".join(f'"{column.name}"' for column in _COLUMNS)

# Claims before keywords, and each in one order, so that two processes never wait for each other in a circle.
_WRITTEN: Final = Reading(
    {
        "claimed": Query(
            tuple(idempotency.c[name] for name in ("account_id", "scope", "request_id")),
            "SELECT {columns} FROM claimed",
        ),
        "made": Query((_keyword.c.id,), "SELECT {columns} FROM made"),
    },
    types={"claims": "json", "keywords": "json", "lock_timeout": "text"},
    first="SELECT set_config('lock_timeout', %(lock_timeout)s, true)",
    common=f"""
    WITH claimed AS ({CLAIM}),
    made AS (
        INSERT INTO keyword ({_LISTED})
        SELECT {_LISTED}
        FROM {recordset((*_COLUMNS, Column("request_id", Text)), name="keywords")}
        WHERE EXISTS (SELECT FROM site WHERE site.id = given.site_id AND site.account_id = given.account_id)
            AND (given.sector_id IS NULL OR EXISTS (
                SELECT FROM sector
                WHERE sector.id = given.sector_id
                    AND sector.site_id = given.site_id AND sector.account_id = given.account_id))
            AND (given.request_id IS NULL OR EXISTS (
                SELECT FROM claimed
                WHERE claimed.account_id = given.account_id AND claimed.request_id = given.request_id))
        ORDER BY site_id, sector_id, normalised
        ON CONFLICT ON CONSTRAINT keyword_once DO NOTHING
        RETURNING id
    )""",  # noqa: S608 - names of our own tables only
)
