"""What billing must do, in the plainest Python: lists and dictionaries, no database, no line of the code it is held against."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

GRACE = timedelta(hours=24)
HOLD_LIFE = timedelta(minutes=15)
CATEGORIES = ("promotional", "plan", "paid")
END_OF_TIME = "9999"


class Refused(Exception):
    """The reason of the catalogue."""


@dataclass
class Grant:
    """Credits given once."""

    id: str
    amount: int
    priority: int
    category: str
    created: datetime
    begins: datetime | None
    ends: datetime | None
    remaining: int = 0
    held: dict[str, int] = field(default_factory=dict)
    begun: bool = False
    voided: bool = False

    @property
    def free(self) -> int:
        return self.remaining - sum(self.held.values())

    @property
    def order(self) -> tuple[Any, ...]:
        ends = self.ends.isoformat() if self.ends else END_OF_TIME
        return (self.priority, ends, CATEGORIES.index(self.category), self.created, self.id)

    def over(self, now: datetime) -> bool:
        return self.voided or (self.ends is not None and self.ends <= now)


@dataclass
class Hold:
    """Credits set aside."""

    id: str
    amount: int
    ends: datetime
    made: datetime
    run: str
    site: str
    status: str = "active"
    captured: int = 0
    late: int = 0
    items: set[str] = field(default_factory=set)

    @property
    def left(self) -> int:
        return self.amount - self.captured if self.status == "active" else 0

    @property
    def agreed(self) -> int:
        """What may be charged without anybody's leave."""
        return self.amount - self.captured - self.late


@dataclass
class Charge:
    """Credits that were spent, and on which grants."""

    credits: int
    shares: list[tuple[str, int]]
    begun: datetime
    run: str
    site: str
    back: bool = False


@dataclass
class Cap:
    """A budget; `day` is the window it is in, for a site's."""

    kind: str
    target: str
    limit: int
    day: str


class Oracle:
    """One account."""

    def __init__(self) -> None:
        self.grants: dict[str, Grant] = {}
        self.holds: dict[str, Hold] = {}
        self.charges: dict[str, Charge] = {}
        self.caps: dict[tuple[str, str], Cap] = {}
        self.threshold = 100
        self.level = "new"
        self.told: list[str] = []

    # What it has

    @property
    def credits(self) -> int:
        return sum(grant.remaining for grant in self.grants.values())

    @property
    def reserved(self) -> int:
        return sum(hold.left for hold in self.holds.values())

    # What time does

    def settle(self, now: datetime) -> None:
        due = [hold for hold in self.holds.values() if hold.status == "active" and hold.ends <= now]
        for hold in sorted(due, key=lambda hold: (hold.ends, hold.id)):
            self._end(hold, "expired", now)
        begin = [grant for grant in self.grants.values() if self._is_due(grant, now)]
        for grant in sorted(begin, key=lambda grant: (grant.begins or now, grant.id)):
            self._begin(grant)
        self._end_grants(now)

    def _is_due(self, grant: Grant, now: datetime) -> bool:
        return not grant.begun and not grant.voided and (grant.begins is None or grant.begins <= now)

    def _begin(self, grant: Grant) -> None:
        grant.begun, grant.remaining = True, grant.amount
        self._look()

    def _end_grants(self, now: datetime) -> None:
        for grant in self._in_order():
            if grant.over(now) and grant.free:
                grant.remaining -= grant.free
                self._look()

    def _look(self) -> None:
        """A crossing is told once; the first grant is none."""
        level = "depleted" if self.credits == 0 else "low" if self.credits <= self.threshold else "normal"
        if level == self.level:
            return
        if self.level != "new":
            self.told.append({"normal": "recovered"}.get(level, level))
        self.level = level

    # What people and services do

    def grant(self, grant: Grant, now: datetime) -> None:
        self.settle(now)
        self.grants[grant.id] = grant
        if self._is_due(grant, now):
            self._begin(grant)

    def void(self, id: str, now: datetime) -> None:
        self.settle(now)
        self.grants[id].voided = True
        self._end_grants(now)

    def check_hold(self, credits: int, *, run: str, site: str, now: datetime) -> None:
        """Whether so much could be held or charged now."""
        self.settle(now)
        if credits > self.credits - self.reserved:
            raise Refused("INSUFFICIENT_CREDITS")
        for cap in self._caps(run, site):
            if credits > self._room(cap, _day(now)):
                raise Refused("BUDGET_EXCEEDED")

    def hold(self, id: str, credits: int, *, run: str, site: str, now: datetime) -> None:
        self._move_windows(run, site, now)
        for grant, share in self._split(self._in_order(), credits):
            grant.held[id] = share
        self.holds[id] = Hold(id, credits, now + HOLD_LIFE, now, run, site)

    def capture(
        self, hold_id: str, item: str, credits: int, *, more: bool, absorb: bool, final: bool, now: datetime
    ) -> tuple[int, int] | None:
        """Credits charged and lost; None for an item that was charged before.

        `more` lets it take what is available beyond what was agreed, `absorb` forgives what is left then.
        """
        self.settle(now)
        hold = self.holds[hold_id]
        if item in hold.items:
            return None
        late = hold.status == "expired" and now < hold.ends + GRACE
        if hold.status != "active" and not late:
            raise Refused("RESERVATION_ENDED")
        of_hold = min(credits, hold.left)
        rooms = [
            self._room(cap, cap.day)
            for cap in self._caps(hold.run, hold.site)
            if cap.kind == "run" or cap.day == _day(hold.made)
        ]
        wanted = credits if more else min(credits, hold.agreed)
        beyond = min([wanted - of_hold, self.credits - self.reserved, *rooms])
        if credits > hold.agreed and of_hold + beyond < credits and not absorb:
            raise Refused("CAPTURE_EXCEEDS_RESERVATION")
        shares: dict[str, int] = {}
        keeping = [grant for grant in self._in_order() if hold_id in grant.held]
        kept = [(grant, grant.held[hold_id]) for grant in keeping]
        taken = _shares(kept, of_hold)
        free = self._split(self._in_order(), beyond)
        for grant, share in taken:
            grant.held[hold_id] -= share
        for grant, share in [*taken, *free]:
            grant.remaining -= share
            shares[grant.id] = shares.get(grant.id, 0) + share
        if late:
            hold.late += min(beyond, hold.agreed)
        hold.captured += of_hold
        hold.items.add(item)
        self.charges[item] = Charge(of_hold + beyond, list(shares.items()), hold.made, hold.run, hold.site)
        self._look()
        if final and not late:
            self._end(hold, "captured", now)
        return of_hold + beyond, credits - of_hold - beyond

    def charge(self, item: str, credits: int, *, run: str, site: str, now: datetime) -> None:
        self._move_windows(run, site, now)
        shares = self._split(self._in_order(), credits)
        for grant, share in shares:
            grant.remaining -= share
        self.charges[item] = Charge(credits, [(grant.id, share) for grant, share in shares], now, run, site)
        self._look()

    def reverse(self, item: str, now: datetime) -> None:
        self.settle(now)
        charge = self.charges[item]
        if charge.back:
            raise Refused("ALREADY_REVERSED")
        if not charge.credits:
            raise Refused("REQUEST_INVALID")
        charge.back = True
        for grant_id, share in charge.shares:
            self.grants[grant_id].remaining += share
        self._look()
        self._end_grants(now)

    def release(self, id: str, now: datetime) -> None:
        self.settle(now)
        if self.holds[id].status == "active":
            self._end(self.holds[id], "released", now)

    def extend(self, id: str, minutes: int, now: datetime) -> None:
        self.settle(now)
        hold = self.holds[id]
        if hold.status != "active":
            raise Refused("RESERVATION_ENDED")
        hold.ends = max(hold.ends, now + timedelta(minutes=minutes))

    def cap(self, kind: str, target: str, limit: int | None, now: datetime) -> None:
        self.settle(now)
        if limit is None:
            self.caps.pop((kind, target), None)
        else:
            self.caps[kind, target] = Cap(kind, target, limit, _day(now))

    def put_threshold(self, threshold: int, now: datetime) -> None:
        self.settle(now)
        self.threshold = threshold
        if self.level != "new":
            self._look()

    def spent_and_held(self, cap: Cap) -> tuple[int, int]:
        """A recount of the window it is in."""
        return self._count(cap, cap.day)

    # How

    def _end(self, hold: Hold, status: str, now: datetime) -> None:
        for grant in self.grants.values():
            grant.held.pop(hold.id, None)
        hold.status = status
        self._end_grants(now)

    def _in_order(self) -> list[Grant]:
        return sorted(self.grants.values(), key=lambda grant: grant.order)

    def _split(self, grants: list[Grant], credits: int) -> list[tuple[Grant, int]]:
        return _shares([(grant, grant.free) for grant in grants], credits)

    def _caps(self, run: str, site: str) -> list[Cap]:
        return [cap for cap in self.caps.values() if cap.target == (run if cap.kind == "run" else site)]

    def _move_windows(self, run: str, site: str, now: datetime) -> None:
        for cap in self._caps(run, site):
            cap.day = _day(now)

    def _room(self, cap: Cap, day: str) -> int:
        return max(0, cap.limit - sum(self._count(cap, day)))

    def _count(self, cap: Cap, day: str) -> tuple[int, int]:
        def counts(run: str, site: str, begun: datetime) -> bool:
            return cap.target == run if cap.kind == "run" else cap.target == site and _day(begun) == day

        spent = sum(
            one.credits
            for one in self.charges.values()
            if not one.back and counts(one.run, one.site, one.begun)
        )
        held = sum(hold.left for hold in self.holds.values() if counts(hold.run, hold.site, hold.made))
        return spent, held


def _shares(parts: list[tuple[Grant, int]], credits: int) -> list[tuple[Grant, int]]:
    taken = []
    for grant, has in parts:
        share = min(has, credits)
        if share:
            taken.append((grant, share))
            credits -= share
    assert credits == 0, "nobody asks for more than there is"
    return taken


def _day(at: datetime) -> str:
    return at.strftime("%Y-%m-%d")
