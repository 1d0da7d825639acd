"""Between domain nouns and rows: a noun's fields are the columns of its table, by the same names."""

from collections.abc import Collection
from dataclasses import fields
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Column, ColumnElement, Row, Uuid, any_, bindparam
from sqlalchemy.dialects.postgresql import ARRAY

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")


def to_row(noun: "DataclassInstance") -> dict[str, Any]:
    """The noun's fields as column values."""
    return {field.name: _plain(getattr(noun, field.name)) for field in fields(noun)}


def from_row(noun: type[T], row: Row[Any], **words: type[Enum]) -> T:
    """The noun of a row that has exactly its fields; `words` names the enum of each column that holds one."""
    values = dict(row._mapping)
    for name, enum in words.items():
        values[name] = enum(values[name])
    return noun(**values)


def among(column: "Column[Any]", ids: Collection[str]) -> "ColumnElement[bool]":
    """Whether the column has one of these ids; one parameter, however many there are."""
    return column == any_(bindparam(None, list(ids), type_=ARRAY(Uuid(as_uuid=False))))


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
