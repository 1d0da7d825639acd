"""The post of a publication: found before it is made, made hidden, then shown by one update that may be repeated."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from services.publisher.targets.wordpress import marks
from services.publisher.targets.wordpress.answers import Reply
from services.publisher.targets.wordpress.client import WordPressClient
from services.publisher.targets.wordpress.faults import Ending, Trouble, WordPressFault
from services.publisher.targets.wordpress.terms import not_accepted

_FIELDS: Final = "id,slug,status,link,content.raw"
_EVERYWHERE: Final = "any,trash"
"""`any` leaves out the trash."""

HIDDEN: Final = "draft"

_SWEPT_AT_ONCE: Final = 20
"""Their slugs stand in an address, which some servers take up to 4 KB of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post as WordPress has it; `raw` is its text as an editor sees it there."""

    id: int
    slug: str
    status: str
    link: str
    raw: str

    @property
    def is_in_trash(self) -> bool:
        return self.status == "trash"

    @property
    def mark(self) -> marks.Mark | None:
        return marks.Mark.found_in(self.raw)

    def is_of(self, marker: str) -> bool:
        """Whether it is the post of this publication, by either of its two names."""
        mark = self.mark
        return marks.bears(self.slug, marks.post_slug(marker)) or (mark is not None and mark.marker == marker)

    @property
    def was_edited(self) -> bool:
        """Whether somebody changed its words in WordPress; a draft that has no text yet was not."""
        mark = self.mark
        return mark.digest != marks.text_digest(self.raw) if mark else bool(self.raw.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a post is to be. Title and excerpt are plain text; `text` has its mark in it."""

    title: str
    text: str
    excerpt: str
    slug: str
    categories: Sequence[int]
    tags: Sequence[int]
    featured_media: int


async def get(client: WordPressClient, post_id: int) -> Post | None:
    """The post with this id; None when there is none any more. Raises WordPressFault."""
    reply = await client.get(f"posts/{post_id}", _fields=_FIELDS)
    if reply.status in (404, 410):
        return None
    return _post(_checked(client, reply, writes=False))


async def find(client: WordPressClient, marker: str) -> Post | None:
    """The post of a publication that was not shown yet, also in the trash; None when there is none.

    Several, which a create that came late has left, become one: the others are deleted.
    """
    found = await _bearing(client, marker)
    if not found:
        return None
    kept, *others = sorted(found, key=lambda post: (post.is_in_trash, post.id))
    await _delete_drafts(client, others)
    return kept


async def create(client: WordPressClient, marker: str, *, title: str) -> Post:
    """A new draft, which no reader sees. Raises WordPressFault.

    WordPress does not refuse a slug that is taken but changes it: then somebody made the post at the same time, and
    the older one is the one.
    """
    slug = marks.post_slug(marker)
    reply = await client.post("posts", {"title": _escaped(title), "slug": slug, "status": HIDDEN})
    made = _post(_checked(client, reply, writes=True))
    if made.slug == slug:
        return made
    found = await find(client, marker)
    return found or made


async def show(client: WordPressClient, post: Post, wanted: Wanted) -> Post:
    """Make it what is wanted and visible, by one update. Raises WordPressFault.

    The address is set once, when it is first shown; readers and people at the site may rely on it from then on.
    """
    asked: dict[str, Any] = {
        "title": _escaped(wanted.title),
        "content": wanted.text,
        "excerpt": _escaped(wanted.excerpt),
        "categories": list(wanted.categories),
        "tags": list(wanted.tags),
        "featured_media": wanted.featured_media,
        "status": "publish",
    }
    if post.slug.startswith("igny8-"):
        asked["slug"] = wanted.slug
    reply = await _update(client, post.id, asked)
    if reply.item["status"] == "future":
        # Somebody planned it in WordPress for later: without a date it would stay planned.
        reply = await _update(client, post.id, {**asked, "date_gmt": _their_now(reply.headers)})
    _compare(client, reply, asked)
    return _post(reply)


async def hide(client: WordPressClient, post: Post) -> None:
    """Make it a draft: readers no longer see it, and what people added to it in WordPress stays. Raises WordPressFault.

    The trash would rename it, and WordPress empties that after thirty days.
    """
    reply = await _update(client, post.id, {"status": HIDDEN})
    if reply.item["status"] not in (HIDDEN, "trash"):
        raise _changed_meanwhile(client, "the post hidden")


async def sweep(client: WordPressClient, keep: Mapping[str, int]) -> None:
    """Delete drafts beside the posts that are kept, given by marker: a create that was given up may have come to its end
    later."""
    markers = list(keep)
    for start in range(0, len(markers), _SWEPT_AT_ONCE):
        some = markers[start : start + _SWEPT_AT_ONCE]
        slugs = [slug for marker in some for slug in marks.with_copies(marks.post_slug(marker))]
        found = await _by_slugs(client, slugs)
        await _delete_drafts(client, [post for post in found if post.id not in keep.values()])


async def states(client: WordPressClient, post_ids: Sequence[int]) -> dict[int, Post]:
    """The posts with these ids (at most 100), also those in the trash; one that was deleted is left out."""
    ids = ",".join(str(post_id) for post_id in post_ids)
    reply = await client.get("posts", include=ids, status=_EVERYWHERE, per_page=100, _fields=_FIELDS)
    if reply.status != 200 or not isinstance(reply.data, list):
        raise not_accepted(client, reply)
    return {post.id: post for post in (_post(reply, item) for item in reply.items)}


async def _bearing(client: WordPressClient, marker: str) -> list[Post]:
    slugs = marks.with_copies(marks.post_slug(marker))
    return await _by_slugs(client, [*slugs, *(slug + marks.TRASHED for slug in slugs)])


async def _by_slugs(client: WordPressClient, slugs: Sequence[str]) -> list[Post]:
    reply = await client.get(
        "posts",
        slug=",".join(slugs),
        status=_EVERYWHERE,
        orderby="id",
        order="asc",
        per_page=100,
        _fields=_FIELDS,
    )
    if reply.status != 200 or not isinstance(reply.data, list):
        raise not_accepted(client, reply)
    return [_post(reply, item) for item in reply.items]


async def _delete_drafts(client: WordPressClient, posts: Sequence[Post]) -> None:
    for post in posts:
        if post.status == HIDDEN:
            await client.delete(f"posts/{post.id}")


async def _update(client: WordPressClient, post_id: int, fields: Mapping[str, Any]) -> Reply:
    return _checked(client, await client.post(f"posts/{post_id}", fields), writes=True)


def _checked(client: WordPressClient, reply: Reply, *, writes: bool) -> Reply:
    """The reply, when it is about a post."""
    host, user = client.account.host, client.account.user
    if reply.status in (200, 201):
        if isinstance(reply.data, dict) and "id" in reply.data:
            return reply
        raise WordPressFault(
            Trouble.ANSWER_UNREADABLE, ending=Ending.LOST if writes else None, host=host, status=reply.status
        )
    if reply.status in (404, 410):
        raise WordPressFault(Trouble.POST_DELETED, host=host)
    if reply.status == 403:
        trouble = Trouble.MAY_NOT_EDIT if reply.code == "rest_cannot_edit" else Trouble.MAY_NOT_PUBLISH
        raise WordPressFault(trouble, user=user)
    raise not_accepted(client, reply)


def _compare(client: WordPressClient, reply: Reply, asked: Mapping[str, Any]) -> None:
    """WordPress leaves out what it does not know, without a word."""
    got = reply.item
    if got["status"] != "publish":
        raise WordPressFault(
            Trouble.NOT_ACCEPTED,
            host=client.account.host,
            status=reply.status,
            said=f"it left the post as {got['status']}.",
        )
    for field in ("categories", "tags"):
        # Without a category WordPress chooses its own.
        if asked[field] and set(got[field]) != set(asked[field]):
            raise _changed_meanwhile(client, f"the {field}")
    if got["featured_media"] != asked["featured_media"]:
        raise _changed_meanwhile(client, "the featured image")


def _changed_meanwhile(client: WordPressClient, said: str) -> WordPressFault:
    return WordPressFault(Trouble.CHANGED_MEANWHILE, host=client.account.host, said=said, ending=Ending.LOST)


def _their_now(headers: Mapping[str, str]) -> str:
    """The instant by WordPress's clock: by ours it may lie ahead of it, and would be another plan."""
    given = headers.get("date")
    at = parsedate_to_datetime(given) if given else datetime.now(UTC)
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _escaped(plain: str) -> str:
    """Plain text as HTML, in which nothing is a shortcode."""
    return html.escape(plain, quote=False).replace("[", "&#91;").replace("]", "&#93;")


def _post(reply: Reply, item: Mapping[str, Any] | None = None) -> Post:
    found = reply.item if item is None else item
    return Post(
        id=int(found["id"]),
        slug=str(found["slug"]),
        status=str(found["status"]),
        link=str(found["link"]),
        raw=str(found.get("content", {}).get("raw", "")),
    )
