"""Pictures that are uploaded at the same time are stored together, each for itself."""

import asyncio

from igny8.publisher import v1 as publisher

from chassis.errors import RemoteRefusal
from chassis.ids import new_id
from chassis.testing.callers import OTHER_ACCOUNT_ID, service
from tests.publisher.servicers.calls import Calls
from tests.publisher.servicers.pictures import picture

IMAGE = publisher.Image


async def test_each_gets_its_own_picture(calls: Calls) -> None:
    site = await calls.site()
    images = await calls.images((await calls.content(site.id)).id, 5)
    pictures = [picture(width=10 + number) for number in range(5)]

    made = await asyncio.gather(
        *(calls.upload(image.id, data) for image, data in zip(images, pictures, strict=True))
    )

    assert [(image.id, image.width) for image in made] == [
        (image.id, 10 + number) for number, image in enumerate(images)
    ]


async def test_the_same_bytes_for_many_are_stored_once_for_all(calls: Calls) -> None:
    site = await calls.site()
    images = await calls.images((await calls.content(site.id)).id, 5)

    made = await asyncio.gather(*(calls.upload(image.id, picture()) for image in images))

    assert {image.status for image in made} == {IMAGE.STATUS_GENERATED}
    assert len({image.sha256 for image in made}) == 1


async def test_one_that_is_refused_takes_no_other_down(calls: Calls) -> None:
    site = await calls.site()
    made, waiting, theirs = await calls.images((await calls.content(site.id)).id, 3)
    await calls.upload(made.id, picture())
    stranger = service(account_id=OTHER_ACCOUNT_ID)

    answers = await asyncio.gather(
        calls.upload(made.id, picture(colour="red")),
        calls.upload(waiting.id, picture()),
        calls.upload(theirs.id, picture(), caller=stranger),
        calls.upload(new_id(), picture()),
        return_exceptions=True,
    )

    reasons = [answer.reason for answer in answers if isinstance(answer, RemoteRefusal)]
    assert reasons == ["STATE_CONFLICT", "NOT_FOUND", "NOT_FOUND"]
    assert isinstance(answers[1], IMAGE)
    assert answers[1].status == IMAGE.STATUS_GENERATED


async def test_an_article_by_hand_goes_to_review_with_its_last_pictures(calls: Calls) -> None:
    site = await calls.site()
    articles = [await calls.content(site.id, run_id="", images_wanted=True) for _ in range(2)]
    whole, short = [await calls.images(article.id, 3) for article in articles]

    await asyncio.gather(*(calls.upload(image.id, picture()) for image in (*whole, *short[1:])))

    read = [await calls.read_content(article.id) for article in articles]
    assert [content.status for content in read] == [
        publisher.Content.STATUS_REVIEW,
        publisher.Content.STATUS_DRAFT,
    ]
