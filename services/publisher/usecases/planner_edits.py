"""Clusters and ideas by hand: making, editing, and doing the same to many, all or none."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from chassis.ids import new_id
from chassis.refusal import AlreadyExists, StateConflict
from services.publisher.domain.cluster import Cluster
from services.publisher.domain.idea import Idea, IdeaStatus, IdeaText
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases.planner import check_place
from services.publisher.usecases.planning import queue_ideas


class IdeaAction(StrEnum):
    """What people do to many ideas at once."""

    QUEUE = "queue"
    DELETE = "delete"


def create_cluster(
    tx: PublisherTransaction,
    *,
    account_id: str,
    site_id: str,
    sector_id: str | None,
    name: str,
    description: str,
    now: datetime,
) -> Cluster:
    """A cluster without keywords. Raises NotFound, and AlreadyExists for its name, however it is written."""
    check_place(tx, account_id=account_id, site_id=site_id, sector_id=sector_id)
    cluster = Cluster(
        id=new_id(),
        account_id=account_id,
        site_id=site_id,
        sector_id=sector_id,
        name=name,
        description=description,
        created_at=now,
        updated_at=now,
    )
    _check_name(tx, cluster)
    tx.clusters.add([cluster])
    return cluster


def put_cluster(
    tx: PublisherTransaction,
    *,
    account_id: str,
    cluster_id: str,
    name: str,
    description: str,
    etag: str,
    now: datetime,
) -> Cluster:
    """Another name and description; the same again changes nothing. Raises NotFound, StaleEtag, AlreadyExists."""
    known = tx.clusters.get(cluster_id, account_id=account_id)
    _check_name(tx, replace(known, name=name))
    before = tx.clusters.lock(cluster_id, account_id=account_id)
    edited = before.edit(name=name, description=description, etag=etag, now=now)
    if edited is not before:
        tx.clusters.save(edited)
    return edited


def delete_clusters(
    tx: PublisherTransaction, *, account_id: str, site_id: str, ids: Sequence[str], now: datetime
) -> int:
    """Deletes clusters of which nothing was made; their keywords are new again. Returns how many.

    Raises NotFound for the site, and for an id that it does not have; StateConflict for one with ideas, tasks or
    content. Then none is deleted.
    """
    tx.sites.check(site_id, account_id=account_id)
    ids = _each_once(ids)
    keywords = tx.keywords.lock_of_clusters(ids)
    clusters = tx.clusters.lock_of_site(ids, site_id=site_id, account_id=account_id)
    used = tx.clusters.in_use(ids)
    if used is not None:
        raise _in_use(next(cluster for cluster in clusters if cluster.id == used[0]), kind=used[1])
    tx.keywords.save_all([keyword.unmap(now=now) for keyword in keywords])
    tx.clusters.delete_all(ids)
    return len(ids)


def create_idea(
    tx: PublisherTransaction,
    *,
    account_id: str,
    site_id: str,
    cluster_id: str,
    text: IdeaText,
    now: datetime,
) -> Idea:
    """An idea of a cluster of the site, which is mapped from then on. Raises NotFound."""
    tx.sites.check(site_id, account_id=account_id)
    (cluster,) = tx.clusters.lock_of_site([cluster_id.lower()], site_id=site_id, account_id=account_id)
    idea = Idea(
        id=new_id(),
        account_id=account_id,
        site_id=cluster.site_id,
        sector_id=cluster.sector_id,
        cluster_id=cluster.id,
        title=text.title,
        description=text.description,
        content_type=text.content_type,
        content_structure=text.content_structure,
        target_keywords=text.target_keywords,
        estimated_word_count=text.estimated_word_count,
        created_at=now,
        updated_at=now,
    )
    tx.ideas.add([idea])
    tx.clusters.save(cluster.gained_ideas(now=now))
    return idea


def put_idea(
    tx: PublisherTransaction, *, account_id: str, idea_id: str, text: IdeaText, etag: str, now: datetime
) -> Idea:
    """Another text of an idea. Raises NotFound, StaleEtag, StateConflict for one that has a task."""
    before = tx.ideas.lock_all([idea_id.lower()], account_id=account_id)[idea_id.lower()]
    edited = before.edit(text, etag=etag, now=now)
    if edited is not before:
        tx.ideas.save(edited)
    return edited


def change_ideas(
    tx: PublisherTransaction,
    *,
    account_id: str,
    site_id: str,
    ids: Sequence[str],
    action: IdeaAction,
    now: datetime,
) -> int:
    """Do the same to many ideas of a site; returns how many were not so already.

    Raises NotFound for the site, and for an id that it does not have; StateConflict for one that has a task and is
    to be deleted. Then nothing is changed. A cluster that has lost its last idea is new again.
    """
    tx.sites.check(site_id, account_id=account_id)
    ids = _each_once(ids)
    ideas = tx.ideas.lock_of_site(ids, site_id=site_id, account_id=account_id)
    if action is IdeaAction.QUEUE:
        new = [idea for idea in ideas if idea.status is IdeaStatus.NEW]
        queue_ideas(tx, account_id=account_id, idea_ids=[idea.id for idea in new], now=now)
        return len(new)
    for idea in ideas:
        idea.check_deletable()
    tx.ideas.delete_all(ids)
    left = tx.clusters.without_ideas([idea.cluster_id for idea in ideas if idea.cluster_id is not None])
    for cluster_id in sorted(left):
        tx.clusters.save(tx.clusters.lock(cluster_id, account_id=account_id).lost_ideas(now=now))
    return len(ids)


def _check_name(tx: PublisherTransaction, cluster: Cluster) -> None:
    """AlreadyExists where another cluster of the sector has the name; nobody takes it until the transaction ends."""
    site_id, sector_id = cluster.site_id, cluster.sector_id
    tx.clusters.lock_names(site_id=site_id, sector_id=sector_id)
    named = tx.clusters.named([cluster.name], site_id=site_id, sector_id=sector_id)
    if any(other.id != cluster.id for other in named):
        raise AlreadyExists(kind="cluster", field="name", value=cluster.name)


def _in_use(cluster: Cluster, *, kind: str) -> StateConflict:
    made = {"idea": "ideas", "task": "tasks", "content": "content"}[kind]
    return StateConflict(
        f"The cluster {cluster.name} has {made} and cannot be deleted. Delete its {made} first.",
        metadata={"kind": "cluster", "id": cluster.id, "state": cluster.status, "used_by": kind},
    )


def _each_once(ids: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(id.lower() for id in ids))
