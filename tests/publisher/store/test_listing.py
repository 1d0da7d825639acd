"""A list equals a plain filter and sort of everything, whichever way its pages are read."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, insert, text

from chassis.ids import new_id
from chassis.paging import Page, PageRequest, decode_token
from services.publisher.domain.intent import Intent
from services.publisher.domain.keyword import Keyword, KeywordStatus
from services.publisher.domain.listing import Bound, Wanted
from services.publisher.domain.site import Site
from services.publisher.store import few, listing, tables
from services.publisher.store.rows import to_row
from services.publisher.store.transaction import PublisherTransaction
from tests.kit.databases import SessionDatabase
from tests.publisher.newsroom import Newsroom

WORDS: Final = ("how", "cold", "frame", "pond", "worm", "3d")
SECTORS: Final = (None, new_id(), new_id())
CLUSTERS: Final = (None, None, new_id(), new_id())
ROWS: Final = 150


class World:
    """A site with keywords that agree in many ways, beside another account's with the same."""

    def __init__(self, newsroom: Newsroom, database: SessionDatabase) -> None:
        self.newsroom = newsroom
        self._database = database
        self.site = newsroom.site()
        chance = random.Random(7)
        self.keywords = [self._keyword(chance, self.site, number) for number in range(ROWS)]
        other = newsroom.site(account_id=new_id())
        self.write([*self.keywords, *(self._keyword(chance, other, number) for number in range(ROWS))])

    def write(self, keywords: list[Keyword]) -> None:
        # Their clusters and sectors need not be there for this.
        with self._database.owner("publisher").begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(insert(tables.keyword), [to_row(keyword) for keyword in keywords])

    def analyse(self) -> None:
        with self._database.owner("publisher").begin() as connection:
            connection.execute(text("ANALYZE keyword"))

    @contextmanager
    def without_statistics(self) -> Iterator[None]:
        """There are none inside, as of a table that is new."""
        owner = self._database.owner("publisher")
        # Nor does the server make any by itself while the table is locked so.
        with owner.begin() as holding:
            holding.execute(text("LOCK TABLE keyword IN SHARE UPDATE EXCLUSIVE MODE"))
            with owner.begin() as connection:
                connection.execute(
                    text("DELETE FROM pg_statistic WHERE starelid = 'publisher.keyword_facets'::regclass")
                )
            yield

    def page(self, wanted: Wanted, *, size: int, token: str = "") -> Page[Keyword]:
        after = decode_token(token, seal=b"") if token else None

        def read(tx: PublisherTransaction) -> Page[Keyword]:
            page = PageRequest(size=size, after=after)
            return tx.keywords.listed(
                wanted, site_id=self.site.id, account_id=self.site.account_id, page=page
            )

        return self.newsroom.transactions.run_sync(read)

    def pages(self, wanted: Wanted, *, size: int) -> Iterator[list[Keyword]]:
        page = self.page(wanted, size=size)
        yield page.items
        while page.next_page_token:
            page = self.page(wanted, size=size, token=page.next_page_token)
            yield page.items

    def plan(self, wanted: Wanted) -> str:
        """How PostgreSQL reads the first page, where it may use any index and little else."""
        statements: list[tuple[str, Any]] = []

        def explained(tx: PublisherTransaction) -> str:
            def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
                statements.append((statement, parameters))

            event.listen(tx.connection, "before_cursor_execute", note)
            tx.keywords.listed(
                wanted,
                site_id=self.site.id,
                account_id=self.site.account_id,
                page=PageRequest(size=10),
            )
            event.remove(tx.connection, "before_cursor_execute", note)
            for kind in ("seqscan", "bitmapscan"):
                tx.connection.exec_driver_sql(f"SET LOCAL enable_{kind} = off")
            statement, parameters = statements[-1]
            return "\n".join(tx.connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars())

        return self.newsroom.transactions.run_sync(explained)

    def _keyword(self, chance: random.Random, site: Site, number: int) -> Keyword:
        cluster_id = chance.choice(CLUSTERS)
        at = self.newsroom.clock.now() + timedelta(minutes=chance.randrange(10))
        return Keyword(
            id=new_id(),
            account_id=site.account_id,
            site_id=site.id,
            sector_id=chance.choice(SECTORS),
            created_at=at,
            updated_at=at,
            keyword=" ".join(chance.sample(WORDS, chance.randint(1, 3))),
            normalised=f"{chance.choice('abcd')}{number:03}",
            volume=chance.choice([None, 0, 1, 5, 10]),
            difficulty=chance.choice([None, 0, 40, 90]),
            intent=chance.choice([None, Intent.INFORMATIONAL, Intent.COMMERCIAL]),
            country=chance.choice([None, "de", "de", "de", "at"]),
            cluster_id=cluster_id,
            status=KeywordStatus.NEW if cluster_id is None else KeywordStatus.MAPPED,
            disabled=chance.random() < 0.1,
        )


@pytest.fixture
def world(newsroom: Newsroom, database: SessionDatabase) -> World:
    return World(newsroom, database)


SORTS: Final[dict[str, Callable[[Keyword], Any]]] = {
    "volume": lambda keyword: -1 if keyword.volume is None else keyword.volume,
    "difficulty": lambda keyword: -1 if keyword.difficulty is None else keyword.difficulty,
    "keyword": lambda keyword: keyword.normalised,
    "created_at": lambda keyword: keyword.created_at,
}


def plainly(keywords: list[Keyword], wanted: Wanted) -> list[Keyword]:
    by = SORTS[wanted.sort.removeprefix("-") or "volume"]
    return sorted(
        (keyword for keyword in keywords if matches(keyword, wanted)),
        key=lambda keyword: (by(keyword), keyword.id),
        reverse=wanted.sort.startswith("-") or not wanted.sort,
    )


def matches(keyword: Keyword, wanted: Wanted) -> bool:
    values = {name: getattr(keyword, name) for name in wanted.equal}
    equal = {name: str(value).lower() for name, value in values.items() if value is not None}
    numbers: dict[str, Any] = {
        "volume": keyword.volume,
        "difficulty": keyword.difficulty,
        "created_at": keyword.created_at,
    }
    searched = wanted.search.lower().split()
    return (
        equal == wanted.equal
        and all(word in keyword.keyword.split() for word in searched)
        and all(numbers[name] is not None and numbers[name] >= least for name, least in wanted.least.items())
        and all(numbers[name] is not None and numbers[name] < below for name, below in wanted.below.items())
    )


@st.composite
def requests(draw: st.DrawFn, world: World) -> Wanted:
    some = {
        "status": st.sampled_from(["new", "mapped"]),
        "cluster_id": st.sampled_from(CLUSTERS[2:]),
        "sector_id": st.sampled_from([*SECTORS[1:], new_id()]),
        "intent": st.sampled_from([str(Intent.INFORMATIONAL), str(Intent.TRANSACTIONAL)]),
        "country": st.sampled_from(["de", "at", "xx"]),
        "disabled": st.sampled_from(["true", "false"]),
    }
    instants = st.integers(0, 10).map(lambda minutes: world.newsroom.clock.now() + timedelta(minutes=minutes))
    bounds: dict[str, st.SearchStrategy[Bound]] = {
        "volume": st.integers(0, 11),
        "difficulty": st.sampled_from([0, 40, 41, 100]),
        "created_at": instants,
    }
    names = draw(st.lists(st.sampled_from([*some]), unique=True, max_size=3))
    return Wanted(
        search=" ".join(draw(st.lists(st.sampled_from([*WORDS, "Cold", "absent"]), max_size=3))),
        sort=draw(st.sampled_from(["", *SORTS, *(f"-{sort}" for sort in SORTS)])),
        equal={name: draw(some[name]) for name in names},
        least=draw(st.fixed_dictionaries({}, optional=bounds)),
        below=draw(st.fixed_dictionaries({}, optional=bounds)),
    )


@pytest.mark.parametrize("analysed", [True, False])
def test_a_list_is_a_plain_filter_and_sort_of_everything(world: World, analysed: bool) -> None:
    world.analyse()

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def held(data: st.DataObject) -> None:
        wanted = data.draw(requests(world))
        size = data.draw(st.sampled_from([4, 30, 200]))
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(listing, "ROWS_WALKED", data.draw(st.sampled_from([25, 1_500])))
            patched.setattr(few, "ROWS_FEW", data.draw(st.sampled_from([0, 20, 1_500])))
            patched.setattr(few, "ROWS_FETCHED", data.draw(st.sampled_from([10, 2_000])))
            patched.setattr(few, "ENTRIES_MET", data.draw(st.sampled_from([0, 60, 50_000])))

            shown = [keyword for page in world.pages(wanted, size=size) for keyword in page]

        assert shown == plainly(world.keywords, wanted)

    with nullcontext() if analysed else world.without_statistics():
        held()


# What statistics know


def found_rare(world: World, wanted: Wanted, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the first page is all there is without a row being walked."""
    monkeypatch.setattr(listing, "ROWS_WALKED", 1)
    return not world.page(wanted, size=200).next_page_token


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(search="absent"),
        Wanted(equal={"country": "xx"}),
        Wanted(search="how absent", equal={"status": "new"}),
        Wanted(search="cold absent", sort="keyword", least={"volume": 1}),
    ],
    ids=str,
)
def test_what_the_statistics_do_not_know_is_fetched_at_once(
    world: World, wanted: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.analyse()
    monkeypatch.setattr(few, "ROWS_FEW", 3)

    assert found_rare(world, wanted, monkeypatch)


@pytest.mark.parametrize("wanted", [Wanted(search="how"), Wanted(equal={"country": "de"})], ids=str)
def test_what_many_rows_have_is_looked_for_in_the_order_of_the_list(
    world: World, wanted: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.analyse()
    monkeypatch.setattr(few, "ROWS_FEW", 3)

    assert not found_rare(world, wanted, monkeypatch)


def test_rows_that_the_statistics_do_not_know_yet_are_not_all_fetched(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.analyse()
    world.write(
        [
            Keyword(
                id=new_id(),
                account_id=world.site.account_id,
                site_id=world.site.id,
                created_at=world.newsroom.clock.now(),
                updated_at=world.newsroom.clock.now(),
                keyword="novelty",
                normalised=f"e{number}",
            )
            for number in range(30)
        ]
    )
    monkeypatch.setattr(few, "ROWS_FETCHED", 20)

    assert not found_rare(world, Wanted(search="novelty"), monkeypatch)


def test_nothing_is_taken_for_few_before_there_are_statistics(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world.without_statistics():
        assert not found_rare(world, Wanted(search="absent"), monkeypatch)


def test_bounds_are_counted_and_need_no_statistics(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    end = world.newsroom.clock.now() + timedelta(minutes=10)

    with world.without_statistics():
        assert found_rare(world, Wanted(least={"created_at": end}), monkeypatch)
        assert found_rare(world, Wanted(equal={"cluster_id": new_id()}, sort="keyword"), monkeypatch)


@pytest.mark.parametrize("search", ["!", "<b>", "' --"])
@pytest.mark.parametrize("equal", [{}, {"status": "new"}], ids=str)
def test_a_search_without_a_word_finds_nothing_at_once(
    world: World, search: str, equal: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found_rare(world, Wanted(search=search, equal=equal), monkeypatch)
    assert world.page(Wanted(search=search, equal=equal), size=200).items == []


@pytest.mark.parametrize("sort", ["", "volume", "created_at", "-created_at"])
def test_a_state_is_read_along_its_own_index_however_many_are_in_it(world: World, sort: str) -> None:
    world.analyse()

    plan = world.plan(Wanted(equal={"status": "mapped"}, sort=sort))

    assert "using keyword_status" in plan
    assert "Sort" not in plan
