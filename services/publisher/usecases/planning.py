"""What the first stages of the pipeline save: clusters of keywords, their ideas, and a task for each idea."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis.ids import new_id
from services.publisher.domain.cluster import Cluster
from services.publisher.domain.content_form import ContentStructure, ContentType
from services.publisher.domain.idea import Idea, IdeaStatus
from services.publisher.domain.keyword import Keyword, KeywordStatus
from services.publisher.domain.keyword_text import normalise
from services.publisher.domain.task import Task
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases.planner import check_place


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterDraft:
    """A topic and the keywords that it should get."""

    name: str
    description: str
    keyword_ids: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdeaDraft:
    """An article that could be written; `estimated_word_count` in words."""

    title: str
    description: str
    content_type: ContentType
    content_structure: ContentStructure
    target_keywords: tuple[str, ...]
    estimated_word_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedClusters:
    """The clusters as they are now, and how many keywords got one."""

    clusters: list[Cluster]
    keywords_mapped: int


def save_clusters(
    tx: PublisherTransaction,
    *,
    account_id: str,
    site_id: str,
    sector_id: str | None,
    drafts: Sequence[ClusterDraft],
    now: datetime,
) -> SavedClusters:
    """Puts new keywords into clusters, made by name where there is none yet, however it is written.

    Keywords that were mapped or disabled meanwhile stay as they are, and a cluster that would be left without any
    is not made. Each cluster is given once, in the order of the drafts. Raises NotFound for the site, the sector and
    for keywords that are not in them.
    """
    check_place(tx, account_id=account_id, site_id=site_id, sector_id=sector_id)
    ids = _each_once(id for draft in drafts for id in draft.keyword_ids)
    found = tx.keywords.lock_all(ids, site_id=site_id, sector_id=sector_id, account_id=account_id)
    tx.clusters.lock_names(site_id=site_id, sector_id=sector_id)
    names = [draft.name for draft in drafts]
    known = {
        normalise(one.name): one for one in tx.clusters.named(names, site_id=site_id, sector_id=sector_id)
    }
    free = {id for id, keyword in found.items() if _is_free(keyword)}
    gained: dict[str, list[str]] = {}
    made: list[Cluster] = []
    for draft in drafts:
        mine = [id for id in _each_once(draft.keyword_ids) if id in free]
        free.difference_update(mine)
        cluster = known.get(normalise(draft.name))
        if cluster is None:
            if not mine:
                continue
            cluster = _new_cluster(draft, account_id, site_id, sector_id, now)
            known[normalise(draft.name)] = cluster
            made.append(cluster)
        gained.setdefault(cluster.id, []).extend(mine)
    tx.clusters.add(made)
    mapped = {id: cluster_id for cluster_id, mine in gained.items() for id in mine}
    tx.keywords.map(mapped, now=now)
    return SavedClusters(clusters=tx.clusters.recount(list(gained), now=now), keywords_mapped=len(mapped))


def save_ideas(
    tx: PublisherTransaction, *, account_id: str, cluster_id: str, drafts: Sequence[IdeaDraft], now: datetime
) -> list[Idea]:
    """New ideas of a cluster, which is mapped from then on; in the order given. Raises NotFound for the cluster."""
    cluster = tx.clusters.lock(cluster_id, account_id=account_id)
    ideas = [
        Idea(
            id=new_id(),
            account_id=account_id,
            site_id=cluster.site_id,
            sector_id=cluster.sector_id,
            cluster_id=cluster.id,
            title=draft.title,
            description=draft.description,
            content_type=draft.content_type,
            content_structure=draft.content_structure,
            target_keywords=draft.target_keywords,
            estimated_word_count=draft.estimated_word_count,
            created_at=now,
            updated_at=now,
        )
        for draft in drafts
    ]
    tx.ideas.add(ideas)
    tx.clusters.save(cluster.gained_ideas(now=now))
    return ideas


def queue_ideas(
    tx: PublisherTransaction, *, account_id: str, idea_ids: Sequence[str], now: datetime
) -> list[Task]:
    """A task for each idea, in the order given: a new one, or the one it has. Raises NotFound for an idea."""
    ids = _each_once(idea_ids)
    ideas = tx.ideas.lock_all(ids, account_id=account_id)
    tasks = tx.tasks.of_ideas(ids, account_id=account_id)
    made = []
    for idea in (ideas[id] for id in ids if id not in tasks):
        queued = idea if idea.status is IdeaStatus.QUEUED else idea.queue(now=now)
        task = tasks[idea.id] = Task.of(idea, id=new_id(), now=now)
        made.append(task)
        tx.ideas.save(queued)
    tx.tasks.add(made)
    return [tasks[id] for id in ids]


def _each_once(ids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(id.lower() for id in ids))


def _is_free(keyword: Keyword) -> bool:
    return keyword.status is KeywordStatus.NEW and not keyword.disabled


def _new_cluster(
    draft: ClusterDraft, account_id: str, site_id: str, sector_id: str | None, now: datetime
) -> Cluster:
    return Cluster(
        id=new_id(),
        account_id=account_id,
        site_id=site_id,
        sector_id=sector_id,
        name=" ".join(draft.name.split()),
        description=draft.description,
        created_at=now,
        updated_at=now,
    )
