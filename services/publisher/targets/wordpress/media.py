"""Pictures in the media library, each once by its bytes, however many articles show it."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final

from services.publisher.domain.picture import Picture
from services.publisher.targets.port import PicturePort
from services.publisher.targets.wordpress import marks
from services.publisher.targets.wordpress.client import WordPressClient
from services.publisher.targets.wordpress.faults import Trouble, WordPressFault
from services.publisher.targets.wordpress.terms import not_accepted
from services.publisher.targets.wordpress.turns import turn

_ENDINGS: Final = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
_FIELDS: Final = "id,slug,source_url,missing_image_sizes"


@dataclass(frozen=True, slots=True)
class Shown:
    """How an article shows a picture: plain text for who does not see it, and its name in the library."""

    alt_text: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A picture in the library."""

    id: int
    source_url: str


async def find_or_upload(
    client: WordPressClient, wanted: Mapping[str, Shown], *, pictures: PicturePort
) -> dict[str, Media]:
    """Each picture by its SHA-256, uploaded where the library has none of these bytes.

    Raises WordPressFault, and NotFound for bytes that are not here.
    """
    media: dict[str, Media] = {}
    async with AsyncExitStack() as held:
        for sha256 in sorted(wanted):
            await held.enter_async_context(turn(client, sha256))
        there = await _library(client, list(wanted))
        for sha256, shown in wanted.items():
            found = there.get(marks.media_slug(sha256))
            if found:
                await _complete(client, found[0])
                media[sha256] = _media(found[0])
            else:
                media[sha256] = await _upload(client, await pictures.read(sha256), sha256, shown)
    return media


async def sweep(client: WordPressClient, sha256s: Sequence[str]) -> None:
    """Delete all but the oldest of each picture: an upload that was given up may still have come to its end."""
    for _, *others in (await _library(client, sha256s)).values():
        for other in others:
            await client.delete(f"media/{int(other['id'])}")


async def _library(client: WordPressClient, sha256s: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """What there is of these pictures, by the slug that was asked for, the oldest first: that is the one."""
    if not sha256s:
        return {}
    slugs = [marks.media_slug(sha256) for sha256 in sha256s]
    asked = [each for slug in slugs for each in marks.with_copies(slug)]
    found: dict[str, list[dict[str, Any]]] = {}
    # WordPress gives at most 100 at once.
    for start in range(0, len(asked), 90):
        some = ",".join(asked[start : start + 90])
        reply = await client.get("media", slug=some, per_page=100, orderby="id", order="asc", _fields=_FIELDS)
        if reply.status != 200 or not isinstance(reply.data, list):
            raise not_accepted(client, reply)
        for item in reply.items:
            slug = next(slug for slug in slugs if marks.bears(str(item["slug"]), slug))
            found.setdefault(slug, []).append(item)
    return found


async def _upload(client: WordPressClient, picture: Picture, sha256: str, shown: Shown) -> Media:
    slug = marks.media_slug(sha256)
    reply = await client.upload(
        picture.data,
        media_type=picture.media_type,
        file_name=f"{slug}.{_ENDINGS[picture.media_type]}",
        parameters={"slug": slug, "alt_text": shown.alt_text, "title": shown.title},
    )
    if reply.status == 412:
        raise WordPressFault(Trouble.CHANGED_MEANWHILE, host=client.account.host, said="the picture's bytes")
    if reply.status == 403:
        raise WordPressFault(Trouble.MAY_NOT_UPLOAD, host=client.account.host, user=client.account.user)
    if reply.status != 201:
        raise WordPressFault(Trouble.PICTURE_NOT_ACCEPTED, host=client.account.host, said=reply.said)
    made = reply.item
    if made["slug"] == slug:
        return _media(made)
    # Somebody else was uploading the same at the same time; theirs is the older one.
    first = (await _library(client, [sha256]))[slug][0]
    if int(first["id"]) != int(made["id"]):
        await client.delete(f"media/{int(made['id'])}")
    return _media(first)


async def _complete(client: WordPressClient, item: dict[str, Any]) -> None:
    """An upload that broke off in WordPress itself left a picture without some of its sizes."""
    if item.get("missing_image_sizes"):
        await client.post(f"media/{int(item['id'])}/post-process", {"action": "create-image-subsizes"})


def _media(item: dict[str, Any]) -> Media:
    return Media(id=int(item["id"]), source_url=str(item["source_url"]))
