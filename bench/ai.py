"""The quality of what the offline provider makes, beside what a plain method would make."""

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any, Final, cast

from bench.result import Result
from services.ai.functions.schemas import ClusterKeywordsInput
from services.ai.providers.offline.clusters import cluster_keywords
from tests.ai.providers.offline.agreement import adjusted_rand_index, labelled_keywords
from tests.ai.providers.offline.requests import clustering

AGREEMENT_FLOOR: Final = 0.6


def results(say: Callable[[str], None]) -> list[Result]:
    """How well clusters agree with the labels a person gave."""
    keywords, labels = labelled_keywords()
    ours = adjusted_rand_index(labels, _clustered(keywords))
    peer: float | None = None
    if importlib.util.find_spec("sklearn") is None:
        say("scikit-learn is not installed, so clustering has no peer: pip install scikit-learn")
    else:
        peer = adjusted_rand_index(labels, _clustered_plainly(keywords, clusters=len(set(labels))))
    say(f"clustering of {len(keywords)} keywords: {ours:.3f}")
    return [
        Result(
            name="agreement of clusters with a person",
            unit="ARI",
            ours=ours,
            runs=(ours,),
            peer=None if peer is None else "TF-IDF + agglomerative, told how many",
            peer_value=peer,
            floor=AGREEMENT_FLOOR,
        )
    ]


def _clustered(keywords: list[str]) -> list[str]:
    """The name of each keyword's cluster."""
    output = cluster_keywords(cast(ClusterKeywordsInput, clustering(keywords)))
    placed = {member: cluster["name"] for cluster in output["clusters"] for member in cluster["keyword_ids"]}
    return [placed[f"k{at}"] for at in range(len(keywords))]


def _clustered_plainly(keywords: list[str], *, clusters: int) -> list[int]:
    """The number of each keyword's cluster, by scikit-learn's usual way; it is even told how many there are."""
    text: Any = importlib.import_module("sklearn.feature_extraction.text")
    cluster: Any = importlib.import_module("sklearn.cluster")
    vectors = text.TfidfVectorizer(stop_words="english").fit_transform(keywords).toarray()
    grouped = cluster.AgglomerativeClustering(n_clusters=clusters, metric="cosine", linkage="average")
    return [int(label) for label in grouped.fit_predict(vectors + 1e-9)]
