"""Between domain nouns and rows: a noun's fields are the columns of its table, by the same names."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import ARRAY, Column, ColumnElement, Row, Table, Uuid, any_, cast

from chassis.refusal import NotFound

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")


def columns_of(noun: type["DataclassInstance"], table: Table) -> list[Column[Any]]:
    """The columns that the noun's fields are kept in, in their order."""
    return [table.c[field.name] for field in fields(noun)]


def to_row(noun: "DataclassInstance") -> dict[str, Any]:
    """The noun's fields as column values."""
    return {field.name: _plain(getattr(noun, field.name)) for field in fields(noun)}


def from_row(noun: type[T], row: Row[Any] | Mapping[str, Any], **words: type[Enum]) -> T:
    """The noun of a row that has exactly its fields; `words` names the enum of each column that holds one."""
    values = dict(row._mapping if isinstance(row, Row) else row)
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = tuple(value)
    for name, enum in words.items():
        if values[name] is not None:
            values[name] = enum(values[name])
    return noun(**values)


def among(column: Column[str], ids: Sequence[str]) -> ColumnElement[bool]:
    """Whether a column holds one of these ids; one parameter, however many they are."""
    return column == any_(cast(list(ids), ARRAY(Uuid(as_uuid=False))))


def check_all_there(found: Iterable[Any], ids: Sequence[str], *, kind: str) -> None:
    """Raises NotFound for the first id that none of what was found has."""
    there = {one.id for one in found}
    for id in ids:
        if id not in there:
            raise NotFound(kind=kind, id=id)


def in_order(items: Iterable[T], ids: Sequence[str], *, key: str = "id") -> list[T]:
    """The items in the order of these ids; ids without an item are left out."""
    by_id = {getattr(item, key): item for item in items}
    return [by_id[id] for id in ids if id in by_id]


def _plain(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case tuple():
            return list(value)
        case _:
            return value
