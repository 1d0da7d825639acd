"""Which limits a model has: the usual ones, an operator's for all of them, and an operator's for some."""

import re

import pytest

from services.ai.providers.limits import LIMITS, changed, limits_of, own_limits


@pytest.mark.parametrize(
    ("provider", "model", "seconds"),
    [("openai", "gpt-5-mini", 120.0), ("openai", "gpt-image-2", 240.0), ("unknown", "m", 120.0)],
)
def test_the_limits_of_a_model_are_the_most_particular_that_fit(
    provider: str, model: str, seconds: float
) -> None:
    assert limits_of(LIMITS, provider, model).call_seconds_max == seconds


def test_an_operators_limits_are_of_every_provider_outside() -> None:
    ours = changed(calls_at_once=3, calls_per_minute=60)

    assert limits_of(ours, "openai", "gpt-5").calls_at_once == 3
    assert limits_of(ours, "openai", "gpt-image-2").calls_per_minute == 60
    assert limits_of(ours, "offline", "offline-1") == LIMITS["offline"]


def test_without_an_operators_limits_the_usual_ones_hold() -> None:
    assert changed(calls_at_once=0, calls_per_minute=0) == LIMITS


@pytest.mark.parametrize(
    ("provider", "model", "at_once", "a_minute"),
    [
        ("openai", "gpt-5-mini", 16, 500),
        ("openai", "gpt-5-mini-2025-08-07", 16, 500),
        ("openai", "gpt-5", 32, 0),
        ("openai", "gpt-image-2", 32, 0),
        ("runware", "runware:101@1", 2, 30),
        ("runware", "runware:100@1", 3, 60),
        ("offline", "offline-1", 8, 0),
    ],
)
def test_an_operators_limits_of_a_model_go_before_those_of_its_provider_and_of_all(
    provider: str, model: str, at_once: int, a_minute: int
) -> None:
    own = own_limits(["openai/gpt-5-mini=16:500", "openai=32:0", "runware/runware:101@1=2:30"])

    found = limits_of(changed(calls_at_once=3, calls_per_minute=60, own=own), provider, model)

    assert (found.calls_at_once, found.calls_per_minute) == (at_once, a_minute)


@pytest.mark.parametrize(
    "own", [["openai=32:0"], ["openai/gpt-image-2=1:5"], ["openai/g=4:0", "openai/gpt-image-2-mini=1:0"]]
)
def test_limits_of_ones_own_leave_a_large_picture_its_time(own: list[str]) -> None:
    ours = changed(calls_at_once=0, calls_per_minute=0, own=own_limits(own))

    assert limits_of(ours, "openai", "gpt-image-2").call_seconds_max == 240.0
    assert limits_of(ours, "openai", "gpt-5").call_seconds_max == 120.0


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("openai/gpt-5-mini", "'openai/gpt-5-mini' is not like"),
        ("openai/gpt-5-mini=16", "'openai/gpt-5-mini=16' is not like"),
        ("openai=a:b", "'openai=a:b' is not like"),
        ("openai=-1:5", "'openai=-1:5' is not like"),
        ("open ai=1:5", "'open ai=1:5' is not like"),
        ("", "'' is not like"),
        ("opemai/gpt-5=1:5", "'opemai/gpt-5=1:5' names no provider; there are offline, openai, runware"),
        ("openai/=1:5", "'openai/=1:5' names no model"),
        ("openai=0:5", "'openai=0:5' must let through 1 to 1024 calls at once"),
        ("openai=1025:5", "'openai=1025:5' must let through 1 to 1024"),
        ("openai=1:1000001", "'openai=1:1000001' may let through 1000000 calls a minute"),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused_by_name(entry: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        own_limits(["runware=1:1", entry])


def test_a_name_with_two_limits_is_refused() -> None:
    with pytest.raises(ValueError, match="openai is there twice"):
        own_limits(["openai=1:1", "runware=1:1", "openai=2:2"])
