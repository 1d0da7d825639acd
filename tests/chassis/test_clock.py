"""The clocks: one that goes, one that is moved."""

from datetime import UTC, datetime, timedelta

from chassis.clock import SystemClock
from chassis.testing import ManualClock


def test_the_system_clock_tells_utc() -> None:
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_a_manual_clock_stands_until_it_is_moved() -> None:
    clock = ManualClock()
    before = clock.now()

    assert clock.now() == before
    clock.advance(seconds=1, minutes=1, hours=1, days=1)
    assert clock.now() - before == timedelta(days=1, hours=1, minutes=1, seconds=1)
