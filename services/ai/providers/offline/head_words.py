"""Finds the words that most searches of a site have in common: they say what the site is about and tell no topics apart."""

from collections import Counter
from collections.abc import Sequence

from services.ai.providers.offline.phrases import Phrase

SHARE_MIN = 0.34
"""A word in more than a third of a list tells its topics apart about as well as a stop word."""

LIST_SIZE_MIN = 16
"""In a shorter list a shared word may well be the one topic of all of them."""


def head_words(phrases: Sequence[Phrase]) -> frozenset[str]:
    """Stems of topic words in more than a third of the phrases; none for a short list."""
    if len(phrases) < LIST_SIZE_MIN:
        return frozenset()
    counted = Counter(stem for phrase in phrases for stem in {word.stem for word in phrase.topic_words})
    return frozenset(stem for stem, count in counted.items() if count > SHARE_MIN * len(phrases))


def narrower_stems(phrase: Phrase, heads: frozenset[str]) -> list[str]:
    """Stems of the phrase that name a narrower topic than the site's own, in order."""
    return [word.stem for word in phrase.words if word.weight == 1.0 and word.stem not in heads]
