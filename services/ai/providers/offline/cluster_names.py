"""Names a group of search phrases by the words they share, and describes it in one sentence."""

from collections import Counter
from collections.abc import Iterable, Sequence, Set
from itertools import pairwise

from services.ai.providers.offline.facets import NAMES, REST_NAME, Facet, facet_of
from services.ai.providers.offline.head_words import narrower_stems
from services.ai.providers.offline.intents import intent_of
from services.ai.providers.offline.language import clip, plural, title_case
from services.ai.providers.offline.phrases import Phrase, Word
from services.ai.providers.offline.subjects import topic_phrase
from services.ai.providers.offline.texts import words_in
from services.ai.providers.offline.words import is_glue, is_unspaced, stem, surface_words

NAME_LENGTH_MAX = 80
LENGTH_BONUS = {1: 1.0, 2: 2.6, 3: 4.2}
"""How much more a longer shared phrase says: two words shared by 40 % name a group better than one shared by all."""
REQUIRED_SHARE = 0.75
NAME_SHARE_MIN = 0.4
INSIDE_NAMES = words_in("inside names")
APART = 0.6
"""What a phrase counts that has the words of a run, but not side by side."""


def name_of(phrases: Sequence[Phrase], *, taken: Set[str], heads: frozenset[str] = frozenset()) -> str:
    """A readable title for the group whose `name_key` is none of `taken`, in words that its searchers type.

    `heads` are stems of what the whole site is about; a name of nothing else would fit every group.
    """
    shared = _shared_names(phrases, heads)
    side, side_first = _side_name(phrases, heads) if heads else ("", False)
    own_names = sorted((_own_name(phrase) for phrase in phrases), key=len)
    ordered = (side, *shared, *own_names) if side_first else (*shared, side, *own_names)
    candidates = [name for name in ordered if name] or ["Keywords"]
    fresh = [name for name in candidates if name_key(name) not in taken]
    if fresh:
        return fresh[0]
    base = clip(candidates[0], NAME_LENGTH_MAX - 8)
    return next(name for number in range(2, 1_000_000) if name_key(name := f"{base} ({number})") not in taken)


def name_key(name: str) -> str:
    """What two names have in common that a reader would take for one: stems in any order, without glue."""
    words = [word for word in surface_words(name) if not is_glue(word)]
    return " ".join(sorted(map(stem, words))) or name.casefold()


def description_of(name: str, phrases: Sequence[Phrase]) -> str:
    """One sentence: how many searches, what they want, and two of them."""
    examples = [f"“{clip(phrase.text, 60)}”" for phrase in _far_apart(phrases)]
    about = f"about {topic_phrase(name)}"
    if len(phrases) == 1:
        return f"One search {about}: {examples[0]}."
    intent, count = Counter(intent_of(phrase.text) for phrase in phrases).most_common(1)[0]
    wants = f"mostly {intent.value}" if count * 2 > len(phrases) else "of mixed intent"
    return f"{len(phrases)} searches {about}, {wants}, such as {' and '.join(examples)}."


def _shared_names(phrases: Sequence[Phrase], heads: frozenset[str]) -> list[str]:
    """Names made of words that stand together in several phrases, the most telling first.

    A name has to hold a word that nearly all the phrases share, where there is one: six searches about mulch,
    two of them for a vegetable garden, are about mulch.
    """
    if len(phrases) < 2:
        return []
    counted, surfaces = _counted_runs(phrases)
    bags = [{word.stem for word in phrase.words} for phrase in phrases]
    verbs = _verbs(phrases)
    required = _stems_of_most(phrases, share=REQUIRED_SHARE) - heads - verbs
    scored: list[tuple[float, tuple[str, ...]]] = []
    for stems, count in counted.items():
        apart = sum(bag.issuperset(stems) for bag in bags) - count
        telling = not (heads | verbs).issuperset(stems) and (not required or not required.isdisjoint(stems))
        if telling and (count > 1 and count + apart >= NAME_SHARE_MIN * len(phrases)):
            scored.append((LENGTH_BONUS[len(stems)] * (count + APART * apart), stems))
    best = [stems for _, stems in sorted(scored, key=_by_score)[:6]]
    if best and len(best[0]) == 1 and heads:
        best[:0] = _with_neighbour(phrases, best[0][0], heads)
    return [_readable(surfaces[stems]) for stems in best]


def _counted_runs(
    phrases: Sequence[Phrase],
) -> tuple[Counter[tuple[str, ...]], dict[tuple[str, ...], Counter[str]]]:
    """In how many phrases each run of words stands, and how it is spelled there."""
    counted: Counter[tuple[str, ...]] = Counter()
    surfaces: dict[tuple[str, ...], Counter[str]] = {}
    for phrase in phrases:
        found = {tuple(word.stem for word in run): run for run in _runs(phrase.words)}
        counted.update(found.keys())
        for stems, run in found.items():
            surfaces.setdefault(stems, Counter())[" ".join(word.surface for word in run)] += 1
    return counted, surfaces


def _with_neighbour(phrases: Sequence[Phrase], topic: str, heads: frozenset[str]) -> list[tuple[str, ...]]:
    """The topic with the word beside it, where somebody searches so: "worm composting" for "worm".

    The neighbour is a word of the site. Where the topic itself is nearly one ("composter"), it is any other.
    """
    openings = _neighbours(phrase.words[:2] for phrase in phrases)
    if any(len(head) > 4 and topic.startswith(head) for head in heads):
        return [run for run in openings if run[1] == topic][:1]
    everywhere = _neighbours(pair for phrase in phrases for pair in pairwise(phrase.words))
    after = [run for run in openings if run[0] == topic and run[1] in heads]
    before = [run for run in everywhere if run[1] == topic and run[0] in heads]
    return [run for run, _ in Counter(after or before).most_common(1)]


def _neighbours(pairs: Iterable[Sequence[Word]]) -> list[tuple[str, ...]]:
    return [
        tuple(word.stem for word in run)
        for pair in pairs
        for run in _runs(pair)
        if len(run) == len(pair) == 2
    ]


def _verbs(phrases: Sequence[Phrase]) -> frozenset[str]:
    """Stems that mostly follow "how to" here, and so name what is done and not what it is done with."""
    seen = Counter(stem for phrase in phrases for stem in {word.stem for word in phrase.words})
    after_to = Counter(
        after.stem
        for phrase in phrases
        for how, before, after in zip(phrase.words, phrase.words[1:], phrase.words[2:], strict=False)
        if (how.surface, before.surface) == ("how", "to")
    )
    return frozenset(stem for stem, count in after_to.items() if count * 2 > seen[stem])


def _stems_of_most(phrases: Sequence[Phrase], *, share: float) -> frozenset[str]:
    counted = Counter(stem for phrase in phrases for stem in {word.stem for word in phrase.topic_words})
    return frozenset(stem for stem, count in counted.items() if count >= max(2, share * len(phrases)))


def _side_name(phrases: Sequence[Phrase], heads: frozenset[str]) -> tuple[str, bool]:
    """A name by the side of the site's topic that most of the phrases ask about, and whether it beats a shared word."""
    sides = Counter(filter(None, (facet_of(phrase.text) for phrase in phrases)))
    side, count = sides.most_common(1)[0] if sides else (None, 0)
    narrower = Counter(stem for phrase in phrases for stem in set(narrower_stems(phrase, heads)))
    shared = max(narrower.values(), default=0)
    topic = _head_phrase(phrases, heads)
    if not topic or len(phrases) < 2:
        return "", False
    first = (count > shared and side is not Facet.OFFERS) or shared * 2 < len(phrases)
    if side is Facet.ALLOWED and (question := _open_question(phrases)):
        return clip(title_case(question), NAME_LENGTH_MAX), first
    pattern = NAMES[side] if side and count * 2 > len(phrases) else REST_NAME
    return clip(pattern.format(topic=title_case(topic)), NAME_LENGTH_MAX), first


def _head_phrase(phrases: Sequence[Phrase], heads: frozenset[str]) -> str:
    """The site's own words as these phrases write them most: "dog training", "composting"."""
    runs = Counter(
        " ".join(word.surface for word in run)
        for phrase in phrases
        for run in _runs(phrase.words)
        if heads.issuperset(word.stem for word in run)
    )
    return min(runs, key=lambda run: (-runs[run] * LENGTH_BONUS[len(run.split())], run), default="")


def _open_question(phrases: Sequence[Phrase]) -> str:
    """ "what can you compost", as somebody asks it or as the beginning of "can you compost bread" and its like."""
    texts = [" ".join(word.surface for word in phrase.words) for phrase in phrases]
    asked = sorted(
        (text for text in texts if text.startswith("what can ")), key=lambda text: (len(text), text)
    )
    openings = Counter(" ".join(text.split()[:3]) for text in texts if text.startswith("can "))
    opening, count = openings.most_common(1)[0] if openings else ("", 0)
    return asked[0] if asked else f"what {opening}" if count > 1 else ""


def _by_score(scored: tuple[float, tuple[str, ...]]) -> tuple[float, tuple[str, ...]]:
    return (-scored[0], scored[1])


def _runs(words: Sequence[Word]) -> list[Sequence[Word]]:
    """One to three neighbouring words that begin and end with a topic word and have nothing odd between."""
    return [
        words[start : start + length]
        for length in LENGTH_BONUS
        for start in range(len(words) - length + 1)
        if words[start].weight == words[start + length - 1].weight == 1.0
        and not any(_breaks_a_name(word) for word in words[start : start + length])
    ]


def _breaks_a_name(word: Word) -> bool:
    return is_unspaced(word.surface) or (is_glue(word.surface) and word.surface not in INSIDE_NAMES)


def _readable(surfaces: Counter[str]) -> str:
    """The most used spelling of a run, in the plural where anybody writes it so; none is made up."""
    best = min(surfaces, key=lambda surface: (-surfaces[surface], surface))
    several = plural(best)
    return clip(title_case(several if several in surfaces else best), NAME_LENGTH_MAX)


def _own_name(phrase: Phrase) -> str:
    """A name from one phrase alone: without the qualifiers it opens or closes with, questions kept whole."""
    words = phrase.text.split()
    roles = {word.surface: word.weight for word in phrase.words}
    while len(words) > 1 and 0.1 < roles.get(words[0].casefold(), 1.0) < 1.0:
        words.pop(0)
    while len(words) > 1 and (words[-1].casefold() in {"near", "me"}):
        words.pop()
    return clip(title_case(" ".join(words)), NAME_LENGTH_MAX)


def _far_apart(phrases: Sequence[Phrase]) -> list[Phrase]:
    """The first phrase, and the one that shares the fewest words with it."""
    if len(phrases) == 1:
        return [phrases[0]]
    first = {word.stem for word in phrases[0].words}
    return [
        phrases[0],
        min(phrases[1:], key=lambda phrase: len(first & {word.stem for word in phrase.words})),
    ]
