"""Migrations: applied once, whole or not at all, by one process at a time, and seen without alembic."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import ProgrammingError

import services
from chassis.migration_files import MigrationsMissing, heads
from chassis.migrations import at_head, migrate, upgrade_all
from chassis.testing import assert_schema_matches
from tests.chassis import sample
from tests.kit.databases import SessionDatabase

FIRST = """
from alembic import op
from chassis.migrations import create_chassis_tables, drop_chassis_tables
revision = "0001"
down_revision = None
def upgrade(): create_chassis_tables(op)
def downgrade(): drop_chassis_tables(op)
"""
SECOND = """
from alembic import op
revision: str = "0002"
down_revision: str = "0001"
def upgrade(): op.execute("CREATE TABLE second (id int PRIMARY KEY)")
def downgrade(): op.execute("DROP TABLE second")
"""
BROKEN = """
from alembic import op
revision = "0003"
down_revision = "0002"
def upgrade():
    op.execute("CREATE TABLE half (id int)")
    op.execute("CREATE TABLE second (id int)")
def downgrade(): pass
"""

AddMigration = Callable[[str, str], None]


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: SessionDatabase) -> AddMigration:
    """Writes a migration file of the service `garden`, which has no schema yet."""
    versions = tmp_path / "garden" / "store" / "migrations" / "versions"
    versions.mkdir(parents=True)
    monkeypatch.setattr(services.__spec__, "submodule_search_locations", [str(tmp_path)])
    with database.owner("public").begin() as connection:
        connection.execute(text("DROP SCHEMA IF EXISTS garden CASCADE"))

    def write(name: str, source: str) -> None:
        (versions / f"{name}.py").write_text(source)

    return write


def tables(database: SessionDatabase) -> set[str]:
    return set(inspect(database.owner("public")).get_table_names(schema="garden"))


def test_a_new_schema_is_brought_to_the_newest_migration(
    add: AddMigration, database: SessionDatabase
) -> None:
    add("0001_first", FIRST)
    add("0002_second", SECOND)

    migrate("garden", database.owner_dsn)

    assert {"outbox", "inbox", "idempotency", "dead_letter", "relay_stream", "second"} < tables(database)
    assert at_head("garden", database.owner_dsn)


def test_a_second_run_changes_nothing_and_a_new_file_is_applied(
    add: AddMigration, database: SessionDatabase
) -> None:
    add("0001_first", FIRST)
    migrate("garden", database.owner_dsn)
    upgrade_all(["garden"], database.owner_dsn)
    assert "second" not in tables(database)

    add("0002_second", SECOND)
    behind = at_head("garden", database.owner_dsn)
    migrate("garden", database.owner_dsn)

    assert not behind
    assert "second" in tables(database)


def test_a_migration_that_fails_leaves_nothing_behind(add: AddMigration, database: SessionDatabase) -> None:
    add("0001_first", FIRST)
    add("0002_second", SECOND)
    add("0003_broken", BROKEN)

    with pytest.raises(ProgrammingError, match="already exists"):
        migrate("garden", database.owner_dsn)

    assert tables(database) == set()
    assert not at_head("garden", database.owner_dsn)


def test_two_processes_may_migrate_at_once(add: AddMigration, database: SessionDatabase) -> None:
    add("0001_first", FIRST)
    command = "import sys, services; from chassis.migrations import migrate;"
    command += (
        "services.__spec__.submodule_search_locations[:] = [sys.argv[1]]; migrate('garden', sys.argv[2])"
    )
    locations = services.__spec__.submodule_search_locations
    assert locations is not None

    def run(_: int) -> int:
        arguments = [sys.executable, "-c", command, locations[0], database.owner_dsn]
        return subprocess.run(arguments, env={"PYTHONPATH": ":".join(sys.path)}, check=False).returncode

    with ThreadPoolExecutor(2) as both:
        assert list(both.map(run, range(2))) == [0, 0]

    assert at_head("garden", database.owner_dsn)


def test_the_newest_migration_is_found_in_the_files(add: AddMigration) -> None:
    add("0001_first", FIRST)
    add("0002_second", SECOND)

    assert heads("garden") == {"0002"}


def test_a_service_without_migrations_is_told_apart(add: AddMigration) -> None:
    with pytest.raises(MigrationsMissing, match="desert"):
        heads("desert")


def test_looking_for_the_newest_migration_does_not_import_alembic(database: SessionDatabase) -> None:
    command = (
        "import sys; from chassis.migrations import at_head; at_head('billing', sys.argv[1]);"
        "assert 'alembic' not in sys.modules"
    )
    arguments = [sys.executable, "-c", command, database.owner_dsn]

    ended = subprocess.run(arguments, env={"PYTHONPATH": ":".join(sys.path)}, check=False)

    assert ended.returncode == 0


@pytest.mark.usefixtures("sample_schema")
def test_the_first_form_of_the_chassis_tables_is_what_the_tables_declare(database: SessionDatabase) -> None:
    assert_schema_matches(sample.metadata, schema=sample.SCHEMA, owner=database.owner(sample.SCHEMA))


@pytest.mark.usefixtures("sample_schema")
@pytest.mark.parametrize(
    ("change", "back", "said"),
    [
        (
            "ALTER TABLE note ADD extra int",
            "ALTER TABLE note DROP extra",
            "only in the migrations: note.extra",
        ),
        (
            "ALTER TABLE note ALTER words DROP NOT NULL",
            "ALTER TABLE note ALTER words SET NOT NULL",
            "only in store/tables.py: note.words text NOT NULL",
        ),
        (
            "ALTER TABLE note ALTER words SET DEFAULT 'x'",
            "ALTER TABLE note ALTER words DROP DEFAULT",
            "only in the migrations: note.words text NOT NULL DEFAULT 'x'",
        ),
        (
            "ALTER TABLE note ADD CONSTRAINT short CHECK (length(words) < 9)",
            "ALTER TABLE note DROP CONSTRAINT short",
            "only in the migrations: note short CHECK",
        ),
        (
            "DROP INDEX outbox_unpublished",
            "CREATE INDEX outbox_unpublished ON outbox (id) WHERE published_at IS NULL",
            "only in store/tables.py: CREATE INDEX outbox_unpublished",
        ),
    ],
)
def test_every_difference_between_tables_and_migrations_is_named(
    database: SessionDatabase, change: str, back: str, said: str
) -> None:
    owner = database.owner(sample.SCHEMA)
    with owner.begin() as connection:
        connection.execute(text(change))

    with pytest.raises(AssertionError) as differs:
        assert_schema_matches(sample.metadata, schema=sample.SCHEMA, owner=owner)

    with owner.begin() as connection:
        connection.execute(text(back))
    assert said in str(differs.value)
