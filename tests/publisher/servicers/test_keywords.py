"""Keywords by hand over gRPC: one is made once, many are changed together, and every wrong field is named."""

from typing import Any

import pytest
from igny8.publisher import v1 as publisher

from chassis.errors import RemoteRefusal
from chassis.identity import Role
from chassis.testing.callers import person
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
