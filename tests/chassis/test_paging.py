"""Pages: every row once and in order, bounded sizes, and tokens that fit nothing but their own list."""

import base64
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from igny8.billing import v1 as billing
from sqlalchemy import Engine, Select, insert, select

from chassis.ids import new_id
from chassis.paging import PageRequest, decode_token, encode_token, page_size, read_page
from chassis.refusal import PageTokenInvalid, RequestInvalid
from tests.chassis.sample import ACCOUNT, OTHER_ACCOUNT, note


@pytest.fixture
def filled(engine: Engine) -> Engine:
    """Ten notes, two for each of five words."""
    with engine.begin() as connection:
        connection.execute(
            insert(note),
            [{"id": new_id(), "account_id": ACCOUNT, "words": f"w{number % 5}"} for number in range(10)],
        )
    return engine


def request(*, size: int = 4, token: str = "", operation_type: str = "") -> PageRequest:
    message = billing.ListUsageRequest(page_size=size, page_token=token, operation_type=operation_type)
    return PageRequest.of(message)


def all_pages(engine: Engine, statement: Select[tuple[str, str]], *, descending: bool) -> list[list[str]]:
    by = [note.c.words.desc(), note.c.id.desc()] if descending else [note.c.words, note.c.id]
    pages: list[list[str]] = []
    token = ""
    with engine.connect() as connection:
        while not pages or token:
            page = read_page(connection, statement, request(token=token), by=by, to=lambda row: row.words)
            pages.append(page.items)
            token = page.next_page_token
    return pages


@pytest.mark.parametrize("descending", [False, True])
def test_pages_hold_every_row_once_in_order(filled: Engine, descending: bool) -> None:
    pages = all_pages(filled, select(note.c.words, note.c.id), descending=descending)

    assert [len(page) for page in pages] == [4, 4, 2]
    shown = [word for page in pages for word in page]
    assert shown == sorted((f"w{number % 5}" for number in range(10)), reverse=descending)


def test_a_row_that_appears_in_between_shifts_nothing(filled: Engine) -> None:
    by = [note.c.words, note.c.id]
    with filled.begin() as connection:
        first = read_page(connection, select(note), request(), by=by, to=lambda row: row.id)
        connection.execute(insert(note).values(id=new_id(), account_id=OTHER_ACCOUNT, words="a new first"))
        second = read_page(
            connection, select(note), request(token=first.next_page_token), by=by, to=lambda row: row.id
        )

    assert not set(first.items) & set(second.items)
    assert len(second.items) == 4


def test_an_empty_list_is_one_empty_page(engine: Engine) -> None:
    with engine.connect() as connection:
        page = read_page(connection, select(note), request(), by=[note.c.id], to=lambda row: row.id)

    assert page.items == []
    assert page.next_page_token == ""


def test_a_page_that_just_fits_is_the_last(filled: Engine) -> None:
    with filled.connect() as connection:
        page = read_page(connection, select(note), request(size=10), by=[note.c.id], to=lambda row: row.id)

    assert len(page.items) == 10
    assert page.next_page_token == ""


@pytest.mark.parametrize(("requested", "given"), [(0, 50), (1, 1), (200, 200), (201, 200), (2**31 - 1, 200)])
def test_a_size_is_defaulted_and_bounded(requested: int, given: int) -> None:
    assert page_size(requested) == given


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(RequestInvalid) as refused:
        page_size(-1)

    assert refused.value.fields[0].field == "page_size"


@pytest.mark.parametrize(
    "position",
    [
        ("word", 7),
        (datetime(2026, 11, 2, 9, 0, 0, 123456, tzinfo=UTC), "id"),
        (Decimal("0.000000000001"), -1),
    ],
)
def test_a_position_survives_its_token(position: tuple[str | int | datetime | Decimal, ...]) -> None:
    assert decode_token(encode_token(position, seal=b"list"), seal=b"list") == position


def token_of(*, operation_type: str = "") -> str:
    return encode_token(("w1", "id"), seal=request(operation_type=operation_type).seal)


def test_a_token_may_be_used_with_another_size() -> None:
    assert request(size=9, token=token_of()).after == ("w1", "id")


def test_a_token_is_refused_with_other_filters() -> None:
    with pytest.raises(PageTokenInvalid):
        request(token=token_of(), operation_type="offline")


def test_a_token_of_another_list_is_refused() -> None:
    with pytest.raises(PageTokenInvalid):
        PageRequest.of(billing.ListTransactionsRequest(page_token=token_of()))


@pytest.mark.parametrize(
    "forged",
    [
        "x",
        "%%%%",
        "é" * 8,
        "A" * 40,
        "A" * 5000,
        base64.urlsafe_b64encode(b"123456789012[]").decode(),
        base64.urlsafe_b64encode(b'123456789012["w1","id"]').decode(),
    ],
)
def test_a_forged_token_is_refused(forged: str) -> None:
    with pytest.raises(PageTokenInvalid):
        request(token=forged)


@pytest.mark.parametrize("place", range(0, 30, 3))
def test_a_token_changed_in_one_place_is_refused(place: int) -> None:
    token = token_of()
    changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]

    with pytest.raises(PageTokenInvalid):
        request(token=changed)
