"""The offline answer of cluster_keywords: every keyword in exactly one named cluster."""

from collections.abc import Sequence

from services.ai.functions.schemas import Cluster, ClusterKeywordsInput, ClusterKeywordsOutput
from services.ai.providers.offline.cluster_names import description_of, name_key, name_of
from services.ai.providers.offline.clustering import group_phrases
from services.ai.providers.offline.head_words import head_words
from services.ai.providers.offline.language import plain
from services.ai.providers.offline.phrases import Phrase, phrases_of

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
    taken = {name_key(name) for name in existing}
    heads = head_words(phrases)
    named: dict[str, list[int]] = {}
    for members in group_phrases(phrases):
        own = [at for at in members if at < len(ids)]
        joins = [at for at in members if at >= len(ids)]
        if own and not joins:
            name = name_of([phrases[at] for at in own], taken=taken, heads=heads)
            taken.add(name_key(name))
            named[name] = own
        for at in own if joins else ():
            nearest = _nearest(phrases[at], [phrases[join] for join in joins], heads)
            named.setdefault(existing[joins[nearest] - len(ids)], []).append(at)
    return ClusterKeywordsOutput(
        clusters=[
            Cluster(
                name=name,
                description=description_of(name, [phrases[at] for at in members]),
                keyword_ids=[ids[at] for at in members],
            )
            for name, members in named.items()
        ]
    )


def _nearest(phrase: Phrase, names: Sequence[Phrase], heads: frozenset[str]) -> int:
    """Which of the names in one group shares most words with the phrase, the site's own words aside."""
    own = {word.stem for word in phrase.words}
    narrower = own - heads
    shared = [{word.stem for word in name.words} for name in names]
    return max(range(len(names)), key=lambda at: (len(narrower & shared[at]), len(own & shared[at]), -at))
