"""The past of content over gRPC: who did what and when, and which AI tasks made it and its pictures."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from igny8.publisher import v1 as publisher

from chassis.ids import new_id
from chassis.testing.callers import ACCOUNT_ID, OTHER_ACCOUNT_ID, person
from services.publisher.domain.publishing_settings import Mode, ScheduleInterval
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases.writer import add_charge
from tests.publisher.newsroom import Newsroom, published
from tests.publisher.servicers.calls import Calls, image_draft
from tests.publisher.servicers.outcome import refusal
from tests.publisher.servicers.pictures import picture

ACTION = publisher.HistoryEntry
NO_SLOT: dict[str, Any] = {
    "mode": Mode.INTERVAL,
    "schedule_interval": ScheduleInterval(starts_at=datetime(2090, 1, 1, tzinfo=UTC)),
}
"""Rules of a site that publishes much later."""
STEP = publisher.Origin


async def history(calls: Calls, content_id: str, **words: Any) -> list[publisher.HistoryEntry]:
    """The past of content, the oldest first."""
    request = publisher.ListContentHistoryRequest(content_id=content_id, **words)
    return list(reversed((await calls.writer().ListContentHistory(request)).entries))


async def origins(calls: Calls, content_id: str) -> publisher.GetContentOriginsResponse:
    return await calls.writer().GetContentOrigins(publisher.GetContentOriginsRequest(content_id=content_id))


async def test_whatever_is_done_with_content_says_who_did_it(calls: Calls) -> None:
    site = await calls.site()
    await calls.put_settings(site.id, auto_schedule=True)
    content = await calls.content(site.id)
    editor, chief = (calls.writer(person(user_id=user)) for user in (FIRST, SECOND))
    one = {"content_id": content.id}

    text = publisher.ContentText(title="Compost", html="<p>Small.</p>")
    await editor.PutContentText(publisher.PutContentTextRequest(**one, text=text))
    await editor.SubmitForReview(publisher.SubmitForReviewRequest(**one))
    await chief.ReturnContent(publisher.ReturnContentRequest(**one, note=" Longer, please. "))
    await editor.SubmitForReview(publisher.SubmitForReviewRequest(**one))
    await chief.ApproveContent(publisher.ApproveContentRequest(**one))

    entries = await history(calls, content.id)
    assert [(entry.action, entry.actor) for entry in entries] == [
        (ACTION.ACTION_CREATED, "service:ai"),
        (ACTION.ACTION_EDITED, f"user:{FIRST}"),
        (ACTION.ACTION_READY_FOR_REVIEW, f"user:{FIRST}"),
        (ACTION.ACTION_SENT_BACK, f"user:{SECOND}"),
        (ACTION.ACTION_READY_FOR_REVIEW, f"user:{FIRST}"),
        (ACTION.ACTION_APPROVED, f"user:{SECOND}"),
        (ACTION.ACTION_AUTO_SCHEDULED, f"user:{SECOND}"),
    ]
    assert (entries[1].version, entries[3].note) == (2, "Longer, please.")
    assert (await origins(calls, content.id)).approved_by == f"user:{SECOND}"


async def test_who_published_and_unpublished_is_told_beside_what_came_of_it(
    calls: Calls, newsroom: Newsroom
) -> None:
    content = newsroom.approved(newsroom.site())
    editor, chief = (calls.publishing(person(user_id=user)) for user in (FIRST, SECOND))
    publish = publisher.PublishRequest(content_id=content.id)
    before = len(await history(calls, content.id))

    await editor.Publish(publish)
    await chief.Publish(publish)
    await published(newsroom.scheduler())
    text = publisher.ContentText(title="Compost", html="<p>Small.</p>")
    await calls.writer().PutContentText(publisher.PutContentTextRequest(content_id=content.id, text=text))
    await chief.Publish(publish)
    await published(newsroom.scheduler())
    for _ in range(2):
        await editor.Unpublish(publisher.UnpublishRequest(content_id=content.id))
    await published(newsroom.scheduler())

    # Asked for again while it was on its way is no entry.
    entries = (await history(calls, content.id))[before:]
    assert [(entry.action, entry.actor) for entry in entries if entry.action != ACTION.ACTION_EDITED] == [
        (ACTION.ACTION_PUBLISH_REQUESTED, f"user:{FIRST}"),
        (ACTION.ACTION_PUBLISHED, "service:publisher"),
        (ACTION.ACTION_PUBLISH_REQUESTED, f"user:{SECOND}"),
        (ACTION.ACTION_PUBLISHED, "service:publisher"),
        (ACTION.ACTION_UNPUBLISH_REQUESTED, f"user:{FIRST}"),
        (ACTION.ACTION_UNPUBLISHED, "service:publisher"),
    ]


async def test_what_is_approved_without_a_free_slot_says_so_to_who_approves_and_in_its_history(
    calls: Calls, newsroom: Newsroom
) -> None:
    site = newsroom.site(auto_schedule=True, **NO_SLOT)
    one, another = newsroom.in_review(site), newsroom.in_review(site)

    approved = await calls.writer().ApproveContent(publisher.ApproveContentRequest(content_id=one.id))
    changed = await calls.writer().ChangeContent(
        publisher.ChangeContentRequest(
            site_id=site.id,
            ids=[one.id, another.id],
            action=publisher.ChangeContentRequest.ACTION_APPROVE,
        )
    )

    assert "No slot is free" in approved.unscheduled_because
    assert not approved.content.HasField("scheduled_publish_at")
    assert changed.changed == 1
    assert [(each.content_id, each.because) for each in changed.unscheduled] == [
        (another.id, approved.unscheduled_because)
    ]
    last = (await history(calls, one.id))[-1]
    assert (last.action, last.note) == (ACTION.ACTION_NOT_SCHEDULED, approved.unscheduled_because)
    assert last.actor == person().actor


async def test_what_is_approved_by_itself_without_a_free_slot_says_so(
    calls: Calls, newsroom: Newsroom
) -> None:
    content = newsroom.draft(newsroom.site(auto_approve_content=True, auto_schedule=True, **NO_SLOT))

    submitted = await calls.writer().SubmitForReview(publisher.SubmitForReviewRequest(content_id=content.id))

    assert "No slot is free" in submitted.unscheduled_because
    assert [entry.action for entry in await history(calls, content.id)] == [
        ACTION.ACTION_AUTO_APPROVED,
        ACTION.ACTION_NOT_SCHEDULED,
    ]


async def test_what_gets_a_slot_says_nothing_of_having_none(calls: Calls, newsroom: Newsroom) -> None:
    content = newsroom.in_review(newsroom.site(auto_schedule=True))

    approved = await calls.writer().ApproveContent(publisher.ApproveContentRequest(content_id=content.id))

    assert approved.unscheduled_because == ""
    assert approved.content.HasField("scheduled_publish_at")


async def test_what_happens_by_itself_is_of_the_service_and_says_why(
    calls: Calls, newsroom: Newsroom
) -> None:
    site = newsroom.site(auto_approve_content=True)
    passed, held = newsroom.draft(site), newsroom.draft(site, html="<p>Short.</p>")

    newsroom.submit(passed)
    newsroom.submit(held)

    (approved,), (waits,) = [await history(calls, content.id) for content in (passed, held)]
    assert approved.action == ACTION.ACTION_AUTO_APPROVED
    assert waits.action == ACTION.ACTION_READY_FOR_REVIEW
    assert "words" in waits.note


async def test_what_comes_to_nothing_leaves_no_entry(calls: Calls) -> None:
    content = await calls.content((await calls.site()).id)
    again = publisher.ContentText(title="Compost", html="<p>Small.</p>")
    put = publisher.PutContentTextRequest(content_id=content.id, text=again)
    await calls.writer().PutContentText(put)

    await calls.writer().PutContentText(put)
    stale = publisher.PutContentTextRequest(
        content_id=content.id, text=publisher.ContentText(title="Other"), etag="1"
    )
    refused = await refusal(calls.writer().PutContentText(stale))

    assert refused == "STALE_ETAG"
    assert [entry.action for entry in await history(calls, content.id)] == [
        ACTION.ACTION_CREATED,
        ACTION.ACTION_EDITED,
    ]


async def test_an_article_and_its_pictures_say_which_tasks_made_them_and_what_they_took(
    calls: Calls, newsroom: Newsroom
) -> None:
    site = await calls.site()
    run, writing, describing, painting = (new_id() for _ in range(4))
    content = await calls.content(site.id, run_id=run, ai_task_id=writing)
    prompts = publisher.SaveImagePromptsRequest(
        request_id="prompts", content_id=content.id, images=[image_draft(0)],
        ai_task_id=describing, model_name="words-1", prompt_version="image_prompts/v2",
    )  # fmt: skip
    (image,) = (await calls.pipeline().SaveImagePrompts(prompts)).images
    await calls.upload(image.id, picture(), ai_task_id=painting)

    for task_id, item_id, credits in (
        (writing, content.task_id, 7),
        (writing, content.task_id, 2),
        (painting, image.id, 5),
        ("a batch of ours", "item", 3),
    ):
        newsroom.transactions.run_sync(
            add_charge, account_id=ACCOUNT_ID, site_id=site.id, credits=credits, at=newsroom.clock.now(),
            ai_task_id=task_id, item_id=item_id,
        )  # fmt: skip

    found = await origins(calls, content.id)
    assert found.run_id == run
    assert found.approved_by == ""
    assert [
        (made.step, made.ai_task_id, made.model_name, made.prompt_version, made.image_id, made.credits_used)
        for made in found.origins
    ] == [
        (STEP.STEP_ARTICLE, writing, "offline-1", "generate_content/v1", "", 9),
        (STEP.STEP_IMAGE_PROMPTS, describing, "words-1", "image_prompts/v2", "", 0),
        (STEP.STEP_PICTURE, painting, "offline-image-1", "", image.id, 5),
    ]


async def test_a_repeated_save_has_one_origin(calls: Calls) -> None:
    site = await calls.site()
    content = await calls.content(site.id, ai_task_id=new_id())
    (image,) = await calls.images(content.id, count=1)
    task_id = new_id()

    await calls.upload(image.id, picture(), ai_task_id=task_id)
    await calls.upload(image.id, picture(), ai_task_id=task_id)

    assert len((await origins(calls, content.id)).origins) == 2


async def test_a_charge_of_another_account_is_not_added(calls: Calls, newsroom: Newsroom) -> None:
    site = await calls.site()
    task_id = new_id()
    content = await calls.content(site.id, ai_task_id=task_id)

    newsroom.transactions.run_sync(
        add_charge, account_id=OTHER_ACCOUNT_ID, site_id=site.id, credits=7, at=newsroom.clock.now(),
        ai_task_id=task_id, item_id=content.task_id,
    )  # fmt: skip

    assert [made.credits_used for made in (await origins(calls, content.id)).origins] == [0]


async def test_charges_of_one_transaction_are_added_up(calls: Calls, newsroom: Newsroom) -> None:
    site, other_site = await calls.site(), await calls.site()
    task_id = new_id()
    content = await calls.content(site.id, ai_task_id=task_id)

    def charge(tx: PublisherTransaction, *, credits: int, site_id: str, days_ago: int = 0) -> None:
        at = newsroom.clock.now() - timedelta(days=days_ago)
        add_charge(tx, account_id=ACCOUNT_ID, site_id=site_id, credits=credits, at=at,
                   ai_task_id=task_id, item_id=content.task_id)  # fmt: skip

    def charge_all(tx: PublisherTransaction) -> None:
        charge(tx, credits=1, site_id=site.id)
        charge(tx, credits=2, site_id=site.id)
        charge(tx, credits=4, site_id=site.id, days_ago=1)
        charge(tx, credits=8, site_id=other_site.id)

    newsroom.transactions.run_sync(charge_all)
    newsroom.transactions.run_sync(charge_all)

    assert [made.credits_used for made in (await origins(calls, content.id)).origins] == [30]
    assert (await calls.stats(site.id)).credits_used == 14
    assert (await calls.stats(other_site.id)).credits_used == 16


async def test_the_past_comes_page_by_page(calls: Calls) -> None:
    content = await calls.content((await calls.site()).id)
    for number in range(3):
        text = publisher.ContentText(title=f"Title {number}", html="<p>Small.</p>")
        await calls.writer().PutContentText(publisher.PutContentTextRequest(content_id=content.id, text=text))

    request = publisher.ListContentHistoryRequest(content_id=content.id, page_size=3)
    first = await calls.writer().ListContentHistory(request)
    request.page_token = first.next_page_token
    last = await calls.writer().ListContentHistory(request)

    assert [entry.version for entry in (*first.entries, *last.entries)] == [4, 3, 2, 0]
    assert last.next_page_token == ""


@pytest.mark.parametrize("whose", ["another account", "nobody"])
async def test_the_past_of_what_is_not_there_is_not_found(calls: Calls, whose: str) -> None:
    content = await calls.content((await calls.site()).id)
    content_id = content.id if whose == "another account" else new_id()
    stranger = calls.writer(person(account_id=OTHER_ACCOUNT_ID))

    refused = [
        await refusal(
            stranger.ListContentHistory(publisher.ListContentHistoryRequest(content_id=content_id))
        ),
        await refusal(stranger.GetContentOrigins(publisher.GetContentOriginsRequest(content_id=content_id))),
    ]

    assert refused == ["NOT_FOUND", "NOT_FOUND"]


FIRST, SECOND = "0199cccc-0000-7000-8000-000000000001", "0199cccc-0000-7000-8000-000000000002"
