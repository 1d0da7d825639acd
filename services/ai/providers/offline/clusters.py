"""The offline answer of cluster_keywords: every keyword in exactly one named cluster."""

from services.ai.functions.schemas import Cluster, ClusterKeywordsInput, ClusterKeywordsOutput
from services.ai.providers.offline.cluster_names import description_of, name_of
from services.ai.providers.offline.clustering import group_phrases
from services.ai.providers.offline.language import plain
from services.ai.providers.offline.phrases import phrases_of

READ_LENGTH_MAX = 200
"""Characters of a keyword that are read; a search phrase is never longer, and a pasted book should cost nothing."""


def cluster_keywords(asked: ClusterKeywordsInput) -> ClusterKeywordsOutput:
    """Groups the keywords by topic. A group that continues an existing cluster carries exactly its name.

    Existing names take part as if they were keywords, so a later batch joins the clusters of the earlier ones.
    """
    keywords = {keyword["id"]: plain(keyword["keyword"][:READ_LENGTH_MAX]) for keyword in asked["keywords"]}
    existing = list(dict.fromkeys(cluster["name"] for cluster in asked["existing_clusters"]))
    ids = list(keywords)
    phrases = phrases_of([*keywords.values(), *existing])
    clusters: dict[str, Cluster] = {}
    taken = {name.casefold() for name in existing}
    for members in group_phrases(phrases):
        own = [at for at in members if at < len(ids)]
        if not own:
            continue
        joins = [existing[at - len(ids)] for at in members if at >= len(ids)]
        group = [phrases[at] for at in own]
        name = joins[0] if joins else name_of(group, taken=taken)
        taken.add(name.casefold())
        clusters[name] = Cluster(
            name=name, description=description_of(name, group), keyword_ids=[ids[at] for at in own]
        )
    return ClusterKeywordsOutput(clusters=list(clusters.values()))
