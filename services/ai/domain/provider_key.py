"""A key of an account's own at a model provider, as far as anybody may see it: sealed, with its last four characters."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

SHOWN: Final = 4
"""Characters of a key that are shown."""

_LENGTH_TO_SHOW_MIN: Final = 12
"""Of a shorter key four characters would tell too much."""


class KeyedProvider(StrEnum):
    """A provider that asks for a key. Its value is the provider's name in the price list."""

    OPENAI = "openai"
    RUNWARE = "runware"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderKey:
    """An account's key of a provider. `sealed` is the ciphertext under the sealing key `key_id`."""

    account_id: str
    provider: KeyedProvider
    key_id: str
    sealed: bytes
    last4: str
    actor: str
    created_at: datetime
    updated_at: datetime


def place_of(account_id: str, provider: KeyedProvider) -> tuple[str, str, str]:
    """What the seal of an account's key is bound to: the table, the account and the provider."""
    return ("ai.provider_key", account_id, provider.value)


def last4_of(key: str) -> str:
    """The end of a key that is shown; empty for a short one."""
    return key[-SHOWN:] if len(key) >= _LENGTH_TO_SHOW_MIN else ""
