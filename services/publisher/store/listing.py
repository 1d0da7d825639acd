"""Pages of lists that are filtered, searched and sorted, each at a bounded cost however long the list is.

Where few rows have one of the filters, these are fetched by its index and sorted (`few.py`). Else a page is what is
wanted of the next rows in the order of the list, read along the index of the order; it may then be not full. Never is
more read for a page than the limits here and there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, or_, select, text
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from chassis.paging import Page, PageRequest, Position, behind, encode_token
from services.publisher.domain.listing import Wanted
from services.publisher.store import few
from services.publisher.store.few import Few
from services.publisher.store.rows import among

T = TypeVar("T")
Columns = ReadOnlyColumnCollection[str, Any]


ROWS_WALKED: Final = 1_000
"""So many rows are looked at in the order of the list for a page that is filtered."""


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
    """Filters by columns that begin an index before these orders (after the site, but for an id), the narrowest first."""

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
        self._account_id = account_id
        self._sort = (wanted.sort or listing.default_sort).removeprefix("-")
        self._narrow = next(
            (name for name, sorts in listing.narrow.items() if name in wanted.equal and self._sort in sorts),
            None,
        )
        table: Columns = listing.table.c
        self._base = [table["site_id"] == site_id, *_bounds(table, listing, wanted, self._sort)]
        if self._narrow is not None:
            self._base += _only(table[self._narrow], wanted.equal[self._narrow])
        if wanted.ids:
            self._base.append(among(listing.table.c.id, wanted.ids))

    def read(self) -> Page[T]:
        if self._wanted.ids or not self._filters(self._listing.table.c):
            return self._full(self._rows(self._in_order()))
        fetched = self._fetched()
        if fetched is not None:
            return self._full(fetched)
        found, end = self._walked()
        if end is None:
            return self._full(found)
        return Page(items=self._items(found), next_page_token=encode_token(end, seal=self._page.seal))

    def _in_order(self) -> "Select[Any]":
        table: Columns = self._listing.table.c
        return (
            select(*self._shown(table))
            .where(*self._base, *self._behind(table), *self._shown_where(table))
            .order_by(*self._by(table))
        )

    def _walked(self) -> tuple[list[dict[str, Any]], Position | None]:
        """What is found among so many rows, and where they end; no end where a page is full or the list ends."""
        table = self._listing.table
        by = self._by(table.c)
        place = func.row_number().over(order_by=by).label("place")
        along = select(table, place).where(*self._base, *self._behind(table.c)).order_by(*by)
        walked = along.limit(ROWS_WALKED).subquery(table.name)
        wanted = and_(*self._shown_where(walked.c)).is_(True)
        rows = self._rows(
            select(*self._shown(walked.c), wanted.label("wanted"), walked.c.place)
            # The last one is shown where the next page begins, wanted or not.
            .where(or_(wanted, walked.c.place == ROWS_WALKED))
            .order_by(*self._by(walked.c))
        )
        found = [row for row in rows if row["wanted"]]
        if len(found) > self._page.size or not rows or rows[-1]["place"] < ROWS_WALKED:
            return found, None
        return found, tuple(rows[-1][key.name] for key in self._keys(table.c))

    def _fetched(self) -> list[dict[str, Any]] | None:
        """The page out of all that is wanted, where few rows are to be fetched for it."""
        found = self._few()
        if found is None:
            return None
        table = self._listing.table
        wanted = and_(*self._base, *self._behind(table.c), *self._shown_where(table.c)).is_(True)
        fetched = select(*self._keys(table.c), wanted.label("wanted")).where(*found.where)
        if found.along is not None:
            fetched = fetched.order_by(found.along)
        fetched = fetched.limit(few.ROWS_FETCHED + 1)
        each = fetched.subquery().c
        # What is not wanted comes last, and along with it how many there were.
        first = select(each.id, each.wanted, func.count().over().label("fetched"))
        best = first.order_by(each.wanted.desc(), *self._sorted(self._keys(each)))
        best_of = best.limit(self._page.size + 1).subquery()
        rows = self._rows(
            select(*self._shown(table.c), best_of.c.wanted, best_of.c.fetched)
            .join(best_of, best_of.c.id == table.c.id)
            .order_by(best_of.c.wanted.desc(), *self._sorted(self._keys(table.c)))
        )
        if rows and rows[0]["fetched"] > few.ROWS_FETCHED:
            # There are more than were known.
            return None
        return [row for row in rows if row["wanted"]]

    def _few(self) -> Few | None:
        wanted, listing, table = self._wanted, self._listing, self._listing.table
        site: ColumnElement[bool] = table.c.site_id == self._site_id
        candidates = [
            Few(where=[site, *bounds], along=table.c[column])
            for sort, column in listing.sorts.items()
            if (bounds := _bounds(table.c, listing, wanted, sort))
        ]
        candidates += [
            Few(where=_only(table.c[name], value), along=table.c[name])
            for name, value in wanted.equal.items()
            if name in listing.narrow and name not in listing.facets
        ]
        found = few.counted(self._connection, table, candidates)
        if found is not None:
            return found
        named = [f"{name}:{value}" for name, value in wanted.equal.items() if name in listing.facets]
        return few.known(
            self._connection, table, listing.facets, site_id=self._site_id, named=named, search=wanted.search
        )

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
        for sort in listing.sorts:
            if sort != self._sort:
                made += _bounds(columns, listing, wanted, sort)
        if wanted.search:
            made.append(columns["words"].op("@@")(func.plainto_tsquery(text("'simple'"), wanted.search)))
        return made

    def _by(self, columns: Columns) -> list[ColumnElement[Any]]:
        """The order, from the column on that its index has after the site."""
        begun = [] if self._narrow is None else [columns[self._narrow]]
        return self._sorted([*begun, *self._keys(columns)])

    def _behind(self, columns: Columns) -> list[ColumnElement[bool]]:
        if self._page.after is None:
            return []
        begun = () if self._narrow is None else (self._wanted.equal[self._narrow],)
        return [behind(self._by(columns), (*begun, *self._page.after))]

    def _sorted(self, keys: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
        descends = (self._wanted.sort or self._listing.default_sort).startswith("-")
        return [key.desc() if descends else key for key in keys]

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


def _bounds(columns: Columns, listing: Listing[Any], wanted: Wanted, sort: str) -> list[ColumnElement[bool]]:
    """What is wanted of the column of an order."""
    made: list[ColumnElement[bool]] = []
    column = columns[listing.sorts[sort]]
    least, below = wanted.least.get(sort), wanted.below.get(sort)
    if isinstance(below, int) and least is None:
        # What is unknown stands below 0, and is not few.
        least = 0
    if least is not None:
        made.append(column >= least)
    if below is not None:
        made.append(column < below)
    return made


def _only(column: ColumnElement[Any], value: str) -> list[ColumnElement[bool]]:
    """That the column has this value, so said that it does not go without saying in the order: then only the index that
    begins with it has the rows in their order, and the planner does not look for them along another one."""
    return [column >= value, column <= value]


def _value(column: ColumnElement[Any], value: str) -> str | bool:
    return value == "true" if column.type.python_type is bool else value
