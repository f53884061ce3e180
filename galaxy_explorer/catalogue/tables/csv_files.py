"""CSV files as spreadsheets save them: encoding, separator and header, within bounds."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from galaxy_explorer.catalogue.errors import CatalogueError

MAX_LINES = 1_000_000
MAX_COLUMNS = 1_000
_MAX_HEADER = 100_000  # letters: 1,000 columns take some 20,000
_SEPARATORS = ",;\t|"  # semicolons: Excel where commas are decimal marks; tabs: its "Unicode text"
_SEP_LINE = re.compile(r'"?sep=([,;:|\t])"?', re.IGNORECASE)  # first line of a file for Excel
# What else is found under the name of a CSV file, by its first bytes.
_OTHERS = {
    b"PK\x03\x04": "an Excel workbook or a zip file: open it and save the table as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: open it and save the table as CSV UTF-8",
    b"\x1f\x8b": "packed by gzip: unpack it",
}


def as_utf8(content: bytes) -> bytes:
    """Return a text as UTF-8; Excel's "Unicode text" and PowerShell 5's redirections are UTF-16."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        content = content.decode("utf-16", errors="replace").encode()
    elif b"\0" in content[:2]:
        encoding = "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
        content = content.decode(encoding, errors="replace").encode()
    return content.removeprefix(codecs.BOM_UTF8)


@dataclass(frozen=True)
class CsvFile:
    """A CSV file in UTF-8 whose header has been found; other bytes are read as U+FFFD."""

    content: bytes
    name: str
    separator: str
    header_row: int  # from 1; only blank rows and Excel's "sep=" are above it
    header: list[str]  # without white space around the names

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each row below the header with its number; a blank line is an empty list."""
        with _as_text(self.content) as text:
            below = islice(csv.reader(text, delimiter=self.separator), self.header_row, None)
            try:
                yield from enumerate(below, start=self.header_row + 1)
            except csv.Error as error:
                raise unreadable(self.name, error) from error


def find_header(content: bytes, name: str, key: str) -> CsvFile:
    """Find the header of a CSV file; the separator is the one that makes `key` a column.

    Raises CatalogueError if it is a file of another kind, or has too many lines or columns.
    """
    if other := next((words for magic, words in _OTHERS.items() if content.startswith(magic)), None):
        raise CatalogueError(f"{name} is {other}")
    content = as_utf8(content)
    if max(content.count(b"\n"), content.count(b"\r")) > MAX_LINES:
        raise CatalogueError(f"{name} has more than {MAX_LINES:,} lines, the limit: divide it")
    separators, row = _SEPARATORS, 1
    with _as_text(content) as text:
        while (line := text.readline(_MAX_HEADER)) and not line.strip(f'{_SEPARATORS}" \r\n'):
            row += 1
        if match := _SEP_LINE.fullmatch(line.rstrip("\r\n")):
            separators, row, line = match[1], row + 1, text.readline(_MAX_HEADER)
        separator = next((mark for mark in separators if key in _cells([line], mark)), separators[0])
        try:
            header = _cells(chain([line], text), separator)  # quoted names may span lines
        except csv.Error as error:
            raise unreadable(name, error) from error
    if len(line) == _MAX_HEADER or len(header) > MAX_COLUMNS:
        raise CatalogueError(f"{name}, row {row}: it has more than {MAX_COLUMNS:,} columns, the limit: remove others")
    return CsvFile(content, name, separator, row, header)


def unreadable(name: str, error: Exception) -> CatalogueError:
    """Return the error for a file whose cells cannot be told apart."""
    return CatalogueError(
        f"{name} cannot be read as a table ({error}); a quotation mark may be missing: save it again as CSV"
    )


def _cells(lines: Iterable[str], separator: str) -> list[str]:
    """Return the stripped cells of the first row."""
    return [cell.strip() for cell in next(csv.reader(lines, delimiter=separator), [])]


def _as_text(content: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(content), "utf-8", errors="replace", newline="")
