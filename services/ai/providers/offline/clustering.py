"""Groups search phrases by topic: average linkage, then every phrase moves to the group it fits best."""

from collections.abc import Sequence

from services.ai.providers.offline.centres import Centres
from services.ai.providers.offline.linkage import average_linkage
from services.ai.providers.offline.phrases import Phrase, vectors_of

SIMILARITY_MIN = 0.18
"""Groups at least this near on average are one topic. Chosen on tests/data/labelled_keywords.csv; the score
there hardly changes from 0.12 to 0.20."""

SETTLING_ROUNDS = 4
"""Settling ends by itself after two or three rounds; the limit is for lists made to go in circles."""


def group_phrases(phrases: Sequence[Phrase], *, similarity_min: float = SIMILARITY_MIN) -> list[list[int]]:
    """Indexes of the phrases grouped by topic; every index exactly once, groups and members in input order.

    Linkage decides early pairs for good ("best tomato fertilizer" with "best lawn fertilizer"). Once the
    topics stand, such a phrase is nearer to its topic than to its first neighbour, so phrases then settle:
    each moves to the group whose other members it resembles most, until nothing moves.
    """
    vectors = vectors_of(phrases)
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
