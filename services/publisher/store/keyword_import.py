"""Writes the keywords of a whole file with one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Numeric,
    Text,
    Uuid,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql

from chassis.ids import new_id
from services.publisher.domain.keyword_import import KeywordRow
from services.publisher.store import tables

_keyword = tables.keyword


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """Rows that made a keyword, rows that changed one, and the clusters of those that were changed."""

    imported: int
    updated: int
    cluster_ids: tuple[str, ...]


def import_rows(
    connection: Connection,
    rows: Sequence[KeywordRow],
    *,
    account_id: str,
    site_id: str,
    sector_id: str | None,
    now: datetime,
) -> Imported:
    """Makes and refreshes keywords by the rules of Keyword.imported and Keyword.refreshed, as one set.

    A test holds the two to the same results. No keyword may be in two rows.
    """
    given = _given(rows)
    new = given.c
    chosen = select(
        new.id,
        cast(account_id, Uuid(as_uuid=False)),
        cast(site_id, Uuid(as_uuid=False)),
        cast(sector_id, Uuid(as_uuid=False)),
        literal(now),
        literal(now),
        new.keyword,
        new.normalised,
        new.volume,
        and_(new.volume_is_impressions, new.volume.is_not(None)),
        *(new[name] for name in ("difficulty", "cpc", "currency", "intent", "country")),
        literal("new"),
        literal(False),
        # In the order of their text, so that two imports never wait for each other in a circle.
    ).order_by(new.normalised)
    insert = postgresql.insert(_keyword).from_select(
        [
            *(
                "id",
                "account_id",
                "site_id",
                "sector_id",
                "created_at",
                "updated_at",
                "keyword",
                "normalised",
            ),
            *("volume", "volume_is_impressions", "difficulty", "cpc", "currency", "intent", "country"),
            *("status", "disabled"),
        ],
        chosen,
    )
    refreshed = _refreshed(insert.excluded)
    before = tuple_(*(_keyword.c[name] for name in refreshed))
    taken = (
        insert.on_conflict_do_update(
            constraint="keyword_once",
            set_={**refreshed, "updated_at": now},
            where=tuple_(*refreshed.values()).is_distinct_from(before),
        )
        # A row version that this statement made anew has never been changed: xmax is 0.
        .returning(literal_column("xmax = 0", Boolean).label("fresh"), _keyword.c.cluster_id)
        .cte("taken")
    )
    done = connection.execute(
        select(
            func.count().filter(taken.c.fresh).label("imported"),
            func.count().filter(~taken.c.fresh).label("updated"),
            func.array_agg(taken.c.cluster_id.distinct(), type_=ARRAY(Uuid(as_uuid=False)))
            .filter(taken.c.cluster_id.is_not(None))
            .label("cluster_ids"),
        ).select_from(taken)
    ).one()
    return Imported(imported=done.imported, updated=done.updated, cluster_ids=tuple(done.cluster_ids or ()))


def _given(rows: Sequence[KeywordRow]) -> FromClause:
    """The rows as a table, with new ids in the order of the file."""
    columns: dict[str, tuple[Any, list[Any]]] = {
        "id": (Uuid(as_uuid=False), [new_id() for _ in rows]),
        "keyword": (Text(), [row.keyword for row in rows]),
        "normalised": (Text(), [row.normalised for row in rows]),
        "volume": (BigInteger(), [row.volume for row in rows]),
        "volume_is_impressions": (Boolean(), [row.volume_is_impressions for row in rows]),
        "difficulty": (Integer(), [row.difficulty for row in rows]),
        "cpc": (Numeric(), [row.cpc for row in rows]),
        "currency": (Text(), [row.currency for row in rows]),
        "intent": (Text(), [row.intent and row.intent.value for row in rows]),
        "country": (Text(), [row.country for row in rows]),
    }
    # As text that PostgreSQL reads as an array: as the driver writes lists, each element would be parsed and planned.
    arrays = [cast(literal(_array(values), Text()), ARRAY(kind)) for kind, values in columns.values()]
    names = [column(name, kind) for name, (kind, _) in columns.items()]
    return func.unnest(*arrays).table_valued(*names, name="given").render_derived()


def _array(values: Sequence[str | int | bool | Decimal | None]) -> str:
    """The text of an array (https://www.postgresql.org/docs/18/arrays.html#ARRAYS-IO), every element in quotes."""
    return "{" + ",".join(["NULL" if value is None else _quoted(str(value)) for value in values]) + "}"


def _quoted(text: str) -> str:
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _refreshed(newer: Any) -> dict[str, ColumnElement[Any]]:
    """What each column becomes. Impressions never replace a real volume; what the file leaves open stays."""
    known = _keyword.c
    takes_volume = and_(
        newer.volume.is_not(None),
        or_(~newer.volume_is_impressions, known.volume.is_(None), known.volume_is_impressions),
    )
    return {
        "volume": case((takes_volume, newer.volume), else_=known.volume),
        "volume_is_impressions": case(
            (takes_volume, newer.volume_is_impressions), else_=known.volume_is_impressions
        ),
        "currency": case((newer.cpc.is_(None), known.currency), else_=newer.currency),
        **{
            name: func.coalesce(newer[name], known[name])
            for name in ("difficulty", "cpc", "intent", "country")
        },
    }
