"""Runs every check and says what was found, one line a check and the first bad row of each that does not hold."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from suite.verify import accounts, counters, ledger, publishing, runs, usage, work
from suite.verify.check import Finding, run

CHECKS: Final = [
    *ledger.CHECKS,
    *usage.CHECKS,
    *work.CHECKS,
    *runs.CHECKS,
    *counters.CHECKS,
    *publishing.CHECKS,
    *accounts.CHECKS,
]


def verify(dsn: str) -> list[Finding]:
    """Every check on the database at `dsn`."""
    return run(CHECKS, dsn)


def show(findings: Sequence[Finding], console: Console, *, brief: bool = False) -> bool:
    """Prints the findings, `brief` only those that do not hold; returns whether everything holds."""
    if not brief:
        console.print(_all(findings))
    broken = [finding for finding in findings if not finding.holds]
    for finding in broken:
        rows = "1 bad row" if finding.bad_rows == 1 else f"{finding.bad_rows:,} bad rows, the first"
        console.print(f"\n[red]{finding.check.name}[/red] (invariant {finding.check.invariant}), {rows}:")
        for column, value in (finding.first_bad_row or {}).items():
            console.print(f"  {column} = {'null' if value is None else value}", markup=False, soft_wrap=True)
    if broken:
        console.print(f"\n[red]{len(broken)} of {len(findings)} checks do not hold.[/red]")
    else:
        console.print(f"The books add up: all {len(findings)} checks hold.")
    return not broken


def _all(findings: Sequence[Finding]) -> Table:
    table = Table("", "", "what must hold", box=None, padding=(0, 1))
    for finding in findings:
        mark = "[green]✓[/green]" if finding.holds else "[red]✗[/red]"
        table.add_row(mark, str(finding.check.invariant), finding.check.says)
    return table
