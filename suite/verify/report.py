"""Runs every check and says what was found, one line a check and the first bad row of each that does not hold."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from suite.verify import billing, counters, work
from suite.verify.check import Finding, run

CHECKS = [*billing.CHECKS, *work.CHECKS, *counters.CHECKS]


def verify(dsn: str) -> list[Finding]:
    """Every check on the database at `dsn`."""
    return run(CHECKS, dsn)


def show(findings: Sequence[Finding], console: Console) -> bool:
    """Prints the findings; returns whether everything holds."""
    table = Table("", "invariant", "check", "what must hold", box=None, padding=(0, 1))
    for finding in findings:
        check = finding.check
        mark = "[green]✓[/green]" if finding.holds else "[red]✗[/red]"
        table.add_row(mark, str(check.invariant), check.name, check.says)
    console.print(table)
    broken = [finding for finding in findings if not finding.holds]
    for finding in broken:
        console.print(
            f"\n[red]{finding.check.name}[/red]: {finding.bad_rows} bad row(s). The first: {finding.first_bad_row}"
        )
    if broken:
        console.print(f"\n[red]{len(broken)} of {len(findings)} checks do not hold.[/red]")
    else:
        console.print(f"\nThe books add up: {len(findings)} checks hold.")
    return not broken
