"""Which of the filters of a list few of its rows have, so that these can be fetched by it instead of looked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Table,
    cast,
    false,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from chassis.prepared import execute
from services.publisher.store.columns import facets_of

ROWS_FEW: Final = 1_500
"""So many rows are few: they are fetched and sorted for a page."""

ROWS_FETCHED: Final = 2_000
"""So many are fetched at most, where there are more than the statistics knew."""

ENTRIES_MET: Final = 50_000
"""So many entries of the index of facets and words are met to find the rows that have several of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Few:
    """What few rows have, and the column whose index has them together; none for the index of facets and words."""

    where: Sequence[ColumnElement[bool]]
    along: ColumnElement[Any] | None = None


def counted(connection: Connection, table: Table, candidates: Sequence[Few]) -> Few | None:
    """The one of these that the fewest rows have, counted along its index; None where many have each."""
    if not candidates:
        return None
    found = connection.execute(select(*(_count(table, each) for each in candidates))).one()
    fewest = min(range(len(candidates)), key=found.__getitem__)
    return candidates[fewest] if found[fewest] <= ROWS_FEW else None


def known(
    connection: Connection,
    table: Table,
    facets: Sequence[str],
    *,
    site_id: str,
    named: Sequence[str],
    search: str,
) -> Few | None:
    """The rarest of these facets (`name:value`) and words, as many as it takes; None where many rows have them.

    `facets` are the columns of the table's index of facets and words. How many rows have one is known from the
    statistics of that index; to meet the many entries of a frequent one would take longer than to read the few rows.
    """
    if not named and not search:
        return None
    asked = {"table": table.name, "site_id": site_id, "named": list(named), "search": search}
    rows = execute(connection, _KNOWN, _KNOWN_TYPES, asked).all()
    if search and len(rows) == len(named):
        # Nothing in it is a word.
        return Few(where=[false()])
    if any(row.rows is None for row in rows):
        return None
    taken = _rarest({row.facet: row.rows for row in rows}, of_rows=rows[0].of_rows)
    if taken is None:
        return None
    kept = literal_column(facets_of(*facets), ARRAY(BigInteger))
    return Few(where=[kept.contains(cast(taken, ARRAY(BigInteger)))])


def _count(table: Table, each: Few) -> Any:
    # By its order it is this index that is read, whatever the planner believes, and no further than asked.
    first = select(literal(1).label("one")).select_from(table).where(*each.where).order_by(each.along)
    return select(func.count()).select_from(first.limit(ROWS_FEW + 1).subquery()).scalar_subquery()


def _rarest(rows: Mapping[int, int], *, of_rows: int) -> list[int] | None:
    taken: list[int] = []
    expected, met = float(of_rows), 0
    for facet in sorted(rows, key=rows.__getitem__):
        taken.append(facet)
        met += rows[facet]
        expected *= rows[facet] / max(of_rows, 1)
        if met > ENTRIES_MET:
            return None
        if expected <= ROWS_FEW:
            return taken
    return None


_KNOWN: Final = """
SELECT facet, rows, of_rows FROM publisher.facets_known(
    %(table)s, publisher.facets_within(%(site_id)s, %(named)s, to_tsvector('simple', %(search)s)))
"""
_KNOWN_TYPES: Final = {"table": "text", "site_id": "uuid", "named": "text[]", "search": "text"}
