"""Lists over gRPC: every filter, order and search, page by page, and what none of them can be."""

from collections.abc import Sequence
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from igny8.publisher import v1 as publisher

from chassis.errors import RemoteRefusal
from chassis.ids import new_id
from chassis.plain import instant_to_proto
from chassis.testing.callers import OTHER_ACCOUNT_ID, person
from tests.publisher.newsroom import Newsroom
from tests.publisher.servicers.calls import Calls
from tests.publisher.servicers.outcome import refusal
from tests.publisher.servicers.pictures import picture

KEYWORDS = """keyword,volume,difficulty,intent,country
cold frame,70,40,informational,de
Cold Store,5,,commercial,us
frame saw,,10,transactional,de
old barn,0,90,informational,us
warm bed,70,55,navigational,de
"""
KEYWORD = publisher.Keyword
CONTENT = publisher.Content


async def names(calls: Calls, site_id: str, **wanted: Any) -> list[str]:
    return [keyword.keyword for keyword in await calls.keywords(site_id, **wanted)]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", ["warm bed", "cold frame", "Cold Store", "old barn", "frame saw"]),
        ("-volume", ["warm bed", "cold frame", "Cold Store", "old barn", "frame saw"]),
        ("volume", ["frame saw", "old barn", "Cold Store", "cold frame", "warm bed"]),
        ("-difficulty", ["old barn", "warm bed", "cold frame", "frame saw", "Cold Store"]),
        ("difficulty", ["Cold Store", "frame saw", "cold frame", "warm bed", "old barn"]),
        ("keyword", ["cold frame", "Cold Store", "frame saw", "old barn", "warm bed"]),
        ("-keyword", ["warm bed", "old barn", "frame saw", "Cold Store", "cold frame"]),
        ("created_at", ["cold frame", "Cold Store", "frame saw", "old barn", "warm bed"]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 200])
async def test_keywords_come_in_any_order_page_by_page(
    calls: Calls, sort: str, order: list[str], size: int
) -> None:
    site = await calls.site()
    await calls.import_csv(site.id, KEYWORDS)

    shown = [keyword for page in await pages(calls, site.id, size, sort=sort) for keyword in page]

    assert shown == order


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ({"search": "cold"}, {"cold frame", "Cold Store"}),
        ({"search": "FRAME cold"}, {"cold frame"}),
        ({"search": "col"}, set()),
        ({"search": "!"}, set()),
        ({"search": "' OR 1=1 --"}, set()),
        ({"intent": KEYWORD.INTENT_INFORMATIONAL}, {"cold frame", "old barn"}),
        ({"country": "us"}, {"Cold Store", "old barn"}),
        ({"country": "xx"}, set()),
        ({"volume_min": 0}, {"cold frame", "Cold Store", "old barn", "warm bed"}),
        ({"volume_max": 5}, {"Cold Store", "old barn"}),
        ({"volume_min": 5, "volume_max": 69}, {"Cold Store"}),
        ({"difficulty_max": 40, "sort": "keyword"}, {"cold frame", "frame saw"}),
        ({"difficulty_min": 41, "country": "de"}, {"warm bed"}),
        ({"search": "frame", "country": "de", "volume_min": 1}, {"cold frame"}),
        ({"status": KEYWORD.STATUS_MAPPED}, set()),
        ({"disabled": True}, set()),
        ({"disabled": False, "search": "barn"}, {"old barn"}),
    ],
    ids=str,
)
async def test_keywords_are_filtered_and_searched(
    calls: Calls, wanted: dict[str, Any], shown: set[str]
) -> None:
    site = await calls.site()
    other = await calls.site("Other")
    for one in (site, other):
        await calls.import_csv(one.id, KEYWORDS)

    assert set(await names(calls, site.id, **wanted)) == shown


async def test_what_was_made_between_two_instants_is_listed(calls: Calls, newsroom: Newsroom) -> None:
    site = await calls.site()
    await calls.import_csv(site.id, "keyword\nearly\n")
    newsroom.clock.advance(minutes=5)
    between = stamp(newsroom)
    await calls.import_csv(site.id, "keyword\nlate\n")

    assert await names(calls, site.id, created_from=between) == ["late"]
    assert await names(calls, site.id, created_to=between) == ["early"]
    assert await names(calls, site.id, created_from=between, created_to=between) == []


async def test_a_search_finds_clusters_ideas_tasks_content_and_images(calls: Calls) -> None:
    site = await calls.site()
    cluster = await calls.cluster(site.id, "Worm farms")
    await calls.cluster(site.id, "Leaf mould")
    (idea, _) = await calls.ideas(cluster.id, "Feeding worms", "Heaps")
    task = await calls.task(site.id, "Worms in winter")
    article = await calls.content(site.id, title="Worms at work", primary_keyword="vermicompost")
    await calls.images(article.id)
    asked: dict[str, Any] = {"site_id": site.id, "search": "worms"}

    clusters = await calls.planner().ListClusters(
        publisher.ListClustersRequest(site_id=site.id, search="worm farms")
    )
    ideas = await calls.planner().ListIdeas(publisher.ListIdeasRequest(**asked))
    tasks = await calls.writer().ListTasks(publisher.ListTasksRequest(**asked))
    content = await calls.writer().ListContent(
        publisher.ListContentRequest(site_id=site.id, search="Vermicompost work")
    )
    images = await calls.writer().ListImages(
        publisher.ListImagesRequest(site_id=site.id, search="leaves heap")
    )

    assert [one.id for one in clusters.clusters] == [cluster.id]
    assert {one.title for one in ideas.ideas} == {idea.title, task.title}
    assert [one.id for one in tasks.tasks] == [task.id]
    assert [one.id for one in content.content] == [article.id]
    assert len(images.images) == 2


async def test_clusters_are_filtered_by_their_numbers_and_sector(calls: Calls) -> None:
    site = await calls.site()
    await calls.import_csv(site.id, "keyword,volume\na,10\nb,20\nc,1\n")
    by_name = {one.keyword: one.id for one in await calls.keywords(site.id)}
    await calls.save_clusters(site.id, {"Large": [by_name["a"], by_name["b"]], "Alone": [by_name["c"]]})

    async def listed(**wanted: Any) -> list[str]:
        request = publisher.ListClustersRequest(site_id=site.id, **wanted)
        return [one.name for one in (await calls.planner().ListClusters(request)).clusters]

    assert await listed() == ["Large", "Alone"]
    assert await listed(sort="name") == ["Alone", "Large"]
    assert await listed(sort="keywords_count") == ["Alone", "Large"]
    assert await listed(keywords_count_min=2) == ["Large"]
    assert await listed(volume_max=1) == ["Alone"]
    assert await listed(sector_id=new_id()) == []


async def test_content_is_filtered_by_pictures_length_and_status(calls: Calls, newsroom: Newsroom) -> None:
    site = await calls.site()
    long = await calls.content(site.id, title="With a picture")
    (image,) = await calls.images(long.id, count=1)
    await calls.upload(image.id, picture())
    newsroom.clock.advance(minutes=5)
    since = stamp(newsroom)
    short = await calls.content(site.id, title="A note", html="<p>Short.</p>")

    async def listed(**wanted: Any) -> list[str]:
        request = publisher.ListContentRequest(site_id=site.id, **wanted)
        return [one.id for one in (await calls.writer().ListContent(request)).content]

    assert await listed() == [short.id, long.id]
    assert await listed(sort="title") == [short.id, long.id]
    assert await listed(sort="-word_count") == [long.id, short.id]
    assert await listed(has_image=True) == [long.id]
    assert await listed(has_image=False) == [short.id]
    assert await listed(word_count_max=1) == [short.id]
    assert await listed(updated_from=since) == [short.id]
    assert await listed(cluster_id=long.cluster_id) == [long.id]
    assert await listed(status=CONTENT.STATUS_REVIEW) == []
    assert await listed(site_status=CONTENT.SITE_STATUS_NOT_PUBLISHED, sort="created_at") == [
        long.id,
        short.id,
    ]
    assert await listed(content_type="page") == []


@pytest.mark.parametrize(
    ("call", "request_type", "named"),
    [
        ("ListKeywords", publisher.ListKeywordsRequest, "volume|difficulty|keyword|created_at"),
        ("ListClusters", publisher.ListClustersRequest, "volume|keywords_count|name|created_at"),
        ("ListIdeas", publisher.ListIdeasRequest, "created_at|title"),
        ("ListTasks", publisher.ListTasksRequest, "created_at|title"),
        ("ListContent", publisher.ListContentRequest, "created_at|updated_at|title|word_count"),
        ("ListImages", publisher.ListImagesRequest, "created_at"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_an_order_that_there_is_not_is_refused_and_those_that_are_are_named(
    calls: Calls, call: str, request_type: Any, named: str
) -> None:
    site = await calls.site()
    stub: Any = calls.planner() if hasattr(calls.planner(), call) else calls.writer()

    with pytest.raises(RemoteRefusal) as refused:
        await getattr(stub, call)(request_type(site_id=site.id, sort="colour"))

    assert refused.value.reason == "REQUEST_INVALID"
    (fault,) = refused.value.fields
    assert fault.field == "sort"
    assert named in fault.message


async def test_a_token_of_another_order_search_or_filter_is_refused(calls: Calls) -> None:
    site = await calls.site()
    await calls.import_csv(site.id, KEYWORDS)
    first = await calls.planner().ListKeywords(publisher.ListKeywordsRequest(site_id=site.id, page_size=1))

    others: list[dict[str, Any]] = [{"sort": "keyword"}, {"search": "cold"}, {"country": "de"}]
    for changed in others:
        request = publisher.ListKeywordsRequest(
            site_id=site.id, page_size=1, page_token=first.next_page_token, **changed
        )
        assert await refusal(calls.planner().ListKeywords(request)) == "PAGE_TOKEN_INVALID"


async def test_a_search_finds_nothing_of_another_account(calls: Calls) -> None:
    site = await calls.site()
    await calls.import_csv(site.id, KEYWORDS)
    stranger = calls.planner(person(account_id=OTHER_ACCOUNT_ID))
    theirs = await calls.site("Theirs", caller=person(account_id=OTHER_ACCOUNT_ID))

    mine = publisher.ListKeywordsRequest(site_id=site.id, search="cold")
    own = await stranger.ListKeywords(publisher.ListKeywordsRequest(site_id=theirs.id, search="cold"))

    assert await refusal(stranger.ListKeywords(mine)) == "NOT_FOUND"
    assert list(own.keywords) == []


async def pages(calls: Calls, site_id: str, size: int, **wanted: Any) -> list[Sequence[str]]:
    """The phrases of every page until the last."""
    found: list[Sequence[str]] = []
    token = ""
    while True:
        request = publisher.ListKeywordsRequest(site_id=site_id, page_size=size, page_token=token, **wanted)
        answer = await calls.planner().ListKeywords(request)
        found.append([keyword.keyword for keyword in answer.keywords])
        token = answer.next_page_token
        if not token:
            return found


def stamp(newsroom: Newsroom) -> Timestamp:
    return instant_to_proto(newsroom.clock.now())
