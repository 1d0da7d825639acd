"""Tasks and content by hand over gRPC: made, edited, changed together or not at all, and refused with the way out."""

import re
from typing import Any

import pytest
from igny8.publisher import v1 as publisher
from sqlalchemy import text

from chassis.errors import RemoteRefusal
from chassis.identity import Role
from chassis.testing.callers import OTHER_ACCOUNT_ID, person
from tests.publisher.newsroom import Newsroom
from tests.publisher.servicers.calls import Calls, article
from tests.publisher.servicers.outcome import refusal
from tests.publisher.servicers.pictures import picture

TASKS = publisher.ChangeTasksRequest
CONTENT = publisher.ChangeContentRequest
TASK = publisher.TaskText
TEXT = publisher.ContentText


async def new_content(calls: Calls, site_id: str, title: str = "Compost", **words: Any) -> publisher.Content:
    given = {"title": title, "html": "<p>Small.</p>", **words}
    request = publisher.CreateContentRequest(site_id=site_id, text=TEXT(**given))
    return (await calls.writer().CreateContent(request)).content


async def change(calls: Calls, site_id: str, ids: list[str], action: Any) -> int:
    request = CONTENT(site_id=site_id, ids=ids, action=action)
    return (await calls.writer().ChangeContent(request)).changed


async def test_a_task_is_made_once_edited_and_deleted(calls: Calls) -> None:
    site = await calls.site()
    create = publisher.CreateTaskRequest(
        request_id="one", site_id=site.id, text=TASK(title=" Worms  at work ", word_count=900)
    )

    made = (await calls.writer().CreateTask(create)).task
    same = (await calls.writer().CreateTask(create)).task
    put = publisher.PutTaskRequest(task_id=made.id, text=TASK(title="Worms"), etag=made.etag)
    edited = (await calls.writer().PutTask(put)).task
    put.text.title = "Beetles"
    stale = await refusal(calls.writer().PutTask(put))
    await calls.writer().ChangeTasks(
        TASKS(site_id=site.id, ids=[made.id, made.id], action=TASKS.ACTION_DELETE)
    )

    assert same == made
    assert (made.title, made.word_count, made.idea_id) == ("Worms at work", 900, "")
    assert (edited.title, stale) == ("Worms", "STALE_ETAG")
    assert (await calls.stats(site.id)).tasks.total == 0


async def test_the_idea_of_a_deleted_task_is_new_again_and_can_be_queued(calls: Calls) -> None:
    site = await calls.site()
    task = await calls.task(site.id)
    one = publisher.ChangeIdeasRequest(
        site_id=site.id, ids=[task.idea_id], action=publisher.ChangeIdeasRequest.ACTION_QUEUE
    )

    await calls.writer().ChangeTasks(TASKS(site_id=site.id, ids=[task.id], action=TASKS.ACTION_DELETE))
    idea = (await calls.planner().GetIdea(publisher.GetIdeaRequest(idea_id=task.idea_id))).idea
    queued = await calls.planner().ChangeIdeas(one)

    assert idea.status == publisher.Idea.STATUS_NEW
    assert queued.changed == 1


async def test_what_is_being_written_or_was_is_neither_edited_nor_deleted(calls: Calls) -> None:
    site = await calls.site()
    begun, done = await calls.task(site.id), await calls.task(site.id)
    await calls.pipeline().StartTask(publisher.StartTaskRequest(task_id=begun.id))
    await calls.pipeline().SaveContent(article(done.id))

    refused = [
        reason
        for task in (begun, done)
        for reason in (
            await refusal(
                calls.writer().ChangeTasks(TASKS(site_id=site.id, ids=[task.id], action=TASKS.ACTION_DELETE))
            ),
            await refusal(
                calls.writer().ChangeTasks(TASKS(site_id=site.id, ids=[task.id], action=TASKS.ACTION_REQUEUE))
            ),
            await refusal(
                calls.writer().PutTask(publisher.PutTaskRequest(task_id=task.id, text=TASK(title="a")))
            ),
        )
    ]

    assert refused == ["STATE_CONFLICT"] * 6


async def test_failed_tasks_are_tried_again_and_queued_ones_stay(calls: Calls) -> None:
    site = await calls.site()
    failed, queued = await calls.task(site.id), await calls.task(site.id)
    await calls.pipeline().FailTask(publisher.FailTaskRequest(task_id=failed.id, error="No answer."))

    answer = await calls.writer().ChangeTasks(
        TASKS(site_id=site.id, ids=[failed.id, queued.id], action=TASKS.ACTION_REQUEUE)
    )

    tasks = (await calls.writer().ListTasks(publisher.ListTasksRequest(site_id=site.id))).tasks
    assert answer.changed == 1
    assert {(task.status, task.error) for task in tasks} == {(publisher.Task.STATUS_QUEUED, "")}


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script><p>Text.</p>",
        '<p onclick="alert(1)">Text.</p>',
        '<a href="javascript:alert(1)">Text.</a>',
        '<a href="java&#10;script:alert(1)">Text.</a>',
        '<img src=x onerror="alert(1)"><p>Text.</p>',
        '<svg><script>alert(1)</script></svg><iframe srcdoc="<script>alert(1)</script>"></iframe>',
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    ],
)
async def test_nothing_that_a_person_writes_is_kept_as_a_script(calls: Calls, html: str) -> None:
    site = await calls.site()

    made = await new_content(calls, site.id, html=html)

    kept = (await calls.read_content(made.id)).html
    assert "alert" not in kept.replace("&lt;", "")
    assert "javascript" not in kept
    assert " on" not in kept


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("苔の庭を作る方法", r"article-[0-9a-f]{8}"),
        ("🌱🌱🌱", r"article-[0-9a-f]{8}"),
        ("Grün & größer 🌱 in 3 Schritten!", "grun-grosser-in-3-schritten"),
        ("x" * 300, "x{80}"),
    ],
    ids=["Japanese", "emoji", "mixed", "long"],
)
async def test_any_title_gets_a_slug_of_plain_letters(calls: Calls, title: str, slug: str) -> None:
    site = await calls.site()

    made, again = await new_content(calls, site.id, title), await new_content(calls, site.id, title)

    assert made.title == title
    assert slug_fits(made.slug, slug)
    assert again.slug.endswith("-2")
    assert again.slug.isascii()


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"title": "x" * 10_000}, "text.title"),
        ({"title": ""}, "text.title"),
        ({"html": "x" * 1_000_001}, "text.html"),
        ({"tags": ["x" * 101]}, "text.tags[0]"),
        ({"categories": ["x"] * 21}, "text.categories"),
    ],
    ids=["a title of 10,000 characters", "no title", "a book", "a long tag", "many categories"],
)
async def test_a_text_that_is_too_long_is_refused_by_its_field(
    calls: Calls, words: dict[str, Any], field: str
) -> None:
    site = await calls.site()

    with pytest.raises(RemoteRefusal) as refused:
        await new_content(calls, site.id, **words)

    assert refused.value.reason == "REQUEST_INVALID"
    assert [fault.field for fault in refused.value.fields] == [field]
    assert (await calls.stats(site.id)).content.total == 0


async def test_many_articles_are_submitted_and_approved_together(calls: Calls) -> None:
    site = await calls.site()
    ids = [(await new_content(calls, site.id, f"Article {number}")).id for number in range(3)]

    submitted = await change(calls, site.id, ids, CONTENT.ACTION_SUBMIT)
    approved = await change(calls, site.id, ids[:2], CONTENT.ACTION_APPROVE)
    again = await change(calls, site.id, ids[:2], CONTENT.ACTION_APPROVE)

    stats = await calls.stats(site.id)
    assert (submitted, approved, again) == (3, 2, 0)
    assert (stats.content.approved, stats.content.review) == (2, 1)


async def test_no_article_is_approved_where_one_of_them_is_a_draft(calls: Calls) -> None:
    site = await calls.site()
    ready, draft = await new_content(calls, site.id), await new_content(calls, site.id)
    await change(calls, site.id, [ready.id], CONTENT.ACTION_SUBMIT)

    with pytest.raises(RemoteRefusal) as refused:
        await change(calls, site.id, [ready.id, draft.id], CONTENT.ACTION_APPROVE)

    assert refused.value.reason == "STATE_CONFLICT"
    assert "Submit it for review first" in refused.value.message
    assert (await calls.stats(site.id)).content.approved == 0


async def test_deleted_content_is_gone_with_all_that_belongs_to_it(calls: Calls, newsroom: Newsroom) -> None:
    site = await calls.site()
    content = await calls.content(site.id)
    (image,) = await calls.images(content.id, count=1)
    await calls.upload(image.id, picture())

    changed = await change(calls, site.id, [content.id], CONTENT.ACTION_DELETE)

    task = (await calls.writer().GetTask(publisher.GetTaskRequest(task_id=content.task_id))).task
    stats = await calls.stats(site.id)
    with newsroom.engine.connect() as connection:
        noted = connection.execute(text("SELECT noun, made_from::text FROM deleted ORDER BY noun")).all()
    assert changed == 1
    assert await refusal(calls.read_content(content.id)) == "NOT_FOUND"
    assert (task.status, task.content_id) == (publisher.Task.STATUS_COMPLETED, "")
    assert (stats.content.total, stats.images.total, stats.tasks.completed) == (0, 0, 1)
    assert [tuple(row) for row in noted] == [("content", content.task_id), ("image", content.id)]


async def test_what_has_a_time_or_is_published_is_not_deleted(calls: Calls, newsroom: Newsroom) -> None:
    site = newsroom.site()
    draft, scheduled = newsroom.draft(site), newsroom.scheduled(site)

    with pytest.raises(RemoteRefusal) as refused:
        await change(calls, site.id, [draft.id, scheduled.id], CONTENT.ACTION_DELETE)

    assert refused.value.reason == "STATE_CONFLICT"
    assert "Unschedule it first" in refused.value.message
    assert (await calls.stats(site.id)).content.total == 2


async def test_a_task_whose_content_was_deleted_can_be_deleted_too(calls: Calls) -> None:
    site = await calls.site()
    content = await calls.content(site.id)
    await change(calls, site.id, [content.id], CONTENT.ACTION_DELETE)

    await calls.writer().ChangeTasks(
        TASKS(site_id=site.id, ids=[content.task_id], action=TASKS.ACTION_DELETE)
    )

    (idea,) = (await calls.planner().ListIdeas(publisher.ListIdeasRequest(site_id=site.id))).ideas
    assert idea.status == publisher.Idea.STATUS_NEW


async def test_only_editors_of_the_account_change_anything(calls: Calls) -> None:
    site = await calls.site()
    task, content = await calls.task(site.id), await new_content(calls, site.id)
    viewer, stranger = person(role=Role.VIEWER), person(account_id=OTHER_ACCOUNT_ID)
    reasons = {}

    for name, caller in (("viewer", viewer), ("stranger", stranger)):
        writer = calls.writer(caller)
        reasons[name] = {
            await refusal(writer.CreateTask(publisher.CreateTaskRequest(site_id=site.id, text=TASK(title="a")))),
            await refusal(writer.PutTask(publisher.PutTaskRequest(task_id=task.id, text=TASK(title="a")))),
            await refusal(writer.ChangeTasks(TASKS(site_id=site.id, ids=[task.id], action=TASKS.ACTION_DELETE))),
            await refusal(writer.CreateContent(publisher.CreateContentRequest(site_id=site.id, text=TEXT(title="a")))),
            await refusal(writer.ChangeContent(
                CONTENT(site_id=site.id, ids=[content.id], action=CONTENT.ACTION_DELETE))),
        }  # fmt: skip

    assert reasons == {"viewer": {"PERMISSION_DENIED"}, "stranger": {"NOT_FOUND"}}
    assert (await calls.stats(site.id)).tasks.total == 1


async def test_nothing_of_another_site_is_changed_with_ours(calls: Calls) -> None:
    site, other = await calls.site(), await calls.site("Other")
    mine, theirs = await new_content(calls, site.id), await new_content(calls, other.id)
    task = await calls.task(other.id)

    refused = [
        await refusal(change(calls, site.id, [mine.id, theirs.id], action))
        for action in (CONTENT.ACTION_SUBMIT, CONTENT.ACTION_APPROVE, CONTENT.ACTION_DELETE)
    ]
    refused.append(
        await refusal(
            calls.writer().ChangeTasks(TASKS(site_id=site.id, ids=[task.id], action=TASKS.ACTION_DELETE))
        )
    )

    assert refused == ["NOT_FOUND"] * 4
    assert (await calls.read_content(mine.id)).status == publisher.Content.STATUS_DRAFT


def slug_fits(slug: str, pattern: str) -> bool:
    return re.fullmatch(pattern, slug) is not None
