"""How it is told that a site's target lets nothing be published, or lets it again."""

from typing import Final

from services.notifications.domain.words import Severity, Told, Words, sentences

_TARGETS: Final = {"wordpress": "WordPress", "webhook": "the webhook"}


def lost(told: Told) -> Words:
    """Nothing is published on the site until somebody has changed something."""
    reason = told.text("reason") or "Test the site's connection to see why"
    waits = "What was due failed; publish it again when the connection works"
    return Words(
        title=f"The connection to {_target(told)} is lost",
        message=sentences(reason, waits),
        severity=Severity.ERROR,
    )


def restored(told: Told) -> Words:
    """It works again."""
    return Words(
        title=f"The connection to {_target(told)} works again",
        message="Content can be published there again; what failed meanwhile has to be published by hand.",
        severity=Severity.SUCCESS,
    )


def _target(told: Told) -> str:
    return _TARGETS.get(told.text("target"), "the site")
