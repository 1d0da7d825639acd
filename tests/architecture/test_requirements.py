"""What the code imports is what the requirement files name: nothing is missing in the image."""

import re
import sys
from importlib.metadata import packages_distributions

import pytest

from tests.architecture.source import ROOT, imports, python_files

OURS = {"chassis", "services", "gateway", "suite", "protos", "tests", "bench", "igny8"}


@pytest.mark.parametrize(
    ("requirements", "folders"),
    [
        ("runtime", ("services", "gateway", "chassis")),
        ("suite", ("services", "gateway", "chassis", "suite", "protos")),
        ("dev", ("services", "gateway", "chassis", "suite", "protos", "tests", "bench")),
    ],
)
def test_every_package_that_is_imported_is_named(requirements: str, folders: tuple[str, ...]) -> None:
    named = _named(requirements)

    missing = {module for module in _imported(*folders) if not _distributions(module) & named}

    assert missing == set()


def _imported(*folders: str) -> set[str]:
    """The top-level modules of other people that the files below the folders import."""
    paths = set(python_files(*folders))
    if "tests" not in folders:
        paths -= set(python_files("chassis/testing"))
    names = {name for path in paths for name, _ in imports(path)}
    roots = {name.partition(".")[0] for name in names}
    return roots - OURS - set(sys.stdlib_module_names)


def _distributions(module: str) -> set[str]:
    return {_normal(name) for name in packages_distributions().get(module, [])}


def _named(requirements: str) -> set[str]:
    """The packages that a requirements file names itself or by another file that it includes."""
    lines = (ROOT / "requirements" / f"{requirements}.in").read_text().splitlines()
    included = (line.split()[1].removesuffix(".in") for line in lines if line.startswith("-r "))
    own = {_normal(re.split(r"[\[=<>~!; ]", line)[0]) for line in lines if line and line[0] not in "#-"}
    return own.union(*(_named(other) for other in included))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
