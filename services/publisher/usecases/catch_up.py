"""What happens to content whose time passed while no publisher was there: the site's rule decides, and it is told."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from services.publisher.domain.content import Content
from services.publisher.domain.events import ContentScheduled, ContentScheduleMissed, ContentUnscheduled
from services.publisher.domain.publishing_settings import CatchUp, Mode
from services.publisher.domain.schedule.slots import SLOTS_MAX, NoFreeSlot, Slot, next_free_slots
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases.calendar_lock import LockedCalendar, lock_site_calendar
from services.publisher.usecases.delivering import LATE_SECONDS

SITES_MAX: Final = 100
APART: Final = timedelta(seconds=1)
"""Between two that publish_now brings, so that they start in the order in which they were due."""

AT_ONCE: Final = 2 * SLOTS_MAX * APART
"""What publish_now plans within this is published now, and nobody needs to hear of its time."""


def sites_that_missed(tx: PublisherTransaction, *, now: datetime) -> list[tuple[str, str]]:
    """Ids of up to 100 sites, each with its account's, that have content due for over a minute."""
    return tx.calendar.sites_that_missed(until=_late(now), limit=SITES_MAX)


def catch_up(tx: PublisherTransaction, *, site_id: str, account_id: str, now: datetime) -> list[Content]:
    """Handle up to 100 missed contents of a site in the order of their times, within its limits.

    publish_now: at once, a second apart, and on the next days what today has no room for. next_slot: the next free
    slots. hold: off the calendar, until a person decides; so too when no slot is free.
    """
    calendar = lock_site_calendar(tx, site_id=site_id, account_id=account_id)
    missed = tx.calendar.lock_missed(site_id, until=_late(now), limit=SLOTS_MAX)
    if not missed:
        return []
    rule = calendar.settings.catch_up
    slots = _slots(calendar, missed, now=now)
    handled = []
    for content, slot in zip(missed, slots, strict=True):
        told = ContentScheduleMissed.of(content, now=now, catch_up=rule.value)
        tx.record(told, account_id=account_id)
        if slot is None:
            handled.append(_hold(tx, content, now=now))
        else:
            at_once = rule is CatchUp.PUBLISH_NOW and slot.at <= now + AT_ONCE
            handled.append(_move(tx, content, slot, announce=not at_once, now=now))
    return handled


def _slots(calendar: LockedCalendar, missed: list[Content], *, now: datetime) -> list[Slot] | list[None]:
    settings = calendar.settings
    if settings.catch_up is CatchUp.HOLD:
        return [None] * len(missed)
    if settings.catch_up is CatchUp.PUBLISH_NOW:
        settings = replace(settings, mode=Mode.IMMEDIATE)
    occupied = calendar.occupied(now=now, without=[content.id for content in missed])
    try:
        return list(next_free_slots(settings, occupied=occupied, now=now, count=len(missed), apart=APART))
    except NoFreeSlot:
        return [None] * len(missed)


def _move(
    tx: PublisherTransaction, content: Content, slot: Slot, *, announce: bool, now: datetime
) -> Content:
    moved = content.move(slot.at, now=now)
    tx.calendar.save(moved)
    if announce:
        event = ContentScheduled.of(moved, now=now, automatically=True, explanation=slot.explanation)
        tx.record(event, account_id=content.account_id)
    return moved


def _hold(tx: PublisherTransaction, content: Content, *, now: datetime) -> Content:
    held = content.unschedule(now=now)
    tx.calendar.save(held)
    tx.record(ContentUnscheduled.of(held, now=now), account_id=content.account_id)
    return held


def _late(now: datetime) -> datetime:
    return now - timedelta(seconds=LATE_SECONDS)
