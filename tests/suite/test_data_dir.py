"""The small files of a data folder: settings, secrets, stack.json, lock and logs."""

import json
import os
from pathlib import Path

import pytest

from suite import logs, secrets, settings, stack
from suite.lock import FolderInUse, is_locked, locked
from suite.settings import SettingsInvalid
from suite.stack import StackFile


@pytest.fixture
def running() -> StackFile:
    return StackFile(
        gateway_url="http://127.0.0.1:8080",
        grpc={"billing": "127.0.0.1:50051"},
        nats_url="nats://u:p@127.0.0.1:14222",
        database_url="postgresql://igny8:p@127.0.0.1:15432/igny8",
        read_only_database_url="postgresql://igny8_readonly:p@127.0.0.1:15432/igny8",
        pids={"supervisor": os.getpid()},
    )


def test_the_settings_have_defaults() -> None:
    loaded = settings.load({})

    assert loaded.data_dir == Path.cwd() / ".igny8"
    assert loaded.port == 8080


def test_all_faults_of_the_settings_are_told_in_one_message(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    with pytest.raises(
        SettingsInvalid, match=r"IGNY8_DATA_DIR: .* is a file(.|\n)*PORT: 'http' is not a port"
    ):
        settings.load({"IGNY8_DATA_DIR": str(file), "PORT": "http"})


@pytest.mark.parametrize("port", ["0", "65536", "-1", "8o80", "²"])
def test_what_is_no_port_is_refused(port: str) -> None:
    with pytest.raises(SettingsInvalid, match="is not a port"):
        settings.load({"PORT": port})


def test_secrets_are_made_once_and_kept_to_their_owner(tmp_path: Path) -> None:
    made = secrets.load_or_make(tmp_path)

    assert secrets.load_or_make(tmp_path) == made
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert len({made.secret_key, made.postgres, made.nats, *made.roles.values()}) == 8
    assert len(made.secret_key) >= 32


def test_secrets_of_an_older_folder_are_completed_and_not_replaced(tmp_path: Path) -> None:
    made = secrets.load_or_make(tmp_path)
    content = json.loads((tmp_path / "secrets.json").read_text())
    del content["roles"]["readonly"]
    (tmp_path / "secrets.json").write_text(json.dumps(content))

    completed = secrets.load_or_make(tmp_path)

    assert completed.roles["readonly"] not in ("", made.roles["readonly"])
    assert completed.roles["ai"] == made.roles["ai"]
    assert completed.postgres == made.postgres


def test_api_keys_are_kept_by_name(tmp_path: Path) -> None:
    secrets.keep_api_key(tmp_path, "demo", "key of the demo")
    secrets.keep_api_key(tmp_path, "operator", "key of the operator")

    assert secrets.kept_api_key(tmp_path, "demo") == "key of the demo"
    assert secrets.kept_api_key(tmp_path, "nobody") is None
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600


def test_the_stack_file_says_where_everything_is_to_its_owner_alone(
    tmp_path: Path, running: StackFile
) -> None:
    with locked(tmp_path):
        running.write(tmp_path)

        assert stack.read(tmp_path) == running
        assert (tmp_path / "stack.json").stat().st_mode & 0o777 == 0o600
        assert {file.name for file in tmp_path.iterdir()} == {"stack.json", "lock"}


def test_the_stack_file_of_a_suite_that_was_killed_does_not_count(tmp_path: Path, running: StackFile) -> None:
    with locked(tmp_path):
        running.write(tmp_path)

    assert stack.read(tmp_path) is None


def test_the_next_suite_on_the_folder_takes_away_the_stack_file_of_a_killed_one(
    tmp_path: Path, running: StackFile
) -> None:
    running.write(tmp_path)

    with locked(tmp_path):
        assert stack.read(tmp_path) is None
    assert not (tmp_path / "stack.json").exists()


def test_a_folder_without_a_stack_file_has_no_suite(tmp_path: Path) -> None:
    stack.remove(tmp_path)

    assert stack.read(tmp_path) is None


def test_a_folder_is_locked_once_and_the_second_is_told_where_the_first_runs(
    tmp_path: Path, running: StackFile
) -> None:
    with locked(tmp_path):
        running.write(tmp_path)

        with (
            pytest.raises(FolderInUse, match=rf"\(process {os.getpid()}\) at http://127\.0\.0\.1:8080\."),
            locked(tmp_path),
        ):
            pytest.fail("the folder was locked twice")


def test_looking_whether_a_folder_is_locked_neither_takes_nor_loosens_the_lock(tmp_path: Path) -> None:
    with locked(tmp_path):
        assert is_locked(tmp_path)
        assert is_locked(tmp_path)
    assert not is_locked(tmp_path)

    with locked(tmp_path):
        assert is_locked(tmp_path)


def test_a_lock_ends_with_its_holder(tmp_path: Path) -> None:
    with locked(tmp_path / "data"):
        pass

    with locked(tmp_path / "data"):
        assert (tmp_path / "data" / "lock").read_text() == str(os.getpid())


def test_others_cannot_look_into_the_folder(tmp_path: Path) -> None:
    with locked(tmp_path / "data"):
        assert (tmp_path / "data").stat().st_mode & 0o066 == 0
        assert (tmp_path / "data" / "lock").stat().st_mode & 0o077 == 0


def test_a_log_above_its_size_is_moved_on_and_three_old_ones_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "SIZE_MAX_BYTES", 4)
    for number in range(5):
        logs.log_file(tmp_path, "billing").write_text(f"start {number}")

    logs.log_file(tmp_path, "billing")

    kept = {file.name: file.read_text() for file in (tmp_path / "logs").iterdir()}
    assert kept == {"billing.log.1": "start 4", "billing.log.2": "start 3", "billing.log.3": "start 2"}


def test_a_small_log_goes_on(tmp_path: Path) -> None:
    logs.log_file(tmp_path, "billing").write_text("short")

    assert logs.log_file(tmp_path, "billing").read_text() == "short"
