"""Keywords by hand over gRPC: one is made once, many are changed together, and every wrong field is named."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from igny8.publisher import v1 as publisher
from sqlalchemy import insert

from chassis.errors import RemoteRefusal
from chassis.identity import Role
from chassis.testing.callers import person
from services.publisher.store import tables
from services.publisher.store.rows import to_row
from tests.publisher.newsroom import Newsroom
from tests.publisher.servicers.calls import Calls

CREATE = publisher.CreateKeywordRequest
CHANGE = publisher.ChangeKeywordsRequest


async def test_a_keyword_asked_for_twice_is_made_once(calls: Calls) -> None:
    site = await calls.site()
    request = CREATE(
        request_id="one", site_id=site.id, keyword="Cold frame", volume=0, difficulty=40, cpc="1.20",
        cpc_currency="EUR", intent=publisher.Keyword.INTENT_COMMERCIAL, country="de",
    )  # fmt: skip

    first = await calls.planner().CreateKeyword(request)
    second = await calls.planner().CreateKeyword(request)

    (stored,) = await calls.keywords(site.id)
    assert first == second
    assert stored == first.keyword
    assert (stored.volume, stored.HasField("volume"), stored.cpc) == (0, True, "1.2")
    assert (await calls.stats(site.id)).keywords.total == 1


async def test_keywords_that_are_asked_for_at_once_are_made_once_each(calls: Calls) -> None:
    site = await calls.site()

    answers = await asyncio.gather(
        *(
            calls.planner().CreateKeyword(CREATE(site_id=site.id, keyword=f"word {number % 10}"))
            for number in range(40)
        ),
        return_exceptions=True,
    )

    made = [answer for answer in answers if isinstance(answer, publisher.CreateKeywordResponse)]
    refused = [answer.reason for answer in answers if isinstance(answer, RemoteRefusal)]
    assert sorted(answer.keyword.keyword for answer in made) == [f"word {number}" for number in range(10)]
    assert refused == ["ALREADY_EXISTS"] * 30
    assert (await calls.stats(site.id)).keywords.total == 10


async def test_a_call_that_comes_many_times_at_once_gets_one_answer(calls: Calls) -> None:
    site = await calls.site()
    request = CREATE(request_id="one", site_id=site.id, keyword="cold frame")

    answers = await asyncio.gather(*(calls.planner().CreateKeyword(request) for _ in range(20)))

    (stored,) = await calls.keywords(site.id)
    assert [answer.keyword for answer in answers] == [stored] * 20


async def test_who_waits_for_an_import_is_no_reason_to_refuse_others(
    calls: Calls, newsroom: Newsroom
) -> None:
    site = await calls.site()
    held = replace(newsroom.new_keyword(newsroom.site(), "held"), site_id=site.id)

    async def create(text: str) -> publisher.CreateKeywordResponse:
        return await calls.planner().CreateKeyword(CREATE(site_id=site.id, keyword=text))

    with newsroom.engine.connect() as importing:
        importing.execute(insert(tables.keyword).values(to_row(held)))
        waiting = [asyncio.create_task(create("held")) for _ in range(2)]
        made = await asyncio.gather(*(create(f"free {number}") for number in range(10)))
    # One of them makes it, unless this took longer than anybody waits.
    await asyncio.gather(*waiting, return_exceptions=True)

    assert [answer.keyword.keyword for answer in made] == [f"free {number}" for number in range(10)]


@pytest.mark.parametrize("fields", [{}, {"cpc": ""}], ids=["left out", "empty"])
async def test_what_nobody_knows_stays_unknown(calls: Calls, fields: dict[str, Any]) -> None:
    site = await calls.site()

    made = (
        await calls.planner().CreateKeyword(CREATE(site_id=site.id, keyword="cold frame", **fields))
    ).keyword

    assert not any(made.HasField(name) for name in ("volume", "difficulty", "cpc"))
    assert (made.intent, made.country, made.cpc_currency) == (0, "", "")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"keyword": ""}, "keyword"),
        ({"keyword": "x" * 201}, "keyword"),
        ({"volume": -1}, "volume"),
        ({"volume": 10**10 + 1}, "volume"),
        ({"difficulty": 101}, "difficulty"),
        ({"cpc": "cheap"}, "cpc"),
        ({"cpc": "-1"}, "cpc"),
        ({"cpc_currency": "euro"}, "cpc_currency"),
        ({"country": "Germany"}, "country"),
        ({"sector_id": "none"}, "sector_id"),
    ],
    ids=str,
)
async def test_a_wrong_field_is_named_and_nothing_is_made(
    calls: Calls, fields: dict[str, Any], field: str
) -> None:
    site = await calls.site()

    with pytest.raises(RemoteRefusal) as refused:
        await calls.planner().CreateKeyword(CREATE(**{"site_id": site.id, "keyword": "cold frame", **fields}))

    assert refused.value.reason == "REQUEST_INVALID"
    assert [fault.field for fault in refused.value.fields] == [field]
    assert await calls.keywords(site.id) == []


async def test_many_are_changed_together(calls: Calls) -> None:
    site = await calls.site()
    await calls.import_csv(site.id, "keyword\nfirst\nsecond\nthird\n")
    ids = [keyword.id for keyword in await calls.keywords(site.id)]

    disabled = await calls.planner().ChangeKeywords(
        CHANGE(site_id=site.id, ids=ids[:2], action=CHANGE.ACTION_DISABLE)
    )
    deleted = await calls.planner().ChangeKeywords(
        CHANGE(site_id=site.id, ids=ids[1:], action=CHANGE.ACTION_DELETE)
    )

    (left,) = await calls.keywords(site.id)
    assert (disabled.changed, deleted.changed) == (2, 2)
    assert (left.id, left.disabled) == (ids[0], True)
    assert (await calls.stats(site.id)).keywords.total == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"ids": []}, "ids"), ({"action": 0}, "action"), ({"ids": ["first"]}, "ids[0]")],
    ids=["nothing named", "nothing to do", "no id"],
)
async def test_a_change_that_does_not_say_what_is_refused(
    calls: Calls, fields: dict[str, Any], field: str
) -> None:
    site = await calls.site()
    await calls.import_csv(site.id, "keyword\nfirst\n")
    (keyword,) = await calls.keywords(site.id)
    request = {"site_id": site.id, "ids": [keyword.id], "action": CHANGE.ACTION_DELETE, **fields}

    with pytest.raises(RemoteRefusal) as refused:
        await calls.planner().ChangeKeywords(CHANGE(**request))

    assert [fault.field for fault in refused.value.fields] == [field]
    assert await calls.keywords(site.id) == [keyword]


async def test_viewers_make_and_change_nothing(calls: Calls) -> None:
    site = await calls.site()
    viewer = calls.planner(person(role=Role.VIEWER))

    for call in (
        viewer.CreateKeyword(CREATE(site_id=site.id, keyword="cold frame")),
        viewer.ChangeKeywords(CHANGE(site_id=site.id, ids=[site.id], action=CHANGE.ACTION_DELETE)),
    ):
        with pytest.raises(RemoteRefusal) as refused:
            await call
        assert refused.value.reason == "PERMISSION_DENIED"
