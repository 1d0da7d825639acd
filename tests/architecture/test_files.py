"""No file grows into two, and none carries a secret, a path of somebody's machine or a download address."""

import re
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, files, place, text

LINES_MAX = 400
LOCKS = sorted([*(ROOT / "requirements").glob("*.txt"), *ROOT.glob("**/package-lock.json")])

SECRETS = {
    "a private key": r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----",
    "an OpenAI key": r"\bsk-(?:proj-)?[A-Za-z0-9_-]{32,}",
    "an AWS key": r"\bAKIA[0-9A-Z]{16}\b",
    "a GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36}\b",
    "a Slack token": r"\bxox[abprs]-[A-Za-z0-9-]{20,}",
    "a signed token": r"\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}",
}


def test_no_source_file_is_longer_than_400_lines() -> None:
    sources = [path for path in files() if path.suffix in {".py", ".ts", ".tsx", ".proto"}]

    longer = {place(path): count for path in sources if (count := text(path).count("\n")) > LINES_MAX}

    assert longer == {}


@pytest.mark.parametrize("kind", SECRETS)
def test_no_file_holds_a_secret(kind: str) -> None:
    found = [place(path) for path in files() if re.search(SECRETS[kind], text(path))]

    assert found == []


def test_no_file_holds_a_path_of_somebodys_machine() -> None:
    pattern = re.compile(rf"{re.escape(str(ROOT))}/|/(?:home|Users)/(?!igny8\b)[a-z]\w*/")

    found = [place(path) for path in files() if pattern.search(text(path))]

    assert found == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_file_names_no_address_and_no_path(lock: Path) -> None:
    assert not re.search(r"https?://|file:|--(?:extra-)?index-url|--find-links|^-e|^/", text(lock), re.M)


@pytest.mark.parametrize(
    "lock", [path for path in LOCKS if path.suffix == ".txt"], ids=lambda path: path.name
)
def test_every_locked_package_has_a_version_and_hashes(lock: Path) -> None:
    requirements = re.split(r"^(?=[A-Za-z0-9])", text(lock), flags=re.M)[1:]

    without = [
        entry.split()[0] for entry in requirements if "==" not in entry or "--hash=sha256:" not in entry
    ]

    assert without == []
