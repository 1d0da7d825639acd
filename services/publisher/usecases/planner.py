"""Keywords, clusters and ideas as people see them, and the import of keyword files."""

from dataclasses import dataclass
from datetime import datetime

from chassis.paging import Page, PageRequest
from services.publisher.domain.cluster import Cluster
from services.publisher.domain.idea import Idea
from services.publisher.domain.keyword import Keyword
from services.publisher.domain.keyword_import import ImportedKeywords
from services.publisher.domain.listing import Wanted
from services.publisher.store.transaction import PublisherTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCounts:
    """Rows that made a keyword, that changed one, and that repeat another row or say what is known."""

    imported: int
    updated: int
    skipped: int


def check_place(tx: PublisherTransaction, *, account_id: str, site_id: str, sector_id: str | None) -> None:
    """Raises NotFound unless the account has the site, and the site the sector where one is given."""
    tx.sites.check(site_id, account_id=account_id)
    if sector_id is not None:
        tx.sectors.check(sector_id, site_id=site_id, account_id=account_id)


def import_keywords(
    tx: PublisherTransaction,
    *,
    account_id: str,
    site_id: str,
    sector_id: str | None,
    file: ImportedKeywords,
    now: datetime,
) -> ImportCounts:
    """Makes and refreshes the keywords of a file that was read: all of its rows or, when it fails, none."""
    check_place(tx, account_id=account_id, site_id=site_id, sector_id=sector_id)
    done = tx.keywords.import_rows(
        file.rows, account_id=account_id, site_id=site_id, sector_id=sector_id, now=now
    )
    if done.cluster_ids:
        tx.clusters.recount(done.cluster_ids, now=now)
    unchanged = len(file.rows) - done.imported - done.updated
    return ImportCounts(imported=done.imported, updated=done.updated, skipped=file.skipped + unchanged)


def list_keywords(
    tx: PublisherTransaction, *, account_id: str, site_id: str, wanted: Wanted, page: PageRequest
) -> Page[Keyword]:
    """Some of the site's keywords. Raises NotFound for the site."""
    tx.sites.check(site_id, account_id=account_id)
    return tx.keywords.listed(wanted, site_id=site_id, account_id=account_id, page=page)


def get_keyword(tx: PublisherTransaction, *, account_id: str, keyword_id: str) -> Keyword:
    """Raises NotFound."""
    return tx.keywords.get(keyword_id, account_id=account_id)


def list_clusters(
    tx: PublisherTransaction, *, account_id: str, site_id: str, wanted: Wanted, page: PageRequest
) -> Page[Cluster]:
    """Some of the site's clusters. Raises NotFound for the site."""
    tx.sites.check(site_id, account_id=account_id)
    return tx.clusters.listed(wanted, site_id=site_id, account_id=account_id, page=page)


def get_cluster(tx: PublisherTransaction, *, account_id: str, cluster_id: str) -> Cluster:
    """Raises NotFound."""
    return tx.clusters.get(cluster_id, account_id=account_id)


def list_ideas(
    tx: PublisherTransaction, *, account_id: str, site_id: str, wanted: Wanted, page: PageRequest
) -> Page[Idea]:
    """Some of the site's ideas. Raises NotFound for the site."""
    tx.sites.check(site_id, account_id=account_id)
    return tx.ideas.listed(wanted, site_id=site_id, account_id=account_id, page=page)


def get_idea(tx: PublisherTransaction, *, account_id: str, idea_id: str) -> Idea:
    """Raises NotFound."""
    return tx.ideas.get(idea_id, account_id=account_id)
