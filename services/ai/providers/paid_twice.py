"""Counts what the platform may have paid a provider for twice; an account never does."""

from typing import Final

from prometheus_client import Counter

MAYBE_DOUBLE_PAID: Final = Counter(
    "provider_maybe_double_paid",
    "Questions asked again although an answer that nobody kept may have been paid for.",
    ["provider"],
)


def maybe_double_paid(provider: str) -> None:
    """A question is, or is going to be, asked again. Nothing of the offline provider costs anything."""
    if provider != "offline":
        MAYBE_DOUBLE_PAID.labels(provider).inc()
