"""The import by one statement does what the noun says of one keyword."""

from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from chassis.paging import PageRequest
from services.publisher.domain.intent import Intent
from services.publisher.domain.keyword import Keyword
from services.publisher.domain.keyword_import import KeywordRow
from services.publisher.domain.listing import Wanted
from services.publisher.domain.site import Site
from services.publisher.store.transaction import PublisherTransaction
from tests.publisher.newsroom import Newsroom

KNOWN = {
    "volume": (None, 0, 100),
    "volume_is_impressions": (False, True),
    "cpc": (None, Decimal("1.50")),
    "currency": (None, "EUR"),
}
VARIANTS = [dict(zip(KNOWN, values, strict=True)) for values in product(*KNOWN.values())]
OTHERS = [
    {},
    {"difficulty": 0, "intent": Intent.COMMERCIAL, "country": "it"},
    {"difficulty": 7, "intent": Intent.INFORMATIONAL, "country": "de"},
]


def test_every_pair_of_rows_refreshes_as_the_noun_says(newsroom: Newsroom) -> None:
    site = newsroom.site()
    pairs = [
        (_row(number, **before, **known), _row(number, **after, **newer))
        for number, ((before, known), (after, newer)) in enumerate(
            product(product(VARIANTS, OTHERS), repeat=2)
        )
    ]
    first, second = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    made_at = newsroom.clock.now()
    made = _import(newsroom, site, first)
    before = _read(newsroom, site)
    newsroom.clock.advance(seconds=60)

    done = _import(newsroom, site, second)

    now = newsroom.clock.now()
    wanted = {row.normalised: before[row.normalised].refreshed(row, now=now) for row in second}
    after = _read(newsroom, site)
    created = {row.normalised: _created(row, before[row.normalised], site, made_at) for row in first}
    assert made.imported == len(pairs)
    assert before == created
    assert after == wanted
    assert done.imported == 0
    assert done.updated == sum(wanted[name] is not before[name] for name in wanted)


def test_an_import_of_nothing_is_nothing(newsroom: Newsroom) -> None:
    site = newsroom.site()

    done = _import(newsroom, site, [])

    assert (done.imported, done.updated, done.cluster_ids) == (0, 0, ())


@pytest.mark.parametrize("text", ["it's 5\" {a,b} \\ NULL", "naïve café", "コンポスト 作り方", "🌱 seed"])
def test_any_text_arrives_as_it_is(newsroom: Newsroom, text: str) -> None:
    site = newsroom.site()

    _import(newsroom, site, [KeywordRow(1, text, text)])

    assert _read(newsroom, site)[text].keyword == text


def _row(number: int, **words: Any) -> KeywordRow:
    return replace(KeywordRow(number + 1, f"Word {number}", f"word {number}"), **words)


def _created(row: KeywordRow, found: Keyword, site: Site, now: Any) -> Keyword:
    return Keyword.imported(
        row, id=found.id, account_id=site.account_id, site_id=site.id, sector_id=None, now=now
    )


def _import(newsroom: Newsroom, site: Site, rows: list[KeywordRow]) -> Any:
    def load(tx: PublisherTransaction) -> Any:
        return tx.keywords.import_rows(
            rows, account_id=site.account_id, site_id=site.id, sector_id=None, now=newsroom.clock.now()
        )

    return newsroom.transactions.run_sync(load)


def _read(newsroom: Newsroom, site: Site) -> dict[str, Keyword]:
    def read(tx: PublisherTransaction) -> list[Keyword]:
        page = PageRequest(size=100_000)
        return tx.keywords.listed(Wanted(), site_id=site.id, account_id=site.account_id, page=page).items

    return {keyword.normalised: keyword for keyword in newsroom.transactions.run_sync(read)}
