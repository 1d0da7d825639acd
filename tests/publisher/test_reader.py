"""What people do at a target is seen here a few minutes later."""

import asyncio

import pytest
from sqlalchemy import text

from chassis.testing import until
from services.publisher import reader as readers
from services.publisher.domain.cause import Cause
from services.publisher.domain.connection import ConnectionStatus
from services.publisher.domain.content import Content, SiteStatus
from services.publisher.domain.delivery import AccessRefused, AnswerLost, TargetUnavailable
from services.publisher.domain.publication import Publication, PublicationState
from services.publisher.domain.seen import SeenState
from services.publisher.domain.site import Site
from services.publisher.domain.target import Target
from services.publisher.reader import Reader
from services.publisher.usecases import reading_back
from services.publisher.usecases.reading_back import BETWEEN_PAGES, EVERY
from tests.publisher.fake_target import FakeTarget
from tests.publisher.newsroom import SEALER, Newsroom, published


def _reader(newsroom: Newsroom, target: FakeTarget) -> Reader:
    return Reader(newsroom.transactions, newsroom.clock, targets=dict.fromkeys(Target, target), sealer=SEALER)


async def _there(newsroom: Newsroom, *, count: int = 1) -> tuple[Site, list[Content], list[Publication]]:
    """Articles of a site that are published at its WordPress."""
    site = newsroom.site()
    newsroom.connect(site)
    contents = [newsroom.publish(newsroom.approved(site)) for _ in range(count)]
    await published(newsroom.scheduler(target=FakeTarget()))
    publications = [newsroom.publication(content, target=Target.WORDPRESS) for content in contents]
    return site, contents, [one for one in publications if one is not None]


@pytest.mark.parametrize("state", [SeenState.HIDDEN, SeenState.GONE])
async def test_what_was_taken_off_at_the_target_is_not_published_any_more(
    newsroom: Newsroom, state: SeenState
) -> None:
    _, [gone, kept], [publication, _] = await _there(newsroom, count=2)
    target = FakeTarget(states={publication.id: state})

    await _reader(newsroom, target).look()

    after = newsroom.publication(gone, target=Target.WORDPRESS)
    assert newsroom.read(gone).site_status is SiteStatus.NOT_PUBLISHED
    assert after is not None
    assert after.state is PublicationState.RETRACTED
    assert newsroom.told("unpublished")[0]["at_target"]
    assert newsroom.read(kept).site_status is SiteStatus.PUBLISHED


async def test_what_is_as_it_was_is_left_alone(newsroom: Newsroom) -> None:
    _, [content], [publication] = await _there(newsroom)

    await _reader(newsroom, FakeTarget()).look()

    assert newsroom.publication(content, target=Target.WORDPRESS) == publication
    assert newsroom.events(content)[-1] == "published"


async def test_a_new_address_at_the_target_is_kept(newsroom: Newsroom) -> None:
    _, [content], [publication] = await _there(newsroom)
    target = FakeTarget(urls={publication.id: "https://garden.example/moved"})

    await _reader(newsroom, target).look()

    assert newsroom.read(content).external_url == "https://garden.example/moved"
    assert newsroom.read(content).site_status is SiteStatus.PUBLISHED


async def test_what_somebody_did_there_is_told_beside_the_content(newsroom: Newsroom) -> None:
    _, [taken_off, edited], [one, other] = await _there(newsroom, count=2)
    target = FakeTarget(
        states={one.id: SeenState.HIDDEN},
        notes={one.id: "Somebody took it off.", other.id: "Somebody edited it."},
    )

    await _reader(newsroom, target).look()

    assert newsroom.read(taken_off).publish_error == "Somebody took it off."
    after = newsroom.read(edited)
    assert (after.site_status, after.publish_error) == (SiteStatus.PUBLISHED, "Somebody edited it.")


async def test_what_was_told_once_is_no_news(newsroom: Newsroom) -> None:
    _, [content], [publication] = await _there(newsroom)
    reader = _reader(newsroom, FakeTarget(notes={publication.id: "Somebody edited it."}))
    await reader.look()
    told = newsroom.publication(content, target=Target.WORDPRESS)

    newsroom.clock.advance(seconds=EVERY.total_seconds())
    await reader.look()

    assert newsroom.publication(content, target=Target.WORDPRESS) == told


async def test_a_site_is_looked_at_every_few_minutes(newsroom: Newsroom) -> None:
    await _there(newsroom)
    reader = _reader(newsroom, FakeTarget())

    first, again = await reader.look(), await reader.look()
    newsroom.clock.advance(seconds=EVERY.total_seconds())
    later = await reader.look()

    assert (first, again, later) == (1, 0, 1)


async def test_many_articles_are_looked_at_in_pages(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_back, "PAGE", 2)
    _, contents, publications = await _there(newsroom, count=3)
    target = FakeTarget(states={one.id: SeenState.GONE for one in publications})
    reader = _reader(newsroom, target)

    await reader.look()
    first = [newsroom.read(content).site_status for content in contents]
    newsroom.clock.advance(seconds=BETWEEN_PAGES.total_seconds())
    await reader.look()

    assert first.count(SiteStatus.NOT_PUBLISHED) == 2
    assert {newsroom.read(content).site_status for content in contents} == {SiteStatus.NOT_PUBLISHED}


@pytest.mark.parametrize(
    "trouble",
    [
        TargetUnavailable("It is down.", cause=Cause.MAINTENANCE),
        AnswerLost("It broke.", cause=Cause.UNREACHABLE),
    ],
)
async def test_a_target_that_does_not_answer_changes_nothing(
    newsroom: Newsroom, trouble: TargetUnavailable | AnswerLost
) -> None:
    site, [content], _ = await _there(newsroom)

    await _reader(newsroom, FakeTarget([trouble])).look()

    assert newsroom.read(content).site_status is SiteStatus.PUBLISHED
    assert newsroom.connection(site).status is ConnectionStatus.CONNECTED


async def test_a_refused_look_loses_the_connection_and_a_lost_one_is_not_asked(newsroom: Newsroom) -> None:
    site, [content], _ = await _there(newsroom)
    target = FakeTarget([AccessRefused("The password is wrong.", cause=Cause.PASSWORD_WRONG)])
    reader = _reader(newsroom, target)

    await reader.look()
    newsroom.clock.advance(seconds=EVERY.total_seconds())
    again = await reader.look()

    assert newsroom.connection(site).cause is Cause.PASSWORD_WRONG
    assert newsroom.events()[-1] == "connection_lost"
    assert again == 0
    assert newsroom.read(content).site_status is SiteStatus.PUBLISHED


async def test_credentials_that_do_not_open_lose_the_connection(newsroom: Newsroom) -> None:
    site, _, _ = await _there(newsroom)
    with newsroom.engine.begin() as connection:
        connection.execute(text("UPDATE connection SET key_id = 'abcdef'"))

    assert await _reader(newsroom, FakeTarget()).look() == 0

    assert newsroom.connection(site).cause is Cause.CREDENTIALS_UNREADABLE


async def test_what_was_delivered_anew_meanwhile_is_not_undone(newsroom: Newsroom) -> None:
    _, [content], [publication] = await _there(newsroom)
    target = FakeTarget(states={publication.id: SeenState.GONE})
    target.open.clear()
    looking = asyncio.create_task(_reader(newsroom, target).look())
    await until(lambda: target.asked)
    newsroom.unpublish(content)
    await published(newsroom.scheduler(target=FakeTarget()))
    newsroom.publish(content)
    await published(newsroom.scheduler(target=FakeTarget()))

    target.open.set()
    await looking

    assert newsroom.read(content).site_status is SiteStatus.PUBLISHED


async def test_the_loop_looks_until_it_is_cancelled(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "POLL_SECONDS", 0.01)
    _, [content], [publication] = await _there(newsroom)
    loop = asyncio.create_task(_reader(newsroom, FakeTarget(states={publication.id: SeenState.GONE})).run())

    await until(lambda: newsroom.read(content).site_status is SiteStatus.NOT_PUBLISHED)
    loop.cancel()

    with pytest.raises(asyncio.CancelledError):
        await loop
