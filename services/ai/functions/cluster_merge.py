"""The clusters of several batches made one list: what a model may not do with keywords and clusters, and its merges."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from services.ai.functions.schemas import (
    Cluster,
    ClusterKeywordsOutput,
    Merge,
    MergeClustersOutput,
    NumberedCluster,
)


def placing_faults(output: ClusterKeywordsOutput, wanted: Collection[str]) -> list[str]:
    """How an answer does not use each wanted keyword id exactly once; empty when it does."""
    used = Counter(id for cluster in output["clusters"] for id in cluster["keyword_ids"])
    return _faults(
        "keyword ids",
        missing=set(wanted) - used.keys(),
        unknown=used.keys() - set(wanted),
        twice=[id for id, count in used.items() if count > 1],
    )


def merge_faults(output: MergeClustersOutput, count: int) -> list[str]:
    """How the merges do not use the numbers 1 to `count` at most once each; empty when they do."""
    used = Counter(number for merge in output["merges"] for number in merge["numbers"])
    return _faults(
        "cluster numbers",
        unknown=[number for number in used if not 1 <= number <= count],
        twice=[number for number, times in used.items() if times > 1],
    )


def together(drafts: Iterable[ClusterKeywordsOutput]) -> list[Cluster]:
    """The clusters of all batches; those of one name, however it is written, are one."""
    found: dict[str, Cluster] = {}
    for draft in drafts:
        for cluster in draft["clusters"]:
            known = found.setdefault(_key(cluster["name"]), {**cluster, "keyword_ids": []})
            known["keyword_ids"] = [*known["keyword_ids"], *cluster["keyword_ids"]]
    return list(found.values())


def numbered(clusters: Sequence[Cluster], keywords: Sequence[Mapping[str, Any]]) -> list[NumberedCluster]:
    """The clusters as the merge is shown them, from 1, with the words of their keywords."""
    words = {keyword["id"]: keyword["keyword"] for keyword in keywords}
    return [
        {"number": number, "name": cluster["name"], "keywords": [words[id] for id in cluster["keyword_ids"]]}
        for number, cluster in enumerate(clusters, start=1)
    ]


def merged(clusters: Sequence[Cluster], merges: Sequence[Merge], *, existing: Sequence[str]) -> list[Cluster]:
    """The clusters after the merges, in their order; a merge with a cluster that the site has already joins that."""
    kept = {_key(name): name for name in existing}
    taken_by = {number: merge for merge in merges for number in merge["numbers"]}
    done: list[Cluster] = []
    for number, cluster in enumerate(clusters, start=1):
        merge = taken_by.get(number)
        if merge is None:
            done.append(cluster)
        elif number == min(merge["numbers"]):
            done.append(_one(merge, [clusters[each - 1] for each in merge["numbers"]], kept))
    # A new name may be that of a cluster that was left alone.
    return together([{"clusters": done}])


def _one(merge: Merge, members: Sequence[Cluster], existing: Mapping[str, str]) -> Cluster:
    names = [existing[_key(member["name"])] for member in members if _key(member["name"]) in existing]
    return {
        "name": names[0] if names else merge["name"],
        "description": merge["description"],
        "keyword_ids": [id for member in members for id in member["keyword_ids"]],
    }


def _faults(noun: str, **kinds: Collection[Any]) -> list[str]:
    words = {"missing": "missing", "unknown": "unknown", "twice": "used more than once"}
    return [
        f"{len(set(found))} {noun} are {words[kind]}, for example {min(found)}"
        for kind, found in kinds.items()
        if found
    ]


def _key(name: str) -> str:
    return " ".join(name.casefold().split())
