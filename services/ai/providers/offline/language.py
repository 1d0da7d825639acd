"""Small English: title case, plurals, slugs and clipping, for text that is put together from search phrases."""

import hashlib
import re
import unicodedata
from random import Random

from services.ai.providers.offline.texts import words_in

SMALL_WORDS = words_in("small in titles")
MASS_NOUNS = words_in("mass nouns")
ENDS_THE_HEAD = words_in("ends the head")

SPELLINGS = {word.casefold(): word for word in words_in("own capitals")}

MASS_ENDINGS = (
    "ing",
    "ment",
    "ware",
    "ness",
    "ity",
    "ance",
    "ence",
    "ship",
    "ism",
    "ics",
    "tion",
    "age",
    "ery",
)

UNPRINTABLE = frozenset({"Cc", "Cs", "Co", "Cn"})


def choose(*parts: object) -> Random:
    """A random generator that gives the same choices for the same parts, on every machine."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")).digest()
    return Random(int.from_bytes(digest[:8], "big"))  # noqa: S311 - choices of wording, never of a secret


def title_case(text: str) -> str:
    """English title case; words with capitals inside, and names of SPELLINGS, keep theirs."""
    words = text.split()
    last = len(words) - 1
    return " ".join(
        word if word.casefold() in SMALL_WORDS and 0 < at < last else capitalise(word)
        for at, word in enumerate(spell(word) for word in words)
    )


def spell(text: str) -> str:
    """The text with the usual capitals of abbreviations and names, the rest as it is."""
    return " ".join(map(_spell_word, text.split()))


def lower_case(text: str) -> str:
    """A title as it stands in the middle of a sentence: small, but for abbreviations and names."""
    return spell(text.lower())


def plain(text: str) -> str:
    """The text on one line, without control characters, invisible marks or halves of a character."""
    kept = (" " if mark in "\t\r\n\v\f" else mark for mark in text)
    return " ".join("".join(mark for mark in kept if unicodedata.category(mark) not in UNPRINTABLE).split())


def capitalise(text: str) -> str:
    """The text with a capital first letter, unless its first word has capitals of its own ("iPhone")."""
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    if any(letter.isupper() for letter in first[1:]):
        return text
    return text[:1].upper() + text[1:]


def plural(phrase: str) -> str:
    """A noun phrase with its head noun in the plural, where it has one: "tent for camping" to "tents for camping"."""
    words = phrase.split()
    end = next(
        (at for at, word in enumerate(words) if at > 0 and word.casefold() in ENDS_THE_HEAD), len(words)
    )
    if words:
        words[end - 1] = _plural_word(words[end - 1])
    return " ".join(words)


def gerund(verb: str) -> str:
    """The -ing form of a verb: "composting", "using", "putting"."""
    if re.fullmatch(r"[^aeiou]*[aeiou][^aeiouwxy]", verb):
        return f"{verb}{verb[-1]}ing"
    return verb[:-1] + "ing" if re.search(r"[^eoy]e$", verb) else verb + "ing"


def slug_of(text: str) -> str:
    """Lower-case ASCII words joined by hyphens, at most 80 characters; a hash where nothing of the text is ASCII."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower().replace("'", "")).strip("-")
    if len(slug) > 80:
        slug = slug[:81].rpartition("-")[0] or slug[:80]
    return slug or "article-" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]


def clip(text: str, length_max: int) -> str:
    """The text cut at a word to at most `length_max` characters, with an ellipsis where something is missing."""
    text = " ".join(text.split())
    if len(text) <= length_max:
        return text
    cut = text[:length_max]
    if text[length_max - 1] != " ":
        cut = cut[: length_max - 1].rpartition(" ")[0] or cut[: length_max - 1]
    return cut.rstrip(" ,;:.–-")[: length_max - 1] + "…"


def joined(items: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""


def _spell_word(word: str) -> str:
    folded = word.casefold()
    if folded in SPELLINGS:
        return SPELLINGS[folded]
    singular = folded.removesuffix("s")
    return SPELLINGS[singular] + "s" if len(singular) > 1 and singular in SPELLINGS else word


def _plural_word(word: str) -> str:
    lower = word.casefold()
    if (
        not lower.isascii()
        or not lower[-1:].isalpha()
        or len(lower) < 3
        or lower in MASS_NOUNS
        or lower in SPELLINGS
        or lower.endswith(("s", "men", "children", "people", "feet", *MASS_ENDINGS))
    ):
        return word
    if lower.endswith(("x", "ch", "sh", "z", "ato")):
        return word + "es"
    if lower.endswith("y") and lower[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"
