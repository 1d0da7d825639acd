"""Names a group of search phrases by the words they share, and describes it in one sentence."""

from collections import Counter
from collections.abc import Sequence, Set

from services.ai.providers.offline.intents import intent_of
from services.ai.providers.offline.language import clip, lower_case, plural, title_case
from services.ai.providers.offline.phrases import Phrase, Word
from services.ai.providers.offline.texts import words_in
from services.ai.providers.offline.words import is_glue, is_unspaced

NAME_LENGTH_MAX = 80
LENGTH_BONUS = {1: 1.0, 2: 2.6, 3: 4.2}
"""How much more a longer shared phrase says: two words shared by 40 % name a group better than one shared by all."""
INSIDE_NAMES = words_in("inside names")
APART = 0.6
"""What a phrase counts that has the words of a run, but not side by side."""


def name_of(phrases: Sequence[Phrase], *, taken: Set[str]) -> str:
    """A readable title for the group that is none of `taken` (case-folded names)."""
    own_names = sorted((_own_name(phrase) for phrase in phrases), key=len)
    candidates = [name for name in (*_shared_names(phrases), *own_names) if name] or ["Keywords"]
    fresh = [name for name in candidates if name.casefold() not in taken]
    if fresh:
        return fresh[0]
    base = clip(candidates[0], NAME_LENGTH_MAX - 8)
    return next(
        name for number in range(2, 1_000_000) if (name := f"{base} ({number})").casefold() not in taken
    )


def description_of(name: str, phrases: Sequence[Phrase]) -> str:
    """One sentence: how many searches, what they want, and two of them."""
    topic = lower_case(name)
    examples = [f"“{clip(phrase.text, 60)}”" for phrase in _far_apart(phrases)]
    if len(phrases) == 1:
        return f"One search about {topic}: {examples[0]}."
    intent, count = Counter(intent_of(phrase.text) for phrase in phrases).most_common(1)[0]
    wants = f"mostly {intent.value}" if count * 2 > len(phrases) else "of mixed intent"
    return f"{len(phrases)} searches about {topic}, {wants}, such as {' and '.join(examples)}."


def _shared_names(phrases: Sequence[Phrase]) -> list[str]:
    """Names made of words that stand together in several phrases, the most telling first."""
    if len(phrases) < 2:
        return []
    side_by_side: Counter[tuple[str, ...]] = Counter()
    surfaces: dict[tuple[str, ...], Counter[str]] = {}
    for phrase in phrases:
        found = {tuple(word.stem for word in run): run for run in _runs(phrase.words)}
        side_by_side.update(found.keys())
        for stems, run in found.items():
            surfaces.setdefault(stems, Counter())[" ".join(word.surface for word in run)] += 1
    bags = [{word.stem for word in phrase.words} for phrase in phrases]
    scored: list[tuple[float, tuple[str, ...]]] = []
    for stems, count in side_by_side.items():
        if count > 1:
            apart = sum(bag.issuperset(stems) for bag in bags) - count
            scored.append((LENGTH_BONUS[len(stems)] * (count + APART * apart), stems))
    return [_readable(surfaces[stems]) for _, stems in sorted(scored, key=_by_score)[:6]]


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
    """The most used spelling of a run, its last word in the plural where it has one."""
    best = min(surfaces, key=lambda surface: (-surfaces[surface], surface))
    return clip(title_case(plural(best)), NAME_LENGTH_MAX)


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
