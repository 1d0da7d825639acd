"""CSV files: what a spreadsheet could take for a formula is text, numbers stay numbers, and messages have their words."""

import csv
import io

import pytest
from igny8.publisher import v1 as publisher

from chassis.csv_file import cells_of, csv_lines


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("-0.05", "-0.05"),
        ("+1", "+1"),
        (-3, "-3"),
        ("a, \"b\"\nc", "a, \"b\"\nc"),
        ("", ""),
        ("苔 🌱", "苔 🌱"),
    ],
    ids=repr,
)  # fmt: skip
def test_a_cell_comes_back_as_text_or_number_and_never_as_a_formula(cell: object, written: str) -> None:
    lines = csv_lines(["cell", "other"], [[cell, "x"]], with_header=True)

    header, row = csv.reader(io.StringIO(lines.decode(), newline=""))

    assert header == ["cell", "other"]
    assert row == [written, "x"]


def test_fields_of_a_message_are_written_as_words_and_what_is_unset_is_empty() -> None:
    keyword = publisher.Keyword(
        keyword="cold frame", volume=0, status=publisher.Keyword.STATUS_NEW, disabled=True
    )
    keyword.created_at.FromJsonString("2026-11-20T09:30:00Z")
    idea = publisher.Idea(target_keywords=["cold frame", "frame"])

    row = cells_of(
        keyword,
        ["keyword", "volume", "difficulty", "status", "intent", "disabled", "created_at", "updated_at"],
    )

    assert row == ["cold frame", 0, "", "new", "", "true", "2026-11-20T09:30:00Z", ""]
    assert cells_of(idea, ["target_keywords"]) == ["cold frame; frame"]
