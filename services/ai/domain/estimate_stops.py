"""What would stop a run: what its estimate and its largest hold come to, beside everything that caps its credits."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.ai.domain.estimate import RunEstimate, UnitPrice
from services.ai.domain.stages import Stage

INSUFFICIENT_CREDITS: Final = "INSUFFICIENT_CREDITS"
BUDGET_EXCEEDED: Final = "BUDGET_EXCEEDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """What would keep a run from starting or from ending."""

    reason: str
    """Of the error catalogue, as the refusal would have it."""
    detail: str
    certain: bool
    """False when it only may happen: the upper end of the range meets it."""
    run_id: str = ""
    """The run that is in the way."""
    scope: str = ""
    """What the budget caps that stops it, as a paused run would have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """Something that the credits of a run, used and held, cannot pass."""

    reason: str
    left: int
    says: str
    """What is left and of what, for people; the sentence goes on."""
    way_out: str
    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The credits that one item of a stage needs to be free before it begins."""

    stage: Stage
    credits: int
    certain: bool
    """Whether the item waits already; others are only expected."""


def balance_cap(available: int) -> Cap:
    return Cap(
        reason=INSUFFICIENT_CREDITS,
        left=available,
        says=f"This account has {available} credits available",
        way_out="add credits",
    )


def run_cap(limit: int) -> Cap:
    """The limit of credits a run that its site's settings have."""
    return Cap(
        reason=BUDGET_EXCEEDED,
        left=limit,
        says=f"A run of this site may use {limit} credits",
        way_out="raise the limit in the automation settings",
        scope="run",
    )


def budget_cap(scope: str, *, limit: int, left: int, resets_at: datetime | None) -> Cap:
    """A budget, by its scope in billing's words."""
    anew = f" or wait until it begins anew at {resets_at:%Y-%m-%dT%H:%M:%SZ}" if resets_at else ""
    return Cap(
        reason=BUDGET_EXCEEDED,
        left=left,
        says=f"The {_NOUNS[scope]} of {limit} credits leaves {left}",
        way_out=f"raise the budget{anew}",
        scope=scope,
    )


def holds_of(made: RunEstimate, prices: Mapping[Stage, UnitPrice]) -> list[Hold]:
    """The largest hold of each stage that the run has work for."""
    return [
        Hold(stage=stage.stage, credits=price.hold, certain=stage.waiting > stage.left_waiting)
        for stage in made.stages
        if stage.inputs and (price := prices.get(stage.stage)) is not None
    ]


def stops_of(made: RunEstimate, *, caps: Collection[Cap], holds: Collection[Hold]) -> list[Stop]:
    """One stop for each cap that the run meets: by its largest hold, else by all that it takes."""
    stops = []
    for cap in caps:
        certain = made.credits > cap.left
        if above := [hold for hold in holds if hold.credits > cap.left]:
            largest = max(above, key=lambda hold: hold.credits)
            needs = (
                f"one item of the stage {largest.stage.title} needs {largest.credits} to be free"
                " before it begins, of which it gives back what it does not use"
            )
            certain = certain or any(hold.certain for hold in above)
        elif made.credits_high > cap.left:
            needs = f"the run takes {made.credits} to {made.credits_high}"
        else:
            continue
        detail = f"{cap.says}, and {needs}. The run pauses there: {cap.way_out}, or let it do less."
        stops.append(Stop(reason=cap.reason, detail=detail, certain=certain, scope=cap.scope))
    return stops


_NOUNS: Final = {
    "site_day": "site's budget for a day",
    "site_month": "site's budget for a month",
    "api_key": "API key's budget",
}
