"""What the code imports is what the requirement files name: nothing is missing in the image."""

import re
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions

import pytest

from tests.architecture.source import ROOT, imports, python_files

OURS = {"chassis", "services", "gateway", "suite", "protos", "tests", "bench", "igny8"}
TYPES_ALONE = {"_typeshed"}


RUNTIME = ("chassis", "services", "gateway", "suite")


@pytest.mark.parametrize(
    ("requirements", "folders", "without"),
    [
        ("runtime", RUNTIME, ("chassis/testing", "suite/embedded")),
        ("suite", (*RUNTIME, "protos"), ("chassis/testing",)),
        # Peers have requirements of their own, installed where they run.
        ("dev", (*RUNTIME, "protos", "tests", "bench"), ("bench/peers",)),
    ],
)
def test_every_package_that_is_imported_is_named(
    requirements: str, folders: tuple[str, ...], without: tuple[str, ...]
) -> None:
    named = _named(requirements)

    missing = {module for module in _imported(folders, without=without) if not _distributions(module) & named}

    assert missing == set()


@pytest.mark.parametrize("lock", ["bootstrap", "runtime", "build", "suite", "dev"])
def test_a_lock_holds_every_package_that_is_named(lock: str) -> None:
    locked = {_normal(name) for name in re.findall(r"^([\w.-]+)(?:\[.*\])?==", _text(f"{lock}.txt"), re.M)}

    assert _named(lock) - locked == set()


def _imported(folders: tuple[str, ...], *, without: tuple[str, ...]) -> set[str]:
    """The top-level modules of other people that the files below the folders import."""
    paths = set(python_files(*folders)) - set(python_files(*without))
    roots = {name.partition(".")[0] for path in paths for name, _ in imports(path)}
    return roots - OURS - TYPES_ALONE - set(sys.stdlib_module_names)


def _distributions(module: str) -> set[str]:
    return {_normal(name) for name in _installed().get(module, [])}


@cache
def _installed() -> Mapping[str, list[str]]:
    return packages_distributions()


def _named(requirements: str) -> set[str]:
    """The packages that a requirements file names itself or by another file that it includes."""
    lines = _text(f"{requirements}.in").splitlines()
    included = (line.split()[1].removesuffix(".in") for line in lines if line.startswith("-r "))
    own = {_normal(re.split(r"[\[=<>~!; ]", line)[0]) for line in lines if line and line[0] not in "#-"}
    return own.union(*(_named(other) for other in included))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _text(name: str) -> str:
    return (ROOT / "requirements" / name).read_text()
