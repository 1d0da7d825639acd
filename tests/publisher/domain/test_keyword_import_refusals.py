"""Bad files are refused whole, bad lines alone, and each says where, why and what to do."""

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.refusal import Refusal
from services.publisher.domain.csv_dialects import FILE_BYTES_MAX, collect
from services.publisher.domain.import_refusals import FileUnreadable, TooManyBytes, TooManyRows
from services.publisher.domain.keyword_import import ERRORS_KEPT_MAX, ROWS_MAX, read_keywords

HEADER = "Keyword,Volume,Difficulty,CPC"


def error_of(row: str) -> str:
    """What is said of a bad line between two good ones, which are imported all the same."""
    found = read_keywords(f"{HEADER}\nworm bin,5,5,5\n{row}\nbokashi,6,6,6\n".encode())
    assert [line.keyword for line in found.rows] == ["worm bin", "bokashi"]
    ((line, reason),) = [(error.line, error.reason) for error in found.errors]
    assert (line, found.refused) == (3, 1)
    return reason


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("=cmd|' /C calc'!A0,5,5,5", "spreadsheet formula"),
        ("+1+cmd|' /C calc'!A0,5,5,5", "spreadsheet formula"),
        ("@SUM(A1:A9),5,5,5", "spreadsheet formula"),
        ("-2+3+cmd|' /C calc'!A0,5,5,5", "spreadsheet formula"),
        ("-A1(B2),5,5,5", "spreadsheet formula"),
        ("＝cmd,5,5,5", "spreadsheet formula"),
        ("mulch,-5,5,5", "volume -5 is negative"),
        ("mulch,10000000001,5,5", "more than 10,000,000,000 searches a month"),
        (f"mulch,{'9' * 5000},5,5", "more than 10,000,000,000 searches a month"),
        ("mulch,many,5,5", 'volume "many" is not a number'),
        ("mulch,=1+1,5,5", 'volume "=1+1" is not a number'),
        ("mulch,1e9,5,5", "is not a number"),
        ("mulch,٣,5,5", "is not a number"),
        ("mulch,5,101,5", "difficulty 101 is not between 0 and 100"),
        ("mulch,5,-1,5", "difficulty -1 is not between 0 and 100"),
        ("mulch,5,hard,5", 'difficulty "hard" is not a number'),
        ("mulch,5,5,-0.5", "cost per click -0.5 is negative"),
        ("mulch,5,5,cheap", 'cost per click "cheap" is not a number'),
        ("mulch,5,5,NaN", "is not a number"),
        (f"{'x' * 201},5,5,5", "201 characters; at most 200"),
        ("mul\x00ch,5,5,5", "control characters"),
        ("mul\x1bch,5,5,5", "control characters"),
        ("mul\u202ech,5,5,5", "control characters"),
        ("?!…,5,5,5", "no letter and no digit"),
        ("🔥🔥,5,5,5", "no letter and no digit"),
        (",5,5,5", "keyword is empty"),
        ("mulch, straw,5,5,5", "The line has 5 cells and the file 4 columns"),
    ],
)
def test_a_bad_line_is_left_out_alone_with_its_line_and_reason(row: str, said: str) -> None:
    assert said in error_of(row)


@pytest.mark.parametrize(
    "row", ["-15 degree sleeping bag,5,5,5", "c++,5,5,5", "5 gallon,5,5,5", "堆肥,5,5,5"]
)
def test_an_odd_keyword_that_people_search_for_is_imported(row: str) -> None:
    found = read_keywords(f"{HEADER}\n{row}\n".encode())

    assert (len(found.rows), found.errors) == (1, [])


def test_a_volume_of_exactly_the_limit_is_imported() -> None:
    found = read_keywords(b"Keyword,Volume\nworm bin,10000000000\n")

    assert found.rows[0].volume == 10**10


def test_a_quote_that_is_never_closed_costs_its_own_line_only() -> None:
    found = read_keywords(b'Keyword,Volume\nworm bin,5\n"bokashi,6\nmulch,7\nleaf mold,8\n')

    assert [row.keyword for row in found.rows] == ["worm bin", "mulch", "leaf mold"]
    assert [(error.line, "never closed" in error.reason) for error in found.errors] == [(3, True)]


def test_a_quote_that_opens_far_before_the_end_costs_its_own_line_only() -> None:
    found = read_keywords(
        b'Keyword,Volume\n"bokashi,6\n' + b"".join(b"mulch %d,7\n" % n for n in range(50_000))
    )

    assert (len(found.rows), [error.line for error in found.errors]) == (50_000, [2])


def test_a_quote_that_runs_into_the_next_quoted_cell_costs_its_own_line_only() -> None:
    found = read_keywords(
        b'Keyword,Intent,Volume\n"bokashi,Commercial,6\nmulch,"Commercial, Informational",7\n'
    )

    assert [(row.line, row.keyword, row.volume) for row in found.rows] == [(3, "mulch", 7)]
    assert [error.line for error in found.errors] == [2]


def test_a_file_full_of_unclosed_quotes_is_refused_and_not_worked_on_for_ever() -> None:
    lines = b'"a,\n' + b"x" * 140_000 + b"\n"

    with pytest.raises(FileUnreadable, match="more than 50 quotes"):
        read_keywords(b"Keyword,Volume\n" + lines * 60)


@pytest.mark.parametrize(
    ("data", "line", "said"),
    [
        (b"", "1", "The file is empty"),
        (b"\xef\xbb\xbf", "1", "The file is empty"),
        (b" \r\n\n\t\n", "1", "The file is empty"),
        (b"Name,Phone\nAnna,555\nBen,556\n", "1", "the columns are: Name, Phone. Name one column Keyword"),
        (b"\n\nName;Phone\nAnna;555\nBen;556\n", "3", "the columns are: Name, Phone"),
        (b"worm bin,5400,34\nbokashi,4400,30\n", "1", "no keyword column was found"),
        (b"Volume\n5400\n4400\n", "1", "no keyword column was found"),
        (b"Keyword\nworm bin\ncompost f\xfcr balkon\n", "3", "byte 27 of the file (0xFC) is not valid UTF-8"),
        (b"\xef\xbb\xbfKeyword\nf\xfcr\n", "2", "byte 13 of the file (0xFC)"),
        ("Keyword\nworm bin\n".encode("utf-16") + b"\x00", "3", "is not valid UTF-16"),
        ("Keyword\nworm\n".encode("utf-16") + b"\x00\xd8a\x00", "3", "is not valid UTF-16"),
        (b"PK\x03\x04\x14\x00", "1", "an Excel workbook or a zip archive, not a CSV file"),
        (b"%PDF-1.7", "1", "a PDF"),
    ],
)
def test_an_unreadable_file_is_refused_whole_with_line_and_way_out(data: bytes, line: str, said: str) -> None:
    with pytest.raises(FileUnreadable) as refused:
        read_keywords(data)

    assert said in refused.value.message
    assert (refused.value.reason, refused.value.metadata["line"]) == ("FILE_UNREADABLE", line)


def test_100000_rows_are_read_within_3_seconds_and_one_more_is_refused_whole() -> None:
    rows = "".join(
        f'compost für topf {n},"Informational, Commercial",{n},"0.1,0.2",{n % 101},0.{n % 90 + 10}\n'
        for n in range(ROWS_MAX)
    )
    data = f"Keyword,Intent,Volume,Trend,Keyword Difficulty,CPC (USD)\n{rows}".encode()

    began = time.process_time()
    found = read_keywords(data)
    seconds = time.process_time() - began

    assert len(found.rows) == ROWS_MAX
    assert seconds < 3
    with pytest.raises(TooManyRows) as refused:
        read_keywords(data + b"one more,,,,,\n")
    assert refused.value.metadata == {"limit": "100000", "unit": "rows"}


def test_more_than_20_megabytes_are_refused_while_they_arrive() -> None:
    chunk = b"x" * (1024 * 1024)
    taken = []

    def chunks() -> Iterator[bytes]:
        for number in range(1000):
            taken.append(number)
            yield chunk

    with pytest.raises(TooManyBytes) as refused:
        collect(chunks())
    assert len(taken) == 21
    assert (refused.value.reason, refused.value.metadata["unit"]) == ("PAYLOAD_TOO_LARGE", "bytes")


def test_exactly_20_megabytes_are_collected() -> None:
    assert len(collect([b"x" * FILE_BYTES_MAX])) == FILE_BYTES_MAX


def test_a_file_over_20_megabytes_is_refused_when_it_comes_at_once_too() -> None:
    with pytest.raises(TooManyBytes):
        read_keywords(b"x" * (FILE_BYTES_MAX + 1))


def test_of_many_errors_the_first_thousand_are_kept_and_all_are_counted() -> None:
    found = read_keywords(b"Keyword,Volume\n" + b"mulch,-1\n" * 5_000)

    assert (len(found.errors), found.refused) == (ERRORS_KEPT_MAX, 5_000)
    assert found.errors[0].line == 2


@given(
    st.binary(max_size=200)
    | st.text(alphabet='Keywordvolume,;\t"\n\r =-+@5.K\u2019\x00\ud7ff', max_size=200).map(str.encode)
    | st.text(alphabet='a5,;"\n', max_size=200).map(lambda text: f"Keyword,Volume\n{text}".encode())
)
def test_any_file_is_read_or_refused_and_every_line_of_it_is_one_that_exists(data: bytes) -> None:
    try:
        found = read_keywords(data)
    except Refusal:
        return

    lines = [*(row.line for row in found.rows), *(error.line for error in found.errors)]
    assert all(1 <= line <= data.count(b"\n") + data.count(b"\r") + 1 for line in lines)
    assert len({row.normalised for row in found.rows}) == len(found.rows)
    assert all(row.keyword and (row.volume is None or row.volume >= 0) for row in found.rows)
