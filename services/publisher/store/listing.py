"""Pages of lists that are filtered, searched and sorted, each at a bounded cost however long the list is.

A page is looked for along the index of its order first: what many rows have is found within the first of them. What
few rows have is fetched by the index of facets and words instead, and sorted. What is between, some hundredths of a
long list, comes in pages that are not full. Never is more read for a page than the limits here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Table,
    Text,
    Uuid,
    cast,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from chassis.paging import Page, PageRequest, Position, behind, encode_token
from services.publisher.domain.listing import Wanted
from services.publisher.store.columns import facets_of
from services.publisher.store.rows import among

T = TypeVar("T")
Columns = ReadOnlyColumnCollection[str, Any]


ROWS_WALKED: Final = 2_000
"""So many rows are looked at in the order of the list first; a short list is read whole by it."""

ROWS_WALKED_FURTHER: Final = 20_000
"""So many where the first ones have nothing, before a page is given empty."""

PAGE_PART_LEAST: Final = 10
"""A page that is full to this part is given: so many more have it that they would be too many to sort."""

ROWS_GATHERED: Final = 2_000
"""So many rows are sorted for a page; what more rows have is found along the order soon enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[T]):
    """What the list of a table can do. Filters and orders have the names of the contract."""

    table: Table
    columns: Sequence[str]
    """What an item is made of; `id` is among them."""

    to: Callable[[Mapping[str, Any]], T]
    sorts: Mapping[str, str]
    """The column of each order. Each has an index of the site, the column and the id, and can be bounded."""

    default_sort: str
    facets: tuple[str, ...]
    """The columns of the table's index of facets, in its order; each is a filter of that name."""

    narrow: Mapping[str, tuple[str, ...]]
    """Filters by columns that have an index before these orders, the narrowest first."""

    conditions: Mapping[str, Callable[[Columns, str], ColumnElement[bool]]] = field(default_factory=dict)
    """Filters that are no column of the table."""


def read_list(
    connection: Connection,
    listing: Listing[T],
    wanted: Wanted,
    *,
    site_id: str,
    account_id: str,
    page: PageRequest,
) -> Page[T]:
    """A page of the site's items. It may have fewer than asked for while there are more: the token says so.

    Raises PageTokenInvalid.
    """
    known = {*listing.facets, *listing.narrow, *listing.conditions}
    assert wanted.sort.removeprefix("-") in ("", *listing.sorts), (
        "every order of the contract is one of the list"
    )
    assert wanted.equal.keys() <= known, "every filter of the contract is one of the list"
    assert wanted.least.keys() | wanted.below.keys() <= listing.sorts.keys(), "bounds are of orders"
    return _Reading(connection, listing, wanted, site_id=site_id, account_id=account_id, page=page).read()


class _Reading(Generic[T]):
    """One page being read."""

    def __init__(
        self,
        connection: Connection,
        listing: Listing[T],
        wanted: Wanted,
        *,
        site_id: str,
        account_id: str,
        page: PageRequest,
    ) -> None:
        self._connection = connection
        self._listing = listing
        self._wanted = wanted
        self._page = page
        self._site_id = site_id
        self._sort = (wanted.sort or listing.default_sort).removeprefix("-")
        self._narrow = next(
            (name for name, sorts in listing.narrow.items() if name in wanted.equal and self._sort in sorts),
            None,
        )
        table: Columns = listing.table.c
        self._account_id = account_id
        self._base = [table["site_id"] == site_id]
        self._base += _bounds(table, listing, wanted, only=self._sort)
        if self._narrow is not None:
            self._base.append(table[self._narrow] == wanted.equal[self._narrow])
        if wanted.ids:
            self._base.append(among(listing.table.c.id, wanted.ids))
        by = self._by(table)
        self._behind = [] if page.after is None else [behind(by, page.after)]

    def read(self) -> Page[T]:
        if self._wanted.ids or not self._filters(self._listing.table.c):
            return self._full(self._rows(self._in_order(self._listing.table.c)))
        found, end = self._walked(ROWS_WALKED)
        if end is None:
            return self._full(found)
        if len(found) * PAGE_PART_LEAST < self._page.size and self._has_an_index:
            gathered = self._gathered()
            if gathered is not None:
                return self._full(gathered)
        if not found and not any(name in self._listing.conditions for name in self._wanted.equal):
            found, end = self._walked(ROWS_WALKED_FURTHER)
            if end is None:
                return self._full(found)
        return Page(items=self._items(found), next_page_token=encode_token(end, seal=self._page.seal))

    @property
    def _has_an_index(self) -> bool:
        wanted, listing = self._wanted, self._listing
        return bool(
            wanted.search
            or wanted.least
            or wanted.below
            or any(name in listing.facets for name in wanted.equal)
        )

    def _in_order(self, columns: Columns) -> "Select[Any]":
        return (
            select(*self._shown(columns))
            .where(*self._base, *self._behind, *self._shown_where(columns))
            .order_by(*self._by(columns))
        )

    def _walked(self, rows: int) -> tuple[list[dict[str, Any]], Position | None]:
        """What is found among so many rows, and where they end; no end where a page is full or the list ends."""
        table = self._listing.table
        along = select(table).where(*self._base, *self._behind).order_by(*self._by(table.c))
        walked = along.limit(rows).subquery(table.name)
        query = (
            select(*self._shown(walked.c)).where(*self._shown_where(walked.c)).order_by(*self._by(walked.c))
        )
        found = self._rows(query)
        if len(found) > self._page.size:
            return found, None
        keys = along.with_only_columns(*self._keys(table.c)).offset(rows - 1).limit(1)
        last = self._connection.execute(keys).one_or_none()
        return found, None if last is None else tuple(last)

    def _gathered(self) -> list[dict[str, Any]] | None:
        """The page out of all that is wanted; None where that is too much to sort."""
        table = self._listing.table
        inner = (
            select(*self._keys(table.c))
            .where(*self._base, *self._behind, *self._shown_where(table.c), *self._faceted())
            .limit(ROWS_GATHERED + 1)
            .subquery()
        )
        found = func.count().over().label("found")
        # Only what is shown is read whole.
        ranked = select(inner.c.id, found).order_by(*self._by(inner.c)).limit(self._page.size + 1).subquery()
        query = (
            select(*self._shown(table.c), ranked.c.found)
            .join(ranked, ranked.c.id == table.c.id)
            .order_by(*self._by(table.c))
        )
        rows = self._rows(query)
        return None if rows and rows[0]["found"] > ROWS_GATHERED else rows

    def _faceted(self) -> list[ColumnElement[bool]]:
        wanted = self._wanted
        named = [f"{name}:{value}" for name, value in wanted.equal.items() if name in self._listing.facets]
        if not named and not wanted.search:
            return []
        words = func.to_tsvector(text("'simple'"), wanted.search)
        asked = func.publisher.facets_within(
            cast(self._site_id, Uuid(as_uuid=False)), cast(named, ARRAY(Text)), words
        )
        kept = literal_column(facets_of(*self._listing.facets), ARRAY(BigInteger))
        return [kept.contains(asked)]

    def _shown_where(self, columns: Columns) -> list[ColumnElement[bool]]:
        # Not among what an index is walked by, which it would have to leave to look at.
        return [columns["account_id"] == self._account_id, *self._filters(columns)]

    def _filters(self, columns: Columns) -> list[ColumnElement[bool]]:
        """What is wanted beyond what the order's index is begun with."""
        wanted, listing = self._wanted, self._listing
        made = [
            listing.conditions[name](columns, value)
            if name in listing.conditions
            else columns[name] == _value(columns[name], value)
            for name, value in wanted.equal.items()
            if name != self._narrow
        ]
        made += _bounds(columns, listing, wanted, without=self._sort)
        if wanted.search:
            made.append(columns["words"].op("@@")(func.plainto_tsquery(text("'simple'"), wanted.search)))
        return made

    def _by(self, columns: Columns) -> list[ColumnElement[Any]]:
        descends = (self._wanted.sort or self._listing.default_sort).startswith("-")
        return [key.desc() if descends else key for key in self._keys(columns)]

    def _keys(self, columns: Columns) -> list[ColumnElement[Any]]:
        return [columns[self._listing.sorts[self._sort]], columns["id"]]

    def _shown(self, columns: Columns) -> list[ColumnElement[Any]]:
        return [
            columns[name] for name in dict.fromkeys((*self._listing.columns, self._listing.sorts[self._sort]))
        ]

    def _rows(self, query: "Select[Any]") -> list[dict[str, Any]]:
        # One row more than asked tells whether there is a next page.
        return [row._asdict() for row in self._connection.execute(query.limit(self._page.size + 1))]

    def _full(self, rows: list[dict[str, Any]]) -> Page[T]:
        shown = rows[: self._page.size]
        token = ""
        if len(rows) > self._page.size:
            last = shown[-1]
            position = (last[self._listing.sorts[self._sort]], last["id"])
            token = encode_token(position, seal=self._page.seal)
        return Page(items=self._items(shown), next_page_token=token)

    def _items(self, rows: Sequence[Mapping[str, Any]]) -> list[T]:
        return [self._listing.to({name: row[name] for name in self._listing.columns}) for row in rows]


def _bounds(
    columns: Columns, listing: Listing[Any], wanted: Wanted, *, only: str = "", without: str = ""
) -> list[ColumnElement[bool]]:
    names = [only] if only else [name for name in listing.sorts if name != without]
    made: list[ColumnElement[bool]] = []
    for name in names:
        column = columns[listing.sorts[name]]
        least, below = wanted.least.get(name), wanted.below.get(name)
        if isinstance(below, int) and least is None:
            # What is unknown stands below 0, and is not few.
            least = 0
        if least is not None:
            made.append(column >= least)
        if below is not None:
            made.append(column < below)
    return made


def _value(column: ColumnElement[Any], value: str) -> str | bool:
    return value == "true" if column.type.python_type is bool else value
