"""Connections of targets that are gone: what is there is left only when somebody says so."""

from igny8.publisher import v1 as publisher

from services.publisher.domain.cause import Cause
from services.publisher.domain.content import SiteStatus
from services.publisher.domain.delivery import AnswerLost
from tests.publisher.fake_target import FakeTarget
from tests.publisher.newsroom import Newsroom, published
from tests.publisher.servicers.calls import Calls
from tests.publisher.servicers.outcome import refusal


async def test_content_of_a_target_that_is_gone_is_left_there_only_when_somebody_says_so(
    calls: Calls, newsroom: Newsroom
) -> None:
    site = newsroom.site()
    newsroom.connect(site)
    one, other = (newsroom.publish(newsroom.approved(site)) for _ in range(2))
    lost = AnswerLost("No answer came. It is looked up.", cause=Cause.TOO_SLOW)
    await published(newsroom.scheduler(target=FakeTarget([lost])))
    states = {newsroom.read(each).site_status for each in (one, other)}
    delete = publisher.DeleteConnectionRequest(site_id=site.id)

    assert states == {SiteStatus.PUBLISHED, SiteStatus.UNCONFIRMED}
    assert await refusal(calls.sites().DeleteConnection(delete)) == "STATE_CONFLICT"
    delete.leave_content, delete.etag = True, "another"
    assert await refusal(calls.sites().DeleteConnection(delete)) == "STALE_ETAG"
    delete.etag = ""
    for _ in range(2):
        await calls.sites().DeleteConnection(delete)

    assert newsroom.connection(site).target == "hosted"
    for content in (one, other):
        left = newsroom.read(content)
        assert (left.site_status, left.external_url) == (SiteStatus.NOT_PUBLISHED, "")
        assert left.publish_error.startswith("It was left at https://")
        assert newsroom.events(content)[-1] == "unpublished"
    newsroom.publish(newsroom.read(one))
    await published(newsroom.scheduler())
    assert newsroom.read(one).external_url.endswith(f"/{one.slug}")


async def test_content_that_is_on_its_way_is_waited_for(calls: Calls, newsroom: Newsroom) -> None:
    site = newsroom.site()
    newsroom.connect(site)
    newsroom.publish(newsroom.approved(site))
    delete = publisher.DeleteConnectionRequest(site_id=site.id, leave_content=True)

    assert await refusal(calls.sites().DeleteConnection(delete)) == "STATE_CONFLICT"
