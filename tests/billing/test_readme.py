"""The README of billing names a test for each way in which other ledgers lose credits."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
README: Final = (ROOT / "services/billing/README.md").read_text()
TABLE: Final = README.partition("## What other ledgers lose")[2]
NAMED: Final = sorted(set(re.findall(r"`(test_\w+)`", TABLE)))
NUMBERS: Final = [int(number) for number in re.findall(r"^\| (\d+) \|", TABLE, re.MULTILINE)]


@pytest.fixture(scope="module")
def written() -> set[str]:
    """The names of all tests of billing and of ai."""
    files = (path for part in ("billing", "ai") for path in (ROOT / "tests" / part).rglob("test_*.py"))
    return {name for path in files for name in re.findall(r"def (test_\w+)\(", path.read_text())}


def test_every_reported_way_is_in_the_table() -> None:
    assert list(range(1, 21)) == NUMBERS


@pytest.mark.parametrize("name", NAMED)
def test_the_test_that_it_names_is_there(written: set[str], name: str) -> None:
    assert name in written
