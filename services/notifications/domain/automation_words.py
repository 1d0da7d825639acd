"""How the moves of an automation run are told."""

from typing import Final

from services.notifications.domain.words import Severity, Told, Words, amount, instant, listed, sentences

NOTHING_TO_DO: Final = "NOTHING_TO_DO"
"""The reason of a planned run that nothing waited for."""

_OUTPUTS: Final = (
    ("clusters_created", "cluster", "clusters"),
    ("ideas_created", "idea", "ideas"),
    ("content_created", "article", "articles"),
    ("images_created", "image", "images"),
)
"""What people count a run by; tasks and prompts are on the way to these."""

_PAUSES: Final = {
    "user": ("What it made is kept; resume it whenever you like", Severity.INFO),
    "insufficient_credits": (
        "The account has too few credits for the next step. Add credits, then resume the run",
        Severity.WARNING,
    ),
    "provider_key": (
        "The provider of a model does not accept the key it is given, or there is none. Give another, then resume the run",
        Severity.WARNING,
    ),
    "account_suspended": (
        "The account is suspended, so nothing can be spent. Contact support; resume the run when the suspension is lifted",
        Severity.WARNING,
    ),
}

_OWN_LIMIT: Final = frozenset({"", "run"})
"""Scopes of the budget reached that may be the run's own limit."""


def started(told: Told) -> Words:
    """A run began."""
    items, limit = told.number("items_total"), told.number("max_credits")
    begins = f"The run has started with {amount(items, 'item')}" if items else "The run has started"
    may_use = f"It may use up to {amount(limit, 'credit')}" if limit else "It has no limit of credits"
    return Words(title="Automation started", message=sentences(begins, may_use), severity=Severity.INFO)


def paused(told: Told) -> Words:
    """A run stands still, for a reason other than its limit."""
    why, severity = _PAUSES.get(
        told.text("pause_reason"), ("Open the run to see why, then resume it", Severity.WARNING)
    )
    return Words(
        title="Automation paused", message=sentences("The run is paused", why, _used(told)), severity=severity
    )


def budget_reached(told: Told) -> Words:
    """A run stands still at its own limit, or at another budget of credits."""
    if not told.number("max_credits") or told.text("pause_scope") not in _OWN_LIMIT:
        which = told.text("pause_detail") or "A budget of credits is used up. Open the run to see which"
        return Words(
            title="Automation reached a limit of credits",
            message=sentences(
                "The run is paused", which, "Resume the run when there is room again", _used(told)
            ),
            severity=Severity.WARNING,
        )
    used = f"The run is paused: it has used {told.number('credits_used'):,} of at most"
    return Words(
        title="Automation reached its limit of credits",
        message=sentences(
            f"{used} {amount(told.number('max_credits'), 'credit')}", "Raise the limit, then resume the run"
        ),
        severity=Severity.WARNING,
    )


def resumed(told: Told) -> Words:
    """A run goes on."""
    return Words(
        title="Automation resumed",
        message=sentences("The run goes on where it stopped", _used(told)),
        severity=Severity.INFO,
    )


def completed(told: Told) -> Words:
    """A run did everything it found to do."""
    failed = told.number("items_failed")
    credits = amount(told.number("credits_used"), "credit")
    made = (
        f"The run made {_made(told)} for {credits}"
        if _made(told)
        else f"The run made nothing new; {credits} used"
    )
    open_it = f"{amount(failed, 'item')} failed and cost nothing; open the run to see why" if failed else ""
    return Words(
        title=f"Automation completed, {failed:,} failed" if failed else "Automation completed",
        message=sentences(made, open_it),
        severity=Severity.WARNING if failed else Severity.SUCCESS,
    )


def failed(told: Told) -> Words:
    """A run could not go on."""
    error = told.text("error") or "The run could not go on. Open it to see why"
    return Words(title="Automation failed", message=sentences(error, _kept(told)), severity=Severity.ERROR)


def cancelled(told: Told) -> Words:
    """Somebody ended a run."""
    return Words(
        title="Automation cancelled",
        message=sentences("The run was ended before it was done", _kept(told)),
        severity=Severity.INFO,
    )


def skipped(told: Told) -> Words:
    """A schedule planned a run that was not started."""
    nothing = told.text("reason") == NOTHING_TO_DO
    return Words(
        title="Planned automation had nothing to do" if nothing else "Planned automation did not start",
        message=sentences(
            f"The run planned for {instant(told.text('planned_at'))} was not started", told.text("detail")
        ),
        severity=Severity.INFO if nothing else Severity.WARNING,
    )


def _made(told: Told) -> str:
    parts = [
        amount(told.number(key), singular, plural) for key, singular, plural in _OUTPUTS if told.number(key)
    ]
    return listed(parts) if parts else ""


def _kept(told: Told) -> str:
    kept = f"Kept: {_made(told)}" if _made(told) else "Nothing had been made"
    return sentences(kept, f"{amount(told.number('credits_used'), 'credit')} used")


def _used(told: Told) -> str:
    return f"{amount(told.number('credits_used'), 'credit')} used so far"
