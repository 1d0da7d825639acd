"""Giving, listing, forgetting and sealing anew the provider keys of accounts."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from chassis.paging import Page, PageRequest
from chassis.sealing import Sealed, Sealer
from services.ai.domain.provider_key import KeyedProvider, ProviderKey, last4_of, place_of
from services.ai.store.transaction import AiTransaction

RESEALED_AT_ONCE: Final = 100


def put_key(
    tx: AiTransaction,
    *,
    account_id: str,
    provider: KeyedProvider,
    key: str,
    sealer: Sealer,
    actor: str,
    now: datetime,
) -> ProviderKey:
    """Seals the key and saves it in the place of the one before."""
    sealed = sealer.seal(key, place=place_of(account_id, provider))
    return tx.provider_keys.put(
        ProviderKey(
            account_id=account_id,
            provider=provider,
            key_id=sealed.key_id,
            sealed=sealed.data,
            last4=last4_of(key),
            actor=actor,
            created_at=now,
            updated_at=now,
        )
    )


def list_keys(tx: AiTransaction, *, page: PageRequest, account_id: str) -> Page[ProviderKey]:
    return tx.provider_keys.page(page, account_id=account_id)


def find_key(tx: AiTransaction, *, account_id: str, provider: KeyedProvider) -> ProviderKey | None:
    """The account's key, sealed."""
    return tx.provider_keys.find(account_id, provider)


def delete_key(tx: AiTransaction, *, account_id: str, provider: KeyedProvider) -> None:
    """Forgets the account's key; without one nothing changes."""
    tx.provider_keys.delete(account_id, provider)


def open_key(sealer: Sealer, key: ProviderKey) -> str:
    """The key itself. Raises Unsealable."""
    return sealer.open(
        Sealed(key_id=key.key_id, data=key.sealed), place=place_of(key.account_id, key.provider)
    )


def reseal_some(tx: AiTransaction, *, sealer: Sealer) -> int:
    """Seals some of what is sealed under a secret of before under the newest one. Returns how many; 0 ends it.

    Raises SealBroken for a row that was tampered with.
    """
    found = tx.provider_keys.sealed_by_others(sealer.key_id, known=sealer.key_ids, limit=RESEALED_AT_ONCE)
    for key in found:
        sealed = sealer.seal(open_key(sealer, key), place=place_of(key.account_id, key.provider))
        tx.provider_keys.put(replace(key, key_id=sealed.key_id, sealed=sealed.data))
    return len(found)


def count_by_key(tx: AiTransaction) -> dict[str, int]:
    """How many provider keys are sealed under each key of the ring, by its id."""
    return tx.provider_keys.count_by_key()
