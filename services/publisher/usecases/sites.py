"""Sites, their sectors and their publishing settings."""

from dataclasses import replace
from datetime import datetime

from chassis.ids import new_id
from chassis.paging import Page, PageRequest
from chassis.refusal import AlreadyExists, FieldFault, RequestInvalid, StaleEtag
from services.publisher.domain.publishing_settings import PublishingSettings, TimeZoneChange
from services.publisher.domain.sector import Sector
from services.publisher.domain.site import Site
from services.publisher.domain.slug import unique_slug
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases.calendar_moves import keep_clock


def create_site(
    tx: PublisherTransaction,
    *,
    account_id: str,
    name: str,
    slug: str,
    time_zone: str,
    description: str,
    language: str,
    now: datetime,
) -> Site:
    """A new site with the usual publishing settings. Without a slug it gets a free one of its name.

    Raises RequestInvalid, and AlreadyExists for a given slug that any site has.
    """
    site = Site.create(
        id=new_id(),
        account_id=account_id,
        name=name,
        slug=slug,
        description=description,
        language=language,
        time_zone=time_zone,
        now=now,
    )
    settings = PublishingSettings(site_id=site.id, account_id=account_id, time_zone=site.time_zone)
    wanted = site.slug
    while not tx.sites.add(site):
        if slug:
            raise AlreadyExists(kind="site", field="slug", value=slug)
        site = replace(site, slug=unique_slug(wanted, taken=tx.sites.slug_is_taken))
    tx.settings.add(settings)
    return site


def get_site(tx: PublisherTransaction, *, account_id: str, site_id: str) -> Site:
    """Raises NotFound."""
    return tx.sites.get(site_id, account_id=account_id)


def put_site(
    tx: PublisherTransaction,
    *,
    account_id: str,
    site_id: str,
    name: str,
    description: str,
    language: str,
    etag: str,
    now: datetime,
) -> Site:
    """Another name, description and language; the same again changes nothing. Raises NotFound, RequestInvalid, StaleEtag."""
    before = tx.sites.lock(site_id, account_id=account_id)
    edited = before.edit(name=name, description=description, language=language, etag=etag, now=now)
    if edited is not before:
        tx.sites.save(edited)
    return edited


def list_sites(tx: PublisherTransaction, *, account_id: str, page: PageRequest) -> Page[Site]:
    """The account's sites by name."""
    return tx.sites.by_name(account_id=account_id, page=page)


def create_sector(
    tx: PublisherTransaction, *, account_id: str, site_id: str, name: str, now: datetime
) -> Sector:
    """A new sector. Raises NotFound for the site, AlreadyExists for a name that the site has in any case."""
    tx.sites.check(site_id, account_id=account_id)
    sector = Sector.create(id=new_id(), account_id=account_id, site_id=site_id, name=name, now=now)
    if not tx.sectors.add(sector):
        raise AlreadyExists(kind="sector", field="name", value=sector.name)
    return sector


def put_sector(
    tx: PublisherTransaction, *, account_id: str, sector_id: str, name: str, etag: str, now: datetime
) -> Sector:
    """Another name; the same again changes nothing. Raises NotFound, RequestInvalid, StaleEtag, AlreadyExists."""
    before = tx.sectors.lock(sector_id, account_id=account_id)
    renamed = before.rename(name, etag=etag, now=now)
    if renamed is not before and not tx.sectors.save(renamed):
        raise AlreadyExists(kind="sector", field="name", value=renamed.name)
    return renamed


def delete_sector(tx: PublisherTransaction, *, account_id: str, sector_id: str) -> None:
    """Raises NotFound, and StateConflict while anything is in it."""
    sector = tx.sectors.lock(sector_id, account_id=account_id)
    sector.check_deletable(in_use_by=tx.sectors.in_use_by(sector))
    tx.sectors.delete(sector)


def list_sectors(
    tx: PublisherTransaction, *, account_id: str, site_id: str, page: PageRequest
) -> Page[Sector]:
    """The site's sectors by name. Raises NotFound for the site."""
    tx.sites.check(site_id, account_id=account_id)
    return tx.sectors.by_name(site_id=site_id, account_id=account_id, page=page)


def get_settings(tx: PublisherTransaction, *, account_id: str, site_id: str) -> PublishingSettings:
    """Raises NotFound for the site."""
    return tx.settings.get(site_id, account_id=account_id)


def put_settings(
    tx: PublisherTransaction,
    *,
    settings: PublishingSettings,
    etag: str,
    time_zone_change: TimeZoneChange | None = None,
    now: datetime,
) -> PublishingSettings:
    """Replaces the settings of a site. The same again changes nothing.

    What is on its calendar stays at its instant; with another time zone `time_zone_change` has to say whether it
    stays at its instant or at its time on the clock. Raises NotFound for the site, StaleEtag when an `etag` is given
    and others were saved after it was read, RequestInvalid when something is scheduled and it does not say.
    """
    before = tx.settings.lock(settings.site_id, account_id=settings.account_id)
    same = replace(settings, version=before.version) == before
    if same:
        return before
    if etag and etag != before.etag:
        raise StaleEtag(kind="publishing_settings", etag=before.etag)
    after = replace(settings, version=before.version + 1)
    tx.settings.save(after)
    if after.time_zone != before.time_zone:
        _change_time_zone(tx, before, after, time_zone_change, now=now)
    return after


def _change_time_zone(
    tx: PublisherTransaction,
    before: PublishingSettings,
    after: PublishingSettings,
    change: TimeZoneChange | None,
    *,
    now: datetime,
) -> None:
    if change is TimeZoneChange.KEEP_CLOCK:
        keep_clock(tx, before, after, now=now)
    elif change is None and (count := tx.calendar.count_scheduled(before.site_id)):
        message = (
            f"is needed: {count:,} scheduled {'content' if count == 1 else 'contents'} can keep the time on the clock"
            " (keep_clock) or the instant (keep_instant)"
        )
        raise RequestInvalid(FieldFault("time_zone_change", message))
