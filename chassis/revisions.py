"""Whether a schema is migrated: the newest revision in the files against the one in the database, without alembic."""

import re
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text

_REVISION: Final = re.compile(r"^revision\b[^=]*=\s*[\"']([^\"']+)[\"']", re.MULTILINE)
_DOWN: Final = re.compile(r"^down_revision\b[^=]*=\s*(.+)$", re.MULTILINE)
_QUOTED: Final = re.compile(r"[\"']([^\"']+)[\"']")


def heads(migrations: Path) -> frozenset[str]:
    """The revisions in `migrations/versions` that no other follows."""
    revisions: set[str] = set()
    followed: set[str] = set()
    for file in (migrations / "versions").glob("*.py"):
        source = file.read_text()
        revisions.update(_REVISION.findall(source))
        for down in _DOWN.findall(source):
            followed.update(_QUOTED.findall(down))
    return frozenset(revisions - followed)


def applied(connection: Connection) -> frozenset[str]:
    """The revisions the schema of the connection's search_path is at; none where it was never migrated."""
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return frozenset()
    return frozenset(connection.scalars(text("SELECT version_num FROM alembic_version")))
