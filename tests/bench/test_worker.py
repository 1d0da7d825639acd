"""How long the calls of the benchmark's models take: all the same, or the first of each kind of a run longer."""

from bench.worker import Latency

KINDS = ("cluster_keywords", "generate_ideas", "generate_ideas", "generate_images")


def test_every_call_takes_the_same() -> None:
    regular = Latency(seconds=0.5, slow_seconds=0.0)

    assert [regular.of(name) for name in KINDS] == [0.5, 0.5, 0.5, 0.5]


def test_the_first_call_of_each_kind_of_each_run_is_slow_but_for_the_one_that_clusters() -> None:
    irregular = Latency(seconds=0.5, slow_seconds=5.0)

    assert [irregular.of(name) for name in (*KINDS, *KINDS)] == [0.5, 5.0, 0.5, 5.0] * 2
