"""Where a service's migrations are and which is the newest, without SQLAlchemy and alembic, which take long to import."""

import ast
from importlib.util import find_spec
from pathlib import Path


class MigrationsMissing(Exception):
    """The service has no folder `store/migrations/versions`."""


def heads(service: str) -> frozenset[str]:
    """The revisions of a service that no other revision follows; one, if the chain is one."""
    revisions, followed = _chain(service)
    return frozenset(revisions - followed)


def known(service: str) -> frozenset[str]:
    """Every revision of a service; a schema at another one was migrated by a newer program."""
    return frozenset(_chain(service)[0])


def migrations_folder(service: str) -> Path:
    """Where the service keeps its migrations; raises MigrationsMissing. Does not import the service."""
    spec = find_spec("services")
    for location in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(location, service, "store", "migrations")
        if (folder / "versions").is_dir():
            return folder
    raise MigrationsMissing(f"services/{service}/store/migrations/versions does not exist.")


def _chain(service: str) -> tuple[set[str], set[str]]:
    """The service's revisions, and those of them that another one follows."""
    revisions: set[str] = set()
    followed: set[str] = set()
    for file in sorted((migrations_folder(service) / "versions").glob("*.py")):
        named = _assigned_strings(file)
        revisions |= named.get("revision", set())
        followed |= named.get("down_revision", set())
    return revisions, followed


def _assigned_strings(file: Path) -> dict[str, set[str]]:
    """The strings in each top-level assignment of a migration: `revision = "0002"`, `down_revision: str = "0001"`."""
    found: dict[str, set[str]] = {}
    for statement in ast.parse(file.read_text()).body:
        if isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets, value = [statement.target], statement.value
        else:
            continue
        strings = {
            node.value
            for node in ast.walk(value)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        for target in targets:
            if isinstance(target, ast.Name):
                found[target.id] = strings
    return found
