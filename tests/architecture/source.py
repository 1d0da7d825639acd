"""The files of the repository and their syntax trees, read once for every rule."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("billing", "ai", "publisher", "notifications")
PACKAGES = ("chassis", "services", "gateway", "suite")


@cache
def files() -> tuple[Path, ...]:
    """Every file of the repository; not what somebody keeps beside it, such as the output of a command."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    paths = (ROOT / name for name in listing.stdout.split("\0") if name)
    return tuple(sorted(path for path in paths if path.is_file()))


def python_files(*folders: str) -> list[Path]:
    """The Python files below the folders, given from the root: `services/billing/domain`."""
    return [
        path
        for path in files()
        if path.suffix == ".py" and any(path.is_relative_to(ROOT / folder) for folder in folders)
    ]


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text(), filename=str(path))


def text(path: Path) -> str:
    """The text of a file, or nothing where it is not text."""
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""


def place(path: Path, node: ast.AST | None = None) -> str:
    """Where something stands, as an editor opens it: `services/billing/app.py:12`."""
    line = getattr(node, "lineno", None)
    return f"{path.relative_to(ROOT)}:{line}" if line else str(path.relative_to(ROOT))


def dotted(path: Path) -> str:
    """The name by which a file is imported: `services.billing.domain`."""
    names = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(name for name in names if name != "__init__")


def imports(path: Path) -> Iterator[tuple[str, ast.stmt]]:
    """The dotted name of every module that a file imports, wherever in it, with the statement."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from ((f"{node.module}.{alias.name}", node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join((*package[: len(package) - node.level + 1], *filter(None, [node.module])))
            yield from ((f"{base}.{alias.name}", node) for alias in node.names)
