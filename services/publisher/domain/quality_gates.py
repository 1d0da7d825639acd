"""What content must have to be approved without a person looking at it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from services.publisher.domain.article_text import read_article
from services.publisher.domain.content import Content
from services.publisher.domain.image import Image, ImageStatus
from services.publisher.domain.publishing_settings import QualityGates

META_TITLE_CHARACTERS_MAX = 70
META_DESCRIPTION_CHARACTERS_MAX = 170


class Gate(StrEnum):
    """The gates, as settings and failures name them."""

    WORD_COUNT = "word_count"
    HEADINGS = "headings"
    META = "meta"
    ALT_TEXTS = "alt_texts"
    DUPLICATES = "duplicates"


@dataclass(frozen=True, slots=True)
class GateFailure:
    """A gate that held content back, and the sentence that says why."""

    gate: Gate
    sentence: str


def failed_gates(
    content: Content, *, images: Iterable[Image], title_is_used: bool, gates: QualityGates
) -> tuple[GateFailure, ...]:
    """Every gate the content does not pass; empty when it may be approved.

    `title_is_used`: another content of the same site has the same normalised title.
    """
    return tuple(_failures(content, tuple(images), title_is_used, gates))


def _failures(
    content: Content, images: tuple[Image, ...], title_is_used: bool, gates: QualityGates
) -> Iterator[GateFailure]:
    article = read_article(content.text.html)
    if article.words < gates.words_min:
        yield GateFailure(
            Gate.WORD_COUNT,
            f"The article has {article.words} words; at least {gates.words_min} are asked for.",
        )
    headings = sum(heading.level > 1 and bool(heading.text) for heading in article.headings)
    if headings < gates.headings_min:
        yield GateFailure(
            Gate.HEADINGS,
            f"The article has {headings} headings below its title; at least {gates.headings_min} are asked for.",
        )
    if gates.meta_required:
        yield from _meta(content)
    if gates.alt_texts_required:
        made = [image for image in images if image.status is ImageStatus.GENERATED]
        missing = article.images_without_alt + sum(not image.alt_text.strip() for image in made)
        if missing:
            yield GateFailure(
                Gate.ALT_TEXTS, f"{missing} image{'s have' if missing > 1 else ' has'} no alternative text."
            )
    if gates.unique_title_required and title_is_used:
        yield GateFailure(Gate.DUPLICATES, "Another article of this site has the same title.")


def _meta(content: Content) -> Iterator[GateFailure]:
    for name, value, longest in (
        ("title", content.text.meta_title, META_TITLE_CHARACTERS_MAX),
        ("description", content.text.meta_description, META_DESCRIPTION_CHARACTERS_MAX),
    ):
        if not value.strip():
            yield GateFailure(Gate.META, f"The meta {name} is empty.")
        elif len(value) > longest:
            yield GateFailure(
                Gate.META, f"The meta {name} has {len(value)} characters; at most {longest} are shown."
            )
