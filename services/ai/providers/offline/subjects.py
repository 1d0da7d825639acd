"""Reads a search phrase as a subject to write about: what it names, asks or wants to do."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from services.ai.providers.offline.facets import Facet, facet_of
from services.ai.providers.offline.intents import Intent, intent_of, is_question
from services.ai.providers.offline.language import (
    ENDS_THE_HEAD,
    capitalise,
    gerund,
    lower_case,
    plain,
    plural,
)
from services.ai.providers.offline.texts import words_in
from services.ai.providers.offline.words import is_modifier, stem, surface_words


class Kind(Enum):
    """How a phrase can be used in a sentence."""

    NOUN = "noun"
    TASK = "task"
    QUESTION = "question"
    VERSUS = "versus"
    PROBLEM = "problem"


class Manner(Enum):
    """What sort of thing a noun names, and with that which advice makes sense."""

    THING = "thing"
    ACTIVITY = "activity"
    SERVICE = "service"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A search phrase, ready to be put into sentences."""

    keyword: str
    kind: Kind
    noun: str = ""
    """For a NOUN: the thing or activity, in the plural where it has one, without the searcher's qualifiers."""
    task: str = ""
    """For a TASK: the infinitive without "to"."""
    sides: tuple[str, str] = ("", "")
    """For a VERSUS: what is compared."""
    intent: Intent
    asks_cost: bool = False
    asks_near: bool = False

    @property
    def short_noun(self) -> str:
        """The noun without what follows a preposition, or its last two words: how one names a thing again."""
        noun = _FOR_WHOM.sub("", self.noun)
        words = noun.split()
        end = next((at for at, word in enumerate(words) if at > 0 and word in ENDS_THE_HEAD), len(words))
        if end == 1 or _HAS_ARTICLE.search(noun):
            return noun
        return " ".join(words[max(0, end - 2) : end])

    @property
    def slots(self) -> dict[str, str]:
        """The words that sentences are filled with."""
        return {
            "keyword": f"“{self.keyword}”",
            "keyword_again": _AGAIN.get(self.kind, f"“{self.keyword}”"),
            "noun": self.noun,
            "task": self.task,
            "side_a": self.sides[0],
            "side_b": self.sides[1],
        }


_AGAIN = {Kind.QUESTION: "this question", Kind.PROBLEM: "this trouble"}
_LEADING = re.compile(
    r"^(?:(?:the|best|top|cheap|cheapest|affordable|easy|simple|free|good|great|fast|fastest|ultimate|most popular)\s+)+(?=\S)"
)
_TRAILING = re.compile(
    r"\s+(?:near me|nearby|near you|online|today|reviews?|comparison|ideas|tips|examples|costs?|prices?|pricing|under \$?\d[\d,]*|for sale"
    r"|in \d{4}|\d{4}|worth it|how to.*)$"
)
_COST = re.compile(r"\b(costs?|prices?|pricing|under \$?\d+|cheap|cheapest|affordable)\b")
_VERSUS = re.compile(r"^(.+?)\s+(?:vs\.?|versus|or)\s+(.+)$")
_HAS_ARTICLE = re.compile(r"\b(a|an|the|my|your|our)\b")
_FOR_WHOM = re.compile(r"\s+(?:for (?:beginners|kids|seniors|dummies|adults)|at home)$")
_SIDE = re.compile(r"\s+(?:problems|know-how|compared|and health)$")
_CAN = re.compile(r"^(?:what )?can (?:you|i|we) (\w+)\b(.*)$")
_LATIN = re.compile(r"[a-z]")
_OPENING = re.compile(
    r"^(?:how to \w+|what (?:is|are)|choosing|getting started with|a guide to)\s+(?:(?:a|an|the|your|my)\s+)?"
)
_ADVISES = re.compile(r"(?:what|when|where|which|who) (?:not )?to\b", re.IGNORECASE)
"""Opens a heading that promises an answer and asks nothing: "When to mulch"."""
_IMPERATIVES = words_in("imperatives")
_GOODS = frozenset(map(stem, words_in("goods")))
_ACTIVITIES = frozenset(map(stem, words_in("activities")))
NO_TOPIC = "this subject"
_DOMAINS = ("pets", "food", "garden", "health", "finance", "software", "house")
"""Ties go to the first: "dog food" is about pets."""


def subject_of(keyword: str) -> Subject:
    """The subject a search phrase is about. A phrase that is not in Latin letters is quoted as it stands."""
    text = plain(keyword)
    lower = text.casefold().rstrip(" ?!.")
    intent = intent_of(lower)
    if lower.startswith("how to ") and len(lower.split()) > 2:
        return Subject(
            kind=Kind.TASK, task=lower_case(lower.removeprefix("how to ")), keyword=text, intent=intent
        )
    if is_question(lower) and len(lower.split()) > 2:
        return Subject(kind=Kind.QUESTION, keyword=text, intent=intent)
    if versus := _VERSUS.match(lower):
        sides = _sides(versus[1], versus[2])
        return Subject(kind=Kind.VERSUS, sides=sides, keyword=text, intent=intent)
    if facet_of(lower) is Facet.PROBLEMS and not lower.endswith(("problem", "problems", "mistakes")):
        return Subject(kind=Kind.PROBLEM, keyword=text, intent=intent)
    if lower.split(" ")[0] in _IMPERATIVES and len(lower.split()) > 1:
        return Subject(kind=Kind.TASK, task=lower_case(lower), keyword=text, intent=intent)
    return Subject(
        kind=Kind.NOUN,
        noun=noun_of(lower),
        asks_cost=bool(_COST.search(lower)),
        asks_near=bool(re.search(r"\bnear (me|you)\b|\bnearby\b", lower)),
        keyword=text,
        intent=intent,
    )


def noun_of(text: str) -> str:
    """The noun phrase inside a search phrase or cluster name, as it stands in the middle of a sentence."""
    core = plain(text).casefold().rstrip(" ?!.")
    if not _LATIN.search(core):
        return f"“{plain(text)}”"
    while (shorter := _TRAILING.sub("", _LEADING.sub("", core))) != core and shorter:
        core = shorter
    return lower_case(core if _HAS_ARTICLE.search(core) or is_modifier(core) else plural(core))


def topic_phrase(name: str) -> str:
    """A cluster's name as it stands in a sentence: "compost bins", or the question itself in quotes."""
    folded = lower_case(plain(name)).rstrip("?")
    return f"the question “{folded}”" if subject_of(name).kind is Kind.QUESTION else noun_of(name) or folded


def topic_of(*texts: str) -> str:
    """The noun phrase of the first text that names something, for sentences about a whole article.

    A text about one side of a topic gives the topic: "compost" for "Compost Problems", "composting" for
    "What Can You Compost".
    """
    for text in texts:
        folded = plain(text).casefold().split(":")[0].rstrip(" ?!.")
        if can := _CAN.match(folded):
            return lower_case(gerund(can[1]) if text != texts[0] else gerund(can[1]) + can[2])
        named = _SIDE.sub("", _OPENING.sub("", folded))
        if subject_of(named).kind is Kind.NOUN and named.strip():
            return noun_of(named)
    return NO_TOPIC


def manner_of(noun: str, domain: str) -> Manner:
    """Which kind of advice suits a noun, from its head word and the domain of the article."""
    words = noun.casefold().split()
    end = next((at for at, word in enumerate(words) if at > 0 and word in ENDS_THE_HEAD), len(words))
    head = words[end - 1] if words else ""
    if domain in {"software", "finance"}:
        return Manner.SERVICE
    if stem(head) in _GOODS:
        return Manner.THING
    if (
        stem(head) in _ACTIVITIES
        or head.endswith("ing")
        or (words and words[0].endswith("ing") and len(words) > 1)
    ):
        return Manner.ACTIVITY
    return Manner.NEUTRAL


def domain_of(texts: Iterable[str]) -> str:
    """The walk of life that most words of the texts belong to, or "other"."""
    stems = [stem(word) for text in texts for word in surface_words(text)]
    counts = {domain: sum(word in _domain_stems(domain) for word in stems) for domain in _DOMAINS}
    best = max(_DOMAINS, key=lambda domain: counts[domain])
    return best if counts[best] else "other"


def heading_of(text: str) -> str:
    """A search phrase as a heading: capital first letter, usual capitals of names, question mark where it asks."""
    shown = capitalise(lower_case(plain(text)))
    return shown.rstrip("?") + "?" if is_question(shown) and not _ADVISES.match(shown) else shown


def _sides(left: str, right: str) -> tuple[str, str]:
    """Both sides of a comparison, a shared head noun given to the left: "dry vs wet dog food"."""
    right_words = right.split()
    if len(left.split()) == 1 and len(right_words) > 2:
        left = " ".join([left, *right_words[1:]])
    return noun_of(left), noun_of(right)


def _domain_stems(domain: str) -> frozenset[str]:
    return frozenset(map(stem, words_in(f"domain.{domain}")))
