"""Images by hand over gRPC: other words for them, taking them away, and their list as a file."""

import pytest
from igny8.publisher import v1 as publisher

from chassis.errors import RemoteRefusal
from chassis.identity import Role
from chassis.testing.callers import OTHER_ACCOUNT_ID, person
from tests.publisher.servicers.calls import Calls
from tests.publisher.servicers.outcome import refusal
from tests.publisher.servicers.pictures import picture
from tests.publisher.servicers.test_exports import rows

IMAGE = publisher.Image
UNKNOWN = "0199ffff-0000-7000-8000-00000000000f"


async def test_a_made_picture_gets_another_alternative_text_and_keeps_its_prompt(calls: Calls) -> None:
    image, _ = await _two(calls)
    made = await calls.upload(image.id, picture())

    put = await _put(calls, made, prompt=made.prompt, alt_text="  Leaves in\na heap ")

    assert (put.alt_text, put.sha256) == ("Leaves in a heap", made.sha256)
    assert put.etag != made.etag
    assert await _read(calls, made.id) == put
    with pytest.raises(RemoteRefusal) as refused:
        await _put(calls, put, prompt="Something else", alt_text="")
    assert refused.value.reason == "STATE_CONFLICT"


async def test_a_picture_that_is_not_made_yet_may_get_another_prompt(calls: Calls) -> None:
    image, _ = await _two(calls)

    put = await _put(calls, image, prompt="A worm farm", alt_text="Worms")

    assert (put.prompt, put.alt_text, put.status) == ("A worm farm", "Worms", IMAGE.STATUS_PENDING)
    # The same again is a quiet success, something else under the old etag is not.
    assert await _put(calls, image, prompt="A worm farm", alt_text="Worms") == put
    assert await refusal(_put(calls, image, prompt="Snails", alt_text="")) == "STALE_ETAG"


@pytest.mark.parametrize(
    ("prompt", "alt_text", "field"),
    [("", "", "text.prompt"), ("x" * 4001, "", "text.prompt"), ("Worms", "x" * 501, "text.alt_text")],
)
async def test_words_that_cannot_be_are_refused_by_their_field(
    calls: Calls, prompt: str, alt_text: str, field: str
) -> None:
    image, _ = await _two(calls)

    with pytest.raises(RemoteRefusal) as refused:
        await _put(calls, image, prompt=prompt, alt_text=alt_text)

    assert [fault.field for fault in refused.value.fields] == [field]


async def test_deleted_pictures_are_gone_from_their_article(calls: Calls) -> None:
    first, second = await _two(calls)

    changed = await _delete(calls, first.site_id, first.id, first.id)

    assert changed == 1
    assert await refusal(_read(calls, first.id)) == "NOT_FOUND"
    assert [one.id for one in (await calls.read_content(first.content_id)).images] == [second.id]


async def test_an_article_with_a_time_keeps_its_pictures(calls: Calls) -> None:
    site = await calls.site()
    await calls.put_settings(site.id, auto_schedule=True)
    content = await calls.content(site.id)
    (image,) = await calls.images(content.id, 1)
    await calls.upload(image.id, picture())
    await calls.writer().SubmitForReview(publisher.SubmitForReviewRequest(content_id=content.id))
    await calls.writer().ApproveContent(publisher.ApproveContentRequest(content_id=content.id))

    with pytest.raises(RemoteRefusal, match="cannot be parted from its pictures") as refused:
        await _delete(calls, site.id, image.id)

    assert refused.value.reason == "STATE_CONFLICT"
    assert (await _read(calls, image.id)).status == IMAGE.STATUS_GENERATED


async def test_a_picture_of_another_site_or_account_is_not_there(calls: Calls) -> None:
    image, _ = await _two(calls)
    other = await calls.site("Other")
    stranger, viewer = person(account_id=OTHER_ACCOUNT_ID), person(Role.VIEWER)
    words = publisher.ImageText(prompt="Mine")
    put = publisher.PutImageRequest(image_id=image.id, text=words)

    assert await refusal(_delete(calls, other.id, image.id)) == "NOT_FOUND"
    assert await refusal(_delete(calls, image.site_id, image.id, UNKNOWN)) == "NOT_FOUND"
    assert await refusal(calls.writer(stranger).PutImage(put)) == "NOT_FOUND"
    assert await refusal(calls.writer(viewer).PutImage(put)) == "PERMISSION_DENIED"
    assert (await _read(calls, image.id)).prompt == image.prompt


async def test_images_are_exported(calls: Calls) -> None:
    first, second = await _two(calls)

    found = await rows(calls.writer().ExportImages(publisher.ExportImagesRequest(site_id=first.site_id)))

    assert [(one["id"], one["position"], one["status"]) for one in found] == [
        (first.id, "0", "pending"),
        (second.id, "1", "pending"),
    ]


async def _two(calls: Calls) -> list[publisher.Image]:
    """The featured image of an article and another."""
    site = await calls.site()
    content = await calls.content(site.id)
    return await calls.images(content.id, 2)


async def _read(calls: Calls, image_id: str) -> publisher.Image:
    return (await calls.writer().GetImage(publisher.GetImageRequest(image_id=image_id))).image


async def _put(calls: Calls, image: publisher.Image, *, prompt: str, alt_text: str) -> publisher.Image:
    text = publisher.ImageText(prompt=prompt, alt_text=alt_text)
    request = publisher.PutImageRequest(image_id=image.id, text=text, etag=image.etag)
    return (await calls.writer().PutImage(request)).image


async def _delete(calls: Calls, site_id: str, *ids: str) -> int:
    action = publisher.ChangeImagesRequest.ACTION_DELETE
    request = publisher.ChangeImagesRequest(site_id=site_id, ids=ids, action=action)
    return (await calls.writer().ChangeImages(request)).changed
