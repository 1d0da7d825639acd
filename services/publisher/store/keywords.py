"""Keywords: lists, and which of them wait for a cluster."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Connection, Row, Uuid, cast, delete, func, select, update

from chassis.bulk import update_rows
from chassis.paging import Page, PageRequest, read_page
from chassis.prepared import insert_unless_there
from chassis.refusal import NotFound
from services.publisher.domain.intent import Intent
from services.publisher.domain.keyword import Keyword, KeywordStatus
from services.publisher.domain.keyword_import import KeywordRow
from services.publisher.store import tables
from services.publisher.store.keyword_import import Imported, import_rows
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

    def add(self, keyword: Keyword) -> bool:
        """Writes a new keyword; False when its site and sector have it already."""
        return insert_unless_there(self._connection, _keyword, to_row(keyword), constraint="keyword_once")

    def lock_of_site(self, ids: Sequence[str], *, site_id: str, account_id: str) -> list[Keyword]:
        """As `lock_all`, whatever the sector, in the order of their text."""
        found = self._lock(ids, _keyword.c.site_id == site_id, _keyword.c.account_id == account_id)
        return list(found.values())

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
        return _of(row)

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
        found = {row.id: _of(row) for row in self._connection.execute(query)}
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

    def most_searched(
        self,
        *,
        site_id: str,
        account_id: str,
        status: KeywordStatus | None = None,
        cluster_id: str | None = None,
        sector_id: str | None = None,
        ids: Sequence[str] = (),
        page: PageRequest,
    ) -> Page[Keyword]:
        """The site's keywords, most searched first, those of unknown volume last."""
        query = select(*_COLUMNS, _keyword.c.volume_rank).where(
            _keyword.c.site_id == site_id, _keyword.c.account_id == account_id
        )
        if status is not None:
            query = query.where(_keyword.c.status == status.value)
        if cluster_id is not None:
            query = query.where(_keyword.c.cluster_id == cluster_id)
        if sector_id is not None:
            query = query.where(_keyword.c.sector_id == sector_id)
        if ids:
            query = query.where(_keyword.c.id.in_(ids))
        by = [_keyword.c.volume_rank.desc(), _keyword.c.id]
        return read_page(self._connection, query, page, by=by, to=_of)


def _of(row: Row[Any]) -> Keyword:
    values = dict(row._mapping)
    values.pop("volume_rank", None)
    intent = values.pop("intent")
    return Keyword(
        **values | {"intent": intent and Intent(intent), "status": KeywordStatus(values["status"])}
    )
