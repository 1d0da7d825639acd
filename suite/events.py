"""`igny8 events`: the account's event stream, a line an event."""

import json
from typing import Any

from rich.console import Console

from suite.rest import Api


async def follow(api: Api, console: Console, *, types: str, as_json: bool) -> None:
    """Prints events until interrupted."""
    async for name, payload in api.events(types):
        if as_json:
            console.print(json.dumps({"event": name, "data": payload}), soft_wrap=True, markup=False)
        else:
            console.print(
                f"[dim]{payload.get('occurred_at', '')[:19]}[/dim]  [bold]{name:<24}[/bold] ", end=""
            )
            console.print(words(name, payload), markup=False, soft_wrap=True)


def words(name: str, payload: dict[str, Any]) -> str:
    """The event in a few words."""
    domain = name.partition(".")[0]
    if domain == "credits":
        amount = payload.get("credits_used") or payload.get("amount") or 0
        what = payload.get("operation_type") or "credits"
        return f"{amount} for {what}; {payload['balance']['available']} available"
    if domain == "runs":
        return _planned(payload["planned_run"]) if "planned_run" in payload else _run(payload["run"])
    if domain == "ai_tasks":
        task = payload["task"]
        done = f"{task['items_done']} of {task['items_total']} done"
        return f"{task['function_name']}: {task['status']}, {done}" + (
            f"; {task['error']}" if task["error"] else ""
        )
    if domain == "notifications":
        return str(payload.get("notification", {}).get("title", f"{payload.get('unread', 0)} unread"))
    return str(payload.get("title") or payload.get("content_id") or "")


BAR_WIDTH = 20
"""Characters of a run's bar."""


def _run(run: dict[str, Any]) -> str:
    """How far a run is, on one line: bar, items by stage, credits, time left, and what is being worked on."""
    filled = int(run["percent"] * BAR_WIDTH / 100)
    stages = "  ".join(
        f"{stage['name'].rpartition(' to ')[2].lower()} {stage['done']}/{stage['total']}"
        + (f" ({stage['failed']} failed)" if stage["failed"] else "")
        for stage in run["stages"]
        if stage["total"]
    )
    limit = f" of {run['max_credits']}" if run["max_credits"] else ""
    parts = [
        f"{'█' * filled}{'░' * (BAR_WIDTH - filled)} {run['percent']:>5.1f} %",
        run["status"] + (f" ({run['pause_reason']})" if run["pause_reason"] else ""),
        stages,
        f"{run['credits_used']}{limit} credits",
    ]
    if run["seconds_left"] is not None:
        parts.append(f"about {_clock(run['seconds_left'])} left")
    if run["now"]:
        parts.append("now: " + ", ".join(item["label"] for item in run["now"][:2]))
    return " │ ".join(part for part in parts if part)


def _planned(planned: dict[str, Any]) -> str:
    """What became of a run that a schedule planned."""
    return f"planned for {planned['planned_at'][:16]} and not started: {planned['detail']}"


def _clock(seconds: int) -> str:
    """`0:05`, `12:30`, `1:02:00`."""
    minutes, left = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
