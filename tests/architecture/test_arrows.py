"""The arrows that import-linter cannot say: what the domain may import at all, and where waiting ends."""

import ast
import sys
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGES, SERVICES, dotted, imports, place, python_files, tree


@pytest.mark.parametrize("service", SERVICES)
def test_a_domain_imports_only_the_standard_library_itself_and_the_refusal(service: str) -> None:
    own = f"services.{service}.domain"

    strangers = [
        f"{place(path, node)} {name}"
        for path in python_files(f"services/{service}/domain")
        for name, node in imports(path)
        if not _is_plain(name, own=own)
    ]

    assert strangers == []


@pytest.mark.parametrize("layer", ["domain", "usecases", "store"])
def test_nothing_waits_below_the_doors(layer: str) -> None:
    paths = [path for service in SERVICES for path in python_files(f"services/{service}/{layer}")]

    waiting = [
        place(path, node)
        for path in paths
        for node in ast.walk(tree(path))
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith)
    ]

    assert waiting == []


@pytest.mark.parametrize("layer", ["domain", "usecases"])
def test_the_instant_is_passed_in_and_never_read(layer: str) -> None:
    paths = [path for service in SERVICES for path in python_files(f"services/{service}/{layer}")]

    reading = [place(path, node) for path in paths for node in ast.walk(tree(path)) if _reads_a_clock(node)]

    assert reading == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_names_only_its_own_schema(service: str) -> None:
    others = [f"{other}.igny8_" for other in SERVICES if other != service]

    found = [place(path) for path in python_files(f"services/{service}") if _mentions(path, others)]

    assert found == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_imports_itself_by_way_of_others(package: str) -> None:
    modules = {dotted(path): path for path in python_files(package)}

    circle = _circle({name: _imported_modules(path, among=modules) for name, path in modules.items()})

    assert circle == []


def _imported_modules(path: Path, *, among: Mapping[str, Path]) -> set[str]:
    """The modules that a file needs when it runs; what only the type checker reads makes no circle."""
    unread = {child for node in ast.walk(tree(path)) if _is_for_types(node) for child in ast.walk(node)}
    names = {name for name, node in imports(path) if node not in unread}
    return {module for name in names for module in (name, name.rpartition(".")[0]) if module in among} - {
        dotted(path)
    }


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def _circle(arrows: Mapping[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _is_plain(name: str, *, own: str) -> bool:
    standard = name.partition(".")[0] in sys.stdlib_module_names
    return standard or name == own or name.startswith((f"{own}.", "chassis.refusal."))


def _reads_a_clock(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in {
        "datetime.now",
        "datetime.utcnow",
        "datetime.today",
        "datetime.datetime.now",
        "date.today",
        "datetime.date.today",
        "time.time",
        "time.time_ns",
    }


def _mentions(path: Path, names: list[str]) -> bool:
    return any(name in path.read_text() for name in names)
