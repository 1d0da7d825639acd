"""PipelineService over gRPC, second half: tasks, articles, and what becomes of them."""

import asyncio

import pytest
from igny8.publisher import v1 as publisher

from chassis.errors import RemoteRefusal
from chassis.ids import new_id
from chassis.testing.callers import OTHER_ACCOUNT_ID, person, service
from services.publisher.store import tables
from tests.publisher.newsroom import Newsroom
from tests.publisher.servicers.calls import Calls, article, image_draft
from tests.publisher.servicers.outcome import refusal

CONTENT = publisher.Content
TASK = publisher.Task


async def test_a_task_is_started_once_and_again_quietly(calls: Calls) -> None:
    site = await calls.site()
    task = await calls.task(site.id)
    first = await _start(calls, task.id)

    again = await _start(calls, task.id)

    assert first.status == TASK.STATUS_IN_PROGRESS
    assert again == first


async def test_a_task_that_failed_says_why_and_may_start_again(calls: Calls) -> None:
    site = await calls.site()
    task = await calls.task(site.id)
    await _start(calls, task.id)
    failed = await _fail(calls, task.id, "The model refused.")
    repeated = await _fail(calls, task.id, "Another sentence.")

    started = await _start(calls, task.id)

    assert (failed.status, failed.error) == (TASK.STATUS_FAILED, "The model refused.")
    assert repeated == failed
    assert (started.status, started.error) == (TASK.STATUS_IN_PROGRESS, "")


async def test_an_article_completes_its_task_and_its_idea(calls: Calls) -> None:
    site = await calls.site()
    task = await calls.task(site.id)
    run_id = new_id()

    saved = (await calls.pipeline().SaveContent(article(task.id, run_id=run_id))).content

    read = (await calls.writer().GetTask(publisher.GetTaskRequest(task_id=task.id))).task
    idea = (await calls.planner().GetIdea(publisher.GetIdeaRequest(idea_id=task.idea_id))).idea
    assert (read.status, read.content_id) == (TASK.STATUS_COMPLETED, saved.id)
    assert idea.status == publisher.Idea.STATUS_COMPLETED
    assert (saved.task_id, saved.cluster_id, saved.run_id) == (task.id, task.cluster_id, run_id)
    assert (saved.status, saved.site_status) == (CONTENT.STATUS_DRAFT, CONTENT.SITE_STATUS_NOT_PUBLISHED)
    assert (saved.slug, saved.version, saved.etag) == ("how-to-start-composting", 1, "1")
    assert (list(saved.categories), list(saved.tags)) == (["Soil"], ["compost", "heap"])
    assert saved.word_count == 404


async def test_an_article_is_cleaned_before_it_is_kept(calls: Calls) -> None:
    site = await calls.site()
    hostile = '<h2 onclick="x()">Soil</h2><script>steal()</script><p>[gallery] good <a href="javascript:x">link</a></p>'

    saved = await calls.content(site.id, html=hostile)

    assert saved.html == '<h2>Soil</h2><p>&#91;gallery&#93; good <a rel="noopener nofollow ugc">link</a></p>'
    assert saved.excerpt == "[gallery] good link"


async def test_two_articles_of_one_title_have_slugs_of_their_own(calls: Calls) -> None:
    site = await calls.site()

    first, second = await calls.content(site.id), await calls.content(site.id)

    assert [first.slug, second.slug] == ["how-to-start-composting", "how-to-start-composting-2"]


async def test_articles_saved_at_once_have_slugs_of_their_own(calls: Calls) -> None:
    site = await calls.site()
    tasks = [await calls.task(site.id) for _ in range(6)]

    saved = await asyncio.gather(
        *(calls.pipeline().SaveContent(article(task.id, run_id=new_id())) for task in tasks)
    )

    assert len({answer.content.slug for answer in saved}) == 6


async def test_the_first_text_is_kept_as_version_1(calls: Calls, newsroom: Newsroom) -> None:
    site = await calls.site()

    saved = await calls.content(site.id)

    with newsroom.engine.connect() as connection:
        (version,) = connection.execute(tables.content_version.select()).all()
    assert (version.content_id, version.version, version.edited_by) == (saved.id, 1, "service:ai")
    assert version.html == saved.html


async def test_saving_an_article_again_under_its_request_id_answers_the_first_one(calls: Calls) -> None:
    site = await calls.site()
    task = await calls.task(site.id)
    request = article(task.id, request_id="once", run_id=new_id())
    first = await calls.pipeline().SaveContent(request)

    again = await calls.pipeline().SaveContent(request)

    assert again == first


async def test_a_task_gets_no_second_article(calls: Calls) -> None:
    site = await calls.site()
    task = await calls.task(site.id)
    await calls.pipeline().SaveContent(article(task.id, run_id=new_id()))

    with pytest.raises(RemoteRefusal) as refused:
        await calls.pipeline().SaveContent(article(task.id, run_id=new_id()))

    assert refused.value.reason == "STATE_CONFLICT"
    assert await refusal(_start(calls, task.id)) == "STATE_CONFLICT"
    assert (await _fail(calls, task.id, "too late")).status == TASK.STATUS_COMPLETED


async def test_what_was_made_is_told(calls: Calls, newsroom: Newsroom) -> None:
    site = await calls.site()

    saved = await calls.content(site.id)

    (told,) = newsroom.told("created")
    assert (told["content_id"], told["title"], told["run_id"]) == (saved.id, saved.title, saved.run_id)


async def test_an_article_by_hand_without_images_goes_to_review_at_once(
    calls: Calls, newsroom: Newsroom, woken: list[str]
) -> None:
    site = await calls.site()
    task = await calls.task(site.id)

    saved = (await calls.pipeline().SaveContent(article(task.id))).content

    assert saved.status == CONTENT.STATUS_REVIEW
    assert newsroom.events() == ["created", "ready_for_review"]
    assert woken


async def test_an_article_by_hand_is_approved_and_scheduled_where_the_site_does_so(
    calls: Calls, newsroom: Newsroom
) -> None:
    site = await calls.site()
    await calls.put_settings(site.id, auto_approve_content=True, auto_schedule=True)
    task = await calls.task(site.id)

    saved = (await calls.pipeline().SaveContent(article(task.id))).content

    assert (saved.status, saved.site_status) == (CONTENT.STATUS_APPROVED, CONTENT.SITE_STATUS_SCHEDULED)
    assert newsroom.events() == ["created", "approved", "scheduled"]


async def test_an_article_of_a_run_waits_for_the_runs_review(calls: Calls, newsroom: Newsroom) -> None:
    site = await calls.site()
    await calls.put_settings(site.id, auto_approve_content=True)

    saved = await calls.content(site.id)

    assert saved.status == CONTENT.STATUS_DRAFT
    assert newsroom.events() == ["created"]


async def test_an_article_that_wants_images_waits_for_them(calls: Calls) -> None:
    site = await calls.site()
    task = await calls.task(site.id)

    saved = (await calls.pipeline().SaveContent(article(task.id, images_wanted=True))).content

    assert saved.status == CONTENT.STATUS_DRAFT


async def test_images_are_described_once(calls: Calls) -> None:
    site = await calls.site()
    content = await calls.content(site.id)
    first = await calls.images(content.id, 3)

    again = await calls.images(content.id, 1)

    assert again == first
    assert [(image.image_type, image.position) for image in first] == [
        (publisher.Image.TYPE_FEATURED, 0),
        (publisher.Image.TYPE_IN_ARTICLE, 1),
        (publisher.Image.TYPE_IN_ARTICLE, 2),
    ]
    assert {image.status for image in first} == {publisher.Image.STATUS_PENDING}
    assert list((await calls.read_content(content.id)).images) == first


@pytest.mark.parametrize(
    "drafts",
    [
        [image_draft(0), image_draft(1), image_draft(1)],
        [image_draft(0, image_type=publisher.Image.TYPE_IN_ARTICLE)],
        [image_draft(1, image_type=publisher.Image.TYPE_FEATURED)],
    ],
    ids=["one place twice", "nothing featured at 0", "featured at 1"],
)
async def test_images_whose_places_do_not_fit_are_refused(
    calls: Calls, drafts: list[publisher.ImageDraft]
) -> None:
    site = await calls.site()
    content = await calls.content(site.id)
    request = publisher.SaveImagePromptsRequest(request_id="one", content_id=content.id, images=drafts)

    assert await refusal(calls.pipeline().SaveImagePrompts(request)) == "REQUEST_INVALID"
    assert await calls.images(content.id, 1)


async def test_each_stage_finds_what_it_can_work_on(calls: Calls) -> None:
    site = await calls.site()
    await calls.import_csv(site.id, "keyword\nfree word\n")
    task = await calls.task(site.id)
    cluster = await calls.cluster(site.id, "Fresh")
    (idea,) = await calls.ideas((await calls.cluster(site.id, "Thought of")).id, "New idea")
    bare = await calls.content(site.id, images_wanted=True)
    described = await calls.content(site.id, images_wanted=True)
    await calls.images(described.id)
    plain = await calls.content(site.id)
    (word,) = await calls.keywords(site.id, status=publisher.Keyword.STATUS_NEW)

    found = [await calls.stage_inputs(site.id, stage) for stage in range(1, 8)]

    assert found == [[word.id], [cluster.id], [idea.id], [task.id], [bare.id], [described.id], [plain.id]]


async def test_stage_inputs_come_oldest_first_with_their_true_number(calls: Calls) -> None:
    site = await calls.site()
    await calls.import_csv(site.id, "keyword,volume\nzebra,1\napple,9\nmango,5\n")

    answer = await calls.pipeline().ListStageInputs(
        publisher.ListStageInputsRequest(site_id=site.id, stage=1, limit=2)
    )

    words = {one.id: one.keyword for one in await calls.keywords(site.id)}
    assert [words[id] for id in answer.ids] == ["zebra", "apple"]
    assert answer.total == 3


async def test_what_a_reviewer_sent_back_waits_for_a_person_and_not_for_a_run(calls: Calls) -> None:
    site = await calls.site()
    content = await calls.content(site.id)
    await calls.writer().SubmitForReview(publisher.SubmitForReviewRequest(content_id=content.id))
    await calls.writer().ReturnContent(
        publisher.ReturnContentRequest(content_id=content.id, note="Shorter, please")
    )

    assert await calls.stage_inputs(site.id, 7) == []


@pytest.mark.parametrize("stage", [0, 8])
async def test_there_are_seven_stages(calls: Calls, stage: int) -> None:
    site = await calls.site()

    assert await refusal(calls.stage_inputs(site.id, stage)) == "REQUEST_INVALID"


async def test_content_and_tasks_of_another_account_are_not_found(calls: Calls) -> None:
    site = await calls.site()
    task = await calls.task(site.id)
    content = await calls.content(site.id)
    writer = calls.writer(person(account_id=OTHER_ACCOUNT_ID))
    pipeline = calls.pipeline(service(account_id=OTHER_ACCOUNT_ID))
    prompts = publisher.SaveImagePromptsRequest(
        request_id="a", content_id=content.id, images=[image_draft(0)]
    )

    reasons = [
        await refusal(writer.GetTask(publisher.GetTaskRequest(task_id=task.id))),
        await refusal(writer.GetContent(publisher.GetContentRequest(content_id=content.id))),
        await refusal(writer.ListTasks(publisher.ListTasksRequest(site_id=site.id))),
        await refusal(writer.ListContent(publisher.ListContentRequest(site_id=site.id))),
        await refusal(writer.ListImages(publisher.ListImagesRequest(site_id=site.id))),
        await refusal(writer.GetWorkflowStats(publisher.GetWorkflowStatsRequest(site_id=site.id))),
        await refusal(pipeline.StartTask(publisher.StartTaskRequest(task_id=task.id))),
        await refusal(pipeline.FailTask(publisher.FailTaskRequest(task_id=task.id, error="x"))),
        await refusal(pipeline.SaveContent(article(task.id))),
        await refusal(pipeline.SaveImagePrompts(prompts)),
    ]

    assert reasons == ["NOT_FOUND"] * len(reasons)


async def test_tasks_and_content_are_listed_newest_first_by_what_is_asked_for(calls: Calls) -> None:
    site = await calls.site()
    older, newer = await calls.content(site.id), await calls.content(site.id)
    waiting = await calls.task(site.id)
    writer = calls.writer()

    content = await writer.ListContent(publisher.ListContentRequest(site_id=site.id))
    of_run = await writer.ListContent(publisher.ListContentRequest(site_id=site.id, run_id=older.run_id))
    approved = await writer.ListContent(
        publisher.ListContentRequest(site_id=site.id, status=CONTENT.STATUS_APPROVED)
    )
    failed = await writer.ListContent(
        publisher.ListContentRequest(site_id=site.id, site_status=CONTENT.SITE_STATUS_FAILED)
    )
    queued = await writer.ListTasks(publisher.ListTasksRequest(site_id=site.id, status=TASK.STATUS_QUEUED))
    named = await writer.ListTasks(publisher.ListTasksRequest(site_id=site.id, ids=[older.task_id]))

    assert [one.id for one in content.content] == [newer.id, older.id]
    assert {one.html for one in content.content} == {""}
    assert [one.id for one in of_run.content] == [older.id]
    assert (list(approved.content), list(failed.content)) == ([], [])
    assert [one.id for one in queued.tasks] == [waiting.id]
    assert [one.id for one in named.tasks] == [older.task_id]


async def _start(calls: Calls, task_id: str) -> publisher.Task:
    return (await calls.pipeline().StartTask(publisher.StartTaskRequest(task_id=task_id))).task


async def _fail(calls: Calls, task_id: str, error: str) -> publisher.Task:
    request = publisher.FailTaskRequest(task_id=task_id, error=error)
    return (await calls.pipeline().FailTask(request)).task
