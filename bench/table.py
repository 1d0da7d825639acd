"""The results for people: a table on the screen."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from bench.result import Result


def table(results: Sequence[Result]) -> Table:
    """One row a figure; a bound that is missed is marked."""
    made = Table(box=SIMPLE_HEAD, pad_edge=False)
    made.add_column("figure")
    for heading in ("ours", "unit", "bound", "peer's", "ratio"):
        made.add_column(heading, justify="left" if heading == "unit" else "right", no_wrap=True)
    made.add_column("peer")
    for result in results:
        mark = "[green]✓[/green]" if result.holds else "[red]✗[/red]"
        bound = _bound(result)
        made.add_row(
            result.name,
            figure(result.ours),
            result.unit,
            f"{bound} {mark}" if bound else "",
            "" if result.peer_value is None else figure(result.peer_value),
            "" if result.ratio is None else f"{result.ratio:.2f}",
            result.peer or "",
        )
    return made


def figure(value: float) -> str:
    """A figure with three digits that count, and no more than are there."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _bound(result: Result) -> str:
    if result.floor is not None:
        return f"≥ {figure(result.floor)}"
    return "" if result.ceiling is None else f"≤ {figure(result.ceiling)}"
