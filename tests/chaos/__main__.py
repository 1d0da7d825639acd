"""`make chaos`: the campaigns, one after the other. Exit 1 where anything does not hold, 2 for an unknown name."""

import importlib
import secrets
import sys
from importlib.util import find_spec
from typing import Annotated, Final, cast

import typer
from rich.console import Console

from tests.chaos.campaign import Campaign, Chaos, Report
from tests.chaos.table import table
from tests.kit.ending import leave_when_told

CAMPAIGNS: Final = ("ledger", "ai", "runs", "pauses", "publisher")
"""Each is a module of this package with a function `campaign`; in the order in which they run."""


def there() -> dict[str, str]:
    """The module of each campaign that exists."""
    modules = {name: f"tests.chaos.{name}" for name in CAMPAIGNS}
    return {name: module for name, module in modules.items() if find_spec(module)}


def main(
    only: Annotated[str, typer.Argument(help="Names with commas; all when there is none.")] = "",
    seed: Annotated[str, typer.Option(help="What is chosen by; a campaign says which it had.")] = "",
    rounds: Annotated[int, typer.Option(min=0, help="How many faults; 0 for the campaign's own.")] = 0,
) -> None:
    """Put faults into running suites at random moments, and say whether every promise held."""
    console = Console(highlight=False)
    modules = there()
    names = [name for name in only.split(",") if name] or list(modules)
    if unknown := sorted(set(names) - set(modules)):
        console.print(f"There is no campaign {', '.join(unknown)}. There are: {', '.join(modules)}.")
        sys.exit(2)
    seed = seed or secrets.token_hex(4)
    reports: dict[str, Report] = {}
    for name in names:
        console.print(f"[bold]{name}[/bold], SEED={seed}")
        chaos = Chaos(
            seed=seed,
            rounds=rounds or None,
            write=lambda line: console.print(line, markup=False, style="dim", soft_wrap=True),
        )
        # A campaign imports what it sets on fire, which the others do not need.
        campaign = cast(Campaign, importlib.import_module(modules[name]).campaign)
        reports[name] = campaign(chaos)
        console.print(table(name, reports[name]))
    broken = [name for name, report in reports.items() if report.broken]
    if broken:
        console.print(f"[red]Broken:[/red] {', '.join(broken)}. The same again: SEED={seed}")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    leave_when_told()
    typer.run(main)
