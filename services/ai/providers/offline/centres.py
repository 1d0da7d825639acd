"""Keeps the sum of each group's vectors, to say quickly which group a vector resembles most."""

import math
from collections.abc import Mapping, Sequence

Vector = Mapping[str, float]

STAYING_BONUS = 0.02
"""A phrase moves only where it is clearly nearer, so that settling ends."""

MOVING_MIN = 0.15
"""A weaker likeness is two phrases that share a modifier ("ideas", "cost") and nothing else."""


class Centres:
    """The groups of some unit vectors, and where each vector stands."""

    def __init__(self, vectors: Sequence[Vector], groups: Sequence[Sequence[int]]) -> None:
        self._vectors = vectors
        self.place = {member: number for number, members in enumerate(groups) for member in members}
        self._sizes = [len(members) for members in groups]
        self._squares = [0.0] * len(groups)
        self._sums: dict[str, dict[int, float]] = {}
        for member, number in self.place.items():
            self._add(number, vectors[member], sign=1)

    def groups(self) -> list[list[int]]:
        """The members of each group in input order, empty groups left out."""
        members: dict[int, list[int]] = {}
        for member in sorted(self.place):
            members.setdefault(self.place[member], []).append(member)
        return list(members.values())

    def move(self, member: int, number: int) -> None:
        """Puts a vector into another group."""
        here = self.place[member]
        self._add(here, self._vectors[member], sign=-1)
        self._add(number, self._vectors[member], sign=1)
        self._sizes[here] -= 1
        self._sizes[number] += 1
        self.place[member] = number

    def best_group(self, member: int) -> int:
        """The group whose other members this vector resembles most; its own where nothing is clearly nearer.

        The cosine is damped for small groups: one neighbour is weaker evidence of a topic than eight.
        """
        vector, here = self._vectors[member], self.place[member]
        dots: dict[int, float] = {}
        for feature, value in vector.items():
            for number, total in self._sums.get(feature, {}).items():
                dots[number] = dots.get(number, 0.0) + value * total
        own_square = math.fsum(value * value for value in vector.values())
        best, best_score = here, MOVING_MIN
        for number in sorted(dots):
            dot, square, size = dots[number], self._squares[number], self._sizes[number]
            if number == here:
                square = square - 2 * dot + own_square
                dot, size = dot - own_square, size - 1
            if size < 1 or square < 1e-9:
                continue
            score = dot / math.sqrt(square) * math.sqrt(size / (size + 1))
            score += STAYING_BONUS if number == here else 0.0
            if score > best_score:
                best, best_score = number, score
        return best

    def _add(self, number: int, vector: Vector, *, sign: int) -> None:
        for feature, value in vector.items():
            row = self._sums.setdefault(feature, {})
            before = row.get(number, 0.0)
            after = before + sign * value
            self._squares[number] += after * after - before * before
            row[number] = after
