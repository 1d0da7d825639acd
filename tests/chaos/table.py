"""A campaign's report for people: a table on the screen."""

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table

from tests.chaos.campaign import Report


def table(name: str, report: Report) -> RenderableType:
    """What was done, then each promise with a mark."""
    figures = Table(f"{name}: what was done", "", box=SIMPLE_HEAD, pad_edge=False)
    for what, figure in report.figures.items():
        figures.add_row(what, figure)
    promises = Table("", "what must hold", "found", box=SIMPLE_HEAD, pad_edge=False)
    for promise in report.promises:
        mark = "[green]✓[/green]" if promise.holds else "[red]✗[/red]"
        promises.add_row(mark, promise.says, promise.found)
    return Group(figures, promises)
