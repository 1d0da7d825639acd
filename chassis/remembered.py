"""What a pure function gave for what it was asked for last, so that it is looked up and not made again."""

import threading
from collections.abc import Callable, Iterable
from itertools import repeat
from typing import Any, Final, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

HALVES: Final = 2

_UNKNOWN: Final[Any] = object()


class Remembered(Generic[K, V]):
    """A function of one argument that gives the same answer each time, asked for many at once.

    Nothing has to be told when something changes: what changed is another argument. Arguments and answers that are kept
    weigh at most `weight_max`, as `weigh` says of each two. They are kept in two halves: a full one takes the other's
    place, and what nobody asked for while it filled is gone. Threads may share it.
    """

    def __init__(self, function: Callable[[K], V], *, weigh: Callable[[K, V], int], weight_max: int) -> None:
        self._function = function
        self._weigh = weigh
        self._half = weight_max // HALVES
        self._newer: dict[K, V] = {}
        self._older: dict[K, V] = {}
        self._weight = 0
        """Of the newer half."""

        self._changing = threading.Lock()

    def each(self, arguments: Iterable[K]) -> list[V]:
        """The function's answer for each argument, in their order; raises what it raises."""
        asked = list(arguments)
        found: list[Any] = list(map(self._newer.get, asked, repeat(_UNKNOWN)))
        places = [place for place, answer in enumerate(found) if answer is _UNKNOWN]
        if places:
            new = self._asked(dict.fromkeys(asked[place] for place in places))
            for place in places:
                found[place] = new[asked[place]]
        return found

    def _asked(self, arguments: Iterable[K]) -> dict[K, V]:
        """The answers, which are put into the newer half."""
        older = self._older
        answers = {
            argument: older[argument] if argument in older else self._function(argument)
            for argument in arguments
        }
        with self._changing:
            for argument, answer in answers.items():
                weight = self._weigh(argument, answer)
                if weight > self._half or argument in self._newer:
                    continue
                if self._weight + weight > self._half:
                    self._older, self._newer, self._weight = self._newer, {}, 0
                self._newer[argument] = answer
                self._weight += weight
        return answers
