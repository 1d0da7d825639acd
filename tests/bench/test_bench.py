"""The benchmarks' frame: bounds, ratios, the file and the table."""

import importlib
import io
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from rich.console import Console

from bench import __main__ as command
from bench.result import Result
from bench.table import table


def result(**more: Any) -> Result:
    return Result(**{"name": "a figure", "unit": "s", "ours": 4.0, "runs": (3.0, 4.0, 5.0), **more})


@pytest.mark.parametrize(
    ("bound", "holds"),
    [
        ({}, True),
        ({"floor": 4.0}, True),
        ({"floor": 4.1}, False),
        ({"ceiling": 4.0}, True),
        ({"ceiling": 3.9}, False),
    ],
)
def test_a_bound_is_kept_up_to_itself(bound: dict[str, float], holds: bool) -> None:
    assert result(**bound).holds is holds


@pytest.mark.parametrize("faults", [{"floor": 1.0, "ceiling": 2.0}, {"peer": "a peer"}, {"peer_value": 2.0}])
def test_a_figure_has_one_bound_and_a_whole_peer(faults: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        result(**faults)


def test_the_file_has_what_the_contract_names() -> None:
    written = result(peer="a peer", peer_value=8.0, ceiling=5.0).to_json()

    assert written == {
        "name": "a figure",
        "unit": "s",
        "ours": 4.0,
        "peer": "a peer",
        "peer_value": 8.0,
        "ratio": 0.5,
        "ceiling": 5.0,
        "runs": [3.0, 4.0, 5.0],
    }


def test_the_table_marks_what_is_missed() -> None:
    console = Console(width=100, record=True, file=io.StringIO())

    console.print(table([result(name="kept", ceiling=5.0), result(name="missed", floor=12_345.0)]))

    kept, missed = (line for line in console.export_text().splitlines() if "≤" in line or "≥" in line)
    assert "≤ 5 ✓" in kept
    assert "≥ 12,345 ✗" in missed


def test_an_unknown_group_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["suite,speed"]) == 2
    assert "no group speed. There are: suite, ledger, ai, images, lists" in capsys.readouterr().out


@pytest.mark.parametrize(("floor", "status"), [(4.0, 0), (4.1, 1)], ids=["kept", "missed"])
def test_the_results_are_written_down_and_a_missed_bound_is_the_exit_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, floor: float, status: int
) -> None:
    group = ModuleType("bench.figures")
    vars(group)["results"] = lambda _say: [result(floor=floor)]
    monkeypatch.setitem(sys.modules, "bench.figures", group)
    monkeypatch.setattr(command, "GROUPS", ("figures",))
    monkeypatch.setattr(command, "RESULTS", tmp_path / "results.json")

    ended = command.main([])

    written = json.loads((tmp_path / "results.json").read_text())
    assert ended == status
    assert set(written) == {"machine", "commit", "results"}
    assert [(one["name"], one["floor"]) for one in written["results"]] == [("a figure", floor)]


@pytest.mark.parametrize("group", [*command.GROUPS, *command.LONG])
def test_every_group_is_a_module_that_gives_results(group: str) -> None:
    assert callable(importlib.import_module(f"bench.{group.replace('-', '_')}").results)
