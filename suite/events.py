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
            console.print(_words(name, payload), markup=False, soft_wrap=True)


def _words(name: str, payload: dict[str, Any]) -> str:
    """The event in a few words."""
    domain = name.partition(".")[0]
    if domain == "credits":
        amount = payload.get("credits_used") or payload.get("amount") or 0
        what = payload.get("operation_type") or "credits"
        return f"{amount} for {what}; {payload['balance']['available']} available"
    if domain == "runs":
        run = payload["run"]
        return f"{run['status']}, {run['percent']:g} %, {run['credits_used']} credits used"
    if domain == "ai_tasks":
        task = payload["task"]
        done = f"{task['items_done']} of {task['items_total']} done"
        return f"{task['function_name']}: {task['status']}, {done}" + (
            f"; {task['error']}" if task["error"] else ""
        )
    if domain == "notifications":
        return str(payload.get("notification", {}).get("title", f"{payload.get('unread', 0)} unread"))
    return str(payload.get("title") or payload.get("content_id") or "")
