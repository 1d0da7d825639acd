"""The instants of a site's calendar that something has, kept so that thousands of them are counted by looking at few."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, Self

EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""From where PostgreSQL counts the microseconds of a timestamptz too, so that they come from it as they are."""

_MICROSECOND: Final = timedelta(microseconds=1)


class Occupied:
    """Instants in order, each as the whole microseconds since `EPOCH`; an instant that two things have is there twice.

    A number is read, ordered and compared in a tenth of the time that a datetime takes.
    """

    __slots__ = ("_numbers",)

    def __init__(self, microseconds: Iterable[int] = ()) -> None:
        self._numbers = sorted(microseconds)

    @classmethod
    def of(cls, instants: Iterable[datetime]) -> Self:
        """Of instants in any order and of any offset."""
        return cls(map(_number, instants))

    def __iter__(self) -> Iterator[datetime]:
        """The instants (UTC) in order."""
        return (EPOCH + timedelta(microseconds=number) for number in self._numbers)

    def __contains__(self, at: datetime) -> bool:
        number = _number(at)
        place = bisect_left(self._numbers, number)
        return place < len(self._numbers) and self._numbers[place] == number

    def count(self, start: datetime, end: datetime) -> int:
        """How many there are from `start` to before `end`."""
        return bisect_left(self._numbers, _number(end)) - bisect_left(self._numbers, _number(start))

    def add(self, at: datetime) -> None:
        """Something has this instant too."""
        insort(self._numbers, _number(at))

    def copy(self) -> Self:
        """The same instants, to be added to apart from these."""
        return type(self)(self._numbers)


def _number(at: datetime) -> int:
    return (at - EPOCH) // _MICROSECOND
