"""CSV files by RFC 4180 for spreadsheets: one line a row, columns named as everywhere else, no text taken for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from chassis import wire_values

MEDIA_TYPE: Final = "text/csv; charset=utf-8; header=present"
_BEGIN_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[object]], *, with_header: bool) -> bytes:
    """The rows as lines, after the line of the columns' names where it is wanted."""
    file = io.StringIO()
    writer = csv.writer(file)
    if with_header:
        writer.writerow(columns)
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return file.getvalue().encode()


def cells_of(message: Message, columns: Sequence[str]) -> list[object]:
    """Fields of a message: an enum by its word, an instant by RFC 3339, a list with semicolons, nothing for what is unset."""
    fields: Any = message.DESCRIPTOR.fields_by_name
    return [_field_cell(message, fields[name]) for name in columns]


def _field_cell(message: Message, field: FieldDescriptor) -> object:
    value: Any = getattr(message, field.name)
    if field.is_repeated:
        return "; ".join(str(each) for each in value)
    if field.has_presence and not message.HasField(field.name):
        return ""
    match wire_values.kind_of(field):
        case "enum":
            return (
                wire_values.write_enum(wire_values.enum_type(field), null_for_unspecified=True)(value) or ""
            )
        case "message":
            return wire_values.write_timestamp(value)
        case "bool":
            return "true" if value else "false"
        case _:
            return value


def _cell(cell: object) -> object:
    """A text that a spreadsheet does not take for a formula (OWASP: CSV injection); a number is none."""
    if isinstance(cell, str) and cell[:1] in _BEGIN_FORMULAS and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell
