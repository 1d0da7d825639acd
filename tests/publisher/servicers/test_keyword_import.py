"""ImportKeywords over gRPC: whole files of real formats, repeats, refusals, size."""

from collections.abc import AsyncIterator

import pytest
from igny8.publisher import v1 as publisher

from chassis.errors import RemoteRefusal
from chassis.identity import Role
from chassis.testing.callers import OTHER_ACCOUNT_ID, person
from tests.publisher.servicers.calls import Calls, in_parts

SEMRUSH = (
    "Keyword,Intent,Volume,Trend,Keyword Difficulty,CPC (USD)\n"
    'compost bin,Commercial,"12,100",0.5,41,1.35\n'
    "how to compost,Informational,5400,0.8,38,0.10\n"
    "worm farm,,n/a,,,\n"
)
CONSOLE = "Top queries,Clicks,Impressions,CTR,Position\ncompost bin,10,77,1%,3\nleaf mould,1,40,1%,9\n"


async def test_a_file_becomes_keywords_with_all_that_it_knows(calls: Calls) -> None:
    site = await calls.site()

    answer = await calls.import_csv(site.id, SEMRUSH)

    bin_, how, worm = await calls.keywords(site.id)
    assert (answer.imported, answer.updated, answer.skipped, answer.format) == (3, 0, 0, "semrush")
    assert list(answer.unknown_columns) == ["Trend"]
    assert (bin_.keyword, bin_.volume, bin_.difficulty, bin_.cpc, bin_.cpc_currency) == (
        *("compost bin", 12_100, 41),
        *("1.35", "USD"),
    )
    assert bin_.intent == publisher.Keyword.INTENT_COMMERCIAL
    assert how.intent == publisher.Keyword.INTENT_INFORMATIONAL
    assert bin_.status == publisher.Keyword.STATUS_NEW
    assert not any(worm.HasField(name) for name in ("volume", "difficulty", "cpc"))
    assert not worm.intent


async def test_importing_a_file_again_changes_nothing(calls: Calls) -> None:
    site = await calls.site()
    await calls.import_csv(site.id, SEMRUSH)
    before = await calls.keywords(site.id)

    answer = await calls.import_csv(site.id, SEMRUSH)

    assert (answer.imported, answer.updated, answer.skipped) == (0, 0, 3)
    assert await calls.keywords(site.id) == before


async def test_a_later_file_updates_what_it_knows_and_keeps_the_rest(calls: Calls) -> None:
    site = await calls.site()
    await calls.import_csv(site.id, SEMRUSH)

    answer = await calls.import_csv(
        site.id, "keyword,volume\nCOMPOST  bin,9000\nworm farm,\nnew one,7\nnew one,8\n"
    )

    found = {one.keyword: one for one in await calls.keywords(site.id)}
    assert (answer.imported, answer.updated, answer.skipped) == (1, 1, 2)
    assert (found["compost bin"].volume, found["compost bin"].difficulty) == (9000, 41)
    assert found["new one"].volume == 7


async def test_impressions_never_replace_searches(calls: Calls) -> None:
    site = await calls.site()
    await calls.import_csv(site.id, SEMRUSH)

    answer = await calls.import_csv(site.id, CONSOLE)

    found = {one.keyword: one for one in await calls.keywords(site.id)}
    assert (answer.imported, answer.updated, answer.skipped) == (1, 0, 1)
    assert (found["compost bin"].volume, found["compost bin"].volume_is_impressions) == (12_100, False)
    assert (found["leaf mould"].volume, found["leaf mould"].volume_is_impressions) == (40, True)


async def test_the_same_keyword_stands_in_each_sector_once(calls: Calls) -> None:
    site = await calls.site()
    sector = (
        await calls.sites().CreateSector(publisher.CreateSectorRequest(site_id=site.id, name="Soil"))
    ).sector
    await calls.import_csv(site.id, "keyword\nleaf mould\n")

    answer = await calls.import_csv(site.id, "keyword\nleaf mould\n", sector_id=sector.id)

    in_sector = await calls.keywords(site.id, sector_id=sector.id)
    assert answer.imported == 1
    assert len(await calls.keywords(site.id)) == 2
    assert [one.sector_id for one in in_sector] == [sector.id]


async def test_a_bad_line_is_left_out_alone_and_named(calls: Calls) -> None:
    site = await calls.site()

    answer = await calls.import_csv(site.id, "keyword,volume\nworm farm,10\n=cmd(),5\nleaf mould,many\n")

    assert answer.imported == 1
    assert [error.line for error in answer.errors] == [3, 4]
    assert "formula" in answer.errors[0].reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "FILE_UNREADABLE"),
        (b"volume,cpc\n1,2\n", "FILE_UNREADABLE"),
        (b"PK\x03\x04 a workbook", "FILE_UNREADABLE"),
        (b"keyword\n" + b"\n".join(b"word %d" % number for number in range(100_001)), "PAYLOAD_TOO_LARGE"),
        (b"keyword\n" + b"x" * (21 * 1024 * 1024), "PAYLOAD_TOO_LARGE"),
    ],
    ids=["empty", "no keyword column", "workbook", "too many rows", "too many bytes"],
)
async def test_a_file_that_cannot_be_taken_whole_is_not_taken_at_all(
    calls: Calls, data: bytes, reason: str
) -> None:
    site = await calls.site()

    with pytest.raises(RemoteRefusal) as refused:
        await calls.import_csv(site.id, data)

    assert refused.value.reason == reason
    assert await calls.keywords(site.id) == []


async def test_a_viewer_and_another_account_import_nothing(calls: Calls) -> None:
    site = await calls.site()

    with pytest.raises(RemoteRefusal) as viewer:
        await calls.import_csv(site.id, SEMRUSH, caller=person(Role.VIEWER))
    with pytest.raises(RemoteRefusal) as stranger:
        await calls.import_csv(site.id, SEMRUSH, caller=person(account_id=OTHER_ACCOUNT_ID))

    assert (viewer.value.reason, stranger.value.reason) == ("PERMISSION_DENIED", "NOT_FOUND")
    assert await calls.keywords(site.id) == []


async def test_a_sector_of_another_site_is_not_found(calls: Calls) -> None:
    site, other = await calls.site("One"), await calls.site("Two")
    request = publisher.CreateSectorRequest(site_id=other.id, name="Soil")
    sector = (await calls.sites().CreateSector(request)).sector

    with pytest.raises(RemoteRefusal) as refused:
        await calls.import_csv(site.id, SEMRUSH, sector_id=sector.id)

    assert (refused.value.reason, refused.value.metadata["kind"]) == ("NOT_FOUND", "sector")


async def test_a_stream_that_names_no_site_or_ends_at_once_is_refused(calls: Calls) -> None:
    with pytest.raises(RemoteRefusal) as nameless:
        await calls.planner().ImportKeywords(in_parts("", b"keyword\nx\n"))
    with pytest.raises(RemoteRefusal) as silent:
        await calls.planner().ImportKeywords(_nothing())

    assert [fault.field for fault in nameless.value.fields] == ["site_id"]
    assert [fault.field for fault in silent.value.fields] == ["site_id"]


async def test_an_import_renews_the_volume_of_the_clusters_it_touches(calls: Calls) -> None:
    site = await calls.site()
    await calls.import_csv(site.id, "keyword,volume\nworm farm,10\nworm bin,\n")
    ids = [keyword.id for keyword in await calls.keywords(site.id)]
    await calls.save_clusters(site.id, {"Worms": ids})

    await calls.import_csv(site.id, "keyword,volume\nworm farm,25\nworm bin,5\n")

    (cluster,) = (await calls.planner().ListClusters(publisher.ListClustersRequest(site_id=site.id))).clusters
    assert (cluster.keywords_count, cluster.volume) == (2, 30)


async def test_a_hundred_thousand_rows_are_imported_within_the_calls_deadline(calls: Calls) -> None:
    site = await calls.site()
    rows = "\n".join(f"compost question {number},{number},{number % 100},1.5" for number in range(100_000))

    answer = await calls.import_csv(site.id, f"keyword,volume,kd,cpc\n{rows}\n")

    top = await calls.planner().ListKeywords(publisher.ListKeywordsRequest(site_id=site.id, page_size=1))
    assert answer.imported == 100_000
    assert top.keywords[0].volume == 99_999


async def _nothing() -> AsyncIterator[publisher.ImportKeywordsRequest]:
    nothing: tuple[publisher.ImportKeywordsRequest, ...] = ()
    for request in nothing:
        yield request


@pytest.mark.parametrize("quote", ["", '"'], ids=["bare", "quoted"])
async def test_a_keyword_of_two_megabytes_is_a_fault_of_its_line_alone(calls: Calls, quote: str) -> None:
    site = await calls.site()
    huge = "compost " * 262_144

    answer = await calls.import_csv(
        site.id, f"keyword,volume\nworm farm,10\n{quote}{huge}{quote},20\nleaf mould,30\n"
    )

    assert {one.keyword for one in await calls.keywords(site.id)} == {"worm farm", "leaf mould"}
    [fault] = answer.errors
    assert fault.line == 3
    assert fault.reason == "A cell has more than 131,072 characters. Shorten it."


async def test_a_keyword_of_two_megabytes_is_refused_by_its_field_when_it_is_added_by_hand(
    calls: Calls,
) -> None:
    site = await calls.site()

    with pytest.raises(RemoteRefusal) as refusal:
        await calls.planner().CreateKeyword(
            publisher.CreateKeywordRequest(site_id=site.id, keyword="compost " * 262_144)
        )

    assert refusal.value.reason == "REQUEST_INVALID"
    assert [fault.field for fault in refusal.value.fields] == ["keyword"]
    assert len(refusal.value.message) < 300
    assert not await calls.keywords(site.id)
