"""The commands that look at a running suite, and what they say when there is none."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from suite.cli import app
from suite.lock import locked
from suite.secrets import keep_api_key
from suite.stack import StackFile


def igny8(data_dir: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, env={"IGNY8_DATA_DIR": str(data_dir), "COLUMNS": "200"})


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Path]:
    """A data folder whose suite is this process and a service that died."""
    with locked(tmp_path):
        StackFile(
            gateway_url="http://127.0.0.1:8080",
            grpc={},
            nats_url="nats://127.0.0.1:14222",
            database_url="postgresql://owner",
            read_only_database_url="postgresql://igny8_readonly:p@127.0.0.1:15432/igny8",
            pids={"supervisor": os.getpid(), "billing": 2**22 + 1},
        ).write(tmp_path)
        yield tmp_path


def test_dsn_prints_the_read_only_uri_and_nothing_else(running: Path) -> None:
    result = igny8(running, "dsn")

    assert (result.exit_code, result.stdout) == (0, "postgresql://igny8_readonly:p@127.0.0.1:15432/igny8\n")


def test_status_shows_a_dead_process_and_fails(running: Path) -> None:
    result = igny8(running, "status")

    rows = {line.split("│")[1].strip(): line for line in result.stdout.splitlines() if line.startswith("│")}
    assert result.exit_code == 1
    assert "running" in rows["supervisor"]
    assert " MB" in rows["supervisor"]
    assert "dead" in rows["billing"]


@pytest.mark.parametrize("command", ["dsn", "status", "verify", "events", "prices examples/prices.yaml"])
def test_without_a_suite_the_way_out_is_said(tmp_path: Path, command: str) -> None:
    result = igny8(tmp_path, *command.split())

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == f"No suite runs on {tmp_path}. Start one with `igny8 up`.\n"


@pytest.mark.parametrize(("option", "name"), [([], "demo"), (["--operator"], "operator")])
def test_token_prints_the_key_that_was_kept(tmp_path: Path, option: list[str], name: str) -> None:
    keep_api_key(tmp_path, name, f"key of {name}")

    assert igny8(tmp_path, "token", *option).stdout == f"key of {name}\n"


def test_without_a_key_the_way_out_is_said(tmp_path: Path) -> None:
    result = igny8(tmp_path, "token")

    assert result.exit_code == 1
    assert "Start the suite once" in result.stderr


def test_unusable_settings_are_refused_with_the_status_for_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    result = igny8(tmp_path / "file", "up")

    assert result.exit_code == 78
    assert "IGNY8_DATA_DIR" in result.stderr


def test_up_on_a_folder_in_use_says_where_it_runs(running: Path) -> None:
    result = igny8(running, "up")

    assert result.exit_code == 1
    assert "http://127.0.0.1:8080" in result.stderr


def test_a_keyword_list_that_is_not_there_is_refused_before_anything_starts(tmp_path: Path) -> None:
    result = igny8(tmp_path / "data", "demo", str(tmp_path / "none.csv"))

    assert result.exit_code == 1
    assert result.stderr.startswith(f"There is no file {tmp_path}/none.csv.")
    assert not (tmp_path / "data").exists()


def test_a_price_list_that_is_not_there_is_refused(running: Path) -> None:
    result = igny8(running, "prices", "none.yaml")

    assert result.exit_code == 1
    assert result.stderr.startswith("none.yaml: ")
    assert "No such file" in result.stderr


def test_a_price_list_with_a_fault_is_refused_by_its_entry(running: Path, tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text("models: [{model_name: a, input_cost_per_1m: 1}]")

    result = igny8(running, "prices", str(file))

    assert result.exit_code == 1
    assert "model 1 (a): input_cost_per_1m" in result.stderr


def test_following_events_without_a_key_says_the_way_out(running: Path) -> None:
    result = igny8(running, "events")

    assert result.exit_code == 1
    assert "Start the suite once" in result.stderr
