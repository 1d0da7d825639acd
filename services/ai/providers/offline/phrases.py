"""Turns a list of search phrases into weighted vectors that meet where the phrases share a topic."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from services.ai.providers.offline.facets import Facet, facet_of
from services.ai.providers.offline.texts import words_in
from services.ai.providers.offline.words import is_glue, is_modifier, stem, surface_words

GLUE_WEIGHT = 0.02
MODIFIER_WEIGHT = 0.18
PAIR_WEIGHT = 0.8
HEAD_WEIGHT = 1.15
LONELY_WEIGHT = 0.45
HEAD_WORD_WEIGHT = 0.05
FACET_WEIGHT = 0.6
PROBLEM_WEIGHT = 1.0
"""Flies in a bin are looked up by somebody who has a bin already, so the trouble outweighs the thing."""
BACKGROUND = 60
ENDS_THE_HEAD = words_in("ends the head")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a phrase: as it was written, the stem it is compared by, and how much of the topic it carries."""

    surface: str
    stem: str
    weight: float
    is_head: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """A search phrase taken apart."""

    text: str
    words: tuple[Word, ...]

    @property
    def topic_words(self) -> tuple[Word, ...]:
        """The words that name the topic; all words, where none does."""
        return tuple(word for word in self.words if word.weight == 1.0) or self.words


def phrases_of(texts: Sequence[str]) -> list[Phrase]:
    """Takes phrases apart; a compound that others write in two words ("houseplant") is split as they do."""
    written = [surface_words(text) for text in texts]
    known = Counter(word for words in written for word in set(words))
    compounds = {a + b: (a, b) for words in written for a, b in pairwise(words) if a + b in known}
    compounds |= {
        a + b + "s": (a, b + "s") for words in written for a, b in pairwise(words) if a + b + "s" in known
    }
    return [
        Phrase(text, _weighed([part for word in words for part in compounds.get(word, (word,))]))
        for text, words in zip(texts, written, strict=True)
    ]


def vectors_of(phrases: Sequence[Phrase], *, heads: frozenset[str] = frozenset()) -> list[dict[str, float]]:
    """One vector of length 1 for each phrase, over stems and pairs of neighbouring topic words.

    A stem counts more the fewer phrases have it, measured against a background so that a short list about
    one topic stays one topic, while a word of a whole long list says nothing. A phrase with a stem of `heads`
    (what the whole site is about) is told by its other words and by the side of the topic it asks about.
    """
    counted = [_features(phrase, heads) for phrase in phrases]
    frequency = Counter(feature for features in counted for feature in features)
    total = len(phrases) + BACKGROUND
    return [_unit(features, frequency, total) for features in counted]


def _weighed(words: Sequence[str]) -> tuple[Word, ...]:
    weights = [
        GLUE_WEIGHT if is_glue(word) else MODIFIER_WEIGHT if is_modifier(word) else 1.0 for word in words
    ]
    head = next((at for at in _head_candidates(words) if weights[at] == 1.0), None)
    return tuple(
        Word(word, stem(word), weight, is_head=at == head)
        for at, (word, weight) in enumerate(zip(words, weights, strict=True))
    )


def _head_candidates(words: Sequence[str]) -> list[int]:
    """Places where an English phrase may have its head noun: before the first preposition, from right to left."""
    started = next((at for at, word in enumerate(words) if not is_glue(word)), 0)
    end = next((at for at in range(started + 1, len(words)) if words[at] in ENDS_THE_HEAD), len(words))
    return [*range(end - 1, -1, -1), *range(end, len(words))]


def _features(phrase: Phrase, heads: frozenset[str]) -> dict[str, float]:
    features: dict[str, float] = {}
    for word in phrase.words:
        weight = word.weight * (HEAD_WEIGHT if word.is_head else 1.0)
        if word.stem in heads:
            weight = HEAD_WORD_WEIGHT
        features[word.stem] = max(features.get(word.stem, 0.0), weight)
    topic = [word.stem for word in phrase.words if word.weight == 1.0]
    features |= {f"{a} {b}": PAIR_WEIGHT for a, b in pairwise(topic) if a != b and not heads & {a, b}}
    if not heads.isdisjoint(features):
        facet = facet_of(phrase.text) or (Facet.BASICS if heads.issuperset(topic) else None)
        features |= (
            {f"facet:{facet.value}": PROBLEM_WEIGHT if facet is Facet.PROBLEMS else FACET_WEIGHT}
            if facet
            else {}
        )
    return features


def _unit(features: Mapping[str, float], frequency: Mapping[str, int], total: int) -> dict[str, float]:
    weighed = {
        feature: weight
        * math.log(total / frequency[feature])
        * (LONELY_WEIGHT if frequency[feature] == 1 else 1.0)
        for feature, weight in features.items()
    }
    length = math.sqrt(math.fsum(value * value for value in weighed.values())) or 1.0
    return {feature: value / length for feature, value in weighed.items()}
