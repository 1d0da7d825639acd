"""`python -m bench [ONLY]`: runs the benchmarks, prints a table and writes bench/results.json.

ONLY names groups, with commas: `suite,ai`; the long ones run only when they are named. Exit 1 where a floor or a ceiling is missed, 2 for an unknown group.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Final

from rich.console import Console

from bench.machine import commit, machine
from bench.result import Result
from bench.table import table
from tests.kit.ending import leave_when_told

GROUPS: Final = ("suite", "ledger", "ai", "images", "lists", "runs", "gateway", "publisher")
"""Each is a module of this package with a function `results(say)`; in the order in which they run."""

LONG: Final = ("ledger-growth", "ledger-million")
"""As GROUPS, for those that take more than some minutes."""

RESULTS: Final = Path(__file__).with_name("results.json")


def main(arguments: list[str]) -> int:
    """Returns the exit status."""
    console = Console(highlight=False)
    asked = [name for argument in arguments for name in argument.split(",") if name]
    if unknown := sorted(set(asked) - {*GROUPS, *LONG}):
        console.print(
            f"There is no group {', '.join(unknown)}. There are: {', '.join((*GROUPS, *LONG))}.", markup=False
        )
        return 2
    where = {"machine": machine(), "commit": commit()}
    found: list[Result] = []
    for group in (*GROUPS, *LONG):
        if group in asked or (not asked and group in GROUPS):
            console.print(f"[bold]{group}[/bold]")
            # A group imports what it measures, which is not to weigh on the others.
            module = importlib.import_module(f"bench.{group.replace('-', '_')}")
            found += module.results(lambda line: console.print(f"  {line}", markup=False, style="dim"))
    console.print(table(found))
    text = json.dumps({**where, "results": [result.to_json() for result in found]}, indent=2)
    RESULTS.write_text(f"{text}\n")
    missed = [result.name for result in found if not result.holds]
    if missed:
        console.print(f"[red]Missed:[/red] {', '.join(missed)}.")
    return 1 if missed else 0


if __name__ == "__main__":
    leave_when_told()
    sys.exit(main(sys.argv[1:]))
