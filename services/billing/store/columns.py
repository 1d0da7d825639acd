"""What the tables of billing are made of: one MetaData, and the columns they have in common."""

from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, MetaData, Numeric, Text, Uuid

from chassis.tables import chassis_tables

metadata = MetaData()
chassis_tables(metadata)


def id_column(name: str, *constraints: Any, nullable: bool = False, primary_key: bool = False) -> Column[str]:
    return Column(name, Uuid(as_uuid=False), *constraints, nullable=nullable, primary_key=primary_key)


def instant(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def money(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Numeric, nullable=nullable)


def count(name: str, *, server_default: Any = None) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=server_default)


def word(name: str, *, server_default: Any = None) -> Column[str]:
    return Column(name, Text, nullable=False, server_default=server_default)
