"""Sites and their sectors."""

from typing import Any, Final

from sqlalchemy import Connection, Row, Select, exists, func, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError

from chassis.paging import Page, PageRequest, read_page
from chassis.prepared import execute
from chassis.refusal import NotFound
from services.publisher.domain.sector import Sector
from services.publisher.domain.site import Site
from services.publisher.store import tables
from services.publisher.store.rows import from_row, to_row

_site, _sector, _settings = tables.site, tables.sector, tables.publishing_settings

_HOLDS: Final = (
    (tables.keyword, "keywords"),
    (tables.cluster, "clusters"),
    (tables.idea, "ideas"),
    (tables.task, "tasks"),
    (tables.content, "content"),
)

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
        return self._one(_sites(), site_id, account_id)

    def lock(self, site_id: str, *, account_id: str) -> Site:
        """As `get`, locked against other edits of the site until the transaction ends."""
        return self._one(_sites().with_for_update(of=_site, key_share=True), site_id, account_id)

    def save(self, site: Site) -> None:
        """Writes what an edit may change."""
        changed = {name: getattr(site, name) for name in ("name", "description", "language", "updated_at")}
        self._connection.execute(_site.update().where(_site.c.id == site.id).values(changed))

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

    def _one(self, query: "Select[Any]", site_id: str, account_id: str) -> Site:
        row = self._connection.execute(
            query.where(_site.c.id == site_id, _site.c.account_id == account_id)
        ).one_or_none()
        if row is None:
            raise NotFound(kind="site", id=site_id)
        return from_row(Site, row)


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
        """Raises NotFound unless the account's site has the sector, which then stays until the transaction ends."""
        found = (
            select(_sector.c.id)
            .where(
                _sector.c.id == sector_id, _sector.c.site_id == site_id, _sector.c.account_id == account_id
            )
            .with_for_update(read=True, key_share=True)
        )
        if self._connection.execute(found).first() is None:
            raise NotFound(kind="sector", id=sector_id)

    def lock(self, sector_id: str, *, account_id: str) -> Sector:
        """The sector; nothing comes into it until the transaction ends. Raises NotFound."""
        query = (
            select(_sector)
            .where(_sector.c.id == sector_id, _sector.c.account_id == account_id)
            .with_for_update()
        )
        row = self._connection.execute(query).one_or_none()
        if row is None:
            raise NotFound(kind="sector", id=sector_id)
        return from_row(Sector, row)

    def save(self, sector: Sector) -> bool:
        """Writes its name. False when the site has another sector of this name, in any case."""
        changed = {"name": sector.name, "updated_at": sector.updated_at}
        try:
            with self._connection.begin_nested():
                self._connection.execute(_sector.update().where(_sector.c.id == sector.id).values(changed))
        except IntegrityError:
            return False
        return True

    def in_use_by(self, sector: Sector) -> str:
        """What is in it, for example `ideas`; empty when nothing is."""
        for table, what in _HOLDS:
            held = exists().where(table.c.site_id == sector.site_id, table.c.sector_id == sector.id)
            if self._connection.execute(select(held)).scalar_one():
                return what
        return ""

    def delete(self, sector: Sector) -> None:
        """Takes it away; nothing may be in it."""
        self._connection.execute(_sector.delete().where(_sector.c.id == sector.id))

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
