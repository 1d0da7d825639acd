"""Keywords by hand: making one, and doing the same to many."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from chassis.database import LOCK_TIMEOUT_SECONDS
from chassis.idempotency import forget
from chassis.idempotency_batch import Name, name_of, read_answers
from chassis.ids import new_id
from chassis.refusal import (
    AlreadyExists,
    FieldFault,
    Refusal,
    RequestInProgress,
    RequestInvalid,
    StateConflict,
)
from services.publisher.domain.cluster import Cluster
from services.publisher.domain.import_numbers import CPC_MAX
from services.publisher.domain.intent import Intent
from services.publisher.domain.keyword import Keyword, keyword_by_hand
from services.publisher.store.keyword_creation import Created, Creation
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases.planner import check_place


class KeywordAction(StrEnum):
    """What people do to many keywords at once."""

    DISABLE = "disable"
    ENABLE = "enable"
    UNMAP = "unmap"
    MOVE = "move"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordFacts:
    """What is known about a keyword; None is unknown. `cpc` is in `currency` (ISO 4217)."""

    volume: int | None = None
    difficulty: int | None = None
    cpc: Decimal | None = None
    currency: str | None = None
    intent: Intent | None = None
    country: str | None = None


def new_keyword(
    *,
    account_id: str,
    site_id: str,
    sector_id: str | None,
    text: str,
    facts: KeywordFacts,
    now: datetime,
) -> Keyword:
    """A keyword that somebody typed, not written yet. Raises RequestInvalid for what is none."""
    shown, normalised = keyword_by_hand(text)
    if facts.cpc is not None and not 0 <= facts.cpc <= CPC_MAX:
        raise RequestInvalid(FieldFault("cpc", f"must be between 0 and {CPC_MAX:,}"))
    return Keyword(
        id=new_id(),
        account_id=account_id,
        site_id=site_id,
        sector_id=sector_id,
        created_at=now,
        updated_at=now,
        keyword=shown,
        normalised=normalised,
        volume=facts.volume,
        difficulty=facts.difficulty,
        cpc=facts.cpc,
        currency=facts.currency,
        intent=facts.intent,
        country=facts.country,
    )


def create_keywords(
    tx: PublisherTransaction, *, creations: Sequence[Creation], lock_seconds_max: float = LOCK_TIMEOUT_SECONDS
) -> list[bytes | Refusal]:
    """New keywords, each for itself: the answer to its call, which for a repeat is the first one, or why it is not made.

    That is NotFound for its place, AlreadyExists however the one that is there is written, RequestIdReused. A refusal
    is not stored, so the call's id may be used again. Waits so long for others who write the same, then raises Contention.
    """
    results: dict[str, bytes | Refusal] = {}
    turn = list(creations)
    while turn:
        # A call that comes twice is a repeat of the one that came first, should that one not be refused.
        firsts, turn = _each_call_once(turn)
        created = tx.keywords.create(firsts, lock_seconds_max=lock_seconds_max)
        for each in firsts:
            made = each.keyword.id in created.keyword_ids
            results[each.keyword.id] = each.answer if made else _not_made(tx, each, created)
    return [results[each.keyword.id] for each in creations]


def change_keywords(
    tx: PublisherTransaction,
    *,
    account_id: str,
    site_id: str,
    ids: Sequence[str],
    action: KeywordAction,
    cluster_id: str | None = None,
    now: datetime,
) -> int:
    """Do the same to many keywords of a site; returns how many were not so already. Their clusters are recounted.

    Moved ones go to `cluster_id`, which no other action has. Raises NotFound for the site, for an id that it does
    not have and for the cluster, StateConflict for a cluster of another sector, RequestInvalid: then none is changed.
    """
    tx.sites.check(site_id, account_id=account_id)
    before = tx.keywords.lock_of_site(list(dict.fromkeys(ids)), site_id=site_id, account_id=account_id)
    if (cluster_id is None) is (action is KeywordAction.MOVE):
        fault = "must say where keywords are moved to" if cluster_id is None else "is only for moving"
        raise RequestInvalid(FieldFault("cluster_id", fault))
    touched = {keyword.cluster_id for keyword in before if keyword.cluster_id is not None}
    if cluster_id is not None:
        touched.add(cluster_id.lower())
        # So that it is there until the end; all of them, in the one order.
        clusters = tx.clusters.lock_of_site(sorted(touched), site_id=site_id, account_id=account_id)
        _check_sector(before, next(one for one in clusters if one.id == cluster_id.lower()))
    if action is KeywordAction.DELETE:
        tx.keywords.delete_all([keyword.id for keyword in before])
        changed = before
    else:
        after = [_changed(keyword, action, cluster_id, now) for keyword in before]
        changed = [keyword for keyword, was in zip(after, before, strict=True) if keyword != was]
        tx.keywords.save_all(changed)
    if touched and action in (KeywordAction.DELETE, KeywordAction.UNMAP, KeywordAction.MOVE):
        tx.clusters.recount(sorted(touched), now=now)
    return len(changed)


def _each_call_once(creations: Sequence[Creation]) -> tuple[list[Creation], list[Creation]]:
    """The first of each call, and the others."""
    called: set[Name] = set()
    firsts: list[Creation] = []
    others: list[Creation] = []
    for each in creations:
        if each.key is not None and name_of(each.key) in called:
            others.append(each)
            continue
        firsts.append(each)
        if each.key is not None:
            called.add(name_of(each.key))
    return firsts, others


def _not_made(tx: PublisherTransaction, creation: Creation, created: Created) -> bytes | Refusal:
    """The answer to a repeat, or why the keyword was not made."""
    keyword, key = creation.keyword, creation.key
    try:
        if key is not None and name_of(key) not in created.calls:
            before = read_answers(tx.connection, [key]).get(name_of(key))
            if before is None:
                # Its 30 days ended between the two statements.
                raise RequestInProgress(key.request_id)
            return before.to(key)
        check_place(tx, account_id=keyword.account_id, site_id=keyword.site_id, sector_id=keyword.sector_id)
        if tx.keywords.has(keyword.id):
            # By an attempt whose COMMIT had an unknown end.
            return creation.answer
        raise AlreadyExists(kind="keyword", field="keyword", value=keyword.keyword)
    except Refusal as refusal:
        if key is not None and name_of(key) in created.calls:
            forget(tx.connection, account_id=key.account_id, scope=key.scope, request_id=key.request_id)
        return refusal


def _check_sector(keywords: Sequence[Keyword], cluster: Cluster) -> None:
    """StateConflict for a keyword of another sector than the cluster it is to be moved to."""
    for keyword in keywords:
        if keyword.sector_id != cluster.sector_id:
            raise StateConflict(
                f"The keyword {keyword.keyword} is of another sector than the cluster {cluster.name}. "
                "Choose a cluster of its sector.",
                metadata={"kind": "keyword", "id": keyword.id, "cluster_id": cluster.id},
            )


def _changed(keyword: Keyword, action: KeywordAction, cluster_id: str | None, now: datetime) -> Keyword:
    if cluster_id is not None:
        return keyword.move(cluster_id.lower(), now=now)
    return _ACTIONS[action](keyword, now)


_ACTIONS: dict[KeywordAction, Callable[[Keyword, datetime], Keyword]] = {
    KeywordAction.DISABLE: lambda keyword, now: keyword.set_disabled(True, now=now),
    KeywordAction.ENABLE: lambda keyword, now: keyword.set_disabled(False, now=now),
    KeywordAction.UNMAP: lambda keyword, now: keyword.unmap(now=now),
}
