"""Keywords: lists, and which of them wait for a cluster."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ARRAY, ColumnElement, Connection, Uuid, cast, delete, exists, func, select, update

from chassis.bulk import update_rows
from chassis.paging import Page, PageRequest
from chassis.refusal import NotFound
from services.publisher.domain.intent import Intent
from services.publisher.domain.keyword import Keyword, KeywordStatus
from services.publisher.domain.keyword_import import KeywordRow
from services.publisher.domain.listing import Wanted
from services.publisher.store import tables
from services.publisher.store.keyword_creation import Created, Creation, create_keywords
from services.publisher.store.keyword_import import Imported, import_rows
from services.publisher.store.listing import Listing, read_list
from services.publisher.store.rows import among, columns_of, to_row

_keyword = tables.keyword
_COLUMNS = columns_of(Keyword, _keyword)
_CHANGED = ("cluster_id", "status", "disabled", "updated_at")


class Keywords:
    """Keywords in the schema `publisher`. Locked in the order of their text, before clusters."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def import_rows(
        self,
        rows: Sequence[KeywordRow],
        *,
        account_id: str,
        site_id: str,
        sector_id: str | None,
        now: datetime,
    ) -> Imported:
        """Makes and refreshes keywords as one set; the clusters of those that changed are to be recounted."""
        if not rows:
            return Imported(imported=0, updated=0, cluster_ids=())
        return import_rows(
            self._connection, rows, account_id=account_id, site_id=site_id, sector_id=sector_id, now=now
        )

    def create(self, creations: Sequence[Creation], *, lock_seconds_max: float) -> Created:
        """Makes keywords, each for itself; no call may be in two of them."""
        return create_keywords(self._connection, creations, lock_seconds_max=lock_seconds_max)

    def has(self, keyword_id: str) -> bool:
        """Whether there is a keyword with the id, whoever's it is."""
        return bool(
            self._connection.execute(select(exists().where(_keyword.c.id == keyword_id))).scalar_one()
        )

    def lock_of_site(self, ids: Sequence[str], *, site_id: str, account_id: str) -> list[Keyword]:
        """As `lock_all`, whatever the sector, in the order of their text."""
        found = self._lock(ids, _keyword.c.site_id == site_id, _keyword.c.account_id == account_id)
        return list(found.values())

    def lock_of_clusters(self, cluster_ids: Sequence[str]) -> list[Keyword]:
        """The keywords of these clusters, locked in the order of their text."""
        query = (
            select(*_COLUMNS)
            .where(among(_keyword.c.cluster_id, cluster_ids))
            .order_by(_keyword.c.normalised)
            .with_for_update()
        )
        return [_of(row._asdict()) for row in self._connection.execute(query)]

    def save_all(self, keywords: Sequence[Keyword]) -> None:
        """Writes what people change of locked keywords: their cluster, their state, whether runs take them."""
        rows = [to_row(keyword) for keyword in keywords]
        update_rows(self._connection, _keyword, rows, columns=_CHANGED)

    def delete_all(self, ids: Sequence[str]) -> None:
        self._connection.execute(delete(_keyword).where(among(_keyword.c.id, ids)))

    def get(self, keyword_id: str, *, account_id: str) -> Keyword:
        """Raises NotFound, for keywords of other accounts too."""
        row = self._connection.execute(
            select(*_COLUMNS).where(_keyword.c.id == keyword_id, _keyword.c.account_id == account_id)
        ).one_or_none()
        if row is None:
            raise NotFound(kind="keyword", id=keyword_id)
        return _of(row._asdict())

    def lock_all(
        self, ids: Sequence[str], *, site_id: str, sector_id: str | None, account_id: str
    ) -> dict[str, Keyword]:
        """These keywords of the site and sector by id, locked until the transaction ends.

        Raises NotFound for an id that is not among them.
        """
        in_sector = _keyword.c.sector_id.is_not_distinct_from(sector_id)
        return self._lock(ids, _keyword.c.site_id == site_id, _keyword.c.account_id == account_id, in_sector)

    def _lock(self, ids: Sequence[str], *where: ColumnElement[bool]) -> dict[str, Keyword]:
        query = (
            select(*_COLUMNS)
            .where(among(_keyword.c.id, ids), *where)
            .order_by(_keyword.c.normalised)
            .with_for_update()
        )
        found = {row.id: _of(row._asdict()) for row in self._connection.execute(query)}
        for id in ids:
            if id not in found:
                raise NotFound(kind="keyword", id=id)
        return found

    def map(self, cluster_ids: Mapping[str, str], *, now: datetime) -> None:
        """Puts locked keywords into clusters; `cluster_ids` by keyword id."""
        uuids = ARRAY(Uuid(as_uuid=False))
        given = (
            func.unnest(cast(list(cluster_ids), uuids), cast(list(cluster_ids.values()), uuids))
            .table_valued("keyword_id", "cluster_id", name="given")
            .render_derived()
        )
        self._connection.execute(
            update(_keyword)
            .where(_keyword.c.id == given.c.keyword_id)
            .values(cluster_id=given.c.cluster_id, status=KeywordStatus.MAPPED.value, updated_at=now)
        )

    def listed(self, wanted: Wanted, *, site_id: str, account_id: str, page: PageRequest) -> Page[Keyword]:
        """Some of the site's keywords; without another order most searched first, those of unknown volume last."""
        return read_list(self._connection, LISTING, wanted, site_id=site_id, account_id=account_id, page=page)


def _of(row: Mapping[str, Any]) -> Keyword:
    intent = row["intent"]
    return Keyword(**{**row, "intent": intent and Intent(intent), "status": KeywordStatus(row["status"])})


LISTING: Final = Listing(
    table=_keyword,
    columns=[column.name for column in _COLUMNS],
    to=_of,
    sorts={
        "volume": "volume_rank",
        "difficulty": "difficulty_rank",
        "keyword": "normalised",
        "created_at": "created_at",
    },
    default_sort="-volume",
    facets=("status", "sector_id", "intent", "country", "disabled"),
    narrow={
        "cluster_id": ("volume", "difficulty", "keyword", "created_at"),
        "sector_id": ("volume",),
        "status": ("volume", "created_at"),
    },
)
