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
