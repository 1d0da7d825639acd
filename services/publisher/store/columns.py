"""The columns that tables of the schema `publisher` are made of."""

from typing import Any

from sqlalchemy import Boolean, Column, DateTime, ForeignKey, Integer, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

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
