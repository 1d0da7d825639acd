"""What targets are given: pictures by their hash, and a memory that is bound to one place."""

from dataclasses import replace

import pytest

from chassis.refusal import NotFound
from services.publisher.domain.connection import Access
from services.publisher.domain.remote_object import RemoteKind, RemoteObject
from services.publisher.domain.target import Target
from services.publisher.targets.remembering import StoredMemory, StoredPictures
from tests.publisher.newsroom import Newsroom

COVER = RemoteObject(
    kind=RemoteKind.MEDIA, key="ab" * 32, remote_id="35", remote_url="https://garden.example/cover.png"
)


def _access(newsroom: Newsroom) -> Access:
    site = newsroom.site()
    return Access(
        account_id=site.account_id, site_id=site.id, target=Target.WORDPRESS, url="https://garden.example"
    )


async def test_what_was_booked_is_recalled_by_its_kind_and_key(newsroom: Newsroom) -> None:
    memory, access = StoredMemory(newsroom.transactions, newsroom.clock), _access(newsroom)
    await memory.remember(access, COVER)

    found = await memory.recall(access, RemoteKind.MEDIA, [COVER.key, "cd" * 32])

    assert found == {COVER.key: COVER}
    assert await memory.recall(access, RemoteKind.TAG, [COVER.key]) == {}


async def test_a_later_id_takes_the_place_of_the_one_before(newsroom: Newsroom) -> None:
    memory, access = StoredMemory(newsroom.transactions, newsroom.clock), _access(newsroom)
    await memory.remember(access, COVER)

    await memory.remember(access, replace(COVER, remote_id="36"))

    assert (await memory.recall(access, RemoteKind.MEDIA, [COVER.key]))[COVER.key].remote_id == "36"


async def test_what_is_forgotten_is_gone_and_forgetting_again_is_quiet(newsroom: Newsroom) -> None:
    memory, access = StoredMemory(newsroom.transactions, newsroom.clock), _access(newsroom)
    await memory.remember(access, COVER)

    for _ in range(2):
        await memory.forget(access, COVER.kind, COVER.key)

    assert await memory.recall(access, RemoteKind.MEDIA, [COVER.key]) == {}


async def test_nothing_is_remembered_at_another_place_or_for_another_site(newsroom: Newsroom) -> None:
    memory, access = StoredMemory(newsroom.transactions, newsroom.clock), _access(newsroom)
    await memory.remember(access, COVER)

    elsewhere = replace(access, url="https://other.example")

    assert await memory.recall(elsewhere, RemoteKind.MEDIA, [COVER.key]) == {}
    assert await memory.recall(_access(newsroom), RemoteKind.MEDIA, [COVER.key]) == {}


async def test_a_picture_is_read_whole_by_its_hash(newsroom: Newsroom) -> None:
    pictures = StoredPictures(newsroom.transactions)
    image = newsroom.image(newsroom.draft(newsroom.site()))

    picture = await pictures.read(image.content_hash)

    assert (picture.data, picture.media_type, picture.width) == (b"png", "image/png", 1200)
    with pytest.raises(NotFound):
        await pictures.read("cd" * 32)
