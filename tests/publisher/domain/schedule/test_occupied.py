"""Taken instants are counted between two, whatever the order and the offset they came in."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from services.publisher.domain.schedule.occupied import EPOCH, Occupied

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
microseconds = st.integers(-10 * 366 * 86_400_000_000, 60 * 366 * 86_400_000_000)
instants = st.builds(
    lambda number, offset: (EPOCH + number * MICROSECOND).astimezone(offset),
    microseconds,
    st.just(UTC) | offsets,
)


def test_an_instant_is_taken_to_the_microsecond() -> None:
    occupied = Occupied.of([NOON])

    assert NOON in occupied
    assert NOON - MICROSECOND not in occupied
    assert NOON + MICROSECOND not in occupied


def test_the_first_instant_counts_and_the_last_does_not() -> None:
    occupied = Occupied.of([NOON, NOON + MICROSECOND, NOON + timedelta(hours=1)])

    assert occupied.count(NOON, NOON + timedelta(hours=1)) == 2


def test_two_at_one_instant_are_two() -> None:
    assert Occupied.of([NOON, NOON]).count(NOON, NOON + MICROSECOND) == 2


def test_what_is_added_to_a_copy_is_not_added_to_the_first() -> None:
    occupied = Occupied.of([NOON])

    occupied.copy().add(NOON + MICROSECOND)

    assert list(occupied) == [NOON]


def test_microseconds_count_from_where_postgresql_counts() -> None:
    assert list(Occupied([-1, 0])) == [EPOCH - MICROSECOND, EPOCH]


@given(taken=st.lists(instants, max_size=12), added=instants, start=instants, end=instants)
def test_they_are_held_and_counted_as_a_list_of_them_would_be(
    taken: list[datetime], added: datetime, start: datetime, end: datetime
) -> None:
    occupied = Occupied.of(taken)
    occupied.add(added)

    plain = sorted([*taken, added])
    assert list(occupied) == plain
    assert all(at in occupied for at in plain)
    assert occupied.count(min(start, end), max(start, end)) == sum(
        min(start, end) <= at < max(start, end) for at in plain
    )
