"""Clusters of several batches become one list in which every keyword is once."""

from typing import Any

import pytest

from services.ai.functions.cluster_merge import merge_faults, merged, numbered, placing_faults, together
from services.ai.functions.schemas import Cluster, Merge


def a_cluster(name: str, *ids: str) -> Cluster:
    return {"name": name, "description": f"About {name}.", "keyword_ids": list(ids)}


def a_merge(name: str, *numbers: int) -> Merge:
    return {"name": name, "description": "Both.", "numbers": list(numbers)}


CLUSTERS = [a_cluster("Bins", "1", "2"), a_cluster("Heaps", "3"), a_cluster("Compost Bins", "4")]


def test_clusters_of_one_name_in_two_batches_are_one() -> None:
    drafts = [
        {"clusters": [a_cluster("Bins", "1")]},
        {"clusters": [a_cluster("  bins", "2"), a_cluster("X", "3")]},
    ]

    assert [cluster["keyword_ids"] for cluster in together(drafts)] == [["1", "2"], ["3"]]  # type: ignore[arg-type]


def test_merged_clusters_keep_every_keyword_once() -> None:
    left = merged(CLUSTERS, [a_merge("Compost Bins", 1, 3)], existing=[])

    assert [(one["name"], one["keyword_ids"]) for one in left] == [
        ("Compost Bins", ["1", "2", "4"]),
        ("Heaps", ["3"]),
    ]


def test_without_merges_nothing_changes() -> None:
    assert merged(CLUSTERS, [], existing=[]) == CLUSTERS


def test_a_merge_with_a_cluster_of_the_site_joins_it() -> None:
    left = merged(CLUSTERS, [a_merge("All Bins", 1, 3)], existing=["compost bins"])

    assert left[0]["name"] == "compost bins"


def test_a_merge_named_like_a_cluster_that_was_left_alone_takes_it_in() -> None:
    left = merged(CLUSTERS, [a_merge("heaps", 1, 3)], existing=[])

    assert [sorted(one["keyword_ids"]) for one in left] == [["1", "2", "3", "4"]]


@pytest.mark.parametrize(
    ("merges", "faults"),
    [
        ([a_merge("A", 1, 2)], []),
        ([a_merge("A", 1, 4)], ["1 cluster numbers are unknown, for example 4"]),
        (
            [a_merge("A", 1, 2), a_merge("B", 2, 3)],
            ["1 cluster numbers are used more than once, for example 2"],
        ),
    ],
)
def test_merges_that_invent_or_double_a_cluster_are_faults(merges: list[Merge], faults: list[str]) -> None:
    assert merge_faults({"merges": merges}, 3) == faults


def test_every_fault_of_a_batch_is_named_together() -> None:
    output: Any = {"clusters": [a_cluster("A", "1", "9"), a_cluster("B", "1")]}

    assert placing_faults(output, {"1", "2"}) == [
        "1 keyword ids are missing, for example 2",
        "1 keyword ids are unknown, for example 9",
        "1 keyword ids are used more than once, for example 1",
    ]


def test_the_merge_is_shown_the_words_of_each_cluster() -> None:
    keywords = [{"id": str(number), "keyword": f"word {number}"} for number in range(1, 5)]

    assert numbered(CLUSTERS, keywords)[1] == {"number": 2, "name": "Heaps", "keywords": ["word 3"]}
