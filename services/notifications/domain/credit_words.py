"""How changes of the balance are told."""

from services.notifications.domain.words import Severity, Told, Words, amount, sentence


def added(told: Told) -> Words:
    """The account was given credits."""
    credits, available = told.number("credits"), told.number("available")
    has = f"The account now has {amount(credits, 'credit')}"
    free = "" if available == credits else f", {available:,} of them not held by work in progress"
    return Words(
        title=f"{amount(told.number('amount'), 'credit')} added",
        message=sentence(has + free),
        severity=Severity.SUCCESS,
    )


def low(told: Told) -> Words:
    """What is available fell to the threshold of the account."""
    return Words(
        title="Credits are running low",
        message=sentence(
            f"{amount(told.number('available'), 'credit')} can still be spent. Add credits before the next run"
        ),
        severity=Severity.WARNING,
    )


def depleted(_: Told) -> Words:
    """Nothing is available any more."""
    return Words(
        title="No credits left",
        message="AI work is refused and runs pause until credits are added. Nothing that was made is lost.",
        severity=Severity.ERROR,
    )
