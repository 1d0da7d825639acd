"""What a provider says about a fault, as far as it may be told on."""

from typing import Final

_BLOTTED: Final = "…"


def without(said: str, secret: str) -> str:
    """The words without the key they were said about: some servers repeat it, and task logs are read by many."""
    return said.replace(secret, _BLOTTED) if secret else said
