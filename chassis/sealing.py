"""Secrets at rest: sealed by AES-256-GCM under a key made of the suite's secret, each bound to the place it is kept at."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chassis.settings import ProcessSettings

NONCE_BYTES: Final = 12
"""What AES-GCM takes; drawn at random, which is safe for 2**32 seals under one key (NIST SP 800-38D, 8.3)."""

_KEY: Final = b"igny8 sealing key v1"
_KEY_ID: Final = b"igny8 sealing key id v1"
_KEY_ID_BYTES: Final = 6


class Unsealable(Exception):
    """What is sealed cannot be read here. Its message names the key, and never anything sealed."""


class SealingKeyUnknown(Unsealable):
    """It was sealed under a secret that this process was not given."""


class SealBroken(Unsealable):
    """It was changed, or belongs to another place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A sealed secret as it is stored: the id of its key, and the nonce followed by the ciphertext and its tag."""

    key_id: str
    data: bytes


class Sealer:
    """Seals under the newest secret, and opens what was sealed under that one or those before it.

    `place` is where the sealed bytes are kept, for example `("ai.provider_key", account_id, provider)`. It goes into
    the seal, so a row that is copied to another account or column does not open there.
    """

    def __init__(
        self, secret: str, before: Iterable[str] = (), *, random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._random_bytes = random_bytes
        self._keys: dict[str, AESGCM] = {}
        for one in (secret, *before):
            key_id = _derived(one, _KEY_ID, _KEY_ID_BYTES).hex()
            self._keys.setdefault(key_id, AESGCM(_derived(one, _KEY, 32)))
        self.key_id: Final = next(iter(self._keys))
        """The id of the key that seals now; it tells nothing of the key."""

    @classmethod
    def of(cls, settings: ProcessSettings) -> Self:
        """A sealer with the secrets of a process's settings."""
        return cls(
            settings.secret_key.get_secret_value(),
            [one.get_secret_value() for one in settings.secret_keys_before],
        )

    @property
    def key_ids(self) -> frozenset[str]:
        """The keys under which something may be sealed that is to be opened here."""
        return frozenset(self._keys)

    def seal(self, secret: str, *, place: Sequence[str]) -> Sealed:
        """Another ciphertext each time, also of the same secret."""
        nonce = self._random_bytes(NONCE_BYTES)
        bound = _bound(self.key_id, place)
        return Sealed(
            key_id=self.key_id,
            data=nonce + self._keys[self.key_id].encrypt(nonce, secret.encode(), bound),
        )

    def open(self, sealed: Sealed, *, place: Sequence[str]) -> str:
        """The secret. Raises SealingKeyUnknown and SealBroken."""
        key = self._keys.get(sealed.key_id)
        if key is None:
            raise SealingKeyUnknown(f"No secret of this process has the sealing key {sealed.key_id}.")
        nonce, ciphertext = sealed.data[:NONCE_BYTES], sealed.data[NONCE_BYTES:]
        try:
            return key.decrypt(nonce, ciphertext, _bound(sealed.key_id, place)).decode()
        except (InvalidTag, ValueError):
            raise SealBroken(f"What is sealed under the key {sealed.key_id} does not belong here.") from None

    def is_current(self, sealed: Sealed) -> bool:
        """Whether it is sealed under the newest secret; what is not should be sealed anew."""
        return sealed.key_id == self.key_id


def _derived(secret: str, info: bytes, length: int) -> bytes:
    """HKDF of RFC 5869; the info string keeps this key apart from the signing keys of the same secret."""
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(secret.encode())


def _bound(key_id: str, place: Sequence[str]) -> bytes:
    """The associated data: each part after its length, so that no two places read the same."""
    return b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in (key_id, *place))
