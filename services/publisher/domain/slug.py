"""The last part of a page's address: ASCII, short, unique."""

import hashlib
import re
import unicodedata
from collections.abc import Callable

SLUG_CHARACTERS_MAX = 80

_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h"}
)
# "don't" is one word in an address, so apostrophes go before everything else becomes a hyphen.
_APOSTROPHES = re.compile("['’‘`´]")
_OTHER = re.compile("[^a-z0-9]+")


def slug_of(text: str, *, fallback: str = "article") -> str:
    """A slug of at most 80 characters from a title: lower-case ASCII letters, digits and single hyphens.

    A title without any such letter (Chinese, emoji) gets `fallback` and eight digits of its hash, so that it
    keeps its address and two such titles differ.
    """
    folded = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    ascii_only = "".join(character for character in folded if not unicodedata.combining(character))
    slug = _OTHER.sub("-", _APOSTROPHES.sub("", ascii_only)).strip("-")
    if not slug:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{fallback}-{digest[:8]}"
    return _shortened(slug, SLUG_CHARACTERS_MAX)


def unique_slug(wanted: str, *, taken: Callable[[str], bool]) -> str:
    """`wanted`, or the first of wanted-2, wanted-3, … that is not taken; never longer than 80 characters."""
    if not taken(wanted):
        return wanted
    number = 2
    while True:
        suffix = f"-{number}"
        candidate = _shortened(wanted, SLUG_CHARACTERS_MAX - len(suffix)) + suffix
        if not taken(candidate):
            return candidate
        number += 1


def _shortened(slug: str, characters: int) -> str:
    """Cut at the end of a word where there is one."""
    if len(slug) <= characters:
        return slug
    cut = slug[:characters]
    whole_words = cut if slug[characters] == "-" else cut.rpartition("-")[0]
    return (whole_words or cut).strip("-")
