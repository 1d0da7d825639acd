"""How the way of an article from review to its readers is told; in a run, of many articles at once."""

from typing import Final

from services.notifications.domain.words import (
    Severity,
    Told,
    Words,
    amount,
    instant,
    quoted,
    sentence,
    sentences,
)

AUTO_APPROVE: Final = "auto_approve"

_CATCH_UPS: Final = {
    "publish_now": "By the site's rule it is published now",
    "next_slot": "By the site's rule it moves to the next free slot of the calendar",
    "hold": "By the site's rule it waits for you: publish it now, or give it another time",
}


def ready_for_review(told: Told) -> Words:
    """Somebody should read it, all the more where the quality gates found something."""
    note = told.text("review_note")
    if told.count > 1:
        return Words(
            title=f"{_articles(told)} are ready for review",
            message=sentences(_newest(told), "Read them, then approve each or send it back"),
            severity=Severity.INFO,
        )
    return Words(
        title=f"{_title(told)} is ready for review",
        message=sentences(
            note, "Edit it, then approve it" if note else "Read it, then approve it or send it back"
        ),
        severity=Severity.WARNING if note else Severity.INFO,
    )


def approved(told: Told) -> Words:
    """It may be published."""
    automatic = told.text("actor") == AUTO_APPROVE
    if told.count > 1:
        return Words(
            title=f"{_articles(told)} approved",
            message=sentences(_newest(told), "They can be published now"),
            severity=Severity.SUCCESS,
        )
    why = "It passed the site's quality checks and was approved by the site's rule" if automatic else ""
    return Words(
        title=f"{_title(told)} is approved",
        message=sentences(why, "It can be published now"),
        severity=Severity.SUCCESS,
    )


def scheduled(told: Told) -> Words:
    """It has a time."""
    at = instant(told.text("scheduled_publish_at"))
    if told.count > 1:
        title, message = f"{_articles(told)} scheduled", f"{_newest(told)} It will be published on {at}"
    else:
        title, message = f"{_title(told)} is scheduled", f"It will be published on {at}"
    return Words(title=title, message=sentences(message, told.text("explanation")), severity=Severity.INFO)


def published(told: Told) -> Words:
    """Readers see it."""
    url = told.text("external_url")
    # No full stop behind an address: it would be taken for a part of it.
    read_it = f"Read it at {url}" if url else "It is on the site."
    if told.count > 1:
        return Words(
            title=f"{_articles(told)} published",
            message=f"{_newest(told)} {read_it}",
            severity=Severity.SUCCESS,
        )
    done = "is published in its new version" if told.text("again") else "is published"
    return Words(title=f"{_title(told)} {done}", message=read_it, severity=Severity.SUCCESS)


def publish_failed(told: Told) -> Words:
    """Readers do not see it; the error has the way out."""
    error = (
        told.text("error") or "The site did not take it. Test the site's connection, then publish it again"
    )
    if told.count > 1:
        return Words(
            title=f"{_articles(told)} could not be published",
            message=sentences(_newest(told), error),
            severity=Severity.ERROR,
        )
    return Words(
        title=f"{_title(told)} could not be published", message=sentence(error), severity=Severity.ERROR
    )


def unpublish_failed(told: Told) -> Words:
    """Readers see it still; the error has the way out."""
    error = (
        told.text("error")
        or "The site did not let it go. Test the site's connection, then unpublish it again"
    )
    if told.count > 1:
        return Words(
            title=f"{_articles(told)} could not be taken off the site",
            message=sentences(_newest(told), error),
            severity=Severity.ERROR,
        )
    return Words(
        title=f"{_title(told)} could not be taken off the site",
        message=sentence(error),
        severity=Severity.ERROR,
    )


def publish_unconfirmed(told: Told) -> Words:
    """Whether readers see it is being looked up, and nobody need do anything."""
    wait = (
        "Its state is looked up at the site, and nothing is published twice; there is nothing to do for now"
    )
    if told.count > 1:
        title, before = f"{_articles(told)} are not confirmed on the site yet", _newest(told)
    else:
        title, before = f"{_title(told)} is not confirmed on the site yet", ""
    return Words(title=title, message=sentences(before, told.text("error"), wait), severity=Severity.WARNING)


def schedule_missed(told: Told) -> Words:
    """Its time went by."""
    catch_up = _CATCH_UPS.get(told.text("catch_up"), "Open the calendar to see when it comes")
    due = f"It was due on {instant(told.text('planned_at'))}, while nothing could be published"
    if told.count > 1:
        return Words(
            title=f"{_articles(told)} missed their time",
            message=sentences(_newest(told), due, catch_up),
            severity=Severity.WARNING,
        )
    return Words(
        title=f"{_title(told)} missed its time", message=sentences(due, catch_up), severity=Severity.WARNING
    )


def _title(told: Told) -> str:
    return quoted(told.text("title"))


def _articles(told: Told) -> str:
    return amount(told.count, "article")


def _newest(told: Told) -> str:
    return sentence(f"The newest is {_title(told)}")
