"""SiteService: sites, sectors, publishing settings."""

from collections.abc import Mapping

from igny8.publisher import v1 as publisher

from chassis.clock import Clock
from chassis.identity import current_caller
from chassis.paging import PageRequest
from chassis.sealing import Sealer
from chassis.transaction import Transactions
from services.publisher.convert import sector_to_proto, site_to_proto
from services.publisher.convert_settings import (
    settings_from_proto,
    settings_to_proto,
    time_zone_change_from_proto,
)
from services.publisher.domain.sector import Sector
from services.publisher.domain.site import Site
from services.publisher.domain.target import Target
from services.publisher.servicers import Context
from services.publisher.servicers.connections import ConnectionActions
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.targets.port import TargetPort
from services.publisher.usecases import sites


class SiteServicer(ConnectionActions, publisher.SiteServiceServicer):
    """The places where the caller's content goes; their connections are in a file of their own."""

    def __init__(
        self,
        transactions: Transactions[PublisherTransaction],
        clock: Clock,
        *,
        sealer: Sealer,
        targets: Mapping[Target, TargetPort],
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._sealer = sealer
        self._targets = targets

    async def CreateSite(
        self, request: publisher.CreateSiteRequest, context: Context
    ) -> publisher.CreateSiteResponse:
        return await self._transactions.run_once(
            sites.create_site,
            request_id=request.request_id,
            scope="CreateSite",
            request=request,
            response=publisher.CreateSiteResponse,
            pack=_site_created,
            account_id=current_caller().account(),
            name=request.name,
            slug=request.slug,
            time_zone=request.time_zone,
            description=request.description,
            language=request.language,
            now=self._clock.now(),
        )

    async def PutSite(self, request: publisher.PutSiteRequest, context: Context) -> publisher.PutSiteResponse:
        site = await self._transactions.run(
            sites.put_site,
            account_id=current_caller().account(),
            site_id=request.site_id,
            name=request.text.name,
            description=request.text.description,
            language=request.text.language,
            etag=request.etag,
            now=self._clock.now(),
        )
        return publisher.PutSiteResponse(site=site_to_proto(site))

    async def GetSite(self, request: publisher.GetSiteRequest, context: Context) -> publisher.GetSiteResponse:
        site = await self._transactions.run(
            sites.get_site, account_id=current_caller().account(), site_id=request.site_id
        )
        return publisher.GetSiteResponse(site=site_to_proto(site))

    async def ListSites(
        self, request: publisher.ListSitesRequest, context: Context
    ) -> publisher.ListSitesResponse:
        page = await self._transactions.run(
            sites.list_sites, account_id=current_caller().account(), page=PageRequest.of(request)
        )
        return publisher.ListSitesResponse(
            sites=map(site_to_proto, page.items), next_page_token=page.next_page_token
        )

    async def CreateSector(
        self, request: publisher.CreateSectorRequest, context: Context
    ) -> publisher.CreateSectorResponse:
        return await self._transactions.run_once(
            sites.create_sector,
            request_id=request.request_id,
            scope="CreateSector",
            request=request,
            response=publisher.CreateSectorResponse,
            pack=_sector_created,
            account_id=current_caller().account(),
            site_id=request.site_id,
            name=request.name,
            now=self._clock.now(),
        )

    async def PutSector(
        self, request: publisher.PutSectorRequest, context: Context
    ) -> publisher.PutSectorResponse:
        sector = await self._transactions.run(
            sites.put_sector,
            account_id=current_caller().account(),
            sector_id=request.sector_id,
            name=request.text.name,
            etag=request.etag,
            now=self._clock.now(),
        )
        return publisher.PutSectorResponse(sector=sector_to_proto(sector))

    async def DeleteSector(
        self, request: publisher.DeleteSectorRequest, context: Context
    ) -> publisher.DeleteSectorResponse:
        await self._transactions.run(
            sites.delete_sector, account_id=current_caller().account(), sector_id=request.sector_id
        )
        return publisher.DeleteSectorResponse()

    async def ListSectors(
        self, request: publisher.ListSectorsRequest, context: Context
    ) -> publisher.ListSectorsResponse:
        page = await self._transactions.run(
            sites.list_sectors,
            account_id=current_caller().account(),
            site_id=request.site_id,
            page=PageRequest.of(request),
        )
        return publisher.ListSectorsResponse(
            sectors=map(sector_to_proto, page.items), next_page_token=page.next_page_token
        )

    async def GetPublishingSettings(
        self, request: publisher.GetPublishingSettingsRequest, context: Context
    ) -> publisher.GetPublishingSettingsResponse:
        settings = await self._transactions.run(
            sites.get_settings, account_id=current_caller().account(), site_id=request.site_id
        )
        return publisher.GetPublishingSettingsResponse(settings=settings_to_proto(settings))

    async def PutPublishingSettings(
        self, request: publisher.PutPublishingSettingsRequest, context: Context
    ) -> publisher.PutPublishingSettingsResponse:
        account_id = current_caller().account()
        settings = await self._transactions.run(
            sites.put_settings,
            settings=settings_from_proto(request.settings, site_id=request.site_id, account_id=account_id),
            etag=request.etag,
            time_zone_change=time_zone_change_from_proto(request.time_zone_change),
            now=self._clock.now(),
        )
        return publisher.PutPublishingSettingsResponse(settings=settings_to_proto(settings))


def _site_created(site: Site) -> publisher.CreateSiteResponse:
    return publisher.CreateSiteResponse(site=site_to_proto(site))


def _sector_created(sector: Sector) -> publisher.CreateSectorResponse:
    return publisher.CreateSectorResponse(sector=sector_to_proto(sector))
