"""Each service has a schema and a role that sees nothing of the others; the read-only role sees all and changes nothing."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import errors

from suite import databases, migrations
from suite.databases import READ_ONLY, SERVICES, prepare, role_of, with_all_schemas, with_user
from suite.embedded.postgres import EmbeddedPostgres

PASSWORDS = {name: f"password of {name}" for name in (*SERVICES, READ_ONLY)}


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    folder = Path(tempfile.mkdtemp(prefix="igny8-test-"))
    server = EmbeddedPostgres(folder, password="admin", durable=False)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture
def owner(server: EmbeddedPostgres) -> Iterator[str]:
    """The owner's URI of a database just prepared, with a table in billing."""
    owner = prepare(server.dsn(), passwords=PASSWORDS)
    run(owner, "CREATE TABLE billing.ledger AS SELECT 42 AS credits")
    yield owner
    with closing(psycopg2.connect(server.dsn())) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("DROP DATABASE igny8")


def dsn_of(owner: str, name: str) -> str:
    return with_user(owner, user=role_of(name), password=PASSWORDS[name])


def run(dsn: str, statement: str) -> list[tuple[object, ...]]:
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_a_service_finds_its_tables_without_naming_the_schema(owner: str) -> None:
    run(dsn_of(owner, "billing"), "INSERT INTO ledger VALUES (43)")
    run(dsn_of(owner, "billing"), "UPDATE ledger SET credits = 44 WHERE credits = 43")
    run(dsn_of(owner, "billing"), "DELETE FROM ledger WHERE credits = 42")

    assert run(dsn_of(owner, "billing"), "SELECT credits FROM ledger") == [(44,)]


@pytest.mark.parametrize("service", ["ai", "publisher", "notifications"])
def test_a_service_cannot_look_into_the_schema_of_another(owner: str, service: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        run(dsn_of(owner, service), "SELECT * FROM billing.ledger")


def test_a_service_cannot_change_its_own_schema(owner: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        run(dsn_of(owner, "billing"), "CREATE TABLE own (id int)")


def test_the_read_only_role_finds_the_tables_of_all_schemas(owner: str) -> None:
    run(owner, "CREATE TABLE notifications.told AS SELECT 7 AS times")

    found = run(dsn_of(owner, READ_ONLY), "SELECT credits, times FROM ledger, told")

    assert found == [(42, 7)]


def test_the_read_only_role_cannot_write(owner: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        run(dsn_of(owner, READ_ONLY), "SET TRANSACTION READ WRITE; DELETE FROM ledger")


def test_preparing_again_changes_nothing_and_keeps_a_right_that_was_taken_away(
    owner: str, server: EmbeddedPostgres
) -> None:
    run(owner, "REVOKE UPDATE ON billing.ledger FROM igny8_billing")

    prepare(server.dsn(), passwords=PASSWORDS)

    assert run(dsn_of(owner, "billing"), "SELECT credits FROM ledger") == [(42,)]
    with pytest.raises(errors.InsufficientPrivilege):
        run(dsn_of(owner, "billing"), "UPDATE ledger SET credits = 0")


def test_a_changed_password_holds_after_preparing_again(owner: str, server: EmbeddedPostgres) -> None:
    prepare(server.dsn(), passwords=PASSWORDS | {"ai": "another one"})

    assert run(with_user(owner, user=role_of("ai"), password="another one"), "SELECT 1") == [(1,)]
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        run(dsn_of(owner, "ai"), "SELECT 1")


def test_the_owner_can_be_given_all_schemas(owner: str) -> None:
    assert run(with_all_schemas(owner), "SELECT credits FROM ledger") == [(42,)]


def test_a_stranger_may_not_even_connect(owner: str, server: EmbeddedPostgres) -> None:
    run(owner, "CREATE ROLE stranger LOGIN PASSWORD 'known'")

    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        run(with_user(owner, user="stranger", password="known"), "SELECT 1")
    run(owner, "DROP ROLE stranger")


def test_a_uri_with_special_characters_in_it_stays_one() -> None:
    dsn = with_user(
        "postgresql://admin:x@db.example:5433/igny8?sslmode=require", user="a/b", password="p@ss:/?#"
    )

    assert dsn == "postgresql://a%2Fb:p%40ss%3A%2F%3F%23@db.example:5433/igny8?sslmode=require"
    assert databases.with_database(dsn, "other").endswith("@db.example:5433/other?sslmode=require")


def test_migrations_are_pending_until_they_have_run(owner: str) -> None:
    before = migrations.pending(owner)

    migrations.migrate(owner, before)

    assert "billing" in before
    assert migrations.pending(owner) == ()


def test_missing_settings_of_the_migrations_are_named_together(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("IGNY8_ADMIN_DATABASE_URL", raising=False)

    status = migrations.main(["--prepare"])

    told = capsys.readouterr().err
    assert status == 78
    assert "IGNY8_ADMIN_DATABASE_URL" in told
    assert "IGNY8_AI_DATABASE_PASSWORD" in told
    assert "IGNY8_READONLY_DATABASE_PASSWORD" in told
