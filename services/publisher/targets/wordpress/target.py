"""WordPress behind the port of targets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from chassis.outgoing import Outgoing
from services.publisher.domain.cause import Cause
from services.publisher.domain.connection import Access
from services.publisher.domain.delivery import (
    AccessRefused,
    AnswerLost,
    Delivery,
    DeliveryEnded,
    DeliveryRefused,
    Placed,
    TargetUnavailable,
)
from services.publisher.domain.finding import Finding, Findings
from services.publisher.domain.publication import Publication
from services.publisher.domain.remote_object import RemoteKind, RemoteObject
from services.publisher.domain.seen import Seen, SeenState
from services.publisher.targets.port import PicturePort, RemoteMemory
from services.publisher.targets.wordpress import articles, posts, preflight
from services.publisher.targets.wordpress.articles import Article
from services.publisher.targets.wordpress.client import Account, WordPressClient
from services.publisher.targets.wordpress.faults import Ending, Trouble, WordPressFault

ATTEMPT_SECONDS_MAX: Final = 20.0
"""Less than the publisher waits. What was done by then stays, and the next attempt goes on from there."""

DIAGNOSIS_SECONDS_MAX: Final = 4.0

_UNCLEAR: Final = frozenset(
    {Trouble.PASSWORD_WRONG, Trouble.ANSWER_UNREADABLE, Trouble.REDIRECTED, Trouble.BLOCKED}
)
"""What a test of the connection can name better than the call that ran into it."""


class WordPressTarget:
    """Posts of a WordPress. What it promises is in `articles`."""

    def __init__(self, outgoing: Outgoing, *, pictures: PicturePort, memory: RemoteMemory) -> None:
        self._outgoing = outgoing
        self._pictures = pictures
        self._memory = memory
        self._plain: set[str] = set()
        """Addresses of those that were found without pretty permalinks."""

    async def publish(self, delivery: Delivery) -> Placed:
        access, marker = delivery.access, delivery.publication.marker

        async def keep_id(post_id: int) -> None:
            remote = RemoteObject(kind=RemoteKind.POST, key=marker, remote_id=str(post_id))
            await self._memory.remember(access, remote)

        article = await self._article(delivery)
        async with self._translated(access) as client:
            post = await articles.publish(client, article, pictures=self._pictures, keep_id=keep_id)
        return Placed(external_id=str(post.id), external_url=post.link)

    async def unpublish(self, delivery: Delivery) -> None:
        article = await self._article(delivery)
        async with self._translated(delivery.access) as client:
            await articles.unpublish(client, article)

    async def check(self, access: Access) -> Findings:
        client = self._client(access)
        account = client.account
        try:
            ready = await preflight.check(client)
        except WordPressFault as fault:
            return Findings.of(Finding(cause=fault.trouble.cause, sentence=fault.sentence))
        self._note_form(account, plain=ready.plain)
        about = f"WordPress at {account.host} ({ready.site_name}), as {account.user}."
        if ready.may_create_categories:
            return Findings.of(about=about)
        warning = (
            f"The WordPress user {account.user} may not create categories, so articles are published in those that "
            "are there, and refused with others. Give it the role Editor to have them created."
        )
        return Findings.of(Finding(cause=Cause.RIGHTS_MISSING, sentence=warning, blocks=False), about=about)

    async def state_of(self, access: Access, publications: Sequence[Publication]) -> Mapping[str, Seen]:
        markers = [publication.marker for publication in publications]
        known = await self._memory.recall(access, RemoteKind.POST, markers)
        ids = {one.id: int(known[one.marker].remote_id) for one in publications if one.marker in known}
        if not ids:
            return {}
        async with self._translated(access) as client:
            there = await posts.states(client, list(ids.values()))
            retried = {one.marker: ids[one.id] for one in publications if one.attempts > 1 and one.id in ids}
            await posts.sweep(client, retried)
        host = client.account.host
        return {one: _seen(there.get(post_id), host=host) for one, post_id in ids.items()}

    async def _article(self, delivery: Delivery) -> Article:
        publication = delivery.publication
        known = await self._memory.recall(delivery.access, RemoteKind.POST, [publication.marker])
        remote = known.get(publication.marker)
        elsewhere = publication.external_id
        return Article(
            marker=publication.marker,
            text=delivery.content.text,
            slug=delivery.content.slug,
            images=delivery.images,
            post_id=int(remote.remote_id) if remote else None,
            post_id_elsewhere=int(elsewhere) if elsewhere.isdecimal() else None,
            is_retry=publication.attempts > 1,
        )

    @contextlib.asynccontextmanager
    async def _translated(self, access: Access) -> AsyncIterator[WordPressClient]:
        """The client; its faults become the port's endings, and unclear ones are looked into."""
        client = self._client(access)
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS_MAX):
                yield client
        except WordPressFault as fault:
            raise _ended(await self._looked_into(client, fault)) from fault
        except TimeoutError:
            sentence = (
                f"{client.account.host} took longer than {ATTEMPT_SECONDS_MAX:g} seconds for all of it. "
                "It goes on by itself from where it was."
            )
            raise AnswerLost(sentence, cause=Cause.TOO_SLOW) from None

    async def _looked_into(self, client: WordPressClient, fault: WordPressFault) -> WordPressFault:
        if fault.trouble not in _UNCLEAR or fault.ending is Ending.LOST:
            return fault
        try:
            async with asyncio.timeout(DIAGNOSIS_SECONDS_MAX):
                ready = await preflight.check(client)
        except WordPressFault as named:
            return named
        except TimeoutError:
            return fault
        self._note_form(client.account, plain=ready.plain)
        if fault.trouble in (Trouble.BLOCKED, Trouble.REDIRECTED) and ready.plain == client.plain:
            # Calls get through, and this one does not: firewalls read texts too.
            return fault.ending_as(Ending.CONTENT_REFUSED)
        return fault.ending_as(Ending.UNAVAILABLE)

    def _client(self, access: Access) -> WordPressClient:
        password = access.secrets[0].reveal() if access.secrets else ""
        account = Account(url=access.url, user=access.username, password=password)
        return WordPressClient(self._outgoing, account, plain=account.base in self._plain)

    def _note_form(self, account: Account, *, plain: bool) -> None:
        if plain:
            self._plain.add(account.base)
        else:
            self._plain.discard(account.base)


def _ended(fault: WordPressFault) -> DeliveryEnded:
    cause = fault.trouble.cause
    if fault.ending is Ending.UNAVAILABLE:
        return TargetUnavailable(fault.sentence, cause=cause, retry_after_seconds=fault.retry_after_seconds)
    kinds = {
        Ending.LOST: AnswerLost,
        Ending.CONTENT_REFUSED: DeliveryRefused,
        Ending.ACCESS_REFUSED: AccessRefused,
    }
    return kinds[fault.ending](fault.sentence, cause=cause)


def _seen(post: posts.Post | None, *, host: str) -> Seen:
    if post is None:
        note = f"Somebody deleted the post in WordPress at {host}. Publish the article again to make it anew."
        return Seen(state=SeenState.GONE, note=note)
    if post.status != "publish":
        where = "in the trash" if post.is_in_trash else f"{post.status} there"
        note = (
            f"Somebody took the post off in WordPress at {host}: it is {where}. Show it again by publishing the article"
            f"{', once it is restored there' if post.is_in_trash else ''}."
        )
        return Seen(state=SeenState.HIDDEN, note=note)
    note = Trouble.POST_EDITED.sentence.format(host=host) if post.was_edited else ""
    return Seen(state=SeenState.PUBLISHED, external_url=post.link, note=note)
