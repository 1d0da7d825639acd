"""What the demo shows: bars while the run goes on, and the tables at its end."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from suite.demo.books import FunctionLogs
from suite.demo.job import Outcome


class RunBars:
    """A bar for each stage of a run; their lengths grow as the run finds more to do."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<27}"),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TextColumn("{task.fields[made]}", style="dim"),
            TimeElapsedColumn(),
            console=console,
        )
        self._bars: dict[int, TaskID] = {}

    def __enter__(self) -> "RunBars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, run: dict[str, Any]) -> None:
        """Moves the bars to where the run is."""
        for stage in run["stages"]:
            number = stage["stage"]
            if number not in self._bars:
                name = f"{number} {stage['name']}"
                self._bars[number] = self._progress.add_task(name, total=None, start=False, made="")
            bar = self._bars[number]
            if stage["total"]:
                self._progress.start_task(bar)
            self._progress.update(
                bar,
                total=stage["total"] or None,
                completed=stage["done"] + stage["failed"],
                made=f"{stage['outputs']} made, {stage['credits_used']} credits",
            )


def show_outcome(
    console: Console, outcome: Outcome, logs: Sequence[FunctionLogs], *, gateway_url: str, saved: Path | None
) -> None:
    """The summary: stages, the three logs of each function, the balance, links."""
    console.print()
    console.print(_stages(outcome))
    console.print(_logs(logs))
    before, after = outcome.balance_before["credits"], outcome.balance_after["credits"]
    published = [one for one in outcome.content if one["site_status"] == "published"]
    console.print(
        f"Balance: {before:,} credits before, {after:,} after: {before - after:,} spent.\n"
        f"Articles: {len(published)} of {len(outcome.content)} are published. {outcome.seconds:.0f} s in all."
    )
    if published:
        console.print(
            f"The site, while the suite runs (`igny8 up`): {gateway_url}/published/{outcome.site['slug']}",
            soft_wrap=True,
        )
    if saved is not None:
        console.print(f"One article, as published: {saved}", soft_wrap=True)


def _stages(outcome: Outcome) -> Table:
    table = _table("The run", "stage", "items done", "failed", "made", "credits")
    for stage in outcome.run["stages"]:
        table.add_row(
            f"{stage['stage']} {stage['name']}",
            str(stage["done"]),
            str(stage["failed"]),
            str(stage["outputs"]),
            str(stage["credits_used"]),
        )
    return table


def _logs(logs: Sequence[FunctionLogs]) -> Table:
    # Two lines a heading: the table is to fit into 80 columns.
    table = _table(
        "The three logs of each AI function, and the ledger",
        "function",
        "task\nlogs",
        "\ncredits",
        "usage\nrows",
        "\ncredits",
        "cost\nUSD",
        "ledger\ncredits",
        "\nnotified",
        "",
    )
    for one in logs:
        table.add_row(
            one.function_name,
            str(one.task_logs),
            str(one.task_credits),
            str(one.usage_rows),
            str(one.usage_credits),
            usd(one.usage_cost),
            str(one.deducted_credits),
            str(one.notifications),
            _mark(one.agree),
        )
    table.add_section()
    table.add_row(
        "all",
        str(sum(one.task_logs for one in logs)),
        str(sum(one.task_credits for one in logs)),
        str(sum(one.usage_rows for one in logs)),
        str(sum(one.usage_credits for one in logs)),
        usd(sum((one.usage_cost for one in logs), Decimal(0))),
        str(sum(one.deducted_credits for one in logs)),
        str(sum(one.notifications for one in logs)),
        _mark(all(one.agree for one in logs)),
    )
    return table


def usd(amount: Decimal) -> str:
    """USD to the hundredth of a cent, for people; the books keep every digit."""
    return f"{amount:.4f}"


def _mark(agree: bool) -> str:
    return "[green]✓[/green]" if agree else "[red]✗[/red]"


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=0, pad_edge=False)
    table.add_column(first, vertical="bottom")
    for heading in others:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
