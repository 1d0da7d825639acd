"""What was made or found at targets."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, select
from sqlalchemy.dialects import postgresql

from services.publisher.domain.connection import Access
from services.publisher.domain.remote_object import RemoteKind, RemoteObject
from services.publisher.store import tables

_remote = tables.remote_object


class RemoteObjects:
    """Remote objects in the schema `publisher`, by site, place, kind and key."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def some(self, access: Access, kind: RemoteKind, keys: Collection[str]) -> dict[str, RemoteObject]:
        """Those that are known, by key."""
        query = select(_remote.c.key, _remote.c.remote_id, _remote.c.remote_url).where(
            _at(access), _remote.c.kind == kind.value, _remote.c.key.in_(keys)
        )
        return {
            row.key: RemoteObject(kind=kind, key=row.key, remote_id=row.remote_id, remote_url=row.remote_url)
            for row in self._connection.execute(query)
        }

    def put(self, access: Access, remote: RemoteObject, *, now: datetime) -> None:
        """Keeps it in the place of what was known by its kind and key."""
        said = {"remote_id": remote.remote_id, "remote_url": remote.remote_url, "updated_at": now}
        named = {
            "site_id": access.site_id,
            "account_id": access.account_id,
            "place": place_of(access),
            "kind": remote.kind.value,
            "key": remote.key,
        }
        statement = postgresql.insert(_remote).values(**named, **said)
        self._connection.execute(statement.on_conflict_do_update(constraint=_remote.primary_key, set_=said))

    def remove(self, access: Access, kind: RemoteKind, key: str) -> None:
        self._connection.execute(
            delete(_remote).where(_at(access), _remote.c.kind == kind.value, _remote.c.key == key)
        )


def place_of(access: Access) -> str:
    """The name of the place behind a connection, whoever the user is."""
    return f"{access.target.value} {access.url}"


def _at(access: Access) -> ColumnElement[bool]:
    return and_(_remote.c.site_id == access.site_id, _remote.c.place == place_of(access))
