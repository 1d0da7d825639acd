"""How many calls at once and a minute each provider's model gets, how long one may take, and how often it is tried."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of one model, in one process."""

    calls_at_once: int = 16
    """The next call waits."""
    calls_per_minute: int = 0
    """Calls begin no faster, but for one second's worth at once; 0 means as fast as they come."""
    call_seconds_max: float = 120.0
    attempts_max: int = 4
    """Calls for one answer while the provider fails in a way that passes."""
    wait_seconds_max: float = 30.0
    """The longest pause between two of them, whatever the provider asks for."""


LIMITS: Final[Mapping[str, Limits]] = {
    "offline": Limits(calls_at_once=8),
    "openai": Limits(),
    # A large picture alone takes up to two minutes: https://developers.openai.com/api/docs/guides/image-generation
    "openai/gpt-image": Limits(call_seconds_max=240.0),
    "runware": Limits(),
}
"""By provider, or by provider and the start of a model's name; the longest that fits holds."""


def limits_of(limits: Mapping[str, Limits], provider: str, model: str) -> Limits:
    """The limits of a model; those of nobody in particular for an unknown provider."""
    name = f"{provider}/{model}"
    fitting = [start for start in limits if start == provider or name.startswith(start)]
    return limits[max(fitting, key=len)] if fitting else Limits()


def changed(*, calls_at_once: int, calls_per_minute: int) -> dict[str, Limits]:
    """The limits with an operator's own for every provider outside; 0 leaves them as they are."""
    return {
        name: usual
        if name == "offline"
        else replace(
            usual,
            calls_at_once=calls_at_once or usual.calls_at_once,
            calls_per_minute=calls_per_minute or usual.calls_per_minute,
        )
        for name, usual in LIMITS.items()
    }
