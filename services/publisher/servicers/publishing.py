"""PublishingService: deliveries, and the pages of the built-in target."""

import hashlib
from collections.abc import Callable
from zoneinfo import ZoneInfo

from google.api.httpbody_pb2 import HttpBody
from igny8.publisher import v1 as publisher

from chassis.clock import Clock
from chassis.identity import current_caller
from chassis.paging import PageRequest
from chassis.plain import instant_to_proto
from chassis.transaction import Transactions
from services.publisher.convert import content_to_proto
from services.publisher.domain.publication import Publication, PublicationState
from services.publisher.pages.addresses import Addresses
from services.publisher.pages.rendering import Page, article_page, index_page
from services.publisher.pages.syndication import feed_xml, sitemap_index_xml, sitemap_xml
from services.publisher.servicers import Context
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases import published, publishing

CACHE_CONTROL = "public, max-age=60"
"""Readers may see a page for a minute after it changed or was taken off."""

INDEX_MAX = 60
FEED_MAX = 50

_STATUS = {
    PublicationState.PENDING: publisher.Publication.STATUS_PENDING,
    PublicationState.DELIVERING: publisher.Publication.STATUS_PUBLISHING,
    PublicationState.PUBLISHED: publisher.Publication.STATUS_PUBLISHED,
    PublicationState.FAILED: publisher.Publication.STATUS_FAILED,
    PublicationState.UNCONFIRMED: publisher.Publication.STATUS_UNCONFIRMED,
    PublicationState.RETRACTED: publisher.Publication.STATUS_UNPUBLISHED,
}


class PublishingServicer(publisher.PublishingServiceServicer):
    """Publishes content of the caller's account; pages are for everybody."""

    def __init__(
        self,
        transactions: Transactions[PublisherTransaction],
        clock: Clock,
        *,
        addresses: Addresses,
        wake_scheduler: Callable[[], None],
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._addresses = addresses
        self._wake_scheduler = wake_scheduler

    async def Publish(self, request: publisher.PublishRequest, context: Context) -> publisher.PublishResponse:
        content = await self._transactions.run(
            publishing.publish,
            content_id=request.content_id,
            account_id=current_caller().account(),
            now=self._clock.now(),
        )
        self._wake_scheduler()
        return publisher.PublishResponse(content=content_to_proto(content))

    async def Unpublish(
        self, request: publisher.UnpublishRequest, context: Context
    ) -> publisher.UnpublishResponse:
        content = await self._transactions.run(
            publishing.unpublish,
            content_id=request.content_id,
            account_id=current_caller().account(),
            now=self._clock.now(),
        )
        self._wake_scheduler()
        return publisher.UnpublishResponse(content=content_to_proto(content))

    async def ListPublications(
        self, request: publisher.ListPublicationsRequest, context: Context
    ) -> publisher.ListPublicationsResponse:
        page = await self._transactions.run(
            publishing.list_publications,
            site_id=request.site_id,
            account_id=current_caller().account(),
            content_id=request.content_id or None,
            page=PageRequest.of(request),
        )
        return publisher.ListPublicationsResponse(
            publications=map(_publication_to_proto, page.items), next_page_token=page.next_page_token
        )

    async def GetPublishedPage(
        self, request: publisher.GetPublishedPageRequest, context: Context
    ) -> publisher.GetPublishedPageResponse:
        found = await self._transactions.run(
            published.published_article, site_slug=request.site_slug, content_slug=request.content_slug
        )
        zone = ZoneInfo(found.site.time_zone)
        page = article_page(found.site, found.content, found.images, zone=zone, addresses=self._addresses)
        return publisher.GetPublishedPageResponse(body=await _send(page, context))

    async def GetPublishedIndex(
        self, request: publisher.GetPublishedIndexRequest, context: Context
    ) -> publisher.GetPublishedIndexResponse:
        wanted = PageRequest.of(request, default=INDEX_MAX)
        found = await self._transactions.run(
            published.published_index, site_slug=request.site_slug, page=wanted
        )
        page = index_page(
            found.site,
            found.teasers,
            zone=ZoneInfo(found.site.time_zone),
            addresses=self._addresses,
            token=request.page_token,
            next_token=found.next_page_token,
        )
        return publisher.GetPublishedIndexResponse(body=await _send(page, context))

    async def GetSitemap(
        self, request: publisher.GetSitemapRequest, context: Context
    ) -> publisher.GetSitemapResponse:
        found = await self._transactions.run(
            published.published_map, site_slug=request.site_slug, number=request.page
        )
        if found.pages:
            sitemap = sitemap_index_xml(found.site, found.pages, addresses=self._addresses)
        else:
            sitemap = sitemap_xml(found.site, found.teasers, addresses=self._addresses)
        return publisher.GetSitemapResponse(body=await _send_xml(sitemap, "application/xml", context))

    async def GetArticleFeed(
        self, request: publisher.GetArticleFeedRequest, context: Context
    ) -> publisher.GetArticleFeedResponse:
        found = await self._transactions.run(
            published.published_index, site_slug=request.site_slug, page=PageRequest(size=FEED_MAX)
        )
        feed = feed_xml(found.site, found.teasers, addresses=self._addresses)
        return publisher.GetArticleFeedResponse(body=await _send_xml(feed, "application/rss+xml", context))


async def _send(page: Page, context: Context) -> HttpBody:
    """The page as a body, and as metadata the response headers that the gateway is to set."""
    await context.send_initial_metadata(
        (
            ("x-http-etag", f'"{page.etag}"'),
            ("x-http-cache-control", CACHE_CONTROL),
            ("x-http-content-security-policy", page.content_security_policy),
        )
    )
    return HttpBody(content_type="text/html; charset=utf-8", data=page.html)


async def _send_xml(data: bytes, media_type: str, context: Context) -> HttpBody:
    await context.send_initial_metadata(
        (
            ("x-http-etag", f'"{hashlib.sha256(data).hexdigest()[:32]}"'),
            ("x-http-cache-control", CACHE_CONTROL),
        )
    )
    return HttpBody(content_type=f"{media_type}; charset=utf-8", data=data)


def _publication_to_proto(publication: Publication) -> publisher.Publication:
    return publisher.Publication(
        id=publication.id,
        site_id=publication.site_id,
        content_id=publication.content_id,
        target=publication.target.value,
        status=_STATUS[publication.state],
        attempts=publication.attempts,
        external_id=publication.external_id,
        external_url=publication.external_url,
        error=publication.error,
        created_at=instant_to_proto(publication.created_at),
        updated_at=instant_to_proto(publication.updated_at),
        action=publisher.Publication.Action.Value(f"ACTION_{publication.action.name}"),
        content_version=publication.content_version,
        published_version=publication.published_version,
    )
