"""The command: brings the suite up if none runs, does the main job, shows and proves what came of it."""

import asyncio
import re
import time
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console

from suite import secrets
from suite.demo import books
from suite.demo.job import DemoFailed, Outcome, do_main_job
from suite.demo.show import RunBars, show_outcome
from suite.rest import Api, ApiRefused
from suite.settings import SuiteSettings
from suite.stack import StackFile
from suite.verify.report import show as show_findings
from suite.verify.report import verify

SETTLE_SECONDS_MAX: Final = 20.0
"""Notifications are made from events, so they come a moment after what they tell of."""
SETTLE_EVERY_SECONDS: Final = 0.25

_IMAGE: Final = re.compile(r'(["(])(/media/[0-9a-f]{64})')


async def demo(settings: SuiteSettings, running: StackFile, keywords: Path, console: Console) -> int:
    """Does the main job on a suite that is up; returns the exit status: 0 when everything adds up."""
    demo_key = secrets.kept_api_key(settings.data_dir, "demo")
    operator_key = secrets.kept_api_key(settings.data_dir, "operator")
    assert demo_key, "the suite was made ready for use"
    assert operator_key, "the suite was made ready for use"

    def say(line: str) -> None:
        console.print(line, markup=False)

    async with Api(running.gateway_url, demo_key) as api, Api(running.gateway_url, operator_key) as operator:
        try:
            with RunBars(console) as bars:
                outcome = await do_main_job(api, operator, keywords, say=say, on_run=bars.update)
            saved = await _save_one(api, outcome, settings.data_dir / "demo")
        except (DemoFailed, ApiRefused, httpx.TransportError) as failed:
            console.print("[red]The demo stopped.[/red]")
            say(str(failed) or f"The gateway cannot be reached ({type(failed).__name__}).")
            return 1
    logs = await _settled(running.read_only_database_url, outcome)
    show_outcome(console, outcome, logs, gateway_url=running.gateway_url, saved=saved)
    console.print()
    findings = await asyncio.to_thread(verify, running.read_only_database_url)
    books_hold = show_findings(findings, console, brief=True)
    spent = outcome.balance_before["credits"] - outcome.balance_after["credits"]
    charged = sum(one.usage_credits for one in logs)
    if spent != charged or not all(one.agree for one in logs):
        console.print(
            f"[red]The logs do not agree: {spent} credits were spent and {charged} are explained.[/red]"
        )
        return 1
    return 0 if books_hold else 1


async def _settled(dsn: str, outcome: Outcome) -> list[books.FunctionLogs]:
    """The three logs, once the notifications have caught up with the run."""
    run_id = outcome.run["id"]
    deadline = time.monotonic() + SETTLE_SECONDS_MAX
    while True:
        logs = await asyncio.to_thread(books.read, dsn, run_id)
        if all(one.agree for one in logs) or time.monotonic() > deadline:
            return logs
        await asyncio.sleep(SETTLE_EVERY_SECONDS)


async def _save_one(api: Api, outcome: Outcome, folder: Path) -> Path | None:
    """Saves the longest published article as the built-in target renders it, with its images beside it."""
    published = [one for one in outcome.content if one["site_status"] == "published"]
    if not published:
        return None
    article: dict[str, Any] = max(published, key=lambda one: one["word_count"])
    page = (await api.page(f"/published/{outcome.site['slug']}/{article['slug']}")).decode()
    images = {address: await api.page(address) for address in {found[1] for found in _IMAGE.findall(page)}}
    return await asyncio.to_thread(_write, folder, f"{article['slug']}.html", page, images)


def _write(folder: Path, name: str, page: str, images: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for address, data in images.items():
        image = folder / f"{address.rsplit('/', 1)[1][:16]}.png"
        image.write_bytes(data)
        page = page.replace(address, image.name)
    file = folder / name
    file.write_text(page)
    return file
