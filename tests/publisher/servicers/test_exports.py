"""Lists as CSV files over gRPC: whole, oldest first, for the account alone."""

import csv
import io
from collections.abc import AsyncIterable
from typing import Any

import pytest
from igny8.publisher import v1 as publisher

from chassis.identity import Role
from chassis.testing.callers import OTHER_ACCOUNT_ID, person
from services.publisher.servicers import exports
from tests.publisher.servicers.calls import Calls
from tests.publisher.servicers.outcome import refusal


async def whole(parts: AsyncIterable[Any]) -> tuple[str, bytes]:
    """The media type and the bytes of a streamed file."""
    bodies = [part.file async for part in parts]
    return bodies[0].content_type, b"".join(body.data for body in bodies)


async def rows(parts: AsyncIterable[Any]) -> list[dict[str, str]]:
    _, data = await whole(parts)
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


async def test_keywords_are_exported_whole_and_can_be_imported_again(
    calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 2)
    site, other = await calls.site(), await calls.site("Other")
    words = [f"word {number}" for number in range(5)]
    await calls.import_csv(site.id, "keyword,volume\n" + "".join(f"{word},7\n" for word in words))

    request = publisher.ExportKeywordsRequest(site_id=site.id)
    media_type, data = await whole(calls.planner().ExportKeywords(request))
    again = await calls.import_csv(other.id, data)

    assert media_type == "text/csv; charset=utf-8; header=present"
    lines = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    assert [line["keyword"] for line in lines] == words
    assert {line["volume"] for line in lines} == {"7"}
    assert (again.imported, list(again.errors)) == (5, [])


async def test_an_empty_list_is_a_file_with_a_header(calls: Calls) -> None:
    site = await calls.site()

    _, data = await whole(calls.planner().ExportClusters(publisher.ExportClustersRequest(site_id=site.id)))

    assert data.decode().startswith("id,site_id,sector_id,name,description,keywords_count,volume,status")
    assert data.count(b"\n") == 1


async def test_clusters_ideas_tasks_and_content_are_exported(calls: Calls) -> None:
    site = await calls.site()
    task = await calls.task(site.id, "=HYPERLINK(1)")
    content = (
        await calls.pipeline().SaveContent(
            publisher.SaveContentRequest(
                request_id="a", task_id=task.id, title="+1 tip", html="<p>Short.</p>", images_wanted=True
            )
        )
    ).content

    clusters = await rows(calls.planner().ExportClusters(publisher.ExportClustersRequest(site_id=site.id)))
    ideas = await rows(calls.planner().ExportIdeas(publisher.ExportIdeasRequest(site_id=site.id)))
    tasks = await rows(calls.writer().ExportTasks(publisher.ExportTasksRequest(site_id=site.id)))
    articles = await rows(calls.writer().ExportContent(publisher.ExportContentRequest(site_id=site.id)))

    assert [one["id"] for one in clusters] == [task.cluster_id]
    assert [(one["title"], one["status"]) for one in ideas] == [("'=HYPERLINK(1)", "completed")]
    assert [(one["id"], one["target_keywords"]) for one in tasks] == [(task.id, "composting; compost heap")]
    assert [(one["id"], one["title"], one["status"]) for one in articles] == [
        (content.id, "'+1 tip", "draft")
    ]
    assert "html" not in articles[0]


async def test_an_export_is_for_members_of_the_sites_account(calls: Calls) -> None:
    site = await calls.site()
    stranger, viewer = person(account_id=OTHER_ACCOUNT_ID), person(role=Role.VIEWER)

    refused = [
        await refusal(rows(calls.planner(stranger).ExportKeywords(publisher.ExportKeywordsRequest(site_id=site.id)))),
        await refusal(rows(calls.planner(stranger).ExportClusters(publisher.ExportClustersRequest(site_id=site.id)))),
        await refusal(rows(calls.planner(stranger).ExportIdeas(publisher.ExportIdeasRequest(site_id=site.id)))),
        await refusal(rows(calls.writer(stranger).ExportTasks(publisher.ExportTasksRequest(site_id=site.id)))),
        await refusal(rows(calls.writer(stranger).ExportContent(publisher.ExportContentRequest(site_id=site.id)))),
    ]  # fmt: skip

    assert refused == ["NOT_FOUND"] * 5
    assert (
        await rows(calls.planner(viewer).ExportKeywords(publisher.ExportKeywordsRequest(site_id=site.id)))
        == []
    )
