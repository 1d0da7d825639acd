"""When two keywords are one, and which texts are no keyword at all."""

import re
import unicodedata

KEYWORD_CHARACTERS_MAX = 200

_CURLY = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033", '"'),
        # Invisible: zero-width space, word joiner, byte order mark, soft hyphen. The joiners U+200C and U+200D
        # stay, since Persian and emoji are spelled with them.
        **dict.fromkeys("\u200b\u2060\ufeff\u00ad"),
    }
)
# Control characters, marks that turn the direction of the text around, and halves of surrogate pairs.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# A leading minus is a formula before a sum, a call, a pipe or a sheet reference; "-15 degree bag" is words.
_MINUS_FORMULA = re.compile(r"-\s*(?:[\d.,]+\s*[-+*/^]|[^|(!=]*[|(!=])")


def clean(text: str) -> str:
    """The keyword as shown: spaces collapsed, everything else as it was written."""
    return " ".join(text.split())


def normalise(text: str) -> str:
    """What makes a keyword unique: Unicode NFKC, casefold, one space between words, straight quotes.

    Word order counts. normalise(normalise(x)) == normalise(x), and equal texts on screen are equal here.
    """
    if text.isascii():
        return " ".join(text.replace("`", "'").casefold().split())
    # Folding can bring up a sign that folds again (U+0149 holds a curly quote), so it runs until it rests.
    folded = _fold(text)
    while (again := _fold(folded)) != folded:
        folded = again
    return folded


def fault_of(text: str) -> str | None:
    """Why this cleaned text is no keyword, with the way out; None when it is one."""
    if not text:
        return "The keyword is empty. Fill it in or remove the line."
    if len(text) > KEYWORD_CHARACTERS_MAX:
        return f"The keyword has {len(text):,} characters; at most {KEYWORD_CHARACTERS_MAX} are possible. Shorten it."
    # An index takes only so much; a few signs of Arabic and of squared letters unfold to whole phrases.
    if not text.isascii() and len(normalise(text)) > 2 * KEYWORD_CHARACTERS_MAX:
        return "The keyword is too long once its ligatures are written out. Shorten it."
    if _CONTROL.search(text):
        return "The keyword holds control characters. Remove them."
    # Width is folded first: a spreadsheet takes a full-width equals sign for a formula too.
    first = unicodedata.normalize("NFKC", text[0])[0]
    if first in "=+@" or (first in "-\u2212" and _MINUS_FORMULA.match("-" + text[1:])):
        return f'The keyword starts with "{first}" like a spreadsheet formula. Remove the sign.'
    if not any(character.isalnum() for character in text):
        return "The keyword has no letter and no digit. Write it in words or remove the line."
    return None


def _fold(text: str) -> str:
    straight = unicodedata.normalize("NFKC", text.translate(_CURLY)).casefold()
    return " ".join(unicodedata.normalize("NFKC", straight).split())
