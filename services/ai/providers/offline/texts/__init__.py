"""Reads the word lists and sentences the offline provider works with: sections of lines in plain text files."""

from functools import cache
from importlib.resources import files


@cache
def sections(name: str) -> dict[str, tuple[str, ...]]:
    """The lines of each `[section]` of texts/<name>.txt; blank lines and lines opening with `#` are left out."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in files(__package__).joinpath(f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            current = found.setdefault(line.strip("[] "), [])
        elif line.strip() and not line.startswith("#"):
            current.append(line.strip())
    return {section: tuple(lines) for section, lines in found.items()}


def words_in(section: str) -> frozenset[str]:
    """The words of a section of texts/words.txt."""
    return frozenset(word for line in sections("words")[section] for word in line.split())
