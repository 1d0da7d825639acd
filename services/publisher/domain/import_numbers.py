"""Numbers as keyword tools and people write them: thousand separators, decimal commas, buckets, currency signs."""

import re
from decimal import Decimal

VOLUME_MAX = 10**10
CPC_MAX = Decimal(100_000)

_UNKNOWN = frozenset({"", "-", "–", "—", "--", "n/a", "na", "null", "none", "not available", "unknown", "?"})
_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR"}
_CURRENCY = re.compile(r"^([A-Z]{3})\s+|\s+([A-Z]{3})$")
_SPACES = re.compile(r"[\s'’\u00a0\u202f]")
_SCALES = {"k": 3, "m": 6}
_RANGE = re.compile(r"(?<=[\dkKmM])\s*[-–—]\s*(?=\d)")
_ONE_SEPARATOR = re.compile(r"[+-]?(?:\d+|\d*[.,]\d+)")
_GROUPED = re.compile(r"(?P<whole>[+-]?\d{1,3}(?:([.,])\d{3})(?:\2\d{3})*)(?:(?!\2)[.,](?P<fraction>\d+))?")


class LineRefused(ValueError):
    """A cell does not hold what its column must; the text says what was found and what is possible."""


def read_volume(cell: str) -> int | None:
    """Searches a month: "1,300", "1.300", "1 300", "1.3K", ">100", and of a range "1K – 10K" its lower end.

    None is unknown. LineRefused when negative, over 10^10 or no number.
    """
    if cell.isascii() and cell.isdecimal():
        volume = int(cell) if len(cell) <= 20 else VOLUME_MAX + 1
    else:
        text = cell.strip().lower()
        if text in _UNKNOWN:
            return None
        lower_end = _RANGE.split(text, maxsplit=1)[0].lstrip("<>≥≤~ ")
        volume = int(_whole(lower_end, said=f'The volume "{shortened(cell)}"'))
    if volume < 0:
        raise LineRefused(
            f"The volume {shortened(cell)} is negative. Correct it, or leave it empty when it is unknown."
        )
    if volume > VOLUME_MAX:
        raise LineRefused(
            f"The volume {shortened(cell)} is more than {VOLUME_MAX:,} searches a month. Correct it."
        )
    return volume


def read_difficulty(cell: str) -> int | None:
    """0 to 100, rounded half up as 85.18 of older files; None is unknown, which is not 0."""
    if cell.isascii() and cell.isdecimal() and len(cell) <= 3:
        difficulty = Decimal(cell)
    else:
        text = cell.strip().lower()
        if text in _UNKNOWN:
            return None
        difficulty = _decimal(text.removesuffix("%").rstrip(), said=f'The difficulty "{shortened(cell)}"')
    if not 0 <= difficulty <= 100:
        raise LineRefused(
            f"The difficulty {shortened(cell)} is not between 0 and 100. Correct it, or leave it empty."
        )
    return int(difficulty + Decimal("0.5"))


def read_cpc(cell: str) -> tuple[Decimal | None, str | None]:
    """Cost per click and its currency (ISO 4217) where the cell says it: "1.20", "1,20", "$1.20", "1,20 EUR"."""
    text = cell.strip()
    if text.lower() in _UNKNOWN:
        return None, None
    currency = None
    for sign, code in _SIGNS.items():
        if sign in text:
            text, currency = text.replace(sign, "").strip(), code
    if named := _CURRENCY.search(text):
        currency = named[1] or named[2]
        text = _CURRENCY.sub("", text)
    cpc = _decimal(text, said=f'The cost per click "{shortened(cell)}"')
    if cpc < 0:
        raise LineRefused(f"The cost per click {shortened(cell)} is negative. Correct it, or leave it empty.")
    if cpc > CPC_MAX:
        raise LineRefused(f"The cost per click {shortened(cell)} is more than {CPC_MAX:,}. Correct it.")
    return cpc, currency


def shortened(cell: str) -> str:
    """The cell as an error may repeat it: one line, at most 40 characters, nothing unprintable."""
    shown = "".join(character if character.isprintable() else " " for character in cell[:100])
    shown = " ".join(shown.split())
    return shown if len(shown) <= 40 else shown[:39] + "…"


def _whole(text: str, *, said: str) -> Decimal:
    """A count, where one separator before exactly three digits parts thousands."""
    scale = _SCALES.get(text[-1:], 0)
    digits = _SPACES.sub("", text[:-1] if scale else text)
    if not scale and (grouped := _GROUPED.fullmatch(digits)) and not grouped["fraction"]:
        digits = digits.replace(",", "").replace(".", "")
    return _decimal(digits, said=said).scaleb(scale)


def _decimal(text: str, *, said: str) -> Decimal:
    """A number with a fraction, where one separator alone is the decimal one and several part thousands."""
    digits = _SPACES.sub("", text)
    if len(digits) <= 40 and digits.isascii():
        if _ONE_SEPARATOR.fullmatch(digits):
            return Decimal(digits.replace(",", "."))
        if grouped := _GROUPED.fullmatch(digits):
            whole = grouped["whole"].replace(",", "").replace(".", "")
            return Decimal(f"{whole}.{grouped['fraction'] or 0}")
    raise LineRefused(f"{said} is not a number. Correct it, or leave it empty when it is unknown.")
