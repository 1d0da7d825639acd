"""Sites and their sectors."""

from typing import Any, Final

from sqlalchemy import Connection, Row, Select, exists, func, select
from sqlalchemy.dialects import postgresql

from chassis.paging import Page, PageRequest, read_page
from chassis.prepared import execute
from chassis.refusal import NotFound
from services.publisher.domain.sector import Sector
from services.publisher.domain.site import Site
from services.publisher.store import tables
from services.publisher.store.rows import from_row, to_row

_site, _sector, _settings = tables.site, tables.sector, tables.publishing_settings

_HAS: Final = "SELECT 1 FROM site WHERE id = %(site_id)s AND account_id = %(account_id)s"
_HAS_TYPES: Final = {"site_id": "uuid", "account_id": "uuid"}
"""Asked by nearly every call, and so kept prepared."""


class Sites:
    """Sites in the schema `publisher`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, site: Site) -> bool:
        """False when another site has the slug, whoever's it is."""
        row = to_row(site)
        del row["time_zone"]
        statement = postgresql.insert(_site).values(row).on_conflict_do_nothing(index_elements=["slug"])
        return self._connection.execute(statement).rowcount == 1

    def slug_is_taken(self, slug: str) -> bool:
        return bool(self._connection.execute(select(exists().where(_site.c.slug == slug))).scalar_one())

    def get(self, site_id: str, *, account_id: str) -> Site:
        """Raises NotFound, for sites of other accounts too."""
        row = self._connection.execute(
            _sites().where(_site.c.id == site_id, _site.c.account_id == account_id)
        ).one_or_none()
        if row is None:
            raise NotFound(kind="site", id=site_id)
        return from_row(Site, row)

    def check(self, site_id: str, *, account_id: str) -> None:
        """Raises NotFound unless the account has the site."""
        ids = {"site_id": site_id, "account_id": account_id}
        if execute(self._connection, _HAS, _HAS_TYPES, ids).first() is None:
            raise NotFound(kind="site", id=site_id)

    def with_slug(self, slug: str) -> Site | None:
        """The site of any account at this address: for what everybody may read."""
        row = self._connection.execute(_sites().where(_site.c.slug == slug)).one_or_none()
        return None if row is None else from_row(Site, row)

    def by_name(self, *, account_id: str, page: PageRequest) -> Page[Site]:
        """The account's sites by name."""
        query = _sites().where(_site.c.account_id == account_id)
        return read_page(self._connection, query, page, by=[_site.c.name, _site.c.id], to=_site_of)


class Sectors:
    """Sectors in the schema `publisher`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, sector: Sector) -> bool:
        """False when the site has a sector of this name, in any case."""
        statement = (
            postgresql.insert(_sector)
            .values(to_row(sector))
            .on_conflict_do_nothing(index_elements=[_sector.c.site_id, func.lower(_sector.c.name)])
        )
        return self._connection.execute(statement).rowcount == 1

    def check(self, sector_id: str, *, site_id: str, account_id: str) -> None:
        """Raises NotFound unless the account's site has the sector."""
        found = exists().where(
            _sector.c.id == sector_id, _sector.c.site_id == site_id, _sector.c.account_id == account_id
        )
        if not self._connection.execute(select(found)).scalar_one():
            raise NotFound(kind="sector", id=sector_id)

    def by_name(self, *, site_id: str, account_id: str, page: PageRequest) -> Page[Sector]:
        """The site's sectors by name."""
        query = select(_sector).where(_sector.c.site_id == site_id, _sector.c.account_id == account_id)
        return read_page(self._connection, query, page, by=[_sector.c.name, _sector.c.id], to=_sector_of)


def _sites() -> "Select[Any]":
    return select(_site, _settings.c.time_zone).join(_settings, _settings.c.site_id == _site.c.id)


def _site_of(row: Row[Any]) -> Site:
    return from_row(Site, row)


def _sector_of(row: Row[Any]) -> Sector:
    return from_row(Sector, row)
