"""The least time of a chain of stages: by its length, by its slots, and by both."""

import pytest

from bench.critical_path import least_seconds, least_seconds_with_walls


@pytest.mark.parametrize(
    ("calls", "slots", "seconds"),
    [
        ([1], 16, 1.0),
        ([1, 1, 1], 16, 3.0),
        ([16], 16, 1.0),
        ([17], 16, 2.0),
        ([1, 32], 16, 3.0),
        ([32, 1], 16, 3.0),
        ([1, 13, 18, 18, 54], 16, 8.0),
        ([4, 0, 4], 4, 3.0),
        ([0, 4], 1, 5.0),
        ([0], 1, 0.0),
    ],
)
def test_no_order_of_the_calls_is_faster(calls: list[int], slots: int, seconds: float) -> None:
    assert least_seconds(calls, latency_seconds=1.0, slots=slots) == seconds


def test_it_grows_with_what_a_call_takes() -> None:
    assert least_seconds([1, 1], latency_seconds=0.5, slots=1) == 1.0


@pytest.mark.parametrize(
    ("stages", "slots", "seconds"),
    [
        ([[1], [1]], 16, 2.0),
        ([[1], [13], [18, 30, 18], [18], [54]], 16, 13.0),
        ([[17], [15]], 16, 3.0),
        ([[17, 15]], 16, 2.0),
        ([[4], [0], [4]], 4, 2.0),
    ],
)
def test_a_wall_makes_the_stages_take_as_long_as_each_of_them_together(
    stages: list[list[int]], slots: int, seconds: float
) -> None:
    assert least_seconds_with_walls(stages, latency_seconds=1.0, slots=slots) == seconds
