"""Every export that people have is read as it is meant."""

from decimal import Decimal
from pathlib import Path

import pytest

from services.publisher.domain.import_columns import Format
from services.publisher.domain.intent import Intent
from services.publisher.domain.keyword_import import KeywordRow, read_keywords

EXAMPLES = Path(__file__).parents[3] / "examples"
SEMRUSH = "Keyword,Intent,Volume,Trend,Keyword Difficulty,CPC (USD),Competitive Density,SERP Features,Number of Results"
AHREFS = (
    "#,Keyword,Country,Difficulty,Volume,CPC,CPS,Parent Keyword,Last Update,SERP Features,Global volume,"
    "Traffic potential,Global traffic potential,First seen,Intents"
)
AHREFS_ROW = (
    "1,Worm Bin,de,34,5400,0.49,1.1,compost,2025-10-01,Sitelinks,16000,900,2000,2015-09-01,"
    '"Non-branded,Commercial,Informational"'
)
PLANNER = (
    "Keyword Stats 2026-06-09 at 21_25_18\n"
    '"May 1, 2025 - April 30, 2026"\n'
    "Keyword\tCurrency\tAvg. monthly searches\tThree month change\tYoY change\tCompetition\t"
    "Competition (indexed value)\tTop of page bid (low range)\tTop of page bid (high range)\tSearches: May 2025\n"
    "worm bin\tEUR\t5000\t0%\t0%\tHigh\t94\t0,22\t1.234,50\t5000\n"
)


def only_row(text: str, encoding: str = "utf-8") -> KeywordRow:
    (row,) = read_keywords(text.encode(encoding)).rows
    return row


def test_semrush_of_2026_is_read() -> None:
    row = only_row(
        f'{SEMRUSH}\nworm bin,"Commercial, Informational",5400,"0.5,0.6",34,0.49,0.9,Reviews,100\n'
    )

    assert row == KeywordRow(2, "worm bin", "worm bin", 5400, 34, Decimal("0.49"), "USD", Intent.COMMERCIAL)


def test_an_older_semrush_file_has_no_intent_and_rounds_its_difficulty() -> None:
    row = only_row(
        "Keyword,Volume,Keyword Difficulty,CPC (USD),Number of Results\nworm bin,5400,85.18,0.49,7\n"
    )

    assert (row.difficulty, row.intent) == (85, None)


@pytest.mark.parametrize(
    ("encoding", "separator"), [("utf-8", ","), ("utf-8-sig", "\t"), ("utf-16", "\t"), ("utf-16", ",")]
)
def test_ahrefs_is_read_in_each_of_its_encodings(encoding: str, separator: str) -> None:
    text = f"{AHREFS}\r\n{AHREFS_ROW}\r\n"
    if separator == "\t":
        text = text.replace(",", "\t").replace(
            '"Non-branded\tCommercial\tInformational"', "Non-branded,Commercial"
        )

    found = read_keywords(text.encode(encoding))

    assert found.format is Format.AHREFS
    assert found.rows == [
        KeywordRow(2, "Worm Bin", "worm bin", 5400, 34, Decimal("0.49"), None, Intent.COMMERCIAL, "de")
    ]


def test_the_global_volume_of_ahrefs_is_never_the_volume() -> None:
    row = only_row("Keyword,Global volume,Country\nworm bin,16000,us\n")

    assert row.volume is None


def test_the_keyword_planner_is_read_below_its_preamble_with_decimal_commas() -> None:
    row = only_row(PLANNER, "utf-16")

    assert row == KeywordRow(4, "worm bin", "worm bin", 5000, None, Decimal("1234.50"), "EUR")


def test_advertising_competition_is_no_difficulty() -> None:
    found = read_keywords(PLANNER.encode("utf-16"))

    assert found.rows[0].difficulty is None
    assert "Competition (indexed value)" in found.unknown_columns


def test_impressions_of_the_search_console_stand_in_and_say_so() -> None:
    row = only_row('Top queries,Clicks,Impressions,CTR,Position\nworm bin,12,"1,300",0.9%,7.1\n')

    assert (row.volume, row.volume_is_impressions) == (1300, True)


def test_impressions_beside_a_volume_are_an_unknown_column() -> None:
    found = read_keywords(b"Query,Impressions,Volume\nworm bin,12,5400\n")

    assert (found.rows[0].volume, found.rows[0].volume_is_impressions) == (5400, False)
    assert found.unknown_columns == ("Impressions",)


@pytest.mark.parametrize("name", ["Keyword", "KEYWORDS", " query ", "Term", '"Search term"', "top queries"])
def test_a_keyword_column_is_known_by_any_of_its_names(name: str) -> None:
    row = only_row(f"Notes,{name}\nask Anna,worm bin\n")

    assert row.keyword == "worm bin"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_plain_list_is_read_in_any_unicode_encoding(encoding: str) -> None:
    found = read_keywords("worm bin\ncompost für balkon\n".encode(encoding))

    assert [row.keyword for row in found.rows] == ["worm bin", "compost für balkon"]


def test_a_list_with_a_heading_does_not_import_the_heading() -> None:
    found = read_keywords(b"Keywords\nworm bin\n")

    assert [(row.line, row.keyword) for row in found.rows] == [(2, "worm bin")]


def test_a_keyword_that_is_also_a_heading_is_data_further_down_a_list() -> None:
    found = read_keywords(b"worm bin\nsearch term\nkeyword\n")

    assert [row.keyword for row in found.rows] == ["worm bin", "search term", "keyword"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_any_system_ends_them(end: str) -> None:
    found = read_keywords(end.join(["Keyword;Volume", "worm bin;5", "", "bokashi;6"]).encode())

    assert [(row.line, row.volume) for row in found.rows] == [(2, 5), (4, 6)]


def test_lines_are_counted_in_the_file_when_quoted_cells_span_several() -> None:
    found = read_keywords(b'Keyword,Note\nworm bin,"ask\nAnna\nsoon"\n=cmd,x\nbokashi,y\n')

    assert [row.line for row in found.rows] == [2, 6]
    assert [error.line for error in found.errors] == [5]


def test_a_keyword_over_two_lines_is_one_line_of_text() -> None:
    row = only_row('Keyword,Volume\n"worm\n  bin",5\n')

    assert row.keyword == "worm bin"


def test_an_empty_difficulty_is_unknown_and_not_zero() -> None:
    found = read_keywords(b"Keyword,Keyword Difficulty\nworm bin,\nbokashi,0\nmulch,n/a\nshort\n")

    assert [row.difficulty for row in found.rows] == [None, 0, None, None]


def test_the_same_text_in_other_clothes_is_one_keyword() -> None:
    lines = ["worm bin", "Worm  Bin", "ｗｏｒｍ bin", "don’t", "don't", "bin worm"]

    found = read_keywords("\n".join(lines).encode())

    assert [row.keyword for row in found.rows] == ["worm bin", "don’t", "bin worm"]
    assert found.skipped == 3


def test_a_header_repeated_by_joining_two_files_is_passed_over() -> None:
    found = read_keywords(b"Keyword,Volume\nworm bin,5\nKeyword,Volume\nbokashi,6\n")

    assert ([row.keyword for row in found.rows], found.refused) == (["worm bin", "bokashi"], 0)


def test_unknown_columns_are_named_as_they_stand_in_the_file() -> None:
    found = read_keywords(b"Keyword,My Notes,Volume,Query,\nworm bin,x,5,y,\n")

    assert found.unknown_columns == ("My Notes", "Query")


def test_the_separator_line_of_excel_is_no_header() -> None:
    row = only_row("sep=;\nKeyword;Volume\nworm bin;5\n")

    assert (row.line, row.volume) == (3, 5)


@pytest.mark.parametrize(
    ("file", "format", "rows"),
    [
        ("keywords.csv", Format.SEMRUSH, 70),
        ("semrush-old.csv", Format.SEMRUSH, 24),
        ("ahrefs.csv", Format.AHREFS, 23),
        ("ahrefs-utf8.csv", Format.AHREFS, 23),
        ("google-keyword-planner.csv", Format.GOOGLE_KEYWORD_PLANNER, 18),
        ("search-console.csv", Format.GOOGLE_SEARCH_CONSOLE, 18),
        ("by-hand.csv", Format.TABLE, 14),
        ("plain.txt", Format.LIST, 14),
    ],
)
def test_every_example_is_read_without_a_single_error(file: str, format: Format, rows: int) -> None:
    found = read_keywords((EXAMPLES / file).read_bytes())

    assert (found.format, len(found.rows), found.errors, found.skipped) == (format, rows, [], 0)


def test_the_demo_list_has_volumes_several_intents_and_some_unknown_difficulties() -> None:
    rows = read_keywords((EXAMPLES / "keywords.csv").read_bytes()).rows

    assert all(row.volume for row in rows)
    assert {row.intent for row in rows} >= {Intent.INFORMATIONAL, Intent.COMMERCIAL, Intent.TRANSACTIONAL}
    assert 0 < sum(row.difficulty is None for row in rows) < len(rows) / 4
