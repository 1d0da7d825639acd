"""Brings an article to a WordPress, so that its readers see it there once; the order of the steps is the promise.

1. Look for the post: by its id once that is known, before that by its slug, which only we can have chosen.
2. Make it, hidden, where there is none; have its id kept before anything else happens to it.
3. Pictures by the hash of their bytes, terms by their names: each looked up before it is made.
4. One update makes it whole and visible. It may be repeated.

A step whose answer was lost is not repeated: the next attempt begins with the first.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from services.publisher.domain.content_text import ContentText
from services.publisher.domain.image import Image, ImageType
from services.publisher.targets.port import PicturePort
from services.publisher.targets.wordpress import body, marks, media, posts, terms
from services.publisher.targets.wordpress.client import WordPressClient
from services.publisher.targets.wordpress.faults import Ending, Trouble, WordPressFault
from services.publisher.targets.wordpress.marks import Mark
from services.publisher.targets.wordpress.posts import Post
from services.publisher.targets.wordpress.terms import Taxonomy

KeepId = Callable[[int], Awaitable[None]]
"""Keeps the id of the post for all attempts to come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What is to be shown. `marker` names its publication; `images` are those that are made, by position.

    `post_id` is that of its post at this WordPress, None until it was made; `post_id_elsewhere` that of its post at an
    address that the site may have had before. `is_retry`: an attempt before this one may have left something that
    nobody here knows of.
    """

    marker: str
    text: ContentText
    slug: str
    images: Sequence[Image] = field(default=())
    post_id: int | None = None
    post_id_elsewhere: int | None = None
    is_retry: bool = False


async def publish(
    client: WordPressClient, article: Article, *, pictures: PicturePort, keep_id: KeepId
) -> Post:
    """The post as readers see it from now on. Raises WordPressFault."""
    post = await _own_post(client, article, keep_id=keep_id)
    arrived = post.status == "publish" and post.mark == _mark(article)
    if arrived and post.was_edited:
        return post
    if post.was_edited:
        raise WordPressFault(Trouble.POST_EDITED, host=client.account.host)
    try:
        return await _show(client, article, post, pictures=pictures)
    except WordPressFault as fault:
        if arrived and fault.ending in (Ending.CONTENT_REFUSED, Ending.ACCESS_REFUSED):
            # Readers see it already, by an attempt whose answer was lost.
            return post
        raise


async def unpublish(client: WordPressClient, article: Article) -> None:
    """Readers no longer see it. What is gone or hidden already is a quiet success. Raises WordPressFault."""
    post = await _known_post(client, replace(article, is_retry=False))
    if post is None:
        post = await posts.find(client, article.marker)
    if post is None or post.is_in_trash or post.status == posts.HIDDEN:
        return
    if not post.is_of(article.marker):
        raise WordPressFault(Trouble.POST_EDITED, host=client.account.host)
    await posts.hide(client, post)


async def _own_post(client: WordPressClient, article: Article, *, keep_id: KeepId) -> Post:
    """The publication's post, made if there is none; nobody else's, and none that somebody took out of the way."""
    post = await _known_post(client, article)
    if post is None:
        post = await posts.find(client, article.marker)
    if post is None:
        post = await posts.create(client, article.marker, title=article.text.title)
    if post.is_in_trash:
        raise WordPressFault(Trouble.POST_TRASHED, host=client.account.host)
    if not post.is_of(article.marker):
        raise WordPressFault(Trouble.POST_EDITED, host=client.account.host)
    if post.id != article.post_id:
        await keep_id(post.id)
    return post


async def _known_post(client: WordPressClient, article: Article) -> Post | None:
    """The post by its id. One that was deleted since is made anew only when somebody asks for that."""
    if article.post_id is None:
        if article.post_id_elsewhere is None:
            return None
        moved = await posts.get(client, article.post_id_elsewhere)
        return moved if moved and moved.is_of(article.marker) else None
    post = await posts.get(client, article.post_id)
    if post is None and article.is_retry:
        raise WordPressFault(Trouble.POST_DELETED, host=client.account.host)
    return post


async def _show(client: WordPressClient, article: Article, post: Post, *, pictures: PicturePort) -> Post:
    shown = {image.content_hash: media.Shown(image.alt_text, article.text.title) for image in article.images}
    for sha256 in body.pictures_in(article.text.html):
        shown.setdefault(sha256, media.Shown("", article.text.title))
    library = await media.find_or_upload(client, shown, pictures=pictures)
    wanted = await _wanted(client, article, library)
    published = await posts.show(client, post, wanted)
    if article.is_retry:
        await posts.sweep(client, {article.marker: published.id})
        await media.sweep(client, list(library))
    return published


async def _wanted(client: WordPressClient, article: Article, library: dict[str, media.Media]) -> posts.Wanted:
    featured = [image for image in article.images if image.image_type is ImageType.FEATURED]
    figures = [image for image in article.images if image.image_type is ImageType.IN_ARTICLE]
    return posts.Wanted(
        title=article.text.title,
        text=_mark(article).put_into(body.post_html(article.text.html, figures, library)),
        excerpt=article.text.excerpt,
        slug=article.slug,
        categories=await terms.find_or_create(client, Taxonomy.CATEGORIES, article.text.categories),
        tags=await terms.find_or_create(client, Taxonomy.TAGS, article.text.tags),
        featured_media=library[featured[0].content_hash].id if featured else 0,
    )


def _mark(article: Article) -> Mark:
    """Pictures are no words, so it does not depend on them."""
    return marks.Mark.of(article.marker, body.post_html(article.text.html, (), {}))
