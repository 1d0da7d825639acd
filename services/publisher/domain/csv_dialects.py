"""From the bytes of a keyword file to its records: encoding, separator and line numbers."""

import csv
import io
import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from services.publisher.domain.import_refusals import FileUnreadable, TooManyBytes

FILE_BYTES_MAX = 20 * 1024 * 1024
SEPARATORS = ("\t", ";", ",")
_UNCLOSED_QUOTES_MAX = 50
_CELL_TOO_LONG = f"A cell has more than {csv.field_size_limit():,} characters. Shorten it."
_LINE_END = re.compile(r"\r\n|\r|\n")
_BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
)
_OTHER_FILES = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF"),
)


@dataclass(frozen=True, slots=True)
class LineError:
    """One line that was left out, and why; lines are those of the file, counted from 1."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one row and the line of the file on which it begins."""

    line: int
    cells: list[str]


def collect(chunks: Iterable[bytes]) -> bytes:
    """Join the chunks of an upload; TooManyBytes as soon as they pass 20 MB, before more is held."""
    held = bytearray()
    for chunk in chunks:
        if len(held) + len(chunk) > FILE_BYTES_MAX:
            raise TooManyBytes(FILE_BYTES_MAX)
        held += chunk
    return bytes(held)


def decode(data: bytes) -> str:
    """The text of a UTF-8, UTF-16 or UTF-32 file without its byte order mark.

    FileUnreadable names the line and the byte that do not fit, and for a workbook or an archive what the
    file really is.
    """
    if len(data) > FILE_BYTES_MAX:
        raise TooManyBytes(FILE_BYTES_MAX)
    for signature, what in _OTHER_FILES:
        if data.startswith(signature):
            raise FileUnreadable(
                f"This file is {what}, not a CSV file. Save the sheet as CSV and import that.", line=1
            )
    encoding = _encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as fault:
        raise _broken_encoding(data, fault) from None
    # A file joined from two exports carries a second mark, and decoders of a named byte order keep the first.
    return text.removeprefix("\ufeff")


def lines_of(text: str) -> list[str]:
    """The lines as editors count them: ended by CR, LF or both, and by no other Unicode line separator."""
    return list(io.StringIO(text, newline=""))


def cells_of(line: str, separator: str) -> list[str]:
    """The cells of one line taken alone, as the header is looked for."""
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def records(lines: Sequence[str], *, first: int, separator: str, errors: list[LineError]) -> Iterator[Record]:
    """Yield the rows from line index `first` on; blank ones are passed over.

    A quote that is opened and never closed would swallow the rest of the file. Its line goes to
    `errors` and reading goes on behind it; a file with more than 50 of them is FileUnreadable. A line whose cell is
    longer than any cell can be goes to `errors` too.
    """
    start, unclosed = first, 0
    while start < len(lines):
        broken = yield from _records_until_broken(lines, start, separator)
        if broken is None:
            return
        start = broken + 1
        if len(lines[broken]) > csv.field_size_limit():
            errors.append(LineError(start, _CELL_TOO_LONG))
            continue
        unclosed += 1
        if unclosed > _UNCLOSED_QUOTES_MAX:
            raise FileUnreadable(
                f"Line {start}: more than {_UNCLOSED_QUOTES_MAX} quotes are opened and never closed. "
                "Write a quote inside a quoted cell twice, or export the file again.",
                line=start,
            )
        errors.append(
            LineError(start, 'A quote (") is opened and never closed. Close it, or write it twice.')
        )


def _records_until_broken(
    lines: Sequence[str], start: int, separator: str
) -> Generator[Record, None, int | None]:
    """Yield rows, then return the index of the line on which an unclosed quote opens, or None at the end."""
    source = islice(lines, start, None)
    reader = csv.reader(source, delimiter=separator)
    begins = start
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return None
        except csv.Error:  # a cell over the field size limit of the csv module, by a lost quote or by itself
            return begins
        ends = start + reader.line_num
        # Only a row over several lines can begin with a quote that was never closed: it runs to the end of the
        # file, or into the next line that holds a quote, and is no strict CSV then.
        if ends > begins + 1 and not _is_strict(lines[begins:ends], separator):
            return begins
        if any(cell and not cell.isspace() for cell in cells):
            yield Record(begins + 1, cells)
        begins = ends


def _is_strict(lines: Sequence[str], separator: str) -> bool:
    try:
        return len(list(csv.reader(lines, delimiter=separator, strict=True))) == 1
    except csv.Error:
        return False


def _encoding(data: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return encoding
    sample = data[:2000]
    if sample[1::2].count(0) * 2 > len(sample) // 2:
        return "utf-16-le"
    if sample[0::2].count(0) * 2 > len(sample) // 2:
        return "utf-16-be"
    return "utf-8"


def _broken_encoding(data: bytes, fault: UnicodeDecodeError) -> FileUnreadable:
    # The codec behind a byte order mark counts from behind it or not; the offset in `fault.object` is its own.
    before = fault.object[: fault.start].decode(fault.encoding, errors="ignore")
    line = len(_LINE_END.findall(before)) + 1
    position = fault.start + len(data) - len(fault.object) + 1
    name = fault.encoding.upper().replace("_", "-")
    return FileUnreadable(
        f"Line {line}: byte {position:,} of the file (0x{fault.object[fault.start]:02X}) is not valid {name}. "
        "Nothing was imported: save the file as UTF-8 (in Excel: CSV UTF-8) and import it again.",
        line=line,
        byte=str(position),
    )
