"""Reads a keyword list as people have it: the exports of Semrush, Ahrefs and Google, and lists made by hand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from services.publisher.domain.csv_dialects import (
    SEPARATORS,
    LineError,
    Record,
    cells_of,
    decode,
    lines_of,
    records,
)
from services.publisher.domain.import_columns import Columns, Format, names_another_column
from services.publisher.domain.import_numbers import (
    LineRefused,
    read_cpc,
    read_difficulty,
    read_volume,
    shortened,
)
from services.publisher.domain.import_refusals import FileUnreadable, TooManyRows
from services.publisher.domain.intent import Intent
from services.publisher.domain.keyword_text import clean, fault_of, normalise

ROWS_MAX = 100_000
ERRORS_KEPT_MAX = 1_000
_PREAMBLE_LINES_MAX = 10
_SAMPLE_LINES = 50
_INTENT_LETTERS = {"i": "informational", "c": "commercial", "t": "transactional", "n": "navigational"}
_SEPARATOR_NAMES = {"\t": "a tab", ";": "a semicolon", ",": "a comma"}
_INTENTS = {intent.value: intent for intent in Intent}


@dataclass(frozen=True, slots=True)
class KeywordRow:
    """One keyword of a file; None is unknown, never zero. `cpc` is in `currency` (ISO 4217), where that is known."""

    line: int
    keyword: str
    normalised: str
    volume: int | None = None
    difficulty: int | None = None
    cpc: Decimal | None = None
    currency: str | None = None
    intent: Intent | None = None
    country: str | None = None
    volume_is_impressions: bool = False


@dataclass(slots=True, kw_only=True)
class ImportedKeywords:
    """What a file holds: the rows to import and, line by line, what was left out and why."""

    format: Format
    rows: list[KeywordRow] = field(default_factory=list)
    errors: list[LineError] = field(default_factory=list)
    """The first 1,000 lines that were refused; `refused` counts all."""
    refused: int = 0
    skipped: int = 0
    """Rows whose keyword stands in an earlier row already."""
    unknown_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Where the rows begin and how to read them."""

    columns: Columns
    separator: str
    first: int
    header: list[str]


def read_keywords(data: bytes) -> ImportedKeywords:
    """Read a whole file of at most 20 MB and 100,000 rows.

    FileUnreadable for a broken encoding, an empty file or one without a keyword column, TooManyBytes and
    TooManyRows beyond the limits: the file is then refused whole. A bad line is left out alone and named in
    `errors` by its line in the file. The first row of a keyword wins over later ones.
    """
    lines = lines_of(decode(data))
    layout = _layout(lines)
    found = ImportedKeywords(format=layout.columns.format, unknown_columns=layout.columns.unknown)
    seen: set[str] = set()
    broken: list[LineError] = []
    for record in _data(lines, layout, broken):
        try:
            row = _row(record, layout)
        except LineRefused as fault:
            broken.append(LineError(record.line, str(fault)))
            continue
        if row.normalised in seen:
            found.skipped += 1
        else:
            seen.add(row.normalised)
            found.rows.append(row)
    broken.sort(key=lambda error: error.line)
    found.refused, found.errors = len(broken), broken[:ERRORS_KEPT_MAX]
    return found


def _data(lines: Sequence[str], layout: _Layout, broken: list[LineError]) -> Iterator[Record]:
    """The rows of the file but for headers repeated in the middle, as files joined from several exports have."""
    count = 0
    for record in records(lines, first=layout.first, separator=layout.separator, errors=broken):
        if record.cells == layout.header:
            continue
        count += 1
        if count > ROWS_MAX:
            raise TooManyRows(ROWS_MAX)
        yield record


def _row(record: Record, layout: _Layout) -> KeywordRow:
    columns, cells = layout.columns, record.cells
    width = len(layout.header) or 1
    if len(cells) > width and any(cell.strip() for cell in cells[width:]):
        raise LineRefused(
            f"The line has {len(cells)} cells and the file {width} column{'s' if width > 1 else ''}. "
            f"Put a cell that holds {_SEPARATOR_NAMES[layout.separator]} in double quotes."
        )
    cells += [""] * (width - len(cells))
    keyword = clean(cells[columns.keyword])
    if fault := fault_of(keyword):
        raise LineRefused(fault)
    cpc, currency = (None, None) if columns.cpc is None else read_cpc(cells[columns.cpc])
    if cpc is not None and currency is None:
        currency = columns.cpc_currency or _currency(cells, columns)
    return KeywordRow(
        record.line,
        keyword,
        normalise(keyword),
        None if columns.volume is None else read_volume(cells[columns.volume]),
        None if columns.difficulty is None else read_difficulty(cells[columns.difficulty]),
        cpc,
        currency,
        None if columns.intent is None else _intent(cells[columns.intent]),
        None if columns.country is None else _country(cells[columns.country]),
        columns.volume_is_impressions,
    )


def _currency(cells: Sequence[str], columns: Columns) -> str | None:
    code = "" if columns.currency is None else cells[columns.currency].strip().upper()
    return code if len(code) == 3 and code.isascii() and code.isalpha() else None


def _country(cell: str) -> str | None:
    code = cell.strip().lower()
    return code if len(code) == 2 and code.isascii() and code.isalpha() else None


def _intent(cell: str) -> Intent | None:
    """The first word of the cell that is an intent; Ahrefs mixes in others, as "Non-branded"."""
    for word in cell.replace(";", ",").replace("|", ",").replace("/", ",").split(","):
        name = word.strip().lower()
        if intent := _INTENTS.get(_INTENT_LETTERS.get(name, name)):
            return intent
    return None


def _layout(lines: Sequence[str]) -> _Layout:
    """Find the header below what tools write above it, or see that the file is a list of one column."""
    filled = [(place, line) for place, line in enumerate(lines) if line.strip()]
    if not filled:
        raise FileUnreadable("The file is empty. Export the keywords again and import that.", line=1)
    for place, line in filled[:_PREAMBLE_LINES_MAX]:
        for separator in SEPARATORS:
            header = cells_of(line, separator)
            if len(header) > 1 and (columns := Columns.of(header)):
                return _Layout(columns=columns, separator=separator, first=place + 1, header=header)
    return _list_of_one_column(filled)


def _list_of_one_column(filled: Sequence[tuple[int, str]]) -> _Layout:
    first, line = filled[0]
    sample = [text for _, text in filled[:_SAMPLE_LINES]]
    parted = {
        separator: sum(len(cells_of(text, separator)) > 1 for text in sample) for separator in SEPARATORS
    }
    separator = max(SEPARATORS[::-1], key=lambda each: parted[each])
    header = cells_of(line, separator)
    columns = Columns.of(header)
    if columns is not None:
        return _Layout(columns=columns, separator=separator, first=first + 1, header=header)
    if parted[separator] * 2 > len(sample) or (header and names_another_column(header[0])):
        shown = ", ".join(shortened(cell) or "(empty)" for cell in header[:10])
        raise FileUnreadable(
            f"Line {first + 1}: no keyword column was found; the columns are: {shown}. "
            "Name one column Keyword, Keywords, Query or Term.",
            line=first + 1,
        )
    return _Layout(columns=Columns.one_column(), separator=separator, first=first, header=[])
