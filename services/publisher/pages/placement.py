"""Puts an article's pictures between its sections; the text itself names none."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

_ENCLOSING = frozenset({"blockquote", "ul", "ol", "dl", "figure", "table", "pre"})


def place_between_sections(html: str, figures: Sequence[str]) -> str:
    """The cleaned HTML with `figures` spread evenly, in order, each at the end of a section.

    A section begins with an <h2> that stands in no list, quote or table. What comes before the first one is the
    introduction and gets none. Pictures that find no section of their own follow the text.
    """
    if not figures:
        return html
    ends = _section_ends(html)
    places = [(number * len(ends)) // len(figures) for number in range(len(figures))] if ends else []
    if len(ends) < len(figures):
        places = list(range(len(ends)))
    parts, before = [], 0
    for place, figure in zip(places, figures, strict=False):
        parts += [html[before : ends[place]], figure]
        before = ends[place]
    return "".join([*parts, html[before:], *figures[len(places) :]])


def _section_ends(html: str) -> list[int]:
    """Where each section ends: at the next one's heading, the last at the end of the text."""
    starts = _Sections.starts(html)
    return [*starts[1:], len(html)] if starts else []


@dataclass
class _Sections(HTMLParser):
    """Offsets of headings. Markup is parsed, not searched, since an attribute may hold the letters of a tag."""

    lines: list[int]
    offsets: list[int] = field(default_factory=list)
    _enclosed: int = 0

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    @classmethod
    def starts(cls, html: str) -> list[int]:
        # getpos counts lines by "\n" alone.
        lines = [0]
        for line in html.split("\n"):
            lines.append(lines[-1] + len(line) + 1)
        parser = cls(lines)
        parser.feed(html)
        parser.close()
        return parser.offsets

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _ENCLOSING:
            self._enclosed += 1
        if tag == "h2" and not self._enclosed:
            line, column = self.getpos()
            self.offsets.append(self.lines[line - 1] + column)

    def handle_endtag(self, tag: str) -> None:
        if tag in _ENCLOSING:
            self._enclosed = max(0, self._enclosed - 1)
