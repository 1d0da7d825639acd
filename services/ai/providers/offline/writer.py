"""Puts paragraphs together from the sentence lists: every sentence at most once, near a number of words."""

from collections.abc import Mapping, Sequence
from html import escape
from random import Random

from services.ai.providers.offline.language import capitalise
from services.ai.providers.offline.texts import sections

PARAGRAPH_SENTENCES = 3


class Writer:
    """Draws sentences for one article. The same random state gives the same article."""

    def __init__(self, random: Random, slots: Mapping[str, str]) -> None:
        self._random = random
        self._slots = dict(slots)
        self._left: dict[tuple[str, str], list[str]] = {}

    def sentence(self, section: str, slots: Mapping[str, str] | None = None) -> str:
        """One unused sentence of the section as plain text; empty where none is left."""
        left = self._unused("sentences", section)
        return self._fill(left.pop(), slots) if left else ""

    def sentences(
        self, names: Sequence[str], words: int, slots: Mapping[str, str] | None = None
    ) -> list[str]:
        """Unused sentences of about `words` words together, from the sections in turn, then from `general`."""
        drawn: list[str] = []
        count = 0
        while count < words:
            section = names[len(drawn) % len(names)]
            again = _named_again(slots) if slots and drawn else slots
            tried = (self.sentence(name, again) for name in (section, *names, "general"))
            text = next(filter(None, tried), "")
            if not text:
                break
            length = len(text.split())
            if drawn and count + length / 2 > words:
                break
            drawn.append(text)
            count += length
        return drawn

    def entries(self, section: str, number: int, slots: Mapping[str, str] | None = None) -> list[list[str]]:
        """Unused entries in the order of the file, each split into its parts; fewer where the list is shorter."""
        everything = list(sections("entries")[section])
        left = self._unused("entries", section)
        drawn = sorted((left.pop() for _ in range(min(number, len(left)))), key=everything.index)
        return [[self._fill(part.strip(), slots) for part in line.split("|")] for line in drawn]

    def _unused(self, name: str, section: str) -> list[str]:
        if (name, section) not in self._left:
            lines = list(sections(name)[section])
            self._random.shuffle(lines)
            self._left[name, section] = lines
        return self._left[name, section]

    def _fill(self, line: str, slots: Mapping[str, str] | None) -> str:
        return capitalise(line.format_map({**self._slots, **(slots or {})}))


def _named_again(slots: Mapping[str, str]) -> dict[str, str]:
    """The slots of every sentence but the first: a thing by its short name, a question as "this question"."""
    return {**slots, "noun": slots["short_noun"], "keyword": slots["keyword_again"]}


def paragraphs(sentences: Sequence[str]) -> str:
    """Plain sentences as HTML paragraphs of a readable length."""
    size = PARAGRAPH_SENTENCES if len(sentences) != PARAGRAPH_SENTENCES + 1 else 2
    groups = [sentences[at : at + size] for at in range(0, len(sentences), size)]
    if len(groups) > 1 and len(groups[-1]) == 1:
        groups[-2:] = [[*groups[-2], *groups[-1]]]
    return "".join(f"<p>{escape(' '.join(group), quote=False)}</p>" for group in groups)


def heading(text: str, *, level: int = 2) -> str:
    return f"<h{level}>{escape(text, quote=False)}</h{level}>"


def bullets(items: Sequence[str], *, ordered: bool = False) -> str:
    """A list of HTML fragments."""
    tag = "ol" if ordered else "ul"
    return f"<{tag}>" + "".join(f"<li>{item}</li>" for item in items) + f"</{tag}>"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of plain texts."""
    cells = "".join(f"<th>{escape(text, quote=False)}</th>" for text in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(text, quote=False)}</td>" for text in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
