"""Breaks a search phrase into stemmed words that can be compared, and tells topic words from modifiers."""

import re
import unicodedata

from services.ai.providers.offline.texts import words_in

GLUE = words_in("glue")
QUESTIONS = words_in("questions")
MODIFIERS = words_in("modifiers")

SYNONYMS = {
    "bicycle": "bike",
    "couch": "sofa",
    "automobile": "car",
    "auto": "car",
    "television": "tv",
    "kid": "child",
    "children": "child",
    "picture": "photo",
    "photograph": "photo",
    "photography": "photo",
    "fridge": "refrigerator",
    "cellphone": "phone",
    "smartphone": "phone",
    "pc": "computer",
    "vacation": "holiday",
    "attorney": "lawyer",
    "physician": "doctor",
    "men": "man",
    "women": "woman",
    "womens": "woman",
    "mens": "man",
    "feet": "foot",
    "teeth": "tooth",
    "mice": "mouse",
    "knives": "knife",
    "leaves": "leaf",
    "shelves": "shelf",
}
"""Everyday spellings and irregular plurals of one word, so that they meet."""

_JOINED = re.compile(r"[’'`´]")
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f\uac00-\ud7af]")
_VOWEL = re.compile(r"[aeiouy]")


def surface_words(text: str) -> list[str]:
    """The words of a text as written, width and curly quotes folded, lower-cased; never empty for visible text.

    Scripts without spaces (Chinese, Japanese, Thai) give overlapping pairs of characters. A text of only
    symbols or emoji gives each symbol as a word.
    """
    folded = _JOINED.sub("", unicodedata.normalize("NFKC", text).casefold())
    words: list[str] = []
    for word in _WORD.findall(folded):
        if _UNSPACED.search(word) and len(word) > 2:
            words.extend(word[at : at + 2] for at in range(len(word) - 1))
        else:
            words.append(word)
    return words or [
        mark for mark in folded if not mark.isspace() and unicodedata.category(mark) not in {"Mn", "Cf", "Cc"}
    ]


def stem(word: str) -> str:
    """The common form of a word's plural, -ing and -ed forms. Light on purpose: two topics must not fall together."""
    word = SYNONYMS.get(word, word)
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return word
    return _without_silent_e(_without_inflection(_singular(word)))


def is_glue(word: str) -> bool:
    """Whether the word (as written, lower-cased) only joins other words or opens a question."""
    return word in GLUE or word in QUESTIONS


def is_unspaced(word: str) -> bool:
    """Whether the word is of a script that puts no spaces between words."""
    return bool(_UNSPACED.search(word))


def is_modifier(word: str) -> bool:
    """Whether the word (as written, lower-cased) qualifies a topic rather than naming one; numbers do."""
    return word in MODIFIERS or word.isnumeric()


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "xes", "ches", "shes", "zes", "toes", "roes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    return SYNONYMS.get(word, word)


def _without_inflection(word: str) -> str:
    for ending in ("ing", "ed"):
        root = word.removesuffix(ending)
        if root != word and len(root) >= 3 and _VOWEL.search(root) and not word.endswith("eed"):
            doubled = len(root) > 3 and root[-1] == root[-2] and root[-1] not in "lsz"
            return root[:-1] if doubled else root
    return word


def _without_silent_e(word: str) -> str:
    return word[:-1] if len(word) > 4 and word.endswith("e") else word
