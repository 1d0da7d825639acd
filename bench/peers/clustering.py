"""Clusters keywords by scikit-learn's TF-IDF and agglomerative clustering, as it comes: {keywords, clusters} in, numbers out.

It is even told how many clusters there are, which it cannot find out; left to its default it makes two.
"""

import importlib
import json
import sys
from typing import Any


def labels(keywords: list[str], clusters: int) -> dict[str, list[int]]:
    """The number of each keyword's cluster, by what was chosen besides the number of clusters."""
    text: Any = importlib.import_module("sklearn.feature_extraction.text")
    cluster: Any = importlib.import_module("sklearn.cluster")
    plain = text.TfidfVectorizer().fit_transform(keywords).toarray()
    cosine = text.TfidfVectorizer(stop_words="english").fit_transform(keywords).toarray() + 1e-9
    ways = {
        "defaults": (cluster.AgglomerativeClustering(), plain),
        "told how many": (cluster.AgglomerativeClustering(n_clusters=clusters), plain),
        "told how many, cosine": (
            cluster.AgglomerativeClustering(n_clusters=clusters, metric="cosine", linkage="average"),
            cosine,
        ),
    }
    return {way: [int(label) for label in made.fit_predict(rows)] for way, (made, rows) in ways.items()}


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    json.dump(labels(asked["keywords"], asked["clusters"]), sys.stdout)
