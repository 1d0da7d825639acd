"""120 keywords from import to published articles: everything that counts them counts the same, to the last credit."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from chassis.testing.waiting import until
from suite.demo import books
from suite.demo.job import Outcome, do_main_job
from tests.chaos import runs
from tests.journeys.suites import RunningSuite, environment_of

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]

CROPS: Final = 30
EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "totals.py"

ITEMS: Final = """
    SELECT stage, count(*) AS total, count(*) FILTER (WHERE status = 'done') AS done,
           count(*) FILTER (WHERE status = 'failed') AS failed, sum(credits_used) AS credits_used
    FROM ai.run_item WHERE run_id = %(run)s GROUP BY stage ORDER BY stage"""
CREDITS: Final = """
    SELECT (SELECT sum(credits_used) FROM ai.run_item WHERE run_id = %(run)s) AS items,
           (SELECT sum(credits_used) FROM ai.igny8_ai_task_logs WHERE run_id = %(run)s) AS task_logs,
           (SELECT sum(i.credits_used) FROM ai.task_item i JOIN ai.igny8_ai_task_logs t ON t.id = i.task_id
            WHERE t.run_id = %(run)s) AS journal,
           (SELECT sum(credits_used) FROM billing.igny8_billing_creditusagelog WHERE run_id = %(run)s) AS usage,
           (SELECT -sum(amount) FROM billing.igny8_billing_credittransaction
            WHERE run_id = %(run)s AND transaction_type = 'deduction') AS ledger"""
CHARGES: Final = """
    SELECT (SELECT count(*) FROM ai.task_item i JOIN ai.igny8_ai_task_logs t ON t.id = i.task_id
            WHERE t.run_id = %(run)s AND i.status = 'done') AS journal,
           (SELECT count(*) FROM billing.igny8_billing_creditusagelog WHERE run_id = %(run)s) AS usage,
           (SELECT count(*) FROM billing.igny8_billing_credittransaction
            WHERE run_id = %(run)s AND transaction_type = 'deduction') AS ledger"""
MADE: Final = """
    SELECT (SELECT count(*) FROM publisher.cluster WHERE site_id = %(site)s) AS clusters,
           (SELECT count(*) FROM publisher.idea WHERE site_id = %(site)s) AS ideas,
           (SELECT count(*) FROM publisher.task WHERE site_id = %(site)s) AS tasks,
           (SELECT count(*) FROM publisher.content WHERE run_id = %(run)s) AS content,
           (SELECT count(*) FROM publisher.image WHERE site_id = %(site)s) AS prompts,
           (SELECT count(*) FROM publisher.image WHERE site_id = %(site)s AND status = 'generated') AS images,
           (SELECT count(*) FROM publisher.content WHERE run_id = %(run)s AND site_status = 'published') AS reviewed"""

EVENT: Final = re.compile(r"\bruns\.\w+")
COMPLETED: Final = re.compile(r"\bruns\.completed .*\n")
PERCENT: Final = re.compile(r"(\d+\.\d) %")

Ask = Callable[[str], list[dict[str, Any]]]


@dataclass(frozen=True, kw_only=True)
class Watcher:
    """`igny8 events` as somebody leaves it open beside a run."""

    process: subprocess.Popen[bytes]
    printed: Path
    errors: Path

    def lines(self) -> list[str]:
        return self.printed.read_text().splitlines()


@pytest.fixture(scope="module")
async def watcher(suite: RunningSuite, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watcher]:
    """It listens before anything happens."""
    before = await open_streams(suite)
    watcher = watch(suite, tmp_path_factory.mktemp("watcher"))
    try:

        async def listens() -> bool:
            return watcher.process.poll() is not None or await open_streams(suite) > before

        await until(listens, timeout_seconds=60)
        yield watcher
    finally:
        watcher.process.kill()
        watcher.process.wait()


def watch(suite: RunningSuite, folder: Path) -> Watcher:
    printed, errors = folder / "printed", folder / "errors"
    with printed.open("wb") as output, errors.open("wb") as error:
        process = subprocess.Popen(
            [sys.executable, "-m", "suite.cli", "events", "--types", "runs"],
            env=environment_of(suite.data_dir),
            stdout=output,
            stderr=error,
        )
    return Watcher(process=process, printed=printed, errors=errors)


async def open_streams(suite: RunningSuite) -> float:
    """Event streams that the gateway has open."""
    async with httpx.AsyncClient(trust_env=False) as client:
        metrics = (await client.get(f"{suite.stack.metrics['gateway']}/metrics")).text
    found = re.search(r"^sse_open (\S+)$", metrics, re.MULTILINE)
    assert found is not None, "the gateway counts its streams"
    return float(found.group(1))


@pytest.fixture(scope="module")
async def outcome(suite: RunningSuite, watcher: Watcher, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The main job on 120 keywords."""
    keywords = runs.list_of_keywords(tmp_path_factory.mktemp("keywords"), crops=CROPS)
    async with suite.api() as api, suite.api("operator") as operator:
        return await do_main_job(api, operator, keywords, say=print, on_run=lambda _: None)


@pytest.fixture
def ask(suite: RunningSuite, outcome: Outcome) -> Ask:
    """Rows about the run and its site."""
    return lambda query: suite.rows(query, run=outcome.run["id"], site=outcome.site["id"])


def test_every_keyword_has_come_through(outcome: Outcome) -> None:
    assert outcome.imported["imported"] == 4 * CROPS
    assert outcome.run["status"] == "completed"
    assert outcome.run["percent"] == 100


def test_the_runs_stages_are_the_sums_of_its_items(outcome: Outcome, ask: Ask) -> None:
    told = [
        {name: stage[name] for name in ("stage", "total", "done", "failed", "credits_used")}
        for stage in outcome.run["stages"]
    ]

    assert ask(ITEMS) == told


def test_items_task_logs_journal_usage_and_ledger_have_the_same_credits(outcome: Outcome, ask: Ask) -> None:
    used = outcome.run["credits_used"]

    assert ask(CREDITS) == [dict.fromkeys(("items", "task_logs", "journal", "usage", "ledger"), used)]
    assert outcome.balance_before["credits"] - outcome.balance_after["credits"] == used > 0


def test_every_item_that_was_made_has_its_one_charge(ask: Ask) -> None:
    (counted,) = ask(CHARGES)

    assert counted["journal"] == counted["usage"] == counted["ledger"] > 0


def test_what_the_stages_count_is_what_there_is(outcome: Outcome, ask: Ask) -> None:
    (made,) = ask(MADE)

    assert list(made.values()) == [stage["outputs"] for stage in outcome.run["stages"]]


async def test_the_three_logs_of_each_function_agree(suite: RunningSuite, outcome: Outcome) -> None:
    await until(lambda: runs.logs_agree(suite, outcome.run["id"]), timeout_seconds=60)


def test_a_subscriber_of_ones_own_that_starts_late_reaches_the_same_totals(
    suite: RunningSuite, outcome: Outcome
) -> None:
    run = outcome.run
    logs = books.read(suite.stack.read_only_database_url, run["id"])

    heard = subprocess.run(
        [sys.executable, str(EXAMPLE), suite.stack.nats_url, run["id"]],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert heard.returncode == 0, heard.stderr
    assert json.loads(heard.stdout) == {
        "status": "completed",
        "items_done": sum(stage["done"] for stage in run["stages"]),
        "credits_used": run["credits_used"],
        "ai_tasks": sum(one.task_logs for one in logs),
        "credits_of_ai_tasks": run["credits_used"],
        "charges": sum(one.usage_rows for one in logs),
        "credits_charged": run["credits_used"],
    }


async def test_igny8_events_prints_the_run_from_its_start_to_its_end_and_ends_well_when_interrupted(
    watcher: Watcher, outcome: Outcome
) -> None:
    await until(lambda: COMPLETED.search(watcher.printed.read_text()), timeout_seconds=60)

    watcher.process.send_signal(signal.SIGINT)

    await until(lambda: watcher.process.poll() is not None, timeout_seconds=60)
    first, *going_on, last = watcher.lines()
    percents = [float(found.group(1)) for line in going_on if (found := PERCENT.search(line))]
    assert (watcher.process.returncode, watcher.errors.read_text()) == (0, "")
    assert "runs.started" in first
    assert {name for line in going_on for name in EVENT.findall(line)} == {"runs.progressed"}
    assert len(percents) == len(going_on) > 1
    # What is made by the way is more to do: a percentage may fall a little.
    assert percents[0] < percents[-1] <= 100
    assert "runs.completed" in last
    assert f"100.0 % │ completed │ clusters {outcome.run['stages'][0]['done']}/" in last
    assert f"{outcome.run['credits_used']} credits" in last
