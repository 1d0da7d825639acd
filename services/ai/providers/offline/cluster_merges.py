"""The offline answer of the merge of cluster_keywords: clusters whose keywords are as alike as those of one topic."""

from collections.abc import Sequence
from itertools import accumulate, pairwise

from services.ai.functions.schemas import Merge, MergeClustersInput, MergeClustersOutput
from services.ai.providers.offline.cluster_names import description_of
from services.ai.providers.offline.clustering import SIMILARITY_MIN
from services.ai.providers.offline.clusters import READ_LENGTH_MAX
from services.ai.providers.offline.head_words import head_words
from services.ai.providers.offline.language import plain
from services.ai.providers.offline.linkage import Vector, average_linkage
from services.ai.providers.offline.phrases import phrases_of, vectors_of


def merge_clusters(asked: MergeClustersInput) -> MergeClustersOutput:
    """Joins clusters by average linkage over all their keywords; the largest gives its name."""
    clusters = asked["clusters"]
    phrases = phrases_of(
        [plain(keyword[:READ_LENGTH_MAX]) for cluster in clusters for keyword in cluster["keywords"]]
    )
    vectors = vectors_of(phrases, heads=head_words(phrases))
    sizes = [len(cluster["keywords"]) for cluster in clusters]
    ends = list(pairwise([0, *accumulate(sizes)]))
    sums = [_sum(vectors[start:end]) for start, end in ends]
    merges = []
    for group in average_linkage(sums, similarity_min=SIMILARITY_MIN, sizes=sizes):
        if len(group) > 1:
            name = clusters[max(group, key=lambda at: (sizes[at], -at))]["name"]
            members = [phrase for at in group for phrase in phrases[slice(*ends[at])]]
            merges.append(
                Merge(
                    name=name,
                    description=description_of(name, members),
                    numbers=[clusters[at]["number"] for at in group],
                )
            )
    return MergeClustersOutput(merges=merges)


def _sum(vectors: Sequence[Vector]) -> dict[str, float]:
    total: dict[str, float] = {}
    for vector in vectors:
        for feature, value in vector.items():
            total[feature] = total.get(feature, 0.0) + value
    return total
