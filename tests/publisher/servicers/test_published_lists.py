"""The lists of what a site has published, over gRPC: its index by pages, its sitemaps."""

import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from igny8.publisher import v1 as publisher

from chassis.errors import RemoteRefusal
from chassis.refusal import NotFound
from chassis.testing.serving import serving
from services.publisher.domain.content import Content
from services.publisher.domain.site import Site
from services.publisher.pages.addresses import Addresses
from services.publisher.servicers.publishing import PublishingServicer
from services.publisher.usecases.published import PublishedMap, published_map
from tests.publisher.newsroom import Newsroom, published

if TYPE_CHECKING:
    # The asynchronous stubs exist for type checkers only.
    from igny8.publisher.v1.publishing_service_pb2_grpc import PublishingServiceAsyncStub


@pytest.fixture
async def readers(newsroom: Newsroom) -> AsyncIterator["PublishingServiceAsyncStub"]:
    """Calls of people without an account."""
    servicer = PublishingServicer(
        newsroom.transactions, newsroom.clock, addresses=Addresses(), wake_scheduler=lambda: None
    )
    async with serving(
        (publisher.add_PublishingServiceServicer_to_server, servicer), service="publisher"
    ) as served:
        yield served.stub(publisher.PublishingServiceStub, anonymous=True)


async def test_the_index_of_a_site_leads_to_every_article(
    newsroom: Newsroom, readers: "PublishingServiceAsyncStub"
) -> None:
    site = newsroom.site()
    for _ in range(3):
        await _shown(newsroom, site)
    tokens, slugs = [""], list[str]()
    while len(tokens) <= 2:
        request = publisher.GetPublishedIndexRequest(site_slug=site.slug, page_size=2, page_token=tokens[-1])
        html = (await readers.GetPublishedIndex(request)).body.data.decode()
        slugs += re.findall(rf'<h2><a href="/published/{site.slug}/([^"]+)">', html)
        tokens.append("".join(re.findall(r'page_token=([^"]+)" rel="next">Older', html)))

    assert tokens[1]
    assert not tokens[2]
    assert len(set(slugs)) == len(slugs) == 3


async def test_a_site_with_more_articles_than_a_sitemap_takes_has_several(
    newsroom: Newsroom, readers: "PublishingServiceAsyncStub"
) -> None:
    site = newsroom.site()
    shown = {(await _shown(newsroom, site)).slug for _ in range(3)}

    def of(number: int) -> PublishedMap:
        run = newsroom.transactions.run_sync
        return run(published_map, site_slug=site.slug, number=number, size=2)

    assert (of(0).pages, of(0).teasers) == (2, [])
    assert [len(of(number).teasers) for number in (1, 2)] == [2, 1]
    assert {teaser.slug for number in (1, 2) for teaser in of(number).teasers} == shown
    with pytest.raises(NotFound):
        of(3)
    only = await readers.GetSitemap(publisher.GetSitemapRequest(site_slug=site.slug))
    same = await readers.GetSitemap(publisher.GetSitemapRequest(site_slug=site.slug, page=1))
    assert only.body.data == same.body.data
    with pytest.raises(RemoteRefusal, match="No page"):
        await readers.GetSitemap(publisher.GetSitemapRequest(site_slug=site.slug, page=2))


async def _shown(newsroom: Newsroom, site: Site) -> Content:
    content = newsroom.publish(newsroom.approved(site))
    await published(newsroom.scheduler())
    return newsroom.read(content)
