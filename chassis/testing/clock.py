"""A clock that stands until a test moves it."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
"""A Monday morning."""


class ManualClock:
    """Implements chassis.clock.Clock."""

    def __init__(self, now: datetime = START) -> None:
        assert now.tzinfo is not None, "instants are timezone-aware"
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        """Moves it on."""
        self._now += timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)

    def set(self, now: datetime) -> None:
        """Moves it to an instant, back as well as on."""
        self._now = now
