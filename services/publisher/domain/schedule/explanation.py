"""Why a time, and not an earlier one: what the rules say of it, what stands in its way and what would come first."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.publisher.domain.publishing_settings import PublishingSettings
from services.publisher.domain.schedule.candidates import candidates
from services.publisher.domain.schedule.checks import conflict
from services.publisher.domain.schedule.limits import Calendar, spoken
from services.publisher.domain.schedule.occupied import Occupied
from services.publisher.domain.schedule.slots import NoFreeSlot, Slot, next_free_slot, rule_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """`by_rule`: the site's own rules make this time. `obstacle` is why it cannot be taken; empty when it is free."""

    at: datetime
    local: datetime
    by_rule: bool
    obstacle: str
    next_slot: Slot | None
    text: str


def explain(settings: PublishingSettings, at: datetime, *, occupied: Occupied, now: datetime) -> Explanation:
    """Explain a time by the same rules that give slots out. `occupied` leaves out the content it is asked for."""
    calendar = Calendar.of(settings, occupied)
    local = at.astimezone(calendar.zone)
    by_rule = next(candidates(settings, after=at - timedelta(microseconds=1))) == at
    refused = conflict(calendar, at)
    obstacle = _past(local) if at < now else refused.sentence if refused else ""
    try:
        slot = next_free_slot(settings, occupied=occupied, now=now)
    except NoFreeSlot:
        slot = None
    if slot is not None and slot.at == at:
        text = slot.explanation
    else:
        text = _told(settings, local, by_rule, obstacle, slot, now)
    return Explanation(at=at, local=local, by_rule=by_rule, obstacle=obstacle, next_slot=slot, text=text)


def _told(
    settings: PublishingSettings,
    local: datetime,
    by_rule: bool,
    obstacle: str,
    slot: Slot | None,
    now: datetime,
) -> str:
    when = f"{spoken(local)} ({settings.time_zone})"
    first = (
        rule_of(settings, local, now)
        if by_rule
        else f"{when} is no publishing time of the site: somebody chose it"
    )
    sentences = [first]
    if obstacle:
        sentences.append(f"It cannot be taken: {obstacle}")
    if slot is None:
        sentences.append("No slot of the site is free")
    elif slot.at < local:
        sentences.append(f"An earlier slot is free: {spoken(slot.local)}")
    else:
        sentences.append(f"The next free slot is {spoken(slot.local)}")
    return ". ".join(sentences) + "."


def _past(local: datetime) -> str:
    return f"{spoken(local)} is in the past"
