"""Keys of accounts and operators."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from chassis.paging import Page, PageRequest, read_page
from chassis.refusal import NotFound
from services.billing.domain.api_key import USE_NOTED_EVERY, ApiKey, Scope
from services.billing.store import tables
from services.billing.store.rows import from_row, to_row

_KEY = [column for column in tables.api_key.c if column.name != "secret_hash"]


class ApiKeys:
    """Keys in the schema `billing`; a secret is only ever met as its hash."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, key: ApiKey, *, secret_hash: str) -> None:
        self._connection.execute(insert(tables.api_key).values({**to_row(key), "secret_hash": secret_hash}))

    def get(self, api_key_id: str, *, account_id: str | None) -> ApiKey:
        """Raises NotFound, for keys of other accounts too."""
        row = self._connection.execute(
            select(*_KEY).where(
                tables.api_key.c.id == api_key_id,
                tables.api_key.c.account_id.is_not_distinct_from(account_id),
            )
        ).one_or_none()
        if row is None:
            raise NotFound(kind="api_key", id=api_key_id)
        return _key(row)

    def with_secret(self, secret_hash: str) -> ApiKey | None:
        """The key whose secret has this hash, whatever its state."""
        row = self._connection.execute(
            select(*_KEY).where(tables.api_key.c.secret_hash == secret_hash)
        ).one_or_none()
        return None if row is None else _key(row)

    def note_use(self, api_key_id: str, *, now: datetime) -> None:
        """Writes when the key was used, unless that was written in the last minutes."""
        used = tables.api_key.c.last_used_at
        self._connection.execute(
            update(tables.api_key)
            .where(tables.api_key.c.id == api_key_id, or_(used.is_(None), used <= now - USE_NOTED_EVERY))
            .values(last_used_at=now)
        )

    def newest(self, *, account_id: str, page: PageRequest) -> Page[ApiKey]:
        """Keys of the account, newest first."""
        query = select(*_KEY).where(tables.api_key.c.account_id == account_id)
        return read_page(self._connection, query, page, by=[tables.api_key.c.id.desc()], to=_key)

    def save(self, key: ApiKey) -> None:
        """Writes what can change of a key: when it was revoked."""
        self._connection.execute(
            update(tables.api_key).where(tables.api_key.c.id == key.id).values(revoked_at=key.revoked_at)
        )


def _key(row: Row[Any]) -> ApiKey:
    return from_row(ApiKey, row, scope=Scope)
