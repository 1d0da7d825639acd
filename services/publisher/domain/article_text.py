"""What can be counted and taken from an article's HTML: words, headings, pictures without alt text, an excerpt."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

EXCERPT_CHARACTERS_MAX = 240

# Chinese, Japanese and Korean write no spaces: each ideograph or syllable counts as a word, as editors there count.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+(?:['’.,-][^\W_{_UNSPACED}]+)*")
_BLOCKS = re.compile(
    "address|article|aside|blockquote|br|d[dlt]|div|fig(caption|ure)|footer|h[1-6r]|header|li|main|nav|[ou]l|p|pre"
    "|section|table|t(body|[dhr]|foot|head)"
)
_UNREAD = frozenset({"script", "style", "template", "noscript"})
_HEADING = re.compile(r"h[1-6]")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading and its level, 1 to 6."""

    level: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleText:
    """An article as a reader meets it. Paragraphs, headings and list items are lines of `text`."""

    text: str
    headings: tuple[Heading, ...]
    images: int
    images_without_alt: int

    @property
    def words(self) -> int:
        return len(_WORD.findall(self.text))


def read_article(html: str) -> ArticleText:
    """Read HTML, however broken; scripts and styles are not text."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).split("\n"))
    return ArticleText(
        text="\n".join(line for line in lines if line),
        headings=tuple(reader.headings),
        images=reader.images,
        images_without_alt=reader.images_without_alt,
    )


def word_count(html: str) -> int:
    """The words a reader reads, headings included."""
    return read_article(html).words


def excerpt_of(html: str) -> str:
    """The beginning of the running text in at most 240 characters, ended at a sentence or a word; headings are left out."""
    article = read_article(html)
    headings = {heading.text for heading in article.headings}
    running = " ".join(line for line in article.text.split("\n") if line not in headings)
    if len(running) <= EXCERPT_CHARACTERS_MAX:
        return running
    cut = running[:EXCERPT_CHARACTERS_MAX]
    sentence = max(cut.rfind(end) for end in (". ", "! ", "? ", "。"))
    if sentence >= EXCERPT_CHARACTERS_MAX // 2:
        return cut[: sentence + 1]
    words = cut[: EXCERPT_CHARACTERS_MAX - 1].rpartition(" ")[0] or cut[: EXCERPT_CHARACTERS_MAX - 1]
    return words.rstrip(",;:– ") + "…"


@dataclass
class _Reader(HTMLParser):
    parts: list[str] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    images: int = 0
    images_without_alt: int = 0
    _unread: int = 0
    _level: int = 0
    _heading: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNREAD:
            self._unread += 1
        if tag == "img":
            self.images += 1
            self.images_without_alt += not (dict(attrs).get("alt") or "").strip()
        if _HEADING.fullmatch(tag):
            self._level, self._heading = int(tag[1]), []
        if _BLOCKS.fullmatch(tag):
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNREAD:
            self._unread = max(0, self._unread - 1)
        if self._level and _HEADING.fullmatch(tag):
            self.headings.append(Heading(self._level, " ".join("".join(self._heading).split())))
            self._level = 0
        if _BLOCKS.fullmatch(tag):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if self._unread:
            return
        # Line ends in the source are spaces to a reader; only blocks end a line of the text.
        self.parts.append(re.sub(r"\s", " ", data))
        if self._level:
            self._heading.append(data)
