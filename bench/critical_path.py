"""The least time in which calls of a chain of stages can be made with so many slots, whoever makes them; with a wall between the stages or not."""

import math
from collections.abc import Sequence


def least_seconds(calls: Sequence[int], *, latency_seconds: float, slots: int) -> float:
    """The bound for stages that follow each other, each with so many calls of the same length.

    A call of stage k (from 0) cannot begin before k calls that it follows from have ended one after the other. From
    then on all calls of this stage and the later ones are still to be made, at most `slots` at a time. So the whole
    takes at least k latencies and as many more as rounds of slots are left; the bound is the largest of these, over
    all stages: Fernandez and Bussell's, for a graph in which every call of a stage follows from one before.
    """
    return max(
        (
            (k + math.ceil(sum(calls[k:]) / slots)) * latency_seconds
            for k in range(len(calls))
            if sum(calls[k:])
        ),
        default=0.0,
    )


def least_seconds_with_walls(stages: Sequence[Sequence[int]], *, latency_seconds: float, slots: int) -> float:
    """The same where no call of a stage begins before every call of the stages before it has ended.

    Each stage is a chain of its own, of one kind of call or more; one waits for the other, so their least times add up.
    """
    return sum(least_seconds(stage, latency_seconds=latency_seconds, slots=slots) for stage in stages)
