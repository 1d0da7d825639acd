"""Groups search phrases by topic: average linkage, then every phrase moves to the group it fits best."""

from collections.abc import Sequence

from services.ai.providers.offline.centres import Centres
from services.ai.providers.offline.facets import Facet, facet_of
from services.ai.providers.offline.head_words import head_words
from services.ai.providers.offline.linkage import average_linkage
from services.ai.providers.offline.phrases import Phrase, vectors_of

SIMILARITY_MIN = 0.18
"""Groups at least this near on average are one topic. Chosen on tests/data/labelled_keywords.csv; the score
there hardly changes from 0.12 to 0.20."""

SETTLING_ROUNDS = 4
"""Settling ends by itself after two or three rounds; the limit is for lists made to go in circles."""

SHARE_MAX = 0.2
"""A larger group of a list of LIST_SIZE_MIN or more is no topic to a reader, but the rest of the list."""
LIST_SIZE_MIN = 40

REST_SHARE_MAX = 0.25
"""More leftovers than this are no leftovers, and stay clusters of their own."""


def group_phrases(phrases: Sequence[Phrase], *, similarity_min: float = SIMILARITY_MIN) -> list[list[int]]:
    """Indexes of the phrases grouped by topic; every index exactly once, groups and members in input order.

    A group of more than a fifth of a list of 40 or more is grouped again by itself, where its own common words
    count for nothing, and stays whole only where that finds nothing to part it by.
    """
    heads = head_words(phrases)
    groups = _grouped(phrases, heads, similarity_min)
    if len(phrases) >= LIST_SIZE_MIN:
        size_max = int(SHARE_MAX * len(phrases))
        groups = [
            part for group in groups for part in _parted(phrases, group, heads, similarity_min, size_max)
        ]
    return sorted(_with_rest(phrases, groups, heads))


def _grouped(phrases: Sequence[Phrase], heads: frozenset[str], similarity_min: float) -> list[list[int]]:
    """Linkage decides early pairs for good ("best tomato fertilizer" with "best lawn fertilizer"). Once the
    topics stand, such a phrase is nearer to its topic than to its first neighbour, so phrases then settle:
    each moves to the group whose other members it resembles most, until nothing moves.
    """
    vectors = vectors_of(phrases, heads=heads)
    centres = Centres(vectors, average_linkage(vectors, similarity_min=similarity_min))
    for _ in range(SETTLING_ROUNDS):
        moved = False
        for member in range(len(vectors)):
            best = centres.best_group(member)
            if best != centres.place[member]:
                centres.move(member, best)
                moved = True
        if not moved:
            break
    return centres.groups()


def _parted(
    phrases: Sequence[Phrase], group: list[int], heads: frozenset[str], similarity_min: float, size_max: int
) -> list[list[int]]:
    if len(group) <= size_max:
        return [group]
    own = [phrases[at] for at in group]
    own_heads = heads | head_words(own)
    if own_heads == heads:
        return [group]
    return [[group[at] for at in part] for part in _grouped(own, own_heads, similarity_min)]


def _with_rest(phrases: Sequence[Phrase], groups: list[list[int]], heads: frozenset[str]) -> list[list[int]]:
    """Searches of the site's main topic that stand alone put together, because a cluster of one helps nobody.

    Those that ask about the same side of the topic first, what is left after that as the last group.
    """
    alone = [group[0] for group in groups if len(group) == 1]
    rest = sorted(at for at in alone if any(word.stem in heads for word in phrases[at].words))
    kept = [group for group in groups if group[0] not in rest]
    for side in Facet:
        same = [at for at in rest if facet_of(phrases[at].text) is side]
        if len(same) > 1:
            kept.append(same)
            rest = [at for at in rest if at not in same]
    size_max = max(4, REST_SHARE_MAX * len(phrases))
    return [*kept, *([rest] if 1 < len(rest) <= size_max else [[at] for at in rest])]
