"""Clusters of keywords."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, exists, func, insert, select, update

from chassis.paging import Page, PageRequest
from chassis.refusal import NotFound
from services.publisher.domain.cluster import Cluster, ClusterStatus
from services.publisher.domain.keyword_text import normalise
from services.publisher.domain.listing import Wanted
from services.publisher.store import tables
from services.publisher.store.listing import Listing, read_list
from services.publisher.store.rows import among, check_all_there, columns_of, from_row, in_order, to_row

_cluster, _keyword = tables.cluster, tables.keyword
_COLUMNS = columns_of(Cluster, _cluster)
_NAME_CHARACTERS_COMPARED = 300


class Clusters:
    """Clusters in the schema `publisher`. Locked in the order of their ids, after keywords."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, clusters: Sequence[Cluster]) -> None:
        if clusters:
            self._connection.execute(insert(_cluster), [_to_row(cluster) for cluster in clusters])

    def lock_names(self, *, site_id: str, sector_id: str | None) -> None:
        """Lets nobody else make clusters in this sector, or outside of all, until the transaction ends."""
        name = f"publisher.clusters:{site_id}:{sector_id}"
        self._connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))

    def named(self, names: Sequence[str], *, site_id: str, sector_id: str | None) -> list[Cluster]:
        """The clusters that have one of these names, however they are written."""
        query = select(*_COLUMNS).where(
            _cluster.c.site_id == site_id,
            _cluster.c.sector_id.is_not_distinct_from(sector_id),
            _cluster.c.name_normalised.in_([_comparable(name) for name in names]),
        )
        return [_of(row._asdict()) for row in self._connection.execute(query)]

    def get(self, cluster_id: str, *, account_id: str) -> Cluster:
        """Raises NotFound, for clusters of other accounts too."""
        return self._one(cluster_id, account_id, lock=False)

    def lock(self, cluster_id: str, *, account_id: str) -> Cluster:
        """As `get`, locked until the transaction ends."""
        return self._one(cluster_id, account_id, lock=True)

    def lock_of_site(self, ids: Sequence[str], *, site_id: str, account_id: str) -> list[Cluster]:
        """These clusters of the site, locked in the order of their ids. Raises NotFound for an id that is none."""
        query = (
            select(*_COLUMNS)
            .where(
                among(_cluster.c.id, ids), _cluster.c.site_id == site_id, _cluster.c.account_id == account_id
            )
            .order_by(_cluster.c.id)
            .with_for_update()
        )
        found = [_of(row._asdict()) for row in self._connection.execute(query)]
        check_all_there(found, ids, kind="cluster")
        return found

    def in_use(self, ids: Sequence[str]) -> tuple[str, str] | None:
        """One of the clusters that something was made of, and the kind of that; None where there is none."""
        for kind, table in (("idea", tables.idea), ("task", tables.task), ("content", tables.content)):
            query = select(table.c.cluster_id).where(among(table.c.cluster_id, ids)).limit(1)
            used = self._connection.execute(query).scalar_one_or_none()
            if used is not None:
                return used, kind
        return None

    def without_ideas(self, ids: Sequence[str]) -> list[str]:
        """Those of the clusters that have no idea."""
        has = exists().where(tables.idea.c.cluster_id == _cluster.c.id)
        query = select(_cluster.c.id).where(among(_cluster.c.id, ids), ~has)
        return list(self._connection.execute(query).scalars())

    def delete_all(self, ids: Sequence[str]) -> None:
        self._connection.execute(delete(_cluster).where(among(_cluster.c.id, ids)))

    def save(self, cluster: Cluster) -> None:
        self._connection.execute(update(_cluster).where(_cluster.c.id == cluster.id).values(_to_row(cluster)))

    def recount(self, ids: Sequence[str], *, now: datetime) -> list[Cluster]:
        """Counts the keywords of these clusters and their volumes anew; gives the clusters in the order of the ids."""
        self._connection.execute(
            select(_cluster.c.id).where(among(_cluster.c.id, ids)).order_by(_cluster.c.id).with_for_update()
        )
        counted = (
            select(
                _cluster.c.id,
                func.count(_keyword.c.id).label("keywords_count"),
                func.coalesce(func.sum(_keyword.c.volume), 0).label("volume"),
            )
            .select_from(_cluster.outerjoin(_keyword, _keyword.c.cluster_id == _cluster.c.id))
            .where(among(_cluster.c.id, ids))
            .group_by(_cluster.c.id)
            .subquery()
        )
        changed = (
            update(_cluster)
            .where(_cluster.c.id == counted.c.id)
            .values(keywords_count=counted.c.keywords_count, volume=counted.c.volume, updated_at=now)
            .returning(*_COLUMNS)
        )
        return in_order((_of(row._asdict()) for row in self._connection.execute(changed)), ids)

    def listed(self, wanted: Wanted, *, site_id: str, account_id: str, page: PageRequest) -> Page[Cluster]:
        """Some of the site's clusters; without another order most searched first."""
        return read_list(self._connection, LISTING, wanted, site_id=site_id, account_id=account_id, page=page)

    def _one(self, cluster_id: str, account_id: str, *, lock: bool) -> Cluster:
        query = select(*_COLUMNS).where(_cluster.c.id == cluster_id, _cluster.c.account_id == account_id)
        row = self._connection.execute(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            raise NotFound(kind="cluster", id=cluster_id)
        return _of(row._asdict())


def _to_row(cluster: Cluster) -> dict[str, Any]:
    return to_row(cluster) | {"name_normalised": _comparable(cluster.name)}


def _comparable(name: str) -> str:
    # An index takes only so much; names that agree this far are the same to a reader.
    return normalise(name)[:_NAME_CHARACTERS_COMPARED]


def _of(row: Mapping[str, Any]) -> Cluster:
    return from_row(Cluster, row, status=ClusterStatus)


LISTING: Final = Listing(
    table=_cluster,
    columns=[column.name for column in _COLUMNS],
    to=_of,
    sorts={
        "volume": "volume",
        "keywords_count": "keywords_count",
        "name": "name_normalised",
        "created_at": "created_at",
    },
    default_sort="-volume",
    facets=("status", "sector_id"),
    narrow={"status": ("volume",)},
)
