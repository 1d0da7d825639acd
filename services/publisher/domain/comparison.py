"""What two texts of an article have differently, word by word."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Final

from services.publisher.domain.article_text import read_article
from services.publisher.domain.content_text import ContentText

WORDS_MAX: Final = 20_000
"""Of longer texts the changed middle is told as a whole: word by word it would take too long."""

_WORDS: Final = re.compile(r"\S+\s*|\s+")


class PartKind(StrEnum):
    """Which text has a part."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of words that both texts have, or only the earlier or the later one."""

    kind: PartKind
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """A field that differs. Its parts without the removed ones are the later text, without the added ones the earlier."""

    field: str
    parts: tuple[Part, ...]


def compare(earlier: ContentText, later: ContentText) -> list[Change]:
    """The fields that differ, in order; HTML is compared by the words a reader sees, or by its source where those agree."""
    changes = []
    for name in (field.name for field in fields(ContentText)):
        before, after = getattr(earlier, name), getattr(later, name)
        if before == after:
            continue
        if name == "html":
            read_before, read_after = read_article(before).text, read_article(after).text
            if read_before != read_after:
                before, after = read_before, read_after
        elif isinstance(before, tuple):
            before, after = ", ".join(before), ", ".join(after)
        changes.append(Change(name, _parts(before, after)))
    return changes


def _parts(before: str, after: str) -> tuple[Part, ...]:
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    start = _same(old, new)
    end = _same(old[start:][::-1], new[start:][::-1])
    old_middle, new_middle = old[start : len(old) - end], new[start : len(new) - end]
    parts = [Part(PartKind.SAME, "".join(old[:start]))]
    steps: Sequence[tuple[str, int, int, int, int]]
    if len(old_middle) + len(new_middle) > WORDS_MAX:
        steps = [("replace", 0, len(old_middle), 0, len(new_middle))]
    else:
        steps = SequenceMatcher(a=old_middle, b=new_middle, autojunk=False).get_opcodes()
    for step, old_from, old_to, new_from, new_to in steps:
        if step == "equal":
            parts.append(Part(PartKind.SAME, "".join(old_middle[old_from:old_to])))
            continue
        parts.append(Part(PartKind.REMOVED, "".join(old_middle[old_from:old_to])))
        parts.append(Part(PartKind.ADDED, "".join(new_middle[new_from:new_to])))
    parts.append(Part(PartKind.SAME, "".join(old[len(old) - end :])))
    return _joined(parts)


def _same(old: list[str], new: list[str]) -> int:
    """How many words both begin with."""
    count = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        count += 1
    return count


def _joined(parts: list[Part]) -> tuple[Part, ...]:
    joined: list[Part] = []
    for part in parts:
        if not part.text:
            continue
        if joined and joined[-1].kind is part.kind:
            joined[-1] = Part(part.kind, joined[-1].text + part.text)
        else:
            joined.append(part)
    return tuple(joined)
