"""Pages of a list: bounded sizes, and opaque tokens that only fit the list and the filters they were given for."""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Generic, Self, TypeVar

from google.protobuf.message import Message
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, literal, or_, tuple_
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import desc_op

from chassis.refusal import FieldFault, PageTokenInvalid, RequestInvalid

T = TypeVar("T")
U = TypeVar("U")

Position = tuple[str | int | datetime | Decimal, ...]
"""The sort key of the last row of a page; never null, so lists are sorted by columns that are not."""

PAGE_SIZE_DEFAULT: Final = 50
PAGE_SIZE_MAX: Final = 200
TOKEN_LENGTH_MAX: Final = 2000
_SEAL_BYTES: Final = 12


def page_size(requested: int, *, default: int = PAGE_SIZE_DEFAULT, maximum: int = PAGE_SIZE_MAX) -> int:
    """The number of rows to give: 0 means the default, more than the maximum means the maximum.

    Raises RequestInvalid for a negative number.
    """
    if requested < 0:
        raise RequestInvalid(FieldFault("page_size", "must not be negative"))
    return min(requested or default, maximum)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """Which page is asked for: at most `size` rows after the position `after`, or from the start."""

    size: int
    after: Position | None = None
    seal: bytes = b""
    """What the list's method and filters come to; a token of another list does not carry it."""

    @classmethod
    def of(cls, request: Message, *, default: int = PAGE_SIZE_DEFAULT, maximum: int = PAGE_SIZE_MAX) -> Self:
        """Reads `page_size` and `page_token`; every other field of the request is a filter.

        Raises RequestInvalid for a negative size, PageTokenInvalid for a token this list did not give out with
        these filters. A token holds a position and no right: the query decides what a caller sees.
        """
        fields: Any = request
        filters = type(request)()
        filters.CopyFrom(request)
        for name in ("page_size", "page_token"):
            filters.ClearField(name)
        seal = request.DESCRIPTOR.full_name.encode() + b"\0" + filters.SerializeToString(deterministic=True)
        after = decode_token(fields.page_token, seal=seal) if fields.page_token else None
        return cls(size=page_size(fields.page_size, default=default, maximum=maximum), after=after, seal=seal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some of a list's items, and the token of the next page; the token is empty on the last page."""

    items: list[T]
    next_page_token: str = ""

    def map(self, convert: Callable[[T], U]) -> "Page[U]":
        """The same page of converted items."""
        return Page(items=[convert(item) for item in self.items], next_page_token=self.next_page_token)


def read_page(
    connection: Connection,
    statement: Select[Any],
    page: PageRequest,
    *,
    by: Sequence[ColumnElement[Any]],
    to: Callable[[Row[Any]], T],
) -> Page[T]:
    """One page of a statement by keyset, so that a page costs the same wherever it lies and nothing is shown twice.

    `by` are the columns to sort by, in the statement's own columns, each plain or `.desc()`; none may be null and
    together they must be unique (end with the id). `to` makes an item of a row.
    """
    keys = [_plain(each) for each in by]
    if page.after is not None:
        statement = statement.where(behind(by, page.after))
    # One row more than asked tells whether there is a next page.
    rows = connection.execute(statement.order_by(None).order_by(*by).limit(page.size + 1)).all()
    shown = rows[: page.size]
    token = ""
    if len(rows) > page.size:
        token = encode_token(tuple(shown[-1]._mapping[key] for key in keys), seal=page.seal)
    return Page(items=[to(row) for row in shown], next_page_token=token)


def encode_token(position: Position, *, seal: bytes) -> str:
    """An opaque token for a position in the list that the seal stands for."""
    body = json.dumps([_pack(value) for value in position], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_digest(body, seal) + body).rstrip(b"=").decode()


def decode_token(token: str, *, seal: bytes) -> Position:
    """The position in a token; raises PageTokenInvalid for any that `encode_token` did not make for this seal."""
    if len(token) > TOKEN_LENGTH_MAX:
        raise PageTokenInvalid
    try:
        raw = base64.b64decode(token.encode() + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        digest, body = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
        if digest != _digest(body, seal):
            raise PageTokenInvalid
        return tuple(_unpack(value) for value in json.loads(body))
    except (binascii.Error, ValueError, ArithmeticError, TypeError, LookupError) as error:
        raise PageTokenInvalid from error


def _digest(body: bytes, seal: bytes) -> bytes:
    return hashlib.blake2b(body, key=hashlib.blake2b(seal).digest(), digest_size=_SEAL_BYTES).digest()


def _pack(value: object) -> object:
    match value:
        case bool():
            raise TypeError("a page is not sorted by a flag")
        case str() | int():
            return value
        case datetime():
            return {"t": value.isoformat()}
        case Decimal():
            return {"d": str(value)}
        case _:
            raise TypeError(f"a page cannot be sorted by {type(value).__name__}; null is no position")


def _unpack(value: Any) -> str | int | datetime | Decimal:
    match value:
        case {"t": str(text)}:
            return datetime.fromisoformat(text)
        case {"d": str(text)}:
            return Decimal(text)
        case str() | int():
            return value
        case _:
            raise ValueError("not a position")


def _plain(column: ColumnElement[Any]) -> ColumnElement[Any]:
    if isinstance(column, UnaryExpression) and _descends(column):
        return column.element
    return column


def _descends(column: ColumnElement[Any]) -> bool:
    return isinstance(column, UnaryExpression) and column.modifier is desc_op


def behind(by: Sequence[ColumnElement[Any]], position: Position) -> ColumnElement[bool]:
    """The rows after a position in the order of these columns; PageTokenInvalid for a position in another order."""
    if len(position) != len(by):
        raise PageTokenInvalid
    keys = [_plain(column) for column in by]
    descending = [_descends(column) for column in by]
    if len(set(descending)) == 1:
        # A row comparison starts within the index; the alternatives below would only filter along it.
        place = tuple_(*(literal(value, key.type) for key, value in zip(keys, position, strict=True)))
        return tuple_(*keys) < place if descending[0] else tuple_(*keys) > place
    alternatives = []
    for index, column in enumerate(by):
        same = [_plain(each) == value for each, value in zip(by[:index], position[:index], strict=True)]
        key = _plain(column)
        further = key < position[index] if _descends(column) else key > position[index]
        alternatives.append(and_(*same, further))
    return or_(*alternatives)
