"""Which pages of lists are timed: every filter in every order, and some filters together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from igny8.publisher import v1 as publisher

from bench.lists_world import Place
from chassis.plain import instant_to_proto

Words = Mapping[str, Any]

ROWS_BEFORE: Final = 1_000
"""A page further on is behind so many rows."""


@dataclass(frozen=True, slots=True)
class Ago:
    """So long before the site's newest rows were made, one a second."""

    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A page: of which list and with which words in its request; `...` stands for the place's own."""

    noun: str
    request: type[Any]
    words: Words
    rows_before: int = 0

    @property
    def name(self) -> str:
        words = ", ".join(f"{name}={_said(value)}" for name, value in self.words.items()) or "all"
        return f"{self.noun}: {words}{', further on' if self.rows_before else ''}"


def request_of(case: Case, place: Place, *, size: int, token: str = "") -> Any:
    words = {name: _value(place, name, value) for name, value in case.words.items()}
    return case.request(site_id=place.site_id, page_size=size, page_token=token, **words)


def cases() -> Iterator[Case]:
    """Of each list every order both ways, and each filter in every order, its first page and one further on."""
    for noun, (request, sorts, filters) in _LISTS.items():
        orders = [{"sort": f"{sign}{sort}"} for sort in sorts for sign in ("", "-")]
        for words in ({}, *_SEARCHES, *_CREATED, *filters):
            yield Case(noun=noun, request=request, words=words)
            yield Case(noun=noun, request=request, words=words, rows_before=ROWS_BEFORE)
            for order in orders:
                yield Case(noun=noun, request=request, words={**words, **order})


def _said(value: Any) -> Any:
    match value:
        case Ago():
            return f"{value.seconds} s ago"
        case str() | int():
            return value
        case _:
            return "one"


def _value(place: Place, name: str, value: Any) -> Any:
    match value:
        case Ago():
            return instant_to_proto(place.made_at - timedelta(seconds=value.seconds))
        case _:
            return getattr(place, name) if value is ... else value


_SEARCHES: Final[list[Words]] = [
    {"search": words}
    for words in (
        "how", "garden", "pond", "quince", "nothing", "topic7", "how garden", "how pond", "garden pond", "topic7 how",
        "topic7 topic8", "quince how garden", "!",
    )
]  # fmt: skip
_CREATED: Final[list[Words]] = [
    {"created_from": Ago(60)},
    {"created_from": Ago(600)},
    {"created_from": Ago(1_200)},
    {"created_from": Ago(3_600)},
    {"created_from": Ago(100_000)},
    {"created_to": Ago(1_000)},
    {"created_to": Ago(100_000)},
    {"created_from": Ago(1_500), "created_to": Ago(500)},
    {"search": "garden", "created_from": Ago(3_600)},
    {"search": "quince", "created_to": Ago(500)},
    {"search": "how", "status": 1, "created_to": Ago(1_000)},
    {"status": 1, "created_to": Ago(190_000)},
]
_LISTS: Final[Mapping[str, tuple[type[Any], tuple[str, ...], list[Words]]]] = {
    "keywords": (
        publisher.ListKeywordsRequest,
        ("volume", "difficulty", "keyword", "created_at"),
        [
            {"status": 1}, {"status": 2}, {"cluster_id": ...}, {"sector_id": ...}, {"intent": 1}, {"intent": 4},
            {"country": "de"}, {"country": "at"}, {"country": "xx"}, {"disabled": True}, {"disabled": False},
            {"volume_min": 999_000}, {"volume_min": 900_000}, {"volume_max": 10}, {"volume_max": 0},
            {"volume_min": 100, "volume_max": 200}, {"difficulty_max": 1}, {"difficulty_min": 50},
            {"difficulty_min": 99, "difficulty_max": 99, "volume_min": 100},
            {"search": "garden", "status": 1, "country": "de"}, {"search": "how", "country": "at"},
            {"search": "pond", "disabled": True}, {"search": "garden", "sector_id": ..., "intent": 2},
            {"status": 2, "country": "at", "difficulty_min": 50}, {"disabled": True, "country": "at"},
        ],
    ),
    "clusters": (
        publisher.ListClustersRequest,
        ("volume", "keywords_count", "name", "created_at"),
        [
            {"status": 1}, {"status": 2}, {"sector_id": ...}, {"volume_min": 99_000}, {"volume_max": 1},
            {"keywords_count_max": 1}, {"keywords_count_min": 100}, {"search": "garden", "status": 1},
            {"search": "pond", "sector_id": ...}, {"status": 1, "volume_min": 90_000},
        ],
    ),
    "ideas": (
        publisher.ListIdeasRequest,
        ("created_at", "title"),
        [
            {"status": 1}, {"status": 2}, {"status": 3}, {"cluster_id": ...}, {"sector_id": ...},
            {"content_type": "page"}, {"content_type": "post"}, {"content_structure": "review"},
            {"search": "garden", "status": 2}, {"search": "pond", "cluster_id": ...},
        ],
    ),
    "tasks": (
        publisher.ListTasksRequest,
        ("created_at", "title"),
        [
            {"status": 1}, {"status": 2}, {"status": 3}, {"status": 4}, {"cluster_id": ...}, {"sector_id": ...},
            {"content_type": "page"}, {"content_structure": "guide"}, {"search": "pond", "status": 3},
            {"status": 1, "content_type": "page"},
        ],
    ),
    "content": (
        publisher.ListContentRequest,
        ("created_at", "updated_at", "title", "word_count"),
        [
            {"status": 1}, {"status": 2}, {"status": 3}, {"site_status": 2}, {"site_status": 4}, {"site_status": 5},
            {"site_status": 6}, {"site_status": 4, "status": 3}, {"run_id": ...}, {"cluster_id": ...},
            {"sector_id": ...}, {"has_image": True}, {"has_image": False}, {"word_count_min": 2999},
            {"word_count_min": 2990}, {"word_count_max": 100}, {"updated_from": Ago(3_600)}, {"updated_from": Ago(600)},
            {"content_type": "page"}, {"search": "garden", "status": 2}, {"search": "how", "site_status": 5},
            {"search": "compost", "has_image": True}, {"search": "pond", "updated_to": Ago(1_000)},
        ],
    ),
    "images": (
        publisher.ListImagesRequest,
        ("created_at",),
        [
            {"status": 1}, {"status": 2}, {"status": 3}, {"content_id": ...}, {"image_type": 1}, {"image_type": 2},
            {"search": "garden", "status": 3}, {"search": "pond", "image_type": 1},
        ],
    ),
}  # fmt: skip
