"""Kills anything, one process every two seconds, while a run of 300 items goes from keywords to published articles."""

import asyncio
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import psycopg2

from chassis.ids import new_id
from chassis.testing import until
from suite.demo import books
from suite.demo.job import Outcome, do_main_job
from suite.rest import Api
from suite.up import PROGRAMS
from tests.chaos import settled, topics
from tests.chaos.campaign import Chaos, Report
from tests.chaos.killing import kill
from tests.chaos.suites import own_suite
from tests.journeys.suites import RunningSuite
from tests.outside.server import outside_world

WORKERS: Final = ("ai-worker", "ai-worker-2", "ai-worker-3")
VICTIMS: Final = (*WORKERS, "ai", "billing", "publisher", "nats", "postgres")
KILLS: Final = 30
EVERY_SECONDS: Final = 2.0
ITEMS_LEAST: Final = 300
CREDITS: Final = 200_000
IMAGE_SECONDS: Final = 5.0
"""What a picture takes, from a model outside: with four items at once, the pictures of some sixty articles outlast the
kills however fast the machine is."""

ATTEMPTS_MAX: Final = 400
"""Of a call: where billing dies again and again, nobody may be let in for a while."""

SETTLE_SECONDS_MAX: Final = 120.0

_CROPS: Final = Path(__file__).with_name("crops.txt")
_WISHES: Final = ("how to grow {}", "{} plant spacing", "best fertilizer for {}", "{} pests and diseases")


def campaign(chaos: Chaos) -> Report:
    """On a suite of its own with three workers."""
    return asyncio.run(_campaign(chaos))


def list_of_keywords(folder: Path, *, crops: int = 60) -> Path:
    """A file of what people ask about so many crops, four keywords each."""
    words = [wish.format(crop) for crop in _CROPS.read_text().split()[:crops] for wish in _WISHES]
    file = folder / "keywords.csv"
    file.write_text("\n".join(["keyword", *words]))
    return file


@dataclass(kw_only=True)
class Kills:
    """Which processes were killed, and how many items were worked on at each."""

    victims: Counter[str] = field(default_factory=Counter)
    in_flight: list[int] = field(default_factory=list)
    """Of each kill but those when the database did not answer."""

    @property
    def done(self) -> int:
        return self.victims.total()

    def kill(self, suite: RunningSuite, name: str) -> str:
        """Kills the process and gives in words what it met."""
        working = at_work(suite)
        kill(suite, name)
        self.victims[name] += 1
        if working is None:
            return f"killed {name} while the database was away"
        self.in_flight.append(working)
        return f"killed {name} with {working} items in flight"


async def _campaign(chaos: Chaos) -> Report:
    async with outside_world() as outside:
        outside.latency_seconds = IMAGE_SECONDS
        environment = topics.environment(outside) | {"IGNY8_IMAGE_PROVIDER": "openai"}
        programs = (*PROGRAMS, *WORKERS[1:])
        with (
            tempfile.TemporaryDirectory() as folder,
            own_suite(programs=programs, environment=environment) as suite,
        ):
            file = list_of_keywords(Path(folder))
            patient = partial(suite.api, attempts_max=ATTEMPTS_MAX)
            async with patient() as api, patient("operator") as operator:
                await _grant(api, operator)
                kills = Kills()
                outcome = await _job(chaos, suite, api, operator, file, kills)
                return await _report(chaos, suite, outcome, kills)


async def _job(
    chaos: Chaos, suite: RunningSuite, api: Api, operator: Api, file: Path, kills: Kills
) -> Outcome:
    running = asyncio.Event()

    def on_run(run: dict[str, Any]) -> None:
        running.set()

    job = asyncio.create_task(do_main_job(api, operator, file, say=chaos.say, on_run=on_run))
    await asyncio.wait({asyncio.create_task(running.wait()), job}, return_when=asyncio.FIRST_COMPLETED)
    while kills.done < (chaos.rounds or KILLS):
        done, _ = await asyncio.wait({job}, timeout=EVERY_SECONDS)
        if done:
            chaos.say(f"the job has ended after {kills.done} kills")
            break
        chaos.say(kills.kill(suite, chaos.random.choice([name for name in VICTIMS if is_there(suite, name)])))
    return await job


async def _report(chaos: Chaos, suite: RunningSuite, outcome: Outcome, kills: Kills) -> Report:
    chaos.say("the job has ended")
    run, report = outcome.run, Report()
    await until(lambda: settled.database_answers(suite), timeout_seconds=SETTLE_SECONDS_MAX)
    await until(lambda: settled.nothing_is_open(suite), timeout_seconds=SETTLE_SECONDS_MAX)
    await until(lambda: logs_agree(suite, run["id"]), timeout_seconds=SETTLE_SECONDS_MAX)
    items = sum(stage["total"] for stage in run["stages"])
    failed = sum(stage["failed"] for stage in run["stages"])
    report.figures = {
        "keywords": str(outcome.imported["imported"]),
        "items of the run": str(items),
        "articles published": str(len(outcome.content)),
        "seconds": f"{outcome.seconds:.0f}",
        "kills": ", ".join(f"{count} {name}" for name, count in kills.victims.most_common()),
        "items in flight at the kills": " ".join(map(str, kills.in_flight)),
    }
    wanted, met = chaos.rounds or KILLS, sum(map(bool, kills.in_flight))
    report.promise(
        "So many processes are killed", holds=kills.done >= wanted, found=f"{kills.done} of {wanted}"
    )
    report.promise(
        "Most kills meet items in flight", holds=2 * met > kills.done, found=f"{met} of {kills.done}"
    )
    report.promise("The run has so many items", holds=items >= ITEMS_LEAST, found=f"{items} of {ITEMS_LEAST}")
    report.promise(
        "It completes by itself", holds=(run["status"], failed) == ("completed", 0), found=f"{failed} failed"
    )
    states = {content["site_status"] for content in outcome.content}
    report.promise("Every article is published", holds=states == {"published"}, found=states)
    used = sum(one.usage_credits for one in books.read(suite.stack.read_only_database_url, run["id"]))
    moved = outcome.balance_before["credits"] - outcome.balance_after["credits"]
    report.promise("The balance moved by what was used", holds=moved == used, found=f"{moved} and {used}")
    report.promise("The three logs of each function and the ledger agree", holds=logs_agree(suite, run["id"]))
    settled.promise_all(report, suite)
    return report


async def _grant(api: Api, operator: Api) -> None:
    me = await api.get("/api/v1/auth/me")
    grant = {"account_id": me["account"]["id"], "amount": CREDITS, "category": "promotional"}
    await operator.post("/api/v1/credits/grants", grant, key=new_id())


def is_there(suite: RunningSuite, name: str) -> bool:
    """Whether the process runs just now; one that was killed is back after a moment."""
    try:
        state = Path(f"/proc/{suite.stack.pids[name]}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def at_work(suite: RunningSuite) -> int | None:
    """Items that a living worker is at; None while the database does not answer."""
    try:
        leases = suite.rows("SELECT owner FROM ai.job_lease")
    except psycopg2.Error:
        return None
    alive = {f":{suite.stack.pids[name]}" for name in WORKERS if is_there(suite, name)}
    return sum(str(lease["owner"]).endswith(tuple(alive)) for lease in leases)


def logs_agree(suite: RunningSuite, run_id: str) -> bool:
    """Whether the three logs of each of the five functions and the ledger do."""
    return all(one.agree for one in books.read(suite.stack.read_only_database_url, run_id))
