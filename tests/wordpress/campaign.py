"""Publishing under faults: each run is one article, broken at one request, or its publisher killed at one."""

import asyncio
import contextlib
import html
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from chassis.clock import SystemClock
from chassis.database import open_engine
from chassis.nats import Bus
from chassis.outbox import Outbox
from chassis.testing import ManualClock, until
from chassis.transaction import Transactions
from services.publisher.convert_events import encode
from services.publisher.domain.content import Content, SiteStatus
from services.publisher.store.transaction import PublisherTransaction
from suite.embedded.ports import reserve_port
from tests.chaos.campaign import Chaos, Report
from tests.kit.databases import SessionDatabase
from tests.kit.streams import SessionNats, empty_streams
from tests.publisher.newsroom import SECRET_KEY, Newsroom
from tests.wordpress.paper import Paper, picture
from tests.wordpress.proxy import Fault, Lane, lanes
from tests.wordpress.running import RunningWordPress

FINAL_SECONDS_MAX: Final = 120.0
"""So long after it was asked for, an article is where it belongs."""

HELD_SECONDS_MAX: Final = 8.0
"""Requests of one kill wait so long for each other; less than the publisher waits for an answer."""

_FINAL: Final = (SiteStatus.PUBLISHED, SiteStatus.FAILED)


@dataclass(kw_only=True)
class Run:
    """One article, what was done to it, and what became of it."""

    content: Content
    fault: Fault | None
    step: int
    title: str
    pictures: Sequence[str]
    """SHA-256."""
    began: float
    """By the clock of the event loop."""
    met: bool = False
    seconds: float = FINAL_SECONDS_MAX
    became: SiteStatus = SiteStatus.PUBLISHING


@dataclass(kw_only=True)
class Publisher:
    """The service as a process, which is killed and started again."""

    environment: dict[str, str]
    kills: int = 0
    _process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.publisher", env=self.environment
        )

    async def kill(self) -> None:
        """As the kernel would, and there again."""
        await self.end()
        self.kills += 1
        await self.start()

    async def end(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@dataclass(kw_only=True)
class Press:
    """A publisher, a WordPress, and lanes between them, each with a site of its own."""

    chaos: Chaos
    wordpress: RunningWordPress
    publisher: Publisher
    newsroom: Newsroom
    lanes: list[Lane]
    papers: list[Paper]
    runs: list[Run] = field(default_factory=list)

    async def steps(self) -> int:
        """How many requests one article takes, once its lane's own picture and the common terms are there."""
        await self._round([(None, 0)] * len(self.lanes))
        await self._round([(None, 0)])
        return len(self.lanes[0].seen)

    async def campaign(self, runs: int) -> None:
        """So many runs, spread over every fault at every request."""
        steps, chance = await self.steps(), self.chaos.random
        self.runs.clear()
        self.chaos.say(f"an article takes {steps} requests")
        spread = [(fault, step) for fault in Fault for step in range(steps)]
        chosen: list[tuple[Fault, int]] = []
        while len(chosen) < runs:
            chance.shuffle(spread)
            chosen += spread[: runs - len(chosen)]
        await self._each_lane_by_itself([one for one in chosen if not one[0].kills], of=runs)
        left = [one for one in chosen if one[0].kills]
        while left:
            some, left = left[: len(self.lanes)], left[len(self.lanes) :]
            await self._round(some)
            self._say(of=runs)

    async def _each_lane_by_itself(self, faults: Sequence[tuple[Fault, int]], *, of: int) -> None:
        """The next article of a lane begins when its last one has ended, whatever the others are waiting for."""
        left = iter(faults)

        async def along(lane: Lane, paper: Paper) -> None:
            for fault, step in left:
                await self._to_its_end(self._send(lane, paper, fault, step), lane)
                if len(self.runs) % len(self.lanes) == 0:
                    self._say(of=of)

        async with asyncio.TaskGroup() as group:
            for lane, paper in zip(self.lanes, self.papers, strict=True):
                group.create_task(along(lane, paper))

    async def _round(self, faults: Sequence[tuple[Fault | None, int]]) -> None:
        """An article on each lane at the same time, with one kill for all where they wait for it."""
        sent = [
            (self._send(lane, paper, fault, step), lane)
            for (fault, step), lane, paper in zip(faults, self.lanes, self.papers, strict=False)
        ]
        if any(run.fault and run.fault.kills for run, _ in sent):
            await self._kill([lane for _, lane in sent])
        await asyncio.gather(*(self._to_its_end(run, lane) for run, lane in sent))

    def _send(self, lane: Lane, paper: Paper, fault: Fault | None, step: int) -> Run:
        """An article is to be published by this lane, where the fault waits for it."""
        self.newsroom.clock.set(datetime.now(UTC))
        run = self._article(paper, fault, step)
        lane.break_next(fault, step=step, late_seconds=self.chaos.random.uniform(0, 3))
        self.newsroom.publish(run.content)
        return run

    async def _to_its_end(self, run: Run, lane: Lane) -> None:
        seconds = 0.0
        while run.became not in _FINAL and seconds < FINAL_SECONDS_MAX:
            await asyncio.sleep(0.1)
            run.became = self.newsroom.read(run.content).site_status
            seconds = asyncio.get_running_loop().time() - run.began
        run.seconds = seconds if run.became in _FINAL else FINAL_SECONDS_MAX
        run.met = lane.met
        self.runs.append(run)

    async def _kill(self, held: Sequence[Lane]) -> None:
        with contextlib.suppress(AssertionError):
            await until(lambda: all(lane.met for lane in held), timeout_seconds=HELD_SECONDS_MAX)
        for lane in held:
            lane.going.set()
        await asyncio.sleep(self.chaos.random.uniform(0, 0.03))
        await self.publisher.kill()
        for lane in held:
            lane.killed.set()

    def _article(self, paper: Paper, fault: Fault | None, step: int) -> Run:
        title = f"Run {paper.site.id[-6:]} {os.urandom(4).hex()}"
        draft = self.newsroom.draft(
            paper.site, title=title, categories=("Common", f"Of {title}"), tags=(f"Tag of {title}",)
        )
        # One that every article of the lane shows, and one of its own.
        shown = [picture(f"lane {paper.site.id}"), picture(title)]
        for position, each in enumerate(shown):
            paper.add_picture(draft, each, position=position)
        content = self.newsroom.approve(self.newsroom.submit(draft))
        return Run(
            content=content,
            fault=fault,
            step=step,
            title=title,
            pictures=[each.sha256 for each in shown],
            began=asyncio.get_running_loop().time(),
        )

    def _say(self, *, of: int) -> None:
        became = Counter(run.became.value for run in self.runs)
        slowest = max(run.seconds for run in self.runs)
        self.chaos.say(
            f"{len(self.runs)} of {of} runs: {dict(became)}, {self.publisher.kills} kills, "
            f"slowest {slowest:.0f} s"
        )


@contextlib.asynccontextmanager
async def press(
    chaos: Chaos, *, database: SessionDatabase, nats: SessionNats, wordpress: RunningWordPress, width: int
) -> AsyncIterator[Press]:
    """A publisher process on clean tables, with so many lanes."""
    bus = await Bus.connect(nats.url, name="campaign")
    await empty_streams(bus)
    await bus.close()
    dsn = database.dsn("publisher")
    database.empty("publisher")
    engine = open_engine(dsn, service="publisher", pool_size=4)
    outbox = Outbox(service="publisher", encode=encode, clock=SystemClock())
    transactions = Transactions(engine, PublisherTransaction, outbox=outbox, threads=4)
    newsroom = Newsroom(transactions=transactions, clock=ManualClock(datetime.now(UTC)))
    with reserve_port() as port:
        publisher = Publisher(
            environment={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                "LOG_LEVEL": "error",
                "IGNY8_SECRET_KEY": SECRET_KEY,
                "IGNY8_PUBLISHER_DATABASE_URL": dsn,
                "IGNY8_PUBLISHER_ADDR": f"127.0.0.1:{port.port}",
                "IGNY8_NATS_URL": nats.url,
                "IGNY8_ALLOW_PRIVATE_ADDRESSES": "true",
            }
        )
        async with lanes(wordpress.url, count=width) as opened:
            papers = [_paper(newsroom, wordpress, lane, number) for number, lane in enumerate(opened)]
            await publisher.start()
            try:
                yield Press(
                    chaos=chaos,
                    wordpress=wordpress,
                    publisher=publisher,
                    newsroom=newsroom,
                    lanes=opened,
                    papers=papers,
                )
            finally:
                await publisher.end()
                transactions.close()
                engine.dispose()


async def judge(press: Press, report: Report) -> None:
    """What must hold of what WordPress has now."""
    posts, media = await press.wordpress.posts(), await press.wordpress.media()
    terms = [
        html.unescape(term["name"])
        for kind in ("categories", "tags")
        for term in await press.wordpress.all(kind)
    ]
    runs, chances = press.runs, Counter(run.fault for run in press.runs if run.met)
    report.figures |= {
        "articles": str(len(runs)),
        "kills of the publisher": str(press.publisher.kills),
        "articles in flight at the kills": str(
            sum(n for fault, n in chances.items() if fault and fault.kills)
        ),
        **{fault.value: str(chances[fault]) for fault in Fault},
        "slowest to its end": f"{max(run.seconds for run in runs):.0f} s",
    }
    by_title = Counter(str(post["title"]["raw"]) for post in posts if post["status"] == "publish")
    hidden = Counter(str(post["title"]["raw"]) for post in posts if post["status"] != "publish")
    _none(report, "No article is lost", [run for run in runs if by_title[run.title] == 0])
    _none(report, "No article is there twice", [run for run in runs if by_title[run.title] > 1])
    _none(report, "No hidden post is left over", [run for run in runs if hidden[run.title]])
    pictures = {sha256 for run in runs for sha256 in run.pictures}
    copies = Counter(item["slug"][6:38] for item in media)
    _none(report, "No picture is there twice", [one for one in pictures if copies[one[:32]] > 1])
    _none(report, "No picture is missing", [one for one in pictures if copies[one[:32]] < 1])
    twice = [
        name for name, count in Counter(terms).items() if count > 1 and ("Run " in name or name == "Common")
    ]
    _none(report, "No category or tag is there twice", twice)
    _none(report, "All are published", [run for run in runs if run.became is not SiteStatus.PUBLISHED])
    slow = [run for run in runs if run.seconds >= FINAL_SECONDS_MAX]
    _none(report, f"All have ended within {FINAL_SECONDS_MAX / 60:g} minutes", slow)
    _none(report, "Each is where it is said to be", _misplaced(press, posts))
    met = sum(run.met for run in runs)
    report.promise("Most of the faults came", holds=met * 2 > len(runs), found=f"{met} of {len(runs)}")


def _misplaced(press: Press, posts: list[dict[str, Any]]) -> list[str]:
    by_id = {str(post["id"]): post for post in posts}
    wrong = []
    for run in press.runs:
        said = press.newsroom.read(run.content)
        post = by_id.get(said.external_id)
        if post is None or post["title"]["raw"] != run.title or post["slug"] != said.slug:
            wrong.append(run.title)
    return wrong


def _none(report: Report, says: str, found: Sequence[object]) -> None:
    shown = "; ".join(
        f"{one.title}: {one.fault}, request {one.step}, {one.became}" if isinstance(one, Run) else str(one)
        for one in found[:3]
    )
    report.promise(says, holds=not found, found=f"{len(found)}: {shown}" if found else "none")


def _paper(newsroom: Newsroom, wordpress: RunningWordPress, lane: Lane, number: int) -> Paper:
    account = wordpress.admin
    site = newsroom.site(name=f"Lane {number}")
    newsroom.connect(site, url=lane.url, username=account.user, password=account.password)
    return Paper(newsroom=newsroom, site=site)
