"""How long a page of each list takes on a large site, by the same page on a small one beside it in the same database."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final

from igny8.publisher import v1 as publisher

from bench.lists_world import ACCOUNT, Place, Size, fill, filler, unindexed
from bench.result import Result
from chassis.clock import SystemClock
from chassis.database import open_engine
from chassis.outbox import Outbox
from chassis.paging import PageRequest
from chassis.plain import instant_to_proto
from chassis.transaction import Transactions
from services.publisher import convert
from services.publisher.convert_events import encode
from services.publisher.servicers.wanted import wanted_of
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases import planner, writer
from suite.embedded.postgres import EmbeddedPostgres, new_password
from tests.kit.databases import EMBEDDED, SessionDatabase

LARGE: Final = Size(
    keywords=1_000_000, clusters=50_000, ideas=200_000, tasks=200_000, content=200_000, images=400_000
)
SMALL: Final = Size.all(2_000)
ROUNDS: Final = 21
CEILING: Final = 1.5
PAGE_SIZE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A page: of which list and with which words in its request; `...` stands for the place's own."""

    noun: str
    request: type[Any]
    words: Mapping[str, Any]

    @property
    def name(self) -> str:
        words = ", ".join(
            f"{name}={value}" if isinstance(value, str | int) else name for name, value in self.words.items()
        )
        return f"{self.noun}: {words or 'all'}"


def results(say: Callable[[str], None]) -> list[Result]:
    """For each list the slowest of its pages."""
    with tempfile.TemporaryDirectory(prefix="igny8-bench-lists-") as folder:
        # Root's PostgreSQL runs as another user, who must get there.
        Path(folder).chmod(0o711)
        server = EmbeddedPostgres(Path(folder) / "postgres", password=new_password(), durable=True)
        server.start()
        database = SessionDatabase(server.dsn(), kind=EMBEDDED)
        engine = open_engine(database.dsn("publisher"), service="publisher", pool_size=1)
        outbox = Outbox(service="publisher", encode=encode)
        transactions = Transactions(engine, PublisherTransaction, outbox=outbox, threads=1).within(seconds=60)
        try:
            large, small = _filled(database.owner_dsn, say)
            return measure(transactions, large=large, small=small, say=say)
        finally:
            transactions.close()
            engine.dispose()
            database.close()
            server.stop()


def _filled(dsn: str, say: Callable[[str], None]) -> tuple[Place, Place]:
    began = time.perf_counter()
    owner = filler(dsn)
    with unindexed(owner):
        large, small = fill(owner, LARGE), fill(owner, SMALL)
    owner.dispose()
    say(f"filled in {time.perf_counter() - began:.0f} s")
    return large, small


def measure(
    transactions: Transactions[PublisherTransaction],
    *,
    large: Place,
    small: Place,
    say: Callable[[str], None],
) -> list[Result]:
    """Every case on both sites in turns."""
    found: dict[str, list[tuple[float, str]]] = {}
    for case in cases():
        # What else the machine does may fall on one of the two.
        ratio = _ratio(transactions, case, large, small, say)
        if ratio > CEILING:
            ratio = min(ratio, _ratio(transactions, case, large, small, say))
        found.setdefault(case.noun, []).append((ratio, case.name))
    return [
        Result(
            name=f"{max(ratios)[1]}: a large site, by a small one",
            unit="times",
            ours=max(ratios)[0],
            runs=tuple(ratio for ratio, _ in ratios),
            ceiling=CEILING,
        )
        for ratios in found.values()
    ]


def _ratio(
    transactions: Transactions[PublisherTransaction],
    case: Case,
    large: Place,
    small: Place,
    say: Callable[[str], None],
) -> float:
    plain = replace(case, words={})
    few = max(1, _read(transactions, case, _request(case, small, PAGE_SIZE)))
    pages = (
        (case, large, PAGE_SIZE),
        (case, small, PAGE_SIZE),
        (plain, small, PAGE_SIZE),
        (plain, small, few),
    )
    seconds: list[list[float]] = [[] for _ in pages]
    shown = [0 for _ in pages]
    for _ in range(ROUNDS):
        for number, (page, place, size) in enumerate(pages):
            request = _request(page, place, size)
            began = time.perf_counter()
            shown[number] = _read(transactions, page, request)
            seconds[number].append(time.perf_counter() - began)
    one, other, full, partly = (median(times) * 1000 for times in seconds)
    if shown[1] < shown[0]:
        # Of what few have a small site has next to nothing to show, and showing takes its time too.
        other += max(0.0, full - partly)
    said = f"{one / other:5.2f}  {one:6.2f} ms ({shown[0]:2}) {other:6.2f} ms ({shown[1]:2})"
    say(f"{said}  {case.name}")
    return one / other


_READ: Final[Mapping[str, tuple[Any, Any]]] = {
    "keywords": (planner.list_keywords, convert.keyword_to_proto),
    "clusters": (planner.list_clusters, convert.cluster_to_proto),
    "ideas": (planner.list_ideas, convert.idea_to_proto),
    "tasks": (writer.list_tasks, convert.task_to_proto),
    "content": (writer.list_content, convert.content_to_proto),
    "images": (writer.list_images, convert.image_to_proto),
}


def _request(case: Case, place: Place, size: int) -> Any:
    words = {name: getattr(place, name) if value is ... else value for name, value in case.words.items()}
    return case.request(site_id=place.site_id, page_size=size, **words)


def _read(transactions: Transactions[PublisherTransaction], case: Case, request: Any) -> int:
    """What the service does for a call, from the request to the answer's bytes; gives how many it shows."""
    usecase, to_proto = _READ[case.noun]
    page = transactions.run_sync(
        usecase,
        account_id=ACCOUNT,
        site_id=request.site_id,
        wanted=wanted_of(request),
        page=PageRequest.of(request),
    )
    return len([to_proto(item).SerializeToString() for item in page.items])


def cases() -> Iterator[Case]:
    """Every order both ways and every filter, those that much has, that little has and that is between."""
    now = SystemClock().now()
    an_hour, a_minute = (instant_to_proto(now - timedelta(seconds=seconds)) for seconds in (3600, 60))
    texts: list[Mapping[str, Any]] = [
        {"search": words}
        for words in ("how", "garden", "pond", "quince", "nothing", "how garden", "topic7 how")
    ]
    statuses = (
        publisher.Keyword.Status,
        publisher.Cluster.Status,
        publisher.Idea.Status,
        publisher.Task.Status,
    )
    del statuses
    every: Mapping[str, tuple[type[Any], tuple[str, ...], list[Mapping[str, Any]]]] = {
        "keywords": (
            publisher.ListKeywordsRequest,
            ("volume", "difficulty", "keyword", "created_at"),
            [
                {"status": 1}, {"status": 2}, {"status": 1, "sort": "created_at"}, {"status": 2, "sort": "-created_at"},
                {"status": 1, "sort": "keyword"},
                {"cluster_id": ...}, {"cluster_id": ..., "sort": "keyword"}, {"sector_id": ...},
                {"sector_id": ..., "sort": "difficulty"}, {"intent": 1}, {"intent": 4}, {"country": "de"},
                {"country": "at"}, {"country": "xx"}, {"disabled": True}, {"disabled": False},
                {"volume_min": 999_000}, {"volume_max": 10}, {"volume_max": 10, "sort": "difficulty"},
                {"difficulty_min": 99, "difficulty_max": 99, "volume_min": 100}, {"difficulty_max": 1},
                {"created_from": a_minute}, {"created_from": an_hour, "sort": "keyword"},
                {"search": "garden", "sort": "keyword"}, {"search": "pond", "sort": "-created_at"},
                {"search": "garden", "status": 1, "country": "de"}, {"search": "how", "country": "at"},
            ],
        ),
        "clusters": (
            publisher.ListClustersRequest,
            ("volume", "keywords_count", "name", "created_at"),
            [
                {"status": 1}, {"status": 2, "sort": "name"}, {"sector_id": ...}, {"volume_min": 99_000},
                {"keywords_count_max": 1}, {"created_from": an_hour}, {"search": "garden", "status": 1},
            ],
        ),
        "ideas": (
            publisher.ListIdeasRequest,
            ("created_at", "title"),
            [
                {"status": 1, "sort": "created_at"}, {"status": 3}, {"status": 2, "sort": "title"},
                {"cluster_id": ...}, {"sector_id": ...}, {"content_type": "page"}, {"content_structure": "review"},
                {"created_from": a_minute, "sort": "title"}, {"search": "garden", "status": 2},
            ],
        ),
        "tasks": (
            publisher.ListTasksRequest,
            ("created_at", "title"),
            [
                {"status": 1, "sort": "created_at"}, {"status": 3}, {"status": 4}, {"status": 4, "sort": "title"},
                {"cluster_id": ...}, {"sector_id": ...}, {"content_type": "page"}, {"search": "pond", "status": 3},
            ],
        ),
        "content": (
            publisher.ListContentRequest,
            ("created_at", "updated_at", "title", "word_count"),
            [
                {"status": 1, "sort": "created_at"}, {"status": 3}, {"status": 2, "sort": "title"},
                {"site_status": 5}, {"site_status": 5, "sort": "word_count"}, {"site_status": 4, "status": 3},
                {"site_status": 2, "sort": "-updated_at"}, {"run_id": ...}, {"cluster_id": ...},
                {"sector_id": ...}, {"has_image": True}, {"has_image": False}, {"word_count_min": 2999},
                {"word_count_min": 2990, "sort": "title"}, {"created_from": an_hour}, {"updated_from": an_hour},
                {"content_type": "page"}, {"search": "garden", "status": 2}, {"search": "how", "site_status": 5},
                {"search": "compost", "has_image": True},
            ],
        ),
        "images": (
            publisher.ListImagesRequest,
            ("created_at",),
            [
                {"status": 1}, {"status": 2}, {"status": 3}, {"content_id": ...}, {"image_type": 1},
                {"created_from": an_hour}, {"search": "garden", "status": 3},
            ],
        ),
    }  # fmt: skip
    for noun, (request, sorts, filters) in every.items():
        orders = [{"sort": f"{sign}{sort}"} for sort in sorts for sign in ("", "-")]
        for words in [{}, *orders, *texts, *filters]:
            yield Case(noun=noun, request=request, words=words)
