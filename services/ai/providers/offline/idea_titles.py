"""Titles of ideas, from what is particular about the keywords each is to answer."""

import re
from collections.abc import Iterator, Sequence
from random import Random

from services.ai.providers.offline.facets import Facet, facet_of
from services.ai.providers.offline.intents import Structure, is_question, structure_of
from services.ai.providers.offline.language import clip, joined, plural, title_case
from services.ai.providers.offline.phrases import Phrase, phrases_of
from services.ai.providers.offline.subjects import (
    Kind,
    heading_of,
    noun_of,
    subject_of,
    topic_of,
    topic_phrase,
)
from services.ai.providers.offline.texts import words_in
from services.ai.providers.offline.words import is_glue, is_modifier, is_unspaced, stem, surface_words

TITLE_LENGTH_MAX = 200
DETAILS_MAX = 3
DETAIL_WORDS_MAX = 2

OF_LEAD: dict[Structure, tuple[str, ...]] = {
    Structure.GUIDE: ("{lead}: Step by Step", "{lead}: A First Guide"),
    Structure.COMPARISON: ("{lead}: How to Decide", "{lead}: Which One Fits?"),
    Structure.LISTICLE: ("{lead}: What to Look For", "{lead} and How to Choose", "{lead}, Point by Point"),
    Structure.REVIEW: ("{lead}: What to Look Out For", "{lead}, Read Critically"),
    Structure.ARTICLE: (
        "{lead}: What to Know Before You Start",
        "{lead} Explained",
        "{lead}: The Essentials",
    ),
}
"""Endings for a title that opens with the idea's most searched keyword."""
OF_DETAILS = (
    "{name} Explained: {details}",
    "{name}: {details}",
    "What to Know About {name}: {details}",
)
OF_PROBLEMS = ("{lead}: Causes and Fixes", "{lead}: What to Check First", "{lead}: What Helps")
AUDIENCES = frozenset(map(stem, words_in("audiences")))
GOODS = frozenset(map(stem, words_in("goods")))


def title_choices(name: str, structure: Structure, keywords: Sequence[str], random: Random) -> Iterator[str]:
    """Titles for an article on these keywords of the cluster `name`, the most telling first; at least one."""
    lead = keywords[0]
    own = title_case(heading_of(lead))
    if together := _asked_together(keywords):
        yield together
    if subject_of(lead).kind not in {Kind.NOUN, Kind.PROBLEM} and len(own.split()) > 2:
        yield own
    if facet_of(lead) is Facet.PROBLEMS:
        yield from _filled(OF_PROBLEMS, random, lead=own if len(keywords) < 3 else name)
    questions = [keyword for keyword in keywords if is_question(keyword)]
    if len(questions) > 2 and len(questions) * 2 > len(keywords):
        yield f"{title_case(topic_of(name, *keywords))}: {len(questions)} Questions Answered"
    if len(keywords) == 1 and structure_of(lead) is not Structure.ARTICLE and len(own.split()) > 2:
        yield own
    details = _details(name, keywords)
    phrase = topic_phrase(name)
    several = name if phrase.casefold() == name.casefold() else title_case(phrase)
    names_it = phrase == topic_of(name) or not phrase.endswith(topic_of(name))
    if len(details) > 1 and structure_of(lead) is Structure.ARTICLE and names_it:
        yield from _filled(OF_DETAILS, random, name=several, details=title_case(joined(details)))
    bare = subject_of(lead).kind is Kind.NOUN
    named = title_case(noun_of(lead)) if bare and structure is Structure.ARTICLE else own.rstrip("?")
    yield from _filled(OF_LEAD[structure], random, lead=plural(named) if bare else named)
    yield from _filled(OF_LEAD[structure], random, lead=several)


def _filled(patterns: Sequence[str], random: Random, **words: str) -> list[str]:
    chosen = random.sample(patterns, len(patterns))
    return [clip(pattern.format(**words), TITLE_LENGTH_MAX) for pattern in chosen]


def _asked_together(keywords: Sequence[str]) -> str:
    """One question for several that differ only in their end: "Can You Compost Bread, Eggshells and Cardboard?"."""
    words = [surface_words(keyword) for keyword in keywords]
    if not re.match(r"(can|could|should|is|are|do|does)\b", keywords[0].casefold()) or len(words[0]) < 4:
        return ""
    opening = words[0][:3]
    ends = [" ".join(own[3:]) for own in words if own[:3] == opening and 0 < len(own) - 3 <= DETAIL_WORDS_MAX]
    if len(ends) < 2:
        return ""
    return title_case(f"{' '.join(opening)} {joined(ends[:DETAILS_MAX])}") + "?"


def _details(name: str, keywords: Sequence[str]) -> list[str]:
    """What single keywords add to the name of their cluster, in the searchers' words, each thing once."""
    known = set(map(stem, surface_words(name)))
    used: set[str] = set()
    details: list[str] = []
    for phrase in phrases_of([keyword for keyword in keywords if subject_of(keyword).kind is Kind.NOUN]):
        added, shown = _addition(phrase, known)
        if added and used.isdisjoint(added):
            used |= added
            details.append(shown)
    return details[:DETAILS_MAX]


def _addition(phrase: Phrase, known: set[str]) -> tuple[frozenset[str], str]:
    """The one run of words that the phrase has beyond the known ones, as stems and as written with the known word
    it qualifies ("red wiggler worms"); nothing where it has several or a long one, or only says for whom.
    """
    new = [
        not (
            word.stem in known
            or is_glue(word.surface)
            or is_modifier(word.surface)
            or is_unspaced(word.surface)
        )
        for word in phrase.words
    ]
    count = sum(new)
    start = new.index(True) if count else 0
    run = phrase.words[start : start + count]
    stems = frozenset(word.stem for word in run)
    if not 0 < count <= DETAIL_WORDS_MAX or not all(new[start : start + count]) or stems <= AUDIENCES:
        return frozenset(), ""
    after = [word for word in phrase.words[start + count : start + count + 1] if word.stem in known]
    shown = " ".join(word.surface for word in (*run, *after))
    return stems, plural(shown) if (after or run)[-1].stem in GOODS else shown
