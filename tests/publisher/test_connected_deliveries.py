"""Deliveries to the target of a site's connection, and what they tell of it."""

import pytest
from sqlalchemy import text

from chassis.refusal import StateConflict
from chassis.sealing import Sealer
from services.publisher.domain.cause import Cause
from services.publisher.domain.connection import ConnectionStatus
from services.publisher.domain.content import SiteStatus
from services.publisher.domain.delivery import AccessRefused, AnswerLost, TargetUnavailable
from services.publisher.domain.finding import Finding, Findings
from services.publisher.domain.image import ImageStatus
from services.publisher.domain.target import Target
from services.publisher.usecases import connections
from tests.publisher.fake_target import POST_URL, FakeTarget
from tests.publisher.newsroom import Newsroom, published


def _wrong_password() -> AccessRefused:
    return AccessRefused("The password is wrong. Make a new one.", cause=Cause.PASSWORD_WRONG)


async def test_content_goes_where_the_sites_connection_leads(newsroom: Newsroom) -> None:
    site = newsroom.site()
    newsroom.connect(site, url="https://garden.example")
    content = newsroom.approved(site)
    pictures = [newsroom.image(content, position=position) for position in (2, 0, 1)]
    newsroom.image(content, position=3, status=ImageStatus.FAILED)
    newsroom.publish(content)
    target = FakeTarget()

    await published(newsroom.scheduler(target=target))

    [delivery] = target.seen
    access = delivery.access
    assert (access.target, access.url, access.username) == (
        Target.WORDPRESS,
        "https://garden.example",
        "author",
    )
    assert [secret.reveal() for secret in access.secrets] == ["open sesame"]
    assert [image.id for image in delivery.images] == [pictures[1].id, pictures[2].id, pictures[0].id]
    assert newsroom.read(content).external_url == POST_URL
    assert newsroom.connection(site).status is ConnectionStatus.CONNECTED


async def test_what_was_scheduled_before_goes_where_the_connection_leads_at_its_time(
    newsroom: Newsroom,
) -> None:
    site = newsroom.site()
    content = newsroom.scheduled(site)
    newsroom.connect(site, Target.WEBHOOK)
    assert content.scheduled_publish_at is not None
    newsroom.clock.set(content.scheduled_publish_at)
    target = FakeTarget()

    await published(newsroom.scheduler(target=target))

    assert [delivery.publication.target for delivery in target.seen] == [Target.WEBHOOK]


async def test_a_refused_way_in_fails_the_content_by_its_cause_and_loses_the_connection_once(
    newsroom: Newsroom,
) -> None:
    site = newsroom.site()
    newsroom.connect(site)
    contents = [newsroom.publish(newsroom.approved(site)) for _ in range(3)]
    target = FakeTarget([_wrong_password() for _ in contents])

    await published(newsroom.scheduler(target=target))

    assert {newsroom.read(content).site_status for content in contents} == {SiteStatus.FAILED}
    assert newsroom.read(contents[0]).publish_error == "The password is wrong. Make a new one."
    connection = newsroom.connection(site)
    assert (connection.status, connection.cause) == (ConnectionStatus.LOST, Cause.PASSWORD_WRONG)
    assert newsroom.events().count("connection_lost") == 1


async def test_a_delivery_tells_of_a_connection_that_only_a_test_had_found_lost(newsroom: Newsroom) -> None:
    site = newsroom.site()
    newsroom.connect(site)
    wrong = Finding(cause=Cause.PASSWORD_WRONG, sentence="The password is wrong. Make a new one.")
    await newsroom.try_connection(site.id, target=FakeTarget(findings=Findings.of(wrong)))
    newsroom.publish(newsroom.approved(site))

    await published(newsroom.scheduler(target=FakeTarget([_wrong_password()])))

    assert newsroom.events().count("connection_lost") == 1


async def test_a_delivery_that_arrives_restores_a_lost_connection(newsroom: Newsroom) -> None:
    site = newsroom.site()
    newsroom.connect(site)
    content = newsroom.publish(newsroom.approved(site))
    scheduler = newsroom.scheduler(target=FakeTarget([_wrong_password()]))
    await published(scheduler)

    newsroom.publish(content)
    await published(scheduler)

    assert newsroom.connection(site).status is ConnectionStatus.CONNECTED
    assert newsroom.events()[-2:] == ["connection_restored", "published"]


async def test_what_was_told_as_lost_is_told_as_restored_once_new_credentials_work(
    newsroom: Newsroom,
) -> None:
    site = newsroom.site()
    newsroom.connect(site)
    newsroom.publish(newsroom.approved(site))
    await published(newsroom.scheduler(target=FakeTarget([_wrong_password()])))

    newsroom.connect(site, password="a new one")
    await newsroom.try_connection(site.id, target=FakeTarget())
    await newsroom.try_connection(site.id, target=FakeTarget())

    assert newsroom.events()[-1] == "connection_restored"
    assert newsroom.events().count("connection_restored") == 1


async def test_a_late_refusal_of_credentials_that_were_replaced_loses_nothing(newsroom: Newsroom) -> None:
    site = newsroom.site()
    newsroom.connect(site, password="an old one")
    newsroom.publish(newsroom.approved(site))
    target = FakeTarget([_wrong_password()])
    target.open.clear()
    scheduler = newsroom.scheduler(target=target)
    await scheduler.take_up()

    newsroom.connect(site, password="a new one")
    target.open.set()
    await scheduler.settled()

    assert newsroom.connection(site).status is ConnectionStatus.UNTESTED


async def test_a_target_that_is_away_loses_no_connection(newsroom: Newsroom) -> None:
    site = newsroom.site()
    newsroom.connect(site)
    content = newsroom.publish(newsroom.approved(site))
    away = TargetUnavailable("It is down.", cause=Cause.MAINTENANCE, retry_after_seconds=600)

    await published(newsroom.scheduler(target=FakeTarget([away])))

    assert newsroom.read(content).site_status is SiteStatus.PUBLISHING
    assert newsroom.connection(site).status is ConnectionStatus.UNTESTED
    with newsroom.engine.connect() as connection:
        wait = "SELECT extract(epoch FROM claimed_until - clock_timestamp()) FROM publication"
        assert 500 < connection.execute(text(wait)).scalar_one() <= 600


async def test_what_may_have_arrived_stays_unconfirmed_while_the_target_lets_nobody_look(
    newsroom: Newsroom,
) -> None:
    site = newsroom.site()
    newsroom.connect(site)
    content = newsroom.publish(newsroom.approved(site))
    lost = AnswerLost("The connection broke.", cause=Cause.UNREACHABLE)
    scheduler = newsroom.scheduler(target=FakeTarget([lost, _wrong_password()]))
    await published(scheduler)

    newsroom.end_claims()
    await published(scheduler)
    refused = newsroom.read(content).site_status
    newsroom.end_claims()
    await published(scheduler)

    assert refused is SiteStatus.UNCONFIRMED
    assert newsroom.read(content).site_status is SiteStatus.PUBLISHED
    assert newsroom.connection(site).status is ConnectionStatus.CONNECTED


async def test_credentials_that_do_not_open_fail_their_content_and_hold_up_no_other(
    newsroom: Newsroom,
) -> None:
    broken, well = newsroom.site(), newsroom.site()
    newsroom.connect(broken)
    stuck = newsroom.publish(newsroom.approved(broken))
    other = newsroom.publish(newsroom.approved(well))
    with newsroom.engine.begin() as connection:
        connection.execute(text("UPDATE connection SET key_id = :other"), {"other": Sealer("x" * 32).key_id})

    await published(newsroom.scheduler())

    failed = newsroom.read(stuck)
    assert failed.site_status is SiteStatus.FAILED
    assert "Give them again" in failed.publish_error
    assert newsroom.connection(broken).cause is Cause.CREDENTIALS_UNREADABLE
    assert newsroom.read(other).site_status is SiteStatus.PUBLISHED


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_connection_stays_while_content_is_at_its_target_or_on_the_way(
    newsroom: Newsroom, arrived: bool
) -> None:
    site = newsroom.site()
    newsroom.connect(site)
    newsroom.publish(newsroom.approved(site))
    if arrived:
        await published(newsroom.scheduler(target=FakeTarget()))

    with pytest.raises(StateConflict, match="1 content is at wordpress"):
        newsroom.connect(site, Target.WEBHOOK)
    with pytest.raises(StateConflict):
        newsroom.run(connections.delete_connection, site_id=site.id, account_id=site.account_id, etag="")
    moved = newsroom.connect(site, url="https://garden.example/moved")

    assert (moved.target, moved.status) == (Target.WORDPRESS, ConnectionStatus.UNTESTED)


async def test_what_is_at_the_built_in_target_stays_there_when_its_site_is_connected(
    newsroom: Newsroom,
) -> None:
    site = newsroom.site()
    before = newsroom.publish(newsroom.approved(site))
    await published(newsroom.scheduler())

    newsroom.connect(site)

    publication = newsroom.publication(before)
    assert publication is not None
    assert (publication.target, newsroom.read(before).site_status) == (Target.HOSTED, SiteStatus.PUBLISHED)
