"""Deliveries to a receiver of webhooks over real HTTP: signed, once, and each refusal by its cause."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chassis.clock import SystemClock
from chassis.outgoing import Outgoing
from services.publisher.domain.cause import Cause
from services.publisher.domain.connection import Access, ConnectionStatus, Secret
from services.publisher.domain.content import Content, SiteStatus
from services.publisher.domain.site import Site
from services.publisher.domain.target import Target
from services.publisher.pages.addresses import Addresses
from services.publisher.scheduler import Scheduler
from services.publisher.targets.webhook import WebhookTarget
from services.publisher.usecases import connections
from services.publisher.usecases.credentials import new_signing_secret
from tests.publisher.newsroom import EDITOR, SEALER, Newsroom, published
from tests.publisher.targets.receiver import Receiver, answer, receiving

PUBLIC = Addresses("https://igny8.example")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as running:
        yield running


def _target(*, allow_private: bool = True, addresses: Addresses = PUBLIC) -> WebhookTarget:
    # Signatures are checked against the real time.
    return WebhookTarget(Outgoing(allow_private=allow_private), SystemClock(), addresses=addresses)


def _scheduler(newsroom: Newsroom, **more: Any) -> Scheduler:
    return newsroom.scheduler(target=_target(**more))


def _connected(newsroom: Newsroom, url: str) -> tuple[Site, str]:
    """A site whose content goes there, and its signing secret."""
    site = newsroom.site()
    given = newsroom.run(
        connections.put_connection,
        site_id=site.id,
        account_id=site.account_id,
        wanted=connections.Wanted(target=Target.WEBHOOK, url=url, username="", password=Secret("")),
        etag="",
        sealer=SEALER,
        make_secret=new_signing_secret,
        actor=EDITOR,
    )
    assert given.signing_secret is not None
    return site, given.signing_secret.reveal()


def _rotated(newsroom: Newsroom, site: Site) -> str:
    given = newsroom.run(
        connections.rotate_secret,
        site_id=site.id,
        account_id=site.account_id,
        etag="",
        sealer=SEALER,
        make_secret=new_signing_secret,
    )
    assert given.signing_secret is not None
    return given.signing_secret.reveal()


async def _delivered(newsroom: Newsroom, receiver: Receiver, *script: bytes) -> Content:
    """An article after one attempt at its delivery."""
    site, _ = _connected(newsroom, receiver.url)
    receiver.script[:] = script
    content = newsroom.publish(newsroom.approved(site))
    await published(_scheduler(newsroom))
    return newsroom.read(content)


async def test_an_article_comes_whole_and_signed(newsroom: Newsroom, receiver: Receiver) -> None:
    site, secret = _connected(newsroom, receiver.url)
    content = newsroom.approved(
        site, title="Compost & co", excerpt="Short.", categories=("Soil",), tags=("leaves", "heat")
    )
    cover, inner = newsroom.image(content), newsroom.image(content, position=1)
    newsroom.publish(content)

    await published(_scheduler(newsroom))

    [call] = receiver.received
    document = call.verified(secret)
    publication = newsroom.publication(content, target=Target.WEBHOOK)
    assert publication is not None
    assert (call.method, call.path, call.headers["content-type"]) == ("POST", "/in", "application/json")
    assert document["type"] == "content.published"
    data = document["data"]
    assert data["title"] == "Compost & co"
    assert (data["slug"], data["version"], data["excerpt"]) == (content.slug, 1, "Short.")
    assert data["meta"] == {"title": content.text.meta_title, "description": content.text.meta_description}
    assert (data["categories"], data["tags"]) == (["Soil"], ["leaves", "heat"])
    assert (data["content_id"], data["site_id"]) == (content.id, site.id)
    assert data["idempotency_key"] == publication.marker
    assert [image["url"] for image in data["images"]] == [
        f"https://igny8.example{image.url}" for image in (cover, inner)
    ]
    assert data["html"].count("<img") == 1
    assert f"https://igny8.example{inner.url}" in data["html"]
    assert newsroom.read(content).site_status is SiteStatus.PUBLISHED


async def test_the_receiver_may_say_where_the_article_is(newsroom: Newsroom, receiver: Receiver) -> None:
    said = answer(201, json.dumps({"id": 7, "url": "https://garden.example/compost"}).encode())

    content = await _delivered(newsroom, receiver, said)

    assert (content.external_id, content.external_url) == ("7", "https://garden.example/compost")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"thanks",
        b"[1]",
        b'{"id": true, "url": "javascript:alert(1)"}',
        b'{"id": {"a": 1}, "url": ["https://a.example"]}',
        json.dumps({"id": "x" * 201, "url": "https://a.example/" + "x" * 2000}).encode(),
        b'{"id": "a\\u0000b", "url": "https://a.example/\\u0007"}',
        b'{"id": "", "url": "https://[broken"}',
    ],
)
async def test_whatever_else_a_receiver_says_with_a_2xx_is_as_good_as_nothing(
    newsroom: Newsroom, receiver: Receiver, body: bytes
) -> None:
    content = await _delivered(newsroom, receiver, answer(200, body))

    assert content.site_status is SiteStatus.PUBLISHED
    assert (content.external_id, content.external_url) == (content.id, "")


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (answer(401), Cause.CREDENTIALS_REFUSED),
        (answer(403), Cause.CREDENTIALS_REFUSED),
        (answer(404), Cause.ADDRESS_WRONG),
        (answer(405), Cause.ADDRESS_WRONG),
        (answer(410), Cause.GONE),
        (answer(302, location="https://elsewhere.example/in"), Cause.REDIRECTED),
    ],
)
async def test_what_needs_a_person_loses_the_connection_by_its_cause(
    newsroom: Newsroom, receiver: Receiver, said: bytes, cause: Cause
) -> None:
    content = await _delivered(newsroom, receiver, said)

    connection = newsroom.connection_of(content)
    assert content.site_status is SiteStatus.FAILED
    assert (connection.status, connection.cause) == (ConnectionStatus.LOST, cause)
    assert connection.reason == content.publish_error
    assert len(receiver.received) == 1


@pytest.mark.parametrize("status", [400, 409, 413, 422])
async def test_a_document_that_is_not_taken_fails_with_the_receivers_words(
    newsroom: Newsroom, receiver: Receiver, status: int
) -> None:
    said = json.dumps({"message": "The slug is\ttaken.\n"}).encode()

    content = await _delivered(newsroom, receiver, answer(status, said))

    assert content.site_status is SiteStatus.FAILED
    assert content.publish_error == (
        f"127.0.0.1 did not take it ({status}): The slug is taken. Mend that, then publish it again."
    )
    assert newsroom.connection_of(content).status is ConnectionStatus.UNTESTED


@pytest.mark.parametrize("said", [answer(500), answer(503), answer(429, retry_after="3"), b"", b"HTTP/1."])
async def test_what_may_pass_is_sent_again_by_the_same_id(
    newsroom: Newsroom, receiver: Receiver, said: bytes
) -> None:
    content = await _delivered(newsroom, receiver, said)

    newsroom.end_claims()
    await published(_scheduler(newsroom))

    first, second = receiver.received
    assert first.id == second.id
    assert content.site_status in (SiteStatus.PUBLISHING, SiteStatus.UNCONFIRMED)
    assert newsroom.read(content).site_status is SiteStatus.PUBLISHED
    assert newsroom.connection_of(content).status is ConnectionStatus.CONNECTED


async def test_nobody_there_is_tried_again_as_known_not_to_have_arrived(newsroom: Newsroom) -> None:
    async with receiving() as gone:
        site, _ = _connected(newsroom, gone.url)
    content = newsroom.publish(newsroom.approved(site))

    await published(_scheduler(newsroom))

    publication = newsroom.publication(content, target=Target.WEBHOOK)
    assert newsroom.read(content).site_status is SiteStatus.PUBLISHING
    assert publication is not None
    assert "127.0.0.1" in publication.error


async def test_an_answer_that_is_too_long_is_not_read_and_leaves_it_unconfirmed(
    newsroom: Newsroom, receiver: Receiver
) -> None:
    content = await _delivered(newsroom, receiver, answer(200, b"x" * 70_000))

    assert content.site_status is SiteStatus.UNCONFIRMED
    assert "more than 64 KB" in content.publish_error


async def test_every_delivery_and_version_has_an_id_of_its_own_and_one_key(
    newsroom: Newsroom, receiver: Receiver
) -> None:
    site, secret = _connected(newsroom, receiver.url)
    content = newsroom.publish(newsroom.approved(site))
    scheduler = _scheduler(newsroom)
    await published(scheduler)
    newsroom.unpublish(content)
    await published(scheduler)
    newsroom.publish(content)
    await published(scheduler)

    documents = [call.verified(secret) for call in receiver.received]

    assert [document["type"] for document in documents] == [
        "content.published",
        "content.unpublished",
        "content.published",
    ]
    assert len({call.id for call in receiver.received}) == 3
    assert len({document["data"]["idempotency_key"] for document in documents}) == 1
    assert documents[1]["data"]["slug"] == content.slug
    assert "html" not in documents[1]["data"]


async def test_a_new_secret_signs_beside_the_old_one_until_the_old_one_ends(
    newsroom: Newsroom, receiver: Receiver
) -> None:
    site, old = _connected(newsroom, receiver.url)
    new = _rotated(newsroom, site)
    newsroom.publish(newsroom.approved(site))
    await published(_scheduler(newsroom))
    newsroom.clock.advance(days=1)
    newsroom.publish(newsroom.approved(site))
    await published(_scheduler(newsroom))

    during, after = receiver.received

    assert (during.is_signed_by(old), during.is_signed_by(new)) == (True, True)
    assert (after.is_signed_by(old), after.is_signed_by(new)) == (False, True)


async def test_after_a_410_nothing_is_sent_until_a_test_succeeds(
    newsroom: Newsroom, receiver: Receiver
) -> None:
    content = await _delivered(newsroom, receiver, answer(410))
    newsroom.publish(content)
    await published(_scheduler(newsroom))
    refused = newsroom.read(content)

    await newsroom.try_connection(refused.site_id, target=_target())
    newsroom.publish(content)
    await published(_scheduler(newsroom))

    assert "wants no more" in refused.publish_error
    assert [json.loads(call.body)["type"] for call in receiver.received] == [
        "content.published",
        "connection.tested",
        "content.published",
    ]
    assert newsroom.read(content).site_status is SiteStatus.PUBLISHED


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:9/in", "https"),
        ("https://127.0.0.1/in", "private network"),
        ("https://[::1]/in", "private network"),
        ("https://169.254.169.254/latest/meta-data", "private network"),
        ("https://2130706433/in", "private network"),
    ],
)
async def test_nothing_is_sent_into_a_private_network(newsroom: Newsroom, url: str, said: str) -> None:
    site, _ = _connected(newsroom, url)
    content = newsroom.publish(newsroom.approved(site))

    await published(_scheduler(newsroom, allow_private=False))

    failed = newsroom.read(content)
    assert failed.site_status is SiteStatus.FAILED
    assert said in failed.publish_error
    assert newsroom.connection_of(content).cause is Cause.ADDRESS_FORBIDDEN


def _access(receiver: Receiver, secret: Secret) -> Access:
    return Access(
        account_id="account-1", site_id="site-1", target=Target.WEBHOOK, url=receiver.url, secrets=(secret,)
    )


async def test_a_test_is_a_signed_document_that_asks_for_nothing(receiver: Receiver) -> None:
    secret = new_signing_secret()

    findings = await _target().check(_access(receiver, secret))

    [call] = receiver.received
    assert call.verified(secret.reveal())["type"] == "connection.tested"
    assert (findings.findings, findings.about) == ((), "127.0.0.1 took a signed test.")


async def test_a_test_says_what_is_wrong(receiver: Receiver) -> None:
    receiver.script[:] = [answer(401)]

    findings = await _target().check(_access(receiver, new_signing_secret()))

    [found] = findings.blocking
    assert found.cause is Cause.CREDENTIALS_REFUSED
    assert "secret" in found.sentence


async def test_a_suite_that_does_not_know_its_address_warns_of_it(receiver: Receiver) -> None:
    findings = await _target(addresses=Addresses()).check(_access(receiver, new_signing_secret()))

    assert findings.blocking == []
    assert [found.cause for found in findings.findings] == [Cause.PUBLIC_URL_MISSING]
