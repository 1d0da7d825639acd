"""What `igny8 verify` says, of clean books and of others."""

import io
from contextlib import closing

import psycopg2
import pytest
from rich.console import Console
from typer.testing import CliRunner

from suite.cli import app
from suite.verify.check import Check, Finding
from suite.verify.report import CHECKS, show
from tests.kit.databases import SessionDatabase
from tests.suite.verify.world import World

CHECK = Check(invariant=2, name="a_check", says="What must hold.", bad_rows="SELECT 1")


def said(*findings: Finding, brief: bool = False) -> tuple[bool, str]:
    console = Console(width=80, file=io.StringIO(), record=True, highlight=False)
    holds = show(findings, console, brief=brief)
    return holds, console.export_text()


def broken(rows: int) -> Finding:
    return Finding(check=CHECK, bad_rows=rows, first_bad_row={"usage_id": "an id", "charged": None})


def test_what_holds_is_listed_with_its_sentence() -> None:
    holds, text = said(Finding(check=CHECK, bad_rows=0, first_bad_row=None))

    assert holds
    assert " ✓  2  What must hold." in text
    assert text.endswith("The books add up: all 1 checks hold.\n")


def test_in_brief_only_the_sum_is_said() -> None:
    assert said(Finding(check=CHECK, bad_rows=0, first_bad_row=None), brief=True) == (
        True,
        "The books add up: all 1 checks hold.\n",
    )


@pytest.mark.parametrize(("rows", "words"), [(1, "1 bad row:"), (1200, "1,200 bad rows, the first:")])
def test_what_does_not_hold_is_named_with_its_first_row(rows: int, words: str) -> None:
    holds, text = said(broken(rows), brief=True)

    assert not holds
    assert f"a_check (invariant 2), {words}\n  usage_id = an id\n  charged = null\n" in text
    assert "1 of 1 checks do not hold." in text


def test_the_command_proves_the_given_database(world: World, database: SessionDatabase) -> None:
    result = CliRunner().invoke(app, ["verify", "--dsn", database.dsn("readonly")])

    assert result.exit_code == 0
    assert f"all {len(CHECKS)} checks hold" in result.stdout


def test_the_command_fails_and_shows_the_first_bad_row(world: World, database: SessionDatabase) -> None:
    with closing(psycopg2.connect(database.owner_dsn)) as owner:
        owner.autocommit = True
        with owner.cursor() as cursor:
            cursor.execute("UPDATE notifications.unread_counter SET unread = unread + 1")

            result = CliRunner().invoke(app, ["verify", "--dsn", database.dsn("readonly")])

            cursor.execute("UPDATE notifications.unread_counter SET unread = unread - 1")
    assert result.exit_code == 1
    assert "unread_is_a_recount" in result.stdout
    assert "recount = 1" in result.stdout


def test_a_database_that_cannot_be_read_is_said_in_words() -> None:
    result = CliRunner().invoke(app, ["verify", "--dsn", "postgresql://nobody@127.0.0.1:1/none"])

    assert result.exit_code == 1
    assert result.stderr.startswith("The database cannot be read: ")
