"""Sealed provider keys of accounts in the database."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from chassis.paging import Page, PageRequest, read_page
from services.ai.domain.provider_key import KeyedProvider, ProviderKey
from services.ai.store.tables import provider_key


class ProviderKeys:
    """Every account's keys; what a person asks for is always filtered by the account."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, account_id: str, provider: KeyedProvider) -> ProviderKey | None:
        statement = select(provider_key).where(
            provider_key.c.account_id == account_id, provider_key.c.provider == provider.value
        )
        row = self._connection.execute(statement).mappings().first()
        return None if row is None else from_row(row)

    def put(self, key: ProviderKey) -> ProviderKey:
        """Saves the key in the place of the one before, whose `created_at` it keeps."""
        values = to_row(key)
        kept = ("account_id", "provider", "created_at")
        statement = (
            insert(provider_key)
            .values(**values)
            .on_conflict_do_update(
                index_elements=[provider_key.c.account_id, provider_key.c.provider],
                set_={name: value for name, value in values.items() if name not in kept},
            )
            .returning(provider_key)
        )
        return from_row(self._connection.execute(statement).mappings().one())

    def delete(self, account_id: str, provider: KeyedProvider) -> None:
        self._connection.execute(
            delete(provider_key).where(
                provider_key.c.account_id == account_id, provider_key.c.provider == provider.value
            )
        )

    def page(self, page: PageRequest, *, account_id: str) -> Page[ProviderKey]:
        """By provider."""
        statement = select(provider_key).where(provider_key.c.account_id == account_id)
        return read_page(
            self._connection,
            statement,
            page,
            by=[provider_key.c.provider],
            to=lambda row: from_row(row._mapping),
        )

    def sealed_by_others(self, key_id: str, *, known: Collection[str], limit: int) -> list[ProviderKey]:
        """Keys that are sealed under a known key of the ring other than `key_id`, held until the transaction ends."""
        statement = (
            select(provider_key)
            .where(provider_key.c.key_id.in_(set(known) - {key_id}))
            .order_by(provider_key.c.account_id, provider_key.c.provider)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [from_row(row) for row in self._connection.execute(statement).mappings()]

    def count_by_key(self) -> dict[str, int]:
        """How many keys are sealed under each key of the ring."""
        statement = select(provider_key.c.key_id, func.count()).group_by(provider_key.c.key_id)
        return {row.key_id: row[1] for row in self._connection.execute(statement)}


def to_row(key: ProviderKey) -> dict[str, Any]:
    return {
        "account_id": key.account_id,
        "provider": key.provider.value,
        "key_id": key.key_id,
        "sealed": key.sealed,
        "last4": key.last4,
        "actor": key.actor,
        "created_at": key.created_at,
        "updated_at": key.updated_at,
    }


def from_row(row: RowMapping) -> ProviderKey:
    return ProviderKey(**{**row, "provider": KeyedProvider(row["provider"]), "sealed": bytes(row["sealed"])})
