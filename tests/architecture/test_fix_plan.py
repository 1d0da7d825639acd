"""docs/fix-plan.md stays true: every test and file it names is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = (ROOT / "docs" / "fix-plan.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+(?:\.py)?)(?:::(\w+))?`", TEXT)))


@pytest.mark.parametrize(("path", "test"), NAMED, ids=lambda value: value)
def test_what_the_fix_plan_names_is_there(path: str, test: str) -> None:
    file = ROOT / path

    assert file.exists()
    assert not test or f"def {test}(" in file.read_text()


def test_every_row_of_the_plan_is_answered() -> None:
    rows = {int(number) for number in re.findall(r"^\| (\d) \|", TEXT, re.MULTILINE)}

    assert rows == set(range(1, 10))
