"""Published content that is edited, published again and taken off, wherever it is."""

from dataclasses import replace

import pytest

from chassis.paging import PageRequest
from chassis.refusal import NotFound, StateConflict
from services.publisher.domain.cause import Cause
from services.publisher.domain.content import Content, SiteStatus
from services.publisher.domain.delivery import AccessRefused, AnswerLost, DeliveryRefused, TargetUnavailable
from services.publisher.domain.publication import Action, PublicationState
from services.publisher.domain.site import Site
from services.publisher.domain.target import Target
from services.publisher.usecases import editing
from services.publisher.usecases import published as pages
from services.publisher.usecases.delivering import ATTEMPTS_MAX
from tests.publisher.fake_target import FakeTarget
from tests.publisher.newsroom import EDITOR, Newsroom, published


async def _at(newsroom: Newsroom, target: Target = Target.WORDPRESS) -> tuple[Site, Content]:
    """A site with an article that is published at that target."""
    site = newsroom.site()
    if target is not Target.HOSTED:
        newsroom.connect(site, target)
    content = newsroom.publish(newsroom.approved(site, title="As it was"))
    await published(
        newsroom.scheduler() if target is Target.HOSTED else newsroom.scheduler(target=FakeTarget())
    )
    return site, newsroom.read(content)


def _edit(newsroom: Newsroom, content: Content, title: str = "As it is now") -> Content:
    return newsroom.run(
        editing.put_text,
        content_id=content.id,
        account_id=content.account_id,
        text=replace(content.text, title=title, excerpt="Changed."),
        etag="",
        actor=EDITOR,
    )


def _page(newsroom: Newsroom, site: Site, content: Content) -> Content:
    found = newsroom.transactions.run_sync(
        pages.published_article, site_slug=site.slug, content_slug=content.slug
    )
    return found.content


def _teasers(newsroom: Newsroom, site: Site) -> list[tuple[str, str]]:
    page = PageRequest(size=50)
    index = newsroom.transactions.run_sync(pages.published_index, site_slug=site.slug, page=page)
    return [(teaser.title, teaser.excerpt) for teaser in index.teasers]


async def test_readers_see_what_was_published_and_not_what_is_being_edited(newsroom: Newsroom) -> None:
    site, content = await _at(newsroom, Target.HOSTED)

    edited = _edit(newsroom, content)

    assert (edited.version, edited.published_version) == (2, 1)
    shown = _page(newsroom, site, content)
    assert (shown.title, shown.version) == ("As it was", 1)
    assert [title for title, _ in _teasers(newsroom, site)] == ["As it was"]


async def test_published_again_readers_see_the_newer_text_at_the_same_place(newsroom: Newsroom) -> None:
    site, content = await _at(newsroom, Target.HOSTED)
    _edit(newsroom, content)
    newsroom.clock.advance(hours=1)

    asked = newsroom.publish(content)
    between = _page(newsroom, site, content).title
    await published(newsroom.scheduler())

    after = newsroom.read(content)
    assert (asked.site_status, between) == (SiteStatus.PUBLISHED, "As it was")
    assert (after.published_version, after.published_at) == (2, content.published_at)
    assert _page(newsroom, site, content).title == "As it is now"
    assert _teasers(newsroom, site) == [("As it is now", "Changed.")]
    assert [told["again"] for told in newsroom.told("published")] == [False, True]


async def test_what_did_not_change_is_not_delivered_again(newsroom: Newsroom) -> None:
    _, content = await _at(newsroom)
    target = FakeTarget()

    newsroom.publish(content)
    await published(newsroom.scheduler(target=target))

    assert target.seen == []


async def test_an_update_goes_to_where_it_is_by_its_id_there(newsroom: Newsroom) -> None:
    _, content = await _at(newsroom)
    _edit(newsroom, content)
    target = FakeTarget()

    newsroom.publish(content)
    await published(newsroom.scheduler(target=target))

    [delivery] = target.seen
    assert delivery.content.title == "As it is now"
    assert (delivery.publication.external_id, delivery.publication.published_version) == ("post-7", 1)
    assert delivery.access.target is Target.WORDPRESS


async def test_an_update_stays_at_the_built_in_target_of_a_site_that_was_connected_since(
    newsroom: Newsroom,
) -> None:
    site, content = await _at(newsroom, Target.HOSTED)
    newsroom.connect(site)
    _edit(newsroom, content)
    target = FakeTarget()

    newsroom.publish(content)
    await published(newsroom.scheduler(target=target))

    assert [delivery.publication.target for delivery in target.seen] == [Target.HOSTED]


async def test_an_update_needs_no_free_place_on_the_calendar(newsroom: Newsroom) -> None:
    site, content = await _at(newsroom)
    newsroom.rules(site, daily_limit=1)
    _edit(newsroom, content)

    newsroom.publish(content)
    await published(newsroom.scheduler(target=FakeTarget()))

    assert newsroom.read(content).published_version == 2


async def test_an_update_that_fails_leaves_the_version_before_and_says_why(newsroom: Newsroom) -> None:
    _, content = await _at(newsroom)
    _edit(newsroom, content)
    newsroom.publish(content)
    no = DeliveryRefused("It is too long. Make it shorter.", cause=Cause.CONTENT_REFUSED)

    await published(newsroom.scheduler(target=FakeTarget([no])))

    after, publication = newsroom.read(content), newsroom.publication(content, target=Target.WORDPRESS)
    assert (after.site_status, after.published_version) == (SiteStatus.PUBLISHED, 1)
    assert after.publish_error == "It is too long. Make it shorter."
    assert publication is not None
    assert publication.state is PublicationState.PUBLISHED
    assert newsroom.events(content)[-1] == "publish_failed"


async def test_an_update_whose_answer_was_lost_is_tried_until_it_is_known(newsroom: Newsroom) -> None:
    _, content = await _at(newsroom)
    _edit(newsroom, content)
    newsroom.publish(content)
    lost = [AnswerLost("The connection broke.", cause=Cause.UNREACHABLE) for _ in range(2)]
    scheduler = newsroom.scheduler(target=FakeTarget([*lost]))
    await published(scheduler)
    between = newsroom.read(content)

    for _ in lost:
        newsroom.end_claims()
        await published(scheduler)

    after = newsroom.read(content)
    assert (between.site_status, between.publish_error) == (SiteStatus.PUBLISHED, "The connection broke.")
    assert (after.published_version, after.publish_error) == (2, "")
    assert newsroom.events(content)[-2:] == ["publish_unconfirmed", "published"]


async def test_a_text_edited_while_an_earlier_one_is_on_its_way_is_asked_for_afterwards(
    newsroom: Newsroom,
) -> None:
    _, content = await _at(newsroom)
    _edit(newsroom, content)
    newsroom.publish(content)
    target = FakeTarget()
    target.open.clear()
    scheduler = newsroom.scheduler(target=target)
    await scheduler.take_up()
    _edit(newsroom, content, "As it is at last")

    with pytest.raises(StateConflict, match="An earlier text is on its way"):
        newsroom.publish(content)
    target.open.set()
    await scheduler.settled()
    between = newsroom.read(content)
    newsroom.publish(content)
    await published(scheduler)

    assert (between.version, between.published_version) == (3, 2)
    assert newsroom.read(content).published_version == 3


@pytest.mark.parametrize("target", [Target.HOSTED, Target.WORDPRESS])
async def test_unpublished_content_is_seen_nowhere_and_stays_approved(
    newsroom: Newsroom, target: Target
) -> None:
    site, content = await _at(newsroom, target)
    elsewhere = FakeTarget()

    asked = newsroom.unpublish(content)
    await published(newsroom.scheduler() if target is Target.HOSTED else newsroom.scheduler(target=elsewhere))

    after, publication = newsroom.read(content), newsroom.publication(content, target=target)
    assert asked.site_status is SiteStatus.PUBLISHED
    assert (after.site_status, after.status) == (SiteStatus.NOT_PUBLISHED, content.status)
    assert (after.published_at, after.external_url, after.published_version) == (None, "", 0)
    assert publication is not None
    assert publication.state is PublicationState.RETRACTED
    assert newsroom.events(content)[-1] == "unpublished"
    assert len(elsewhere.taken_off) == (target is Target.WORDPRESS)
    with pytest.raises(NotFound):
        _page(newsroom, site, content)
    assert _teasers(newsroom, site) == []


async def test_unpublishing_again_is_a_quiet_success(newsroom: Newsroom) -> None:
    _, content = await _at(newsroom)
    target = FakeTarget()
    newsroom.unpublish(content)
    newsroom.unpublish(content)
    await published(newsroom.scheduler(target=target))

    after = newsroom.unpublish(content)
    await published(newsroom.scheduler(target=target))

    assert after.site_status is SiteStatus.NOT_PUBLISHED
    assert len(target.taken_off) == 1
    assert newsroom.events(content).count("unpublished") == 1


async def test_unpublished_content_is_published_again_by_its_old_publication(newsroom: Newsroom) -> None:
    _, content = await _at(newsroom)
    before = newsroom.publication(content, target=Target.WORDPRESS)
    newsroom.unpublish(content)
    target = FakeTarget()
    await published(newsroom.scheduler(target=target))

    newsroom.publish(content)
    await published(newsroom.scheduler(target=target))

    [delivery] = target.seen
    assert before is not None
    assert (delivery.publication.id, delivery.publication.marker) == (before.id, before.marker)
    assert delivery.publication.external_id == "post-7"
    assert newsroom.read(content).site_status is SiteStatus.PUBLISHED


async def test_content_moves_to_another_target_by_being_taken_off_first(newsroom: Newsroom) -> None:
    site, content = await _at(newsroom, Target.HOSTED)
    newsroom.connect(site)
    newsroom.unpublish(content)
    await published(newsroom.scheduler())

    newsroom.publish(content)
    await published(newsroom.scheduler(target=FakeTarget()))

    there = newsroom.publication(content, target=Target.WORDPRESS)
    assert there is not None
    assert there.published_version == 1
    with pytest.raises(NotFound):
        _page(newsroom, site, content)


@pytest.mark.parametrize(
    "trouble",
    [
        DeliveryRefused("The post is locked. Unlock it.", cause=Cause.CONTENT_REFUSED),
        AccessRefused("The password is wrong. Make a new one.", cause=Cause.PASSWORD_WRONG),
    ],
)
async def test_what_could_not_be_taken_off_is_published_still_and_says_why(
    newsroom: Newsroom, trouble: DeliveryRefused | AccessRefused
) -> None:
    _, content = await _at(newsroom)
    newsroom.unpublish(content)
    target = FakeTarget([trouble])

    await published(newsroom.scheduler(target=target))
    failed = newsroom.read(content)
    newsroom.unpublish(content)
    await published(newsroom.scheduler(target=target))

    assert (failed.site_status, failed.publish_error) == (SiteStatus.PUBLISHED, trouble.sentence)
    assert newsroom.told("unpublish_failed")[0]["error"] == trouble.sentence
    assert newsroom.read(content).site_status is SiteStatus.NOT_PUBLISHED


async def test_taking_off_is_tried_again_and_given_up_after_the_last_attempt(newsroom: Newsroom) -> None:
    _, content = await _at(newsroom)
    newsroom.unpublish(content)
    away = [TargetUnavailable("It is down.", cause=Cause.MAINTENANCE) for _ in range(ATTEMPTS_MAX)]
    scheduler = newsroom.scheduler(target=FakeTarget([*away]))

    for _ in away:
        newsroom.end_claims()
        await published(scheduler)

    after = newsroom.read(content)
    assert (after.site_status, after.publish_error) == (SiteStatus.PUBLISHED, "It is down.")


async def test_a_lost_answer_to_taking_off_is_tried_again(newsroom: Newsroom) -> None:
    _, content = await _at(newsroom)
    newsroom.unpublish(content)
    target = FakeTarget([AnswerLost("The connection broke.", cause=Cause.UNREACHABLE)])
    scheduler = newsroom.scheduler(target=target)
    await published(scheduler)
    between = newsroom.publication(content, target=Target.WORDPRESS)

    newsroom.end_claims()
    await published(scheduler)

    assert between is not None
    assert (between.state, between.action) == (PublicationState.UNCONFIRMED, Action.UNPUBLISH)
    assert newsroom.read(content).site_status is SiteStatus.NOT_PUBLISHED
    assert "publish_unconfirmed" not in newsroom.events(content)


async def test_while_it_is_taken_off_it_is_not_published_again(newsroom: Newsroom) -> None:
    _, content = await _at(newsroom)
    newsroom.unpublish(content)

    with pytest.raises(StateConflict, match="Wait until it has been taken off"):
        newsroom.publish(content)


async def test_while_an_update_is_on_its_way_it_is_not_taken_off(newsroom: Newsroom) -> None:
    _, content = await _at(newsroom)
    _edit(newsroom, content)
    newsroom.publish(content)

    with pytest.raises(StateConflict, match="Wait until its delivery has ended"):
        newsroom.unpublish(content)


def test_what_is_scheduled_or_on_its_way_is_not_taken_off(newsroom: Newsroom) -> None:
    site = newsroom.site()
    scheduled, publishing = newsroom.scheduled(site), newsroom.publish(newsroom.approved(site))

    with pytest.raises(StateConflict, match="Unschedule it first"):
        newsroom.unpublish(scheduled)
    with pytest.raises(StateConflict, match="Wait until its delivery has ended"):
        newsroom.unpublish(publishing)
