"""How many calls at once and a minute each provider's model gets, how long one may take, and how often it is tried."""

import re
from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLimit:
    """What an operator says of a provider, or of the models of one whose names start so."""

    name: str
    calls_at_once: int
    calls_per_minute: int

    def holds_for(self, name: str) -> bool:
        """Whether a name of `LIMITS` is this one or lies below it."""
        return name == self.name or name.startswith(f"{self.name}/" if "/" not in self.name else self.name)


CALLS_AT_ONCE_MAX: Final = 1024
CALLS_PER_MINUTE_MAX: Final = 1_000_000
_ENTRY: Final = re.compile(r"(?P<name>[^=\s]+)=(?P<at_once>\d{1,4}):(?P<a_minute>\d{1,7})", re.ASCII)


def own_limits(entries: Sequence[str]) -> list[OwnLimit]:
    """Of entries such as `openai/gpt-5-mini=16:500`: calls at once and a minute, 0 a minute for as fast as they come.

    Raises ValueError, whose words name the entry.
    """
    limits = list(map(_own_limit, entries))
    names = [limit.name for limit in limits]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise ValueError(f"{twice} is there twice")
    return limits


def _own_limit(entry: str) -> OwnLimit:
    found = _ENTRY.fullmatch(entry)
    if found is None:
        raise ValueError(
            f"'{entry}' is not like openai/gpt-5-mini=16:500, which is calls at once and a minute"
        )
    own = OwnLimit(
        name=found["name"], calls_at_once=int(found["at_once"]), calls_per_minute=int(found["a_minute"])
    )
    provider, slash, model = own.name.partition("/")
    providers = [name for name in LIMITS if "/" not in name]
    if provider not in providers:
        raise ValueError(f"'{entry}' names no provider; there are {', '.join(providers)}")
    if slash and not model:
        raise ValueError(f"'{entry}' names no model after the slash")
    if not 1 <= own.calls_at_once <= CALLS_AT_ONCE_MAX:
        raise ValueError(f"'{entry}' must let through 1 to {CALLS_AT_ONCE_MAX} calls at once")
    if own.calls_per_minute > CALLS_PER_MINUTE_MAX:
        raise ValueError(f"'{entry}' may let through {CALLS_PER_MINUTE_MAX} calls a minute at most")
    return own


def changed(*, calls_at_once: int, calls_per_minute: int, own: Sequence[OwnLimit] = ()) -> dict[str, Limits]:
    """The limits with an operator's for every provider outside, of which 0 leaves the usual, and over those `own`."""
    limits = {
        name: usual
        if name == "offline"
        else replace(
            usual,
            calls_at_once=calls_at_once or usual.calls_at_once,
            calls_per_minute=calls_per_minute or usual.calls_per_minute,
        )
        for name, usual in LIMITS.items()
    }
    # The more particular ones later, so that they stay.
    for one in sorted(own, key=lambda one: len(one.name)):
        provider, _, model = one.name.partition("/")
        limits[one.name] = limits_of(limits, provider, model)
        for name in filter(one.holds_for, list(limits)):
            limits[name] = replace(
                limits[name], calls_at_once=one.calls_at_once, calls_per_minute=one.calls_per_minute
            )
    return limits
