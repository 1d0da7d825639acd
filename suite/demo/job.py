"""The main job: a site, keywords imported, one run to its end, articles published; and what came of it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from suite.rest import Api, ApiRefused

SITE_NAME: Final = "The Kitchen Garden"
SITE_SLUG: Final = "kitchen-garden"
CREDITS_LEAST: Final = 5_000
POLL_SECONDS: Final = 0.4
PUBLISH_SECONDS_MAX: Final = 120.0
STANDSTILL_SECONDS_MAX: Final = 300.0
"""Longer than any one answer of a model takes, with every attempt at it."""

ENDED: Final = ("completed", "cancelled", "failed")


class DemoFailed(Exception):
    """The main job did not come to its end; the message says where it stopped and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of the main job."""

    account_id: str
    site: dict[str, Any]
    imported: dict[str, Any]
    run: dict[str, Any]
    content: list[dict[str, Any]]
    balance_before: dict[str, Any]
    balance_after: dict[str, Any]
    seconds: float


OnRun = Callable[[dict[str, Any]], None]


async def do_main_job(
    api: Api, operator: Api, keywords: Path, *, say: Callable[[str], None], on_run: OnRun
) -> Outcome:
    """Takes the keyword list from import to published articles. `on_run` sees the run as it goes.

    Raises DemoFailed, and ApiRefused with the API's own sentence (for example about the file).
    """
    began = time.monotonic()
    data = await asyncio.to_thread(keywords.read_bytes)
    me = await api.get("/api/v1/auth/me")
    account_id = me["account"]["id"]
    await _top_up(api, operator, account_id)
    site = await _make_site(api)
    say(f"Made the site “{site['name']}” ({site['slug']}).")
    path = f"/api/v1/sites/{site['id']}"
    imported = await api.upload(f"{path}/keywords/import", data, "text/csv")
    _tell_import(imported, keywords, say)
    if not imported["imported"]:
        raise DemoFailed(f"{keywords} holds no keyword that can be used.")
    before = await api.get("/api/v1/credits/balance")
    started = await api.post(f"{path}/automation/runs", key=f"demo:{site['id']}")
    run = await _follow(api, started["run"]["id"], on_run)
    if run["status"] != "completed":
        raise DemoFailed(
            f"The run is {run['status']}: {run['error'] or run['pause_reason'] or 'see the task logs'}."
        )
    content = await _wait_until_published(api, site["id"], run["id"])
    return Outcome(
        account_id=account_id,
        site=site,
        imported=imported,
        run=run,
        content=content,
        balance_before=before,
        balance_after=await api.get("/api/v1/credits/balance"),
        seconds=time.monotonic() - began,
    )


async def _top_up(api: Api, operator: Api, account_id: str) -> None:
    """The demo may be run again and again: the operator gives the account credits when it runs low."""
    balance = await api.get("/api/v1/credits/balance")
    if balance["available"] >= CREDITS_LEAST:
        return
    amount = CREDITS_LEAST * 2
    await operator.post(
        "/api/v1/credits/grants",
        {
            "account_id": account_id,
            "amount": amount,
            "category": "promotional",
            "description": "Credits for another demo",
        },
        key=f"demo-top-up:{account_id}:{balance['sequence']}",
    )


async def _make_site(api: Api) -> dict[str, Any]:
    """A new site, on which approval, schedule and publishing go by themselves."""
    for number in range(1, 1000):
        ending = "" if number == 1 else f"-{number}"
        try:
            made = await api.post(
                "/api/v1/sites",
                {
                    "name": SITE_NAME + ending.replace("-", " "),
                    "slug": SITE_SLUG + ending,
                    "time_zone": "Europe/Rome",
                    "description": "A site about growing food at home, for beginners and the curious.",
                },
                key=f"demo-site:{SITE_SLUG}{ending}:{time.time_ns()}",
            )
        except ApiRefused as refused:
            if refused.reason == "ALREADY_EXISTS":
                continue
            raise
        site: dict[str, Any] = made["site"]
        path = f"/api/v1/sites/{site['id']}/publishing-settings"
        settings = await api.get(path)
        settings |= {"auto_approve_content": True, "auto_schedule": True, "mode": "immediate"}
        settings |= dict.fromkeys(("daily_limit", "weekly_limit", "monthly_limit"))
        await api.put(path, settings)
        return site
    raise DemoFailed("This account has a thousand demo sites. Start with an empty data folder.")


def _tell_import(imported: dict[str, Any], keywords: Path, say: Callable[[str], None]) -> None:
    say(
        f"Imported {imported['imported']} keywords from {keywords.name} ({imported['format']}): "
        f"{imported['updated']} updated, {imported['skipped']} skipped, {len(imported['errors'])} refused."
    )
    for error in imported["errors"][:5]:
        say(f"  line {error['line']}: {error['reason']}")


async def _follow(api: Api, run_id: str, on_run: OnRun) -> dict[str, Any]:
    before: dict[str, Any] = {}
    moved = time.monotonic()
    while True:
        run: dict[str, Any] = (await api.get(f"/api/v1/automation/runs/{run_id}"))["run"]
        on_run(run)
        if run["status"] in ENDED or run["status"] == "paused":
            return run
        if run != before:
            before, moved = run, time.monotonic()
        if time.monotonic() - moved > STANDSTILL_SECONDS_MAX:
            raise DemoFailed(
                f"The run has stood still at {run['percent']:g} % for {STANDSTILL_SECONDS_MAX:g} s. "
                "The logs of the data folder say why; a line of level error or warning comes first."
            )
        await asyncio.sleep(POLL_SECONDS)


async def _wait_until_published(api: Api, site_id: str, run_id: str) -> list[dict[str, Any]]:
    """The run's articles, once each that was approved is on the site or has failed to get there."""
    deadline = time.monotonic() + PUBLISH_SECONDS_MAX
    while True:
        content = await api.all(f"/api/v1/sites/{site_id}/content", "content", run_id=run_id)
        waiting = [
            one
            for one in content
            if one["status"] == "approved" and one["site_status"] not in ("published", "failed")
        ]
        if not waiting:
            return content
        if time.monotonic() > deadline:
            raise DemoFailed(
                f"{len(waiting)} approved articles were not published within {PUBLISH_SECONDS_MAX:g} s, "
                f"for example “{waiting[0]['title']}”, which is {waiting[0]['site_status']}."
            )
        await asyncio.sleep(POLL_SECONDS)
