"""The columns that tables of the schema `publisher` are made of."""

from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    Computed,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

from chassis.tables import chassis_tables

metadata = MetaData()
chassis_tables(metadata)


def id_column(name: str, *constraints: Any, nullable: bool = False, primary_key: bool = False) -> Column[str]:
    return Column(name, Uuid(as_uuid=False), *constraints, nullable=nullable, primary_key=primary_key)


def instant_column(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def word_column(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def words_column(name: str) -> Column[Any]:
    return Column(name, ARRAY(Text), nullable=False)


def number_column(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def flag_column(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def item_columns() -> list[Column[Any]]:
    """What every item of the pipeline has."""
    return [
        id_column("id", primary_key=True),
        id_column("account_id"),
        id_column("site_id", ForeignKey("site.id")),
        id_column("sector_id", ForeignKey("sector.id"), nullable=True),
        instant_column("created_at"),
        instant_column("updated_at"),
    ]


def words_of(*columns: str) -> Column[Any]:
    """The words of some columns, in whatever language, for searches."""
    joined = " || ' ' || ".join(columns)
    kept = Computed(f"to_tsvector('simple'::regconfig, {joined})", persisted=True)
    return Column("words", TSVECTOR, kept, nullable=False)


def facets_index(table: str, *facets: str) -> Index:
    """An index of what a row has within its site: some columns of few values each, and its words."""
    return Index(
        f"{table}_facets",
        text(facets_of(*facets)),
        postgresql_using="gin",
        # What waits to be sorted in is read by every search, so it is kept short.
        postgresql_with={"gin_pending_list_limit": 256},
    )


def facets_of(*facets: str) -> str:
    """The expression that `facets_index` has of these columns, in their order."""
    named = ", ".join(f"'{name}:' || {name}{'::text' if name in _NO_TEXT else ''}" for name in facets)
    return f"publisher.facets_within(site_id, ARRAY[{named}], words)"


_NO_TEXT: Final = ("sector_id", "disabled")
