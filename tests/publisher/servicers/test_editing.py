"""Editing over gRPC: each save is a version, a stale one is refused, nothing hostile is kept, versions are compared."""

from typing import Any

import pytest
from igny8.publisher import v1 as publisher

from chassis.errors import RemoteRefusal
from chassis.identity import Role
from chassis.testing.callers import OTHER_ACCOUNT_ID, person
from tests.publisher.newsroom import Newsroom
from tests.publisher.servicers.calls import Calls

PUT = publisher.PutContentTextRequest
TEXT = publisher.ContentText


async def put(calls: Calls, content_id: str, *, etag: str = "", **words: Any) -> publisher.Content:
    request = PUT(
        content_id=content_id, text=TEXT(**{"title": "Compost", "html": "<p>Small.</p>", **words}), etag=etag
    )
    return (await calls.writer().PutContentText(request)).content


async def versions(calls: Calls, content_id: str) -> list[publisher.ContentVersion]:
    request = publisher.ListContentVersionsRequest(content_id=content_id)
    return list((await calls.writer().ListContentVersions(request)).versions)


async def test_each_save_is_a_version_that_says_who_made_it(calls: Calls) -> None:
    content = await calls.content((await calls.site()).id)

    edited = await put(
        calls, content.id, html="<h2>Start</h2><p>Three words here.</p>", tags=["soil", " soil ", ""]
    )

    listed = await versions(calls, content.id)
    assert (edited.version, edited.title, edited.word_count) == (2, "Compost", 4)
    assert list(edited.tags) == ["soil"]
    assert [(each.version, each.edited_by.split(":")[0]) for each in listed] == [(2, "user"), (1, "service")]
    assert {each.text.html for each in listed} == {""}


async def test_the_same_text_again_is_no_version(calls: Calls) -> None:
    content = await calls.content((await calls.site()).id)
    await put(calls, content.id)

    again = await put(calls, content.id)

    assert again.version == 2


async def test_a_save_over_somebody_elses_is_refused(calls: Calls) -> None:
    content = await calls.content((await calls.site()).id)
    await put(calls, content.id, etag=content.etag)

    with pytest.raises(RemoteRefusal) as refused:
        await put(calls, content.id, title="Mine", etag=content.etag)

    assert refused.value.reason == "STALE_ETAG"
    assert len(await versions(calls, content.id)) == 2


HOSTILE = {
    "script": "<script>alert(1)</script>",
    "handler": '<p onclick="alert(1)">x</p>',
    "javascript link": '<a href="javascript:alert(1)">x</a>',
    "spelled link": '<a href="jav&#x09;ascript:alert(1)">x</a>',
    "foreign picture": '<img src="https://evil.example/x.png">',
    "frame": '<iframe src="https://evil.example"></iframe>',
    "svg": "<svg onload=alert(1)>",
    "style": '<p style="background:url(javascript:alert(1))">x</p>',
}


@pytest.mark.parametrize("html", HOSTILE.values(), ids=HOSTILE)
async def test_nothing_hostile_is_kept(calls: Calls, html: str) -> None:
    content = await calls.content((await calls.site()).id)

    edited = await put(calls, content.id, html=f"<p>Fine.</p>{html}")

    stored = edited.html.lower()
    assert "fine." in stored
    for sign in ("script", "onclick", "onload", "javascript", "evil.example", "iframe", "svg", "style="):
        assert sign not in stored


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"title": ""}, "text.title"),
        ({"title": "   "}, "title"),
        ({"title": "x" * 10_000}, "text.title"),
        ({"meta_title": "x" * 71}, "text.meta_title"),
        ({"meta_description": "x" * 201}, "text.meta_description"),
        ({"tags": ["x"] * 51}, "text.tags"),
        ({"html": "x" * 1_000_001}, "text.html"),
    ],
    ids=["no title", "blank title", "endless title", "meta title", "meta description", "tags", "html"],
)
async def test_a_wrong_field_is_named_and_no_version_made(
    calls: Calls, words: dict[str, Any], field: str
) -> None:
    content = await calls.content((await calls.site()).id)

    with pytest.raises(RemoteRefusal) as refused:
        await put(calls, content.id, **words)

    assert refused.value.reason == "REQUEST_INVALID"
    assert [fault.field for fault in refused.value.fields] == [field]
    assert len(await versions(calls, content.id)) == 1


async def test_what_is_on_its_way_is_not_edited(calls: Calls, newsroom: Newsroom) -> None:
    content = newsroom.publish(newsroom.approved(newsroom.site()))

    with pytest.raises(RemoteRefusal) as refused:
        await put(calls, content.id)

    assert refused.value.reason == "STATE_CONFLICT"


async def test_two_versions_are_compared_word_by_word(calls: Calls) -> None:
    content = await calls.content((await calls.site()).id)
    await put(calls, content.id, title="How to compost", html="<p>Turn it weekly.</p>")
    await put(calls, content.id, title="How to garden", html="<p>Turn it weekly.</p>")

    newest = await calls.writer().CompareContentVersions(
        publisher.CompareContentVersionsRequest(content_id=content.id)
    )
    back = await calls.writer().CompareContentVersions(
        publisher.CompareContentVersionsRequest(content_id=content.id, from_version=3, to_version=2)
    )

    kinds = publisher.ContentChangePart
    assert (newest.from_version, newest.to_version) == (2, 3)
    assert [(part.kind, part.text) for part in newest.changes[0].parts] == [
        (kinds.KIND_SAME, "How to "),
        (kinds.KIND_REMOVED, "compost"),
        (kinds.KIND_ADDED, "garden"),
    ]
    assert [part.text for part in back.changes[0].parts] == ["How to ", "garden", "compost"]


async def test_one_version_is_read_with_its_text(calls: Calls) -> None:
    content = await calls.content((await calls.site()).id)
    await put(calls, content.id)
    request = publisher.GetContentVersionRequest(content_id=content.id, version=2)

    found = (await calls.writer().GetContentVersion(request)).version
    with pytest.raises(RemoteRefusal) as refused:
        await calls.writer().GetContentVersion(
            publisher.GetContentVersionRequest(content_id=content.id, version=3)
        )

    assert (found.text.title, found.text.html) == ("Compost", "<p>Small.</p>")
    assert refused.value.reason == "NOT_FOUND"


async def test_viewers_read_versions_and_save_none_and_others_see_nothing(calls: Calls) -> None:
    content = await calls.content((await calls.site()).id)
    viewer, stranger = (
        calls.writer(person(role=Role.VIEWER)),
        calls.writer(person(account_id=OTHER_ACCOUNT_ID)),
    )
    listing = publisher.ListContentVersionsRequest(content_id=content.id)

    assert len((await viewer.ListContentVersions(listing)).versions) == 1
    for call, reason in (
        (viewer.PutContentText(PUT(content_id=content.id, text=TEXT(title="x"))), "PERMISSION_DENIED"),
        (stranger.PutContentText(PUT(content_id=content.id, text=TEXT(title="x"))), "NOT_FOUND"),
        (stranger.ListContentVersions(listing), "NOT_FOUND"),
    ):
        with pytest.raises(RemoteRefusal) as refused:
            await call
        assert refused.value.reason == reason
