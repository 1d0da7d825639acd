"""Fits a caption into a box: which of its letters can be set, how large, and where lines break."""

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

CAPTION_LENGTH_MAX = 90
SIZES = (1.0, 0.86, 0.74, 0.64, 0.55, 0.47, 0.4)
LINE_SPACING = 1.22


def printable(words: str) -> str:
    """The words without letters that Pillow's built-in font cannot set (it has Latin only); empty if that is all."""
    folded = unicodedata.normalize("NFC", words).replace("’", "'").replace("–", "-").replace("—", "-")
    kept = "".join(mark if " " <= mark <= "\u00ff" and mark.isprintable() else " " for mark in folded)
    text = " ".join(kept.split())
    if not any(mark.isalnum() for mark in text):
        return ""
    return (
        text
        if len(text) <= CAPTION_LENGTH_MAX
        else text[:CAPTION_LENGTH_MAX].rpartition(" ")[0] or text[:CAPTION_LENGTH_MAX]
    )


def caption_lines(words: str, *, width: int, height: int) -> tuple[list[str], "FreeTypeFont", int]:
    """Lines, font and line height in pixels: the largest size at which the words fit the box in pixels.

    A word too long for the box is broken.
    """
    from PIL import ImageFont

    largest = height / 4.2
    for part in SIZES:
        size = max(9, round(largest * part))
        default = ImageFont.load_default(size=size)
        assert isinstance(default, ImageFont.FreeTypeFont), "Pillow is built with FreeType"
        font = default
        line_height = round(size * LINE_SPACING)
        lines = _wrapped(words, font, width)
        whole_words = all(font.getlength(word) <= width for word in words.split())
        if len(lines) * line_height <= height and (whole_words or part == SIZES[-1]):
            break
    return _balanced(words, lines, font, width)[: max(1, height // line_height)], font, line_height


def _balanced(words: str, lines: list[str], font: "FreeTypeFont", width: int) -> list[str]:
    """The same number of lines, of lengths as equal as word ends allow."""
    for part in (0.6, 0.7, 0.8, 0.9):
        narrower = _wrapped(words, font, round(width * part))
        if len(narrower) == len(lines):
            return narrower
    return lines


def _wrapped(words: str, font: "FreeTypeFont", width: int) -> list[str]:
    lines: list[str] = []
    for word in words.split():
        while font.getlength(word) > width and len(word) > 1:
            fits = next(
                at for at in range(len(word) - 1, 0, -1) if at == 1 or font.getlength(word[:at]) <= width
            )
            lines.append(word[:fits])
            word = word[fits:]
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
