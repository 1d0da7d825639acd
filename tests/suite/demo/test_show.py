"""What the demo shows fits into 80 columns, whole."""

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from suite.demo.books import FUNCTIONS, FunctionLogs
from suite.demo.show import RunBars, show_outcome
from tests.suite.demo.builders import STAGES, logs, outcome, run


def shown(found: Sequence[FunctionLogs], *, width: int = 80, saved: Path | None = None) -> list[str]:
    console = Console(width=width, file=io.StringIO(), record=True, highlight=False)
    show_outcome(console, outcome(), found, gateway_url="http://127.0.0.1:8080", saved=saved)
    return console.export_text().splitlines()


def five(**last: int) -> list[FunctionLogs]:
    large = dict.fromkeys(("task_credits", "usage_credits", "deducted_credits"), 123_456)
    names = [name for name, _, _ in FUNCTIONS]
    return [logs(function_name=name, **large) for name in names[:-1]] + [
        logs(function_name=names[-1], **{**large, **last})
    ]


def test_everything_is_readable_in_80_columns() -> None:
    lines = shown(five())

    # A link stays on one line, however long it is.
    assert max(len(line.rstrip()) for line in lines if "http" not in line) <= 80
    assert "…" not in "".join(lines)
    assert all(any(name in line for line in lines) for name, _, _ in FUNCTIONS)
    assert all(any(f"{number} {name}" in line for line in lines) for number, name in enumerate(STAGES, 1))
    assert any(line.startswith("Balance: 10,000 credits before, 9,950 after: 50 spent.") for line in lines)
    assert any("1 of 2 are published" in line for line in lines)
    assert any("http://127.0.0.1:8080/published/kitchen-garden" in line for line in lines)


def test_a_sum_stands_under_the_functions() -> None:
    (line,) = (line for line in shown(five()) if line.split()[:1] == ["all"])

    assert line.split() == ["all", "10", "617280", "20", "617280", "0.0617", "617280", "10", "✓"]


def test_logs_that_do_not_agree_are_marked_with_the_sum() -> None:
    lines = shown(five(usage_credits=1))

    assert [line.split()[0] for line in lines if line.rstrip().endswith("✗")] == ["generate_images", "all"]


def test_the_saved_article_is_named_on_one_line() -> None:
    file = Path("/a/folder/that/is/long/enough/to/need/more/than/eighty/columns/in/every/case/article.html")

    assert f"One article, as published: {file}" in shown(five(), saved=file)


def test_nothing_published_is_no_link() -> None:
    console = Console(width=80, file=io.StringIO(), record=True)

    show_outcome(console, outcome(content=[]), five(), gateway_url="http://127.0.0.1:8080", saved=None)

    assert "http" not in console.export_text()


@pytest.mark.parametrize("total", [0, 4])
def test_bars_show_how_far_each_stage_is(total: int) -> None:
    console = Console(width=80, file=io.StringIO(), record=True)
    state = run()
    for stage in state["stages"]:
        stage["total"] = total

    with RunBars(console) as bars:
        bars.update(state)
        bars.update(state)

    lines = [line for line in console.export_text().splitlines() if "9 made, 10 credits" in line]
    assert [line.split("  ")[0].strip()[:3] for line in lines[-7:]] == [
        f"{n} {name[0]}" for n, name in enumerate(STAGES, 1)
    ]
