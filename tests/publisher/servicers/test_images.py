"""Pictures over gRPC: uploads that are looked into, bytes stored once, streams that can be kept for ever."""

import asyncio
import hashlib
import struct
import zlib
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody
from igny8.publisher import v1 as publisher
from sqlalchemy import func, select

from chassis.errors import RemoteRefusal
from chassis.identity import Role
from chassis.testing.callers import OTHER_ACCOUNT_ID, person, service
from services.publisher.store import tables
from tests.publisher.newsroom import Newsroom
from tests.publisher.servicers.calls import Calls, article
from tests.publisher.servicers.outcome import refusal
from tests.publisher.servicers.pictures import noise, picture

IMAGE = publisher.Image


@pytest.mark.parametrize(
    ("kind", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")]
)
async def test_an_uploaded_picture_is_told_by_its_bytes(calls: Calls, kind: str, media_type: str) -> None:
    image = await _pending(calls)
    data = picture(kind, width=40, height=30)

    made = await calls.upload(image.id, data, media_type=media_type)

    sha256 = hashlib.sha256(data).hexdigest()
    assert made.status == IMAGE.STATUS_GENERATED
    assert (made.media_type, made.width, made.height) == (media_type, 40, 30)
    assert (made.sha256, made.url, made.model_name) == (sha256, f"/media/{sha256}", "offline-image-1")


async def test_the_same_bytes_again_answer_the_image(calls: Calls) -> None:
    image = await _pending(calls)
    first = await calls.upload(image.id, picture())

    again = await calls.upload(image.id, picture())

    assert again == first


async def test_other_bytes_for_a_made_image_are_refused(calls: Calls) -> None:
    image = await _pending(calls)
    first = await calls.upload(image.id, picture())

    reason = await refusal(calls.upload(image.id, picture(colour="red")))

    found = await calls.read_content(image.content_id)
    assert reason == "STATE_CONFLICT"
    assert first in found.images


async def test_bytes_that_two_images_share_are_stored_once(calls: Calls, newsroom: Newsroom) -> None:
    one, two = await _pending(calls), await _pending(calls)

    await asyncio.gather(calls.upload(one.id, picture()), calls.upload(two.id, picture()))

    with newsroom.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(tables.image_blob)).scalar_one() == 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "REQUEST_INVALID"),
        (b"<svg onload='x()'/>", "REQUEST_INVALID"),
        (b"GIF89a" + b"\0" * 40, "REQUEST_INVALID"),
        (picture("JPEG", width=200, height=200)[:300], "REQUEST_INVALID"),
        (picture("PNG")[:40], "REQUEST_INVALID"),
        (picture("PNG").replace(b"IDAT", b"IDOT"), "REQUEST_INVALID"),
        (picture("PNG") + b"\0" * 20_000_000, "PAYLOAD_TOO_LARGE"),
    ],
    ids=["empty", "svg", "gif", "half a jpeg", "half a png", "broken png", "too large"],
)
async def test_what_is_no_whole_picture_is_refused_and_the_image_stays_pending(
    calls: Calls, data: bytes, reason: str
) -> None:
    image = await _pending(calls)

    found = await refusal(calls.upload(image.id, data))

    assert found == reason
    assert (await calls.read_content(image.content_id)).images[0].status == IMAGE.STATUS_PENDING


async def test_a_small_file_that_would_unpack_to_gigabytes_is_refused_by_its_header(calls: Calls) -> None:
    image = await _pending(calls)

    with pytest.raises(RemoteRefusal) as refused:
        await calls.upload(image.id, _bomb(width=30_000, height=30_000))

    assert refused.value.reason == "PAYLOAD_TOO_LARGE"
    assert refused.value.metadata["unit"] == "pixels"


async def test_bytes_that_are_not_what_they_are_said_to_be_are_refused(calls: Calls) -> None:
    image = await _pending(calls)

    with pytest.raises(RemoteRefusal) as refused:
        await calls.upload(image.id, picture("JPEG"), media_type="image/png")

    assert [fault.field for fault in refused.value.fields] == ["media_type"]


async def test_an_upload_that_names_no_image_or_a_strange_one_is_refused(calls: Calls) -> None:
    image = await _pending(calls)

    nameless = await refusal(calls.upload("", picture()))
    silent = await refusal(calls.pipeline().UploadImage(_nothing()))
    stranger = await refusal(calls.upload(image.id, picture(), caller=service(account_id=OTHER_ACCOUNT_ID)))
    viewer = await refusal(calls.upload(image.id, picture(), caller=person(Role.OWNER)))

    assert (nameless, silent) == ("REQUEST_INVALID", "REQUEST_INVALID")
    assert (stranger, viewer) == ("NOT_FOUND", "PERMISSION_DENIED")


async def test_a_picture_that_failed_says_why_and_can_still_be_made(calls: Calls) -> None:
    image = await _pending(calls)
    failed = await _fail(calls, image.id, "The model refused.")
    repeated = await _fail(calls, image.id, "Another sentence.")

    made = await calls.upload(image.id, picture())

    assert (failed.status, failed.error) == (IMAGE.STATUS_FAILED, "The model refused.")
    assert repeated == failed
    assert (made.status, made.error) == (IMAGE.STATUS_GENERATED, "")


async def test_a_failure_that_comes_after_the_picture_does_not_undo_it(calls: Calls) -> None:
    image = await _pending(calls)
    made = await calls.upload(image.id, picture())

    assert await _fail(calls, image.id, "too late") == made


async def test_an_article_by_hand_goes_to_review_with_its_last_picture(calls: Calls) -> None:
    first, last = await _by_hand(calls)
    await calls.upload(first.id, picture())
    before = await calls.read_content(first.content_id)

    await calls.upload(last.id, picture(colour="red"))

    after = await calls.read_content(first.content_id)
    assert before.status == publisher.Content.STATUS_DRAFT
    assert after.status == publisher.Content.STATUS_REVIEW


async def test_an_article_by_hand_goes_to_review_when_its_last_picture_failed(calls: Calls) -> None:
    first, last = await _by_hand(calls)
    await calls.upload(first.id, picture())

    await _fail(calls, last.id, "The model refused.")

    assert (await calls.read_content(first.content_id)).status == publisher.Content.STATUS_REVIEW


async def test_two_last_pictures_at_once_take_the_article_into_review_once(
    calls: Calls, newsroom: Newsroom
) -> None:
    first, last = await _by_hand(calls)

    await asyncio.gather(calls.upload(first.id, picture()), calls.upload(last.id, picture()))

    assert (await calls.read_content(first.content_id)).status == publisher.Content.STATUS_REVIEW
    assert newsroom.events() == ["created", "ready_for_review"]


async def test_an_article_of_a_run_stays_a_draft_when_its_pictures_are_made(calls: Calls) -> None:
    image = await _pending(calls)

    await calls.upload(image.id, picture())

    assert (await calls.read_content(image.content_id)).status == publisher.Content.STATUS_DRAFT


async def test_anybody_reads_the_bytes_by_their_hash_and_may_keep_them_for_ever(calls: Calls) -> None:
    image = await _pending(calls)
    data = noise(bytes_least=1_500_000)
    made = await calls.upload(image.id, data)

    parts, headers = await _download(calls, made.sha256)

    assert b"".join(part.data for part in parts) == data
    assert (parts[0].content_type, parts[1].content_type) == ("image/png", "")
    assert max(len(part.data) for part in parts) == 256 * 1024
    assert headers["x-http-etag"] == f'"{made.sha256}"'
    assert headers["x-http-cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("sha256", "reason"), [("0" * 64, "NOT_FOUND"), ("0" * 63, "REQUEST_INVALID"), ("", "REQUEST_INVALID")]
)
async def test_unknown_bytes_are_not_found(calls: Calls, sha256: str, reason: str) -> None:
    call = calls.anybody().GetImageBytes(publisher.GetImageBytesRequest(sha256=sha256))

    assert await refusal(anext(aiter(call))) == reason


async def test_images_are_listed_by_content_status_and_id(calls: Calls) -> None:
    site = await calls.site()
    one, two = await calls.content(site.id), await calls.content(site.id)
    (first, second), (third,) = await calls.images(one.id, 2), await calls.images(two.id, 1)
    await calls.upload(second.id, picture())

    every = await _list(calls, site.id)
    of_content = await _list(calls, site.id, content_id=one.id)
    pending = await _list(calls, site.id, status=IMAGE.STATUS_PENDING)
    named = await _list(calls, site.id, ids=[first.id, third.id])

    assert every == [third.id, second.id, first.id]
    assert of_content == [second.id, first.id]
    assert pending == [third.id, first.id]
    assert named == [third.id, first.id]


async def _pending(calls: Calls) -> publisher.Image:
    """The featured image of an article that a run wrote."""
    site = await calls.site()
    content = await calls.content(site.id)
    return (await calls.images(content.id, 1))[0]


async def _by_hand(calls: Calls) -> list[publisher.Image]:
    """The two images of an article that a person asked for."""
    site = await calls.site()
    task = await calls.task(site.id)
    saved = await calls.pipeline().SaveContent(article(task.id, images_wanted=True))
    return await calls.images(saved.content.id, 2)


async def _fail(calls: Calls, image_id: str, error: str) -> publisher.Image:
    request = publisher.FailImageRequest(image_id=image_id, error=error)
    return (await calls.pipeline().FailImage(request)).image


async def _download(calls: Calls, sha256: str) -> tuple[list[HttpBody], dict[str, str | bytes]]:
    """The parts and the headers, as the gateway gets them: by a plain channel without a token."""
    async with grpc.aio.insecure_channel(calls.served.target) as channel:
        call = publisher.WriterServiceStub(channel).GetImageBytes(
            publisher.GetImageBytesRequest(sha256=sha256), timeout=10
        )
        return [part.body async for part in call], dict(await call.initial_metadata())


async def _list(calls: Calls, site_id: str, **filters: Any) -> list[str]:
    request = publisher.ListImagesRequest(site_id=site_id, **filters)
    return [image.id for image in (await calls.writer().ListImages(request)).images]


async def _nothing() -> AsyncIterator[publisher.UploadImageRequest]:
    nothing: tuple[publisher.UploadImageRequest, ...] = ()
    for request in nothing:
        yield request


def _bomb(*, width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes whose header promises that many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + _chunk(b"IEND", b"")
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
