"""Which column of a keyword file means what, and which tool the file comes from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Format(StrEnum):
    """Where a file comes from, told by its header."""

    SEMRUSH = "semrush"
    AHREFS = "ahrefs"
    GOOGLE_KEYWORD_PLANNER = "google_keyword_planner"
    GOOGLE_SEARCH_CONSOLE = "google_search_console"
    TABLE = "table"
    LIST = "list"


# Each list in order of preference: the first one a header holds is read, the others are listed as unknown.
KEYWORD_NAMES = (
    "keyword", "keywords", "top queries", "query", "queries", "term", "terms", "search term", "search terms",
    "search query", "search queries", "keyphrase", "key phrase", "phrase", "key word",
)  # fmt: skip
VOLUME_NAMES = (
    "volume", "search volume", "avg. monthly searches", "avg monthly searches", "average monthly searches",
    "monthly searches", "monthly volume", "monthly search volume", "searches",
)  # fmt: skip
# Advertising tools' "Competition" is about bids and never stands for difficulty.
DIFFICULTY_NAMES = (
    "keyword difficulty",
    "difficulty",
    "kd",
    "kd %",
    "kd%",
    "keyword difficulty index",
    "seo difficulty",
)
# Google states no cost per click; the upper bid for the top of the page is what its own users take for it.
CPC_NAMES = ("cpc", "cost per click", "avg. cpc", "average cpc", "top of page bid (high range)")
INTENT_NAMES = ("intent", "intents", "search intent", "keyword intent")
COUNTRY_NAMES = ("country", "country code")
CURRENCY_NAMES = ("currency", "currency code")
IMPRESSION_NAMES = ("impressions",)
_OTHER_NAMES = ("clicks", "ctr", "position", "trend", "competition", "url", "#")
_KNOWN_NAMES = frozenset(
    (*VOLUME_NAMES, *DIFFICULTY_NAMES, *CPC_NAMES, *INTENT_NAMES, *COUNTRY_NAMES, *CURRENCY_NAMES,
     *IMPRESSION_NAMES, *_OTHER_NAMES)
)  # fmt: skip
_CPC_WITH_CURRENCY = re.compile(r"(.*\S)\s*[(\[]([A-Za-z]{3})[)\]]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The place of each column that is read, counted from 0; None where the file lacks it."""

    format: Format
    keyword: int
    volume: int | None = None
    difficulty: int | None = None
    cpc: int | None = None
    cpc_currency: str | None = None
    intent: int | None = None
    country: int | None = None
    currency: int | None = None
    volume_is_impressions: bool = False
    unknown: tuple[str, ...] = ()

    @classmethod
    def one_column(cls) -> "Columns":
        """The columns of a list without a header."""
        return cls(format=Format.LIST, keyword=0)

    @classmethod
    def of(cls, header: Sequence[str]) -> "Columns | None":
        """Read a header; None when no cell of it names a keyword column."""
        names = [name_of(cell) for cell in header]
        keyword = _first(names, KEYWORD_NAMES)
        if keyword is None:
            return None
        bare, currencies = _without_currency(names)
        volume = _first(names, VOLUME_NAMES)
        impressions = _first(names, IMPRESSION_NAMES) if volume is None else None
        cpc = _first(bare, CPC_NAMES)
        read = {
            "volume": volume if impressions is None else impressions,
            "difficulty": _first(names, DIFFICULTY_NAMES),
            "cpc": cpc,
            "intent": _first(names, INTENT_NAMES),
            "country": _first(names, COUNTRY_NAMES),
            "currency": _first(names, CURRENCY_NAMES),
        }
        used = {keyword, *read.values()}
        return cls(
            format=_format(set(names), columns=len(names)),
            keyword=keyword,
            cpc_currency=None if cpc is None else currencies[cpc],
            volume_is_impressions=impressions is not None,
            unknown=tuple(
                " ".join(cell.split())[:100]
                for place, cell in enumerate(header)
                if place not in used and names[place]
            ),
            **read,
        )


def name_of(cell: str) -> str:
    """A header cell as it is compared: spaces collapsed, any case, no quotes or underscores."""
    return " ".join(cell.replace("_", " ").split()).strip("\"' ").casefold()


def names_another_column(cell: str) -> bool:
    """True for the heading of a column that keyword files have beside the keywords."""
    return _without_currency([name_of(cell)])[0][0] in _KNOWN_NAMES


def _first(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)


def _without_currency(names: Sequence[str]) -> tuple[list[str], list[str | None]]:
    """Part "cpc (usd)" into "cpc" and "USD"."""
    found = [_CPC_WITH_CURRENCY.fullmatch(name) for name in names]
    bare = [match[1] if match else name for match, name in zip(found, names, strict=True)]
    return bare, [match[2].upper() if match else None for match in found]


def _format(names: set[str], *, columns: int) -> Format:
    if names & {"parent keyword", "traffic potential", "global volume", "cps"}:
        return Format.AHREFS
    if names & {"avg. monthly searches", "avg monthly searches", "top of page bid (high range)"}:
        return Format.GOOGLE_KEYWORD_PLANNER
    if "impressions" in names and names & {"top queries", "query", "queries"}:
        return Format.GOOGLE_SEARCH_CONSOLE
    if "keyword" in names and names & {"keyword difficulty", "competitive density", "number of results"}:
        return Format.SEMRUSH
    return Format.LIST if columns == 1 else Format.TABLE
