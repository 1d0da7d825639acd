"""Keywords by hand: made one by one, changed and deleted together, with their clusters counted anew."""

from decimal import Decimal
from typing import Any

import pytest

from chassis.ids import new_id
from chassis.refusal import AlreadyExists, NotFound, Refusal, RequestInvalid
from chassis.testing.callers import OTHER_ACCOUNT_ID
from services.publisher.domain.intent import Intent
from services.publisher.domain.keyword import Keyword, KeywordStatus
from services.publisher.domain.site import Site
from services.publisher.store.keyword_creation import Creation
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases.keywords import KeywordAction, change_keywords, create_keywords
from services.publisher.usecases.planning import ClusterDraft, save_clusters
from tests.publisher.newsroom import Newsroom


def make(newsroom: Newsroom, site: Site, text: str, **facts: Any) -> Keyword:
    keyword = newsroom.new_keyword(site, text, **facts)
    creation = Creation(keyword=keyword, key=None, answer=b"")
    (result,) = newsroom.transactions.run_sync(create_keywords, creations=[creation])
    if isinstance(result, Refusal):
        raise result
    return keyword


def change(newsroom: Newsroom, site: Site, action: KeywordAction, *ids: str) -> int:
    return newsroom.run(change_keywords, account_id=site.account_id, site_id=site.id, ids=ids, action=action)


def read(newsroom: Newsroom, keyword: Keyword) -> Keyword:
    def get(tx: PublisherTransaction) -> Keyword:
        return tx.keywords.get(keyword.id, account_id=keyword.account_id)

    return newsroom.transactions.run_sync(get)


def cluster(newsroom: Newsroom, site: Site, *keywords: Keyword) -> str:
    saved = newsroom.run(
        save_clusters,
        account_id=site.account_id,
        site_id=site.id,
        sector_id=None,
        drafts=[ClusterDraft(name="Topic", description="", keyword_ids=[each.id for each in keywords])],
    )
    return str(saved.clusters[0].id)


def counts(newsroom: Newsroom, site: Site, cluster_id: str) -> tuple[int, int]:
    def get(tx: PublisherTransaction) -> tuple[int, int]:
        found = tx.clusters.get(cluster_id, account_id=site.account_id)
        return found.keywords_count, found.volume

    return newsroom.transactions.run_sync(get)


def test_a_keyword_is_made_with_what_is_known_of_it(newsroom: Newsroom) -> None:
    facts = {"volume": 90, "cpc": Decimal("1.25"), "currency": "EUR", "intent": Intent.COMMERCIAL}

    made = make(newsroom, newsroom.site(), "  Cold   frame ", **facts)

    assert read(newsroom, made) == made
    assert (made.keyword, made.normalised, made.volume, made.difficulty) == (
        "Cold frame",
        "cold frame",
        90,
        None,
    )
    assert (made.cpc, made.currency, made.intent) == (Decimal("1.25"), "EUR", Intent.COMMERCIAL)


@pytest.mark.parametrize(
    "again", ["cold frame", "COLD  Frame", "ｃｏｌｄ frame"], ids=["same", "case", "width"]
)
def test_a_keyword_that_is_there_is_not_made_again_however_it_is_written(
    newsroom: Newsroom, again: str
) -> None:
    site = newsroom.site()
    make(newsroom, site, "Cold frame")

    with pytest.raises(AlreadyExists):
        make(newsroom, site, again)


@pytest.mark.parametrize(
    "text",
    ["", "   ", "=HYPERLINK(1)", "a\x00b", "!!!", "ﷺ" * 100],
    ids=["empty", "blank", "formula", "control", "signs", "ligatures"],
)
def test_what_is_no_keyword_is_refused_by_its_field(newsroom: Newsroom, text: str) -> None:
    with pytest.raises(RequestInvalid) as refused:
        make(newsroom, newsroom.site(), text)

    assert refused.value.fields[0].field == "keyword"


@pytest.mark.parametrize("cpc", ["-0.01", "100000.01"])
def test_a_cost_per_click_out_of_range_is_refused(newsroom: Newsroom, cpc: str) -> None:
    with pytest.raises(RequestInvalid) as refused:
        make(newsroom, newsroom.site(), "cold frame", cpc=Decimal(cpc))

    assert refused.value.fields[0].field == "cpc"


def test_many_are_disabled_and_only_those_that_were_not_are_counted(newsroom: Newsroom) -> None:
    site = newsroom.site()
    first, second = make(newsroom, site, "first"), make(newsroom, site, "second")
    change(newsroom, site, KeywordAction.DISABLE, first.id)

    changed = change(newsroom, site, KeywordAction.DISABLE, first.id, second.id, second.id)

    assert changed == 1
    assert [read(newsroom, each).disabled for each in (first, second)] == [True, True]
    assert change(newsroom, site, KeywordAction.ENABLE, first.id, second.id) == 2


def test_a_keyword_that_leaves_its_cluster_is_new_and_the_cluster_is_counted_again(
    newsroom: Newsroom,
) -> None:
    site = newsroom.site()
    first, second = make(newsroom, site, "first", volume=10), make(newsroom, site, "second", volume=5)
    topic = cluster(newsroom, site, first, second)
    assert counts(newsroom, site, topic) == (2, 15)

    change(newsroom, site, KeywordAction.UNMAP, first.id)

    assert (read(newsroom, first).status, read(newsroom, first).cluster_id) == (KeywordStatus.NEW, None)
    assert counts(newsroom, site, topic) == (1, 5)
    assert change(newsroom, site, KeywordAction.UNMAP, first.id) == 0


def test_what_is_deleted_is_gone_and_its_cluster_is_counted_again(newsroom: Newsroom) -> None:
    site = newsroom.site()
    first, second = make(newsroom, site, "first", volume=10), make(newsroom, site, "second", volume=5)
    topic = cluster(newsroom, site, first, second)

    assert change(newsroom, site, KeywordAction.DELETE, first.id) == 1

    with pytest.raises(NotFound):
        read(newsroom, first)
    assert counts(newsroom, site, topic) == (1, 5)
    assert make(newsroom, site, "first").id != first.id


@pytest.mark.parametrize("action", KeywordAction)
def test_with_one_unknown_id_none_is_changed(newsroom: Newsroom, action: KeywordAction) -> None:
    site = newsroom.site()
    known = make(newsroom, site, "known")
    stranger = make(newsroom, newsroom.site(name="Elsewhere"), "stranger")
    foreign = make(newsroom, newsroom.site(account_id=OTHER_ACCOUNT_ID), "foreign")

    for unknown in (new_id(), stranger.id, foreign.id):
        with pytest.raises(NotFound):
            change(newsroom, site, action, known.id, unknown)

    assert read(newsroom, known) == known
