"""Keywords that are made together: each is made or refused for itself, and a call that comes twice makes one."""

from dataclasses import replace

import pytest
from sqlalchemy import insert, select

from chassis.idempotency import RequestKey
from chassis.ids import new_id
from chassis.refusal import AlreadyExists, Contention, NotFound, Refusal, RequestIdReused
from chassis.testing.callers import OTHER_ACCOUNT_ID
from services.publisher.domain.keyword import Keyword
from services.publisher.domain.site import Site
from services.publisher.store import tables
from services.publisher.store.keyword_creation import Creation
from services.publisher.store.rows import to_row
from services.publisher.usecases.keywords import create_keywords
from tests.publisher.newsroom import Newsroom


def creation(keyword: Keyword, *, request_id: str = "") -> Creation:
    """The call's answer is the keyword's id, and its body the keyword's text."""
    key = RequestKey(
        account_id=keyword.account_id,
        scope="CreateKeyword",
        request_id=request_id,
        request_hash=keyword.keyword.encode(),
    )
    return Creation(keyword=keyword, key=key if request_id else None, answer=keyword.id.encode())


def create(newsroom: Newsroom, *creations: Creation) -> list[bytes | Refusal]:
    return newsroom.transactions.run_sync(create_keywords, creations=creations)


def texts(newsroom: Newsroom, site: Site) -> list[str]:
    query = select(tables.keyword.c.keyword).where(tables.keyword.c.site_id == site.id)
    with newsroom.engine.connect() as connection:
        return sorted(connection.execute(query).scalars())


def test_each_is_made_or_refused_for_itself(newsroom: Newsroom) -> None:
    site = newsroom.site()
    theirs = replace(newsroom.new_keyword(site, "theirs"), account_id=OTHER_ACCOUNT_ID)
    nowhere = newsroom.new_keyword(site, "nowhere", sector_id=new_id())
    first, again = newsroom.new_keyword(site, "Cold frame"), newsroom.new_keyword(site, "cold  frame")
    last = newsroom.new_keyword(site, "last")

    results = create(newsroom, *map(creation, (theirs, first, nowhere, again, last)))

    assert [result if isinstance(result, bytes) else type(result) for result in results] == [
        NotFound, first.id.encode(), NotFound, AlreadyExists, last.id.encode(),
    ]  # fmt: skip
    assert texts(newsroom, site) == ["Cold frame", "last"]


def test_a_repeat_gets_the_first_answer_whether_it_comes_at_once_or_later(newsroom: Newsroom) -> None:
    site = newsroom.site()
    first, second, third = (
        creation(newsroom.new_keyword(site, "Cold frame"), request_id="one") for _ in range(3)
    )

    at_once = create(newsroom, first, second)
    later = create(newsroom, third)

    assert [*at_once, *later] == [first.answer] * 3
    assert texts(newsroom, site) == ["Cold frame"]


def test_an_id_with_another_body_is_refused_whether_it_comes_at_once_or_later(newsroom: Newsroom) -> None:
    site = newsroom.site()
    first, second, third = (
        creation(newsroom.new_keyword(site, text), request_id="one") for text in ("a", "b", "c")
    )

    at_once = create(newsroom, first, second)
    later = create(newsroom, third)

    assert [type(result) for result in (*at_once, *later)] == [bytes, RequestIdReused, RequestIdReused]
    assert texts(newsroom, site) == ["a"]


def test_a_refusal_does_not_use_the_id_up(newsroom: Newsroom) -> None:
    site = newsroom.site()
    create(newsroom, creation(newsroom.new_keyword(site, "taken")))
    refused, second = (
        creation(newsroom.new_keyword(site, text), request_id="one") for text in ("taken", "free")
    )

    results = create(newsroom, refused, second)

    assert [type(result) for result in results] == [AlreadyExists, bytes]
    assert texts(newsroom, site) == ["free", "taken"]


def test_another_account_may_use_the_same_id(newsroom: Newsroom) -> None:
    ours, theirs = newsroom.site(), newsroom.site(account_id=OTHER_ACCOUNT_ID)
    calls = [creation(newsroom.new_keyword(site, "Cold frame"), request_id="one") for site in (ours, theirs)]

    results = create(newsroom, *calls)

    assert results == [call.answer for call in calls]


@pytest.mark.parametrize("request_id", ["", "one"])
def test_an_attempt_that_was_committed_unheard_is_found_done(newsroom: Newsroom, request_id: str) -> None:
    site = newsroom.site()
    call = creation(newsroom.new_keyword(site, "Cold frame"), request_id=request_id)
    create(newsroom, call)

    assert create(newsroom, call) == [call.answer]


def test_many_in_a_transaction_are_counted_like_many_alone(newsroom: Newsroom) -> None:
    site = newsroom.site()
    tally = select(tables.site_tally.c.count).where(
        tables.site_tally.c.site_id == site.id, tables.site_tally.c.state == "new"
    )

    create(newsroom, *(creation(newsroom.new_keyword(site, f"word {number}")) for number in range(5)))

    with newsroom.engine.connect() as connection:
        assert sum(connection.execute(tally).scalars()) == 5


def test_nobody_waits_longer_than_was_said_for_who_writes_the_same(newsroom: Newsroom) -> None:
    site = newsroom.site()
    calls = [creation(newsroom.new_keyword(site, text)) for text in ("held", "free")]

    with newsroom.engine.connect() as somebody:
        somebody.execute(insert(tables.keyword).values(to_row(newsroom.new_keyword(site, "held"))))
        with pytest.raises(Contention):
            newsroom.transactions.run_sync(create_keywords, creations=calls, lock_seconds_max=0.01)

    assert texts(newsroom, site) == []
