"""The embedded PostgreSQL starts, survives what can happen to it, and leaves nothing behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from suite.embedded import process
from suite.embedded.ports import LOOPBACK, reserve_port
from suite.embedded.postgres import EmbeddedPostgres, new_password, programs
from suite.embedded.postgres_user import user_for
from suite.embedded.process import ServerFailed
from tests.suite.conftest import needs_root

PASSWORD = new_password()


@pytest.fixture(scope="module")
def made_cluster() -> Iterator[Path]:
    """A cluster as initdb made it, for tests to start from a copy."""
    folder = Path(tempfile.mkdtemp(prefix="igny8-test-"))
    server = EmbeddedPostgres(folder, password=PASSWORD)
    server.start()
    server.stop()
    yield server.cluster
    shutil.rmtree(folder)


@pytest.fixture
def server(data_dir: Path, made_cluster: Path) -> Iterator[EmbeddedPostgres]:
    data_dir.mkdir()
    subprocess.run(["cp", "--archive", made_cluster, data_dir], check=True)
    server = EmbeddedPostgres(data_dir, password=PASSWORD)
    yield server
    server.stop()


@pytest.fixture
def new_server(data_dir: Path) -> Iterator[EmbeddedPostgres]:
    """A server whose cluster is still to be made."""
    server = EmbeddedPostgres(data_dir, password=PASSWORD)
    yield server
    server.stop()


def query(dsn: str, statement: str) -> list[tuple[object, ...]]:
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_it_is_postgresql_18_that_keeps_what_was_committed(new_server: EmbeddedPostgres) -> None:
    new_server.start()

    found = query(
        new_server.dsn(),
        "SELECT current_setting('server_version_num')::int / 10000, current_setting('fsync'),"
        " current_setting('full_page_writes'), current_setting('synchronous_commit'),"
        " current_setting('data_checksums'), current_setting('TimeZone')",
    )

    assert found == [(18, "on", "on", "on", "on", "UTC")]


def test_a_second_start_on_the_same_folder_continues(server: EmbeddedPostgres) -> None:
    server.start()
    query(server.dsn(), "CREATE TABLE kept AS SELECT 42 AS answer")
    server.stop()

    server.start()

    assert query(server.dsn(), "SELECT answer FROM kept") == [(42,)]


def test_what_was_committed_survives_kill_9_with_sessions_open(server: EmbeddedPostgres) -> None:
    server.start()
    query(server.dsn(), "CREATE TABLE kept AS SELECT 42 AS answer")
    with closing(psycopg2.connect(server.dsn())):
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        process.wait_for_exit(server.pid, timeout_seconds=5)

        server.start()

    assert query(server.dsn(), "SELECT answer FROM kept") == [(42,)]


def test_a_lock_file_whose_process_id_now_belongs_to_another_program_does_not_stop_it(
    server: EmbeddedPostgres,
) -> None:
    server.start()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    process.wait_for_exit(server.pid, timeout_seconds=5)
    lock_file = server.cluster / "postmaster.pid"
    lines = lock_file.read_text().splitlines()
    lock_file.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")

    server.start()

    assert query(server.dsn(), "SELECT 1") == [(1,)]


def test_a_server_that_an_earlier_owner_left_running_is_stopped_first(server: EmbeddedPostgres) -> None:
    server.start()
    earlier_pid = server.pid
    assert earlier_pid is not None
    said: list[str] = []
    later = EmbeddedPostgres(server.folder, password=PASSWORD, say=said.append)

    later.start()

    assert server.returncode() == 0
    assert query(later.dsn(), "SELECT 1") == [(1,)]
    assert f"process {earlier_pid}" in said[0]
    later.stop()


def test_it_ends_when_its_owner_is_killed(data_dir: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from suite.embedded.postgres import EmbeddedPostgres\n"
        f"server = EmbeddedPostgres(Path({str(data_dir)!r}), password='x'); server.start()\n"
        "print(server.pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())

        owner.kill()

        assert process.wait_for_exit(pid, timeout_seconds=10)
    assert not (data_dir / "cluster" / "postmaster.pid").exists()


def test_a_wrong_password_is_refused(server: EmbeddedPostgres) -> None:
    server.start()

    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        query(server.dsn(password="wrong"), "SELECT 1")


def test_a_taken_port_is_passed_over_and_said(data_dir: Path) -> None:
    said: list[str] = []
    with socket.create_server((LOOPBACK, 0)) as other:
        taken = other.getsockname()[1]
        server = EmbeddedPostgres(data_dir, password=PASSWORD, port=taken, say=said.append)
        server.start()

        assert query(server.dsn(), "SELECT 1") == [(1,)]
    assert server.port > taken
    assert f"Port {taken} is taken; PostgreSQL listens on {server.port}." in said
    server.stop()


def test_a_restart_keeps_the_port_that_clients_know(server: EmbeddedPostgres) -> None:
    server.start()
    port = server.port
    server.stop()

    server.start()

    assert server.port == port


def test_a_half_made_cluster_is_made_anew(new_server: EmbeddedPostgres) -> None:
    half = new_server.folder / "cluster.making"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    new_server.start()

    assert query(new_server.dsn(), "SELECT 1") == [(1,)]
    assert not half.exists()


def test_a_server_that_cannot_start_says_why(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    (server.cluster / "pg_hba.conf").write_text("nonsense\n")

    with pytest.raises(ServerFailed, match="could not load"):
        server.start()


def test_no_password_lies_where_another_user_could_read_it(new_server: EmbeddedPostgres) -> None:
    new_server.start()

    assert new_server.folder.stat().st_mode & 0o077 == 0
    assert not [
        file for file in new_server.folder.iterdir() if file.is_file() and PASSWORD in file.read_text()
    ]


@needs_root
def test_as_root_it_runs_as_nobody_below_a_folder_nobody_can_enter(new_server: EmbeddedPostgres) -> None:
    new_server.start()

    assert new_server.folder.parent.stat().st_mode & 0o077 == 0
    assert new_server.cluster.stat().st_uid != 0
    status = Path(f"/proc/{new_server.pid}/status").read_text()
    assert f"Uid:\t{new_server.cluster.stat().st_uid}\t" in status


@needs_root
def test_as_root_programs_below_a_folder_nobody_can_enter_run_each_other(data_dir: Path) -> None:
    data_dir.mkdir()
    package = programs().parents[1]
    # The package's libraries lie in a folder beside it.
    subprocess.run(["cp", "--archive", package, f"{package}.libs", data_dir], check=True)
    installed = data_dir / programs().relative_to(package.parent)
    user = user_for(data_dir / "cluster", programs=installed)
    log = data_dir / "log"

    # It looks for its own postgres first, asking whether this user may run it.
    status = process.start(
        [str(installed / "initdb"), "--show", f"--pgdata={data_dir / 'cluster'}"],
        log=log,
        environment={"LC_ALL": "C", "TZ": "UTC"},
        run_as=user,
    ).wait()

    assert user is not None
    assert (status, "invalid binary" in log.read_text()) == (0, False)


@needs_root
def test_as_root_where_all_may_enter_it_keeps_no_capability(data_dir: Path) -> None:
    data_dir.parent.chmod(0o755)
    log = data_dir.parent / "log"

    # Not the installed programs: these may lie below a folder that only root can enter.
    user = user_for(data_dir / "cluster", programs=Path("/usr/bin"))
    process.start(["/bin/cat", "/proc/self/status"], log=log, environment={}, run_as=user).wait()

    assert user is not None
    assert "CapEff:\t0000000000000000" in log.read_text()
    assert f"Uid:\t{user.uid}\t{user.uid}\t{user.uid}\t" in log.read_text()


@needs_root
def test_an_ordinary_user_runs_it_too(data_dir: Path) -> None:
    nobody = 65534
    os.chown(data_dir.parent, nobody, nobody)
    script = (
        "from pathlib import Path; from suite.embedded.postgres import EmbeddedPostgres\n"
        f"server = EmbeddedPostgres(Path({str(data_dir)!r}), password='x'); server.start()\n"
        "assert server.stop(); server.start(); assert server.stop(); print('twice')"
    )
    output = data_dir.parent / "output"

    # The capability is for Python itself, which may lie below a folder that only root can enter.
    user = process.RunAs(uid=nobody, gid=nobody, capabilities=1 << process.CAP_DAC_OVERRIDE)
    status = process.start(
        [sys.executable, "-B", "-c", script], log=output, environment=dict(os.environ), run_as=user
    ).wait()

    assert (status, output.read_text()) == (0, "twice\n")
    assert (data_dir / "cluster").stat().st_uid == nobody


def test_no_port_left_is_said() -> None:
    with pytest.raises(OSError, match="are all in use"):
        reserve_port(40000, taken=range(40000, 40100))
