"""Score tables: read and checked, or computed from the votes of the Galaxy Zoo 2 catalogue."""

import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue.errors import CatalogueError, shortened
from galaxy_explorer.catalogue.tables.csv_files import CsvFile, find_header, unreadable
from galaxy_explorer.decision_tree import COLUMNS, QUESTIONS, fractions_from_shares, shares_from_fractions

ID = "GalaxyID"
POSITION = ("ra_deg", "dec_deg")
# Numeric columns with their ranges. Scores are rounded, so that sums of them may leave [0, 1] a little.
RANGES: dict[str, tuple[float, float]] = dict.fromkeys(COLUMNS, (-1e-3, 1 + 1e-3)) | {
    "ra_deg": (0.0, 360.0),
    "dec_deg": (-90.0, 90.0),
}
UNREAD = "unread_columns"  # entry of a table's ``attrs``
_NAMED = 10  # columns in a sentence
_UNKNOWN = ["", "NaN", "nan", "NA"]  # cells of an unknown score
_ROUNDED = r"\d(?:[.,]\d+)?[eE]\+[12]\d"  # a long number as Excel shows and saves it: 5.87E+17
_UNDECODABLE = "\N{REPLACEMENT CHARACTER}"


def normalise_id(text: str) -> str:
    """Return a galaxy's id, stripped and in Unicode form NFC.

    Parameters
    ----------
    text : str
        A cell, a line of a list, or the stem of a file name. macOS writes file names in form NFD, tables use NFC.

    Returns
    -------
    str
    """
    return unicodedata.normalize("NFC", text.strip())


def read_scores(source: Path | bytes, name: str, needed: Sequence[str] = COLUMNS) -> pd.DataFrame:
    """Read a score table: CSV with ``GalaxyID`` and any of the 37 score columns.

    Cells may be separated by commas, semicolons or tabs, and have decimal commas; the text is UTF-8 or UTF-16.

    Parameters
    ----------
    source : Path or bytes
        The file, or its content.
    name : str
        Name of the table in messages.
    needed : sequence of str, optional
        Columns, one of them at least must be there: the scores, or `POSITION` for a table of positions.

    Returns
    -------
    pd.DataFrame
        Index ``GalaxyID`` of text, without duplicates; the 37 columns as float32 in [0, 1], NaN where a column
        is missing or a cell is empty; ``ra_deg`` and ``dec_deg`` in degrees if present. Columns without a name are
        ignored; the names of others are in ``attrs``, as `UNREAD`.

    Raises
    ------
    CatalogueError
        If it is not such a table. The message names file, row (line of the file) and column.
    """
    file = find_header(source if isinstance(source, bytes) else source.read_bytes(), name, ID)
    known = _check_header(file, needed)
    raw = _read_columns(file, [ID, *known])
    raw[ID] = raw[ID].fillna("").map(normalise_id)
    blank = (raw[ID] == "") & raw[known].isna().all(axis=1)
    regular = (len(file.header) - 1) * (len(raw) - int(blank.sum()) + 1)
    if file.content.count(file.separator.encode()) != regular:  # a row cut short looks like one with empty cells
        _check_lengths(file, max(map(file.header.index, [ID, *known])))
    raw = raw[~blank]
    if raw.empty:
        raise CatalogueError(f"{name} has column names but no rows: add a row per galaxy, or remove the file")
    _check_ids(raw[ID], name)
    numbers = {column: _numbers(raw[column], column, name) for column in known}
    unknown = np.full(len(raw), np.nan)
    scores = {column: numbers.pop(column, unknown).astype(np.float32) for column in COLUMNS}
    table = pd.DataFrame(scores | numbers, index=pd.Index(raw[ID], dtype=str, name=ID))
    table.attrs[UNREAD] = [column for column in file.header if column and column not in (ID, *RANGES)]
    return table


def unread_note(table: pd.DataFrame) -> str:
    """Return sentences on unread columns of a score table, and on scores that no galaxy has.

    Parameters
    ----------
    table : pd.DataFrame
        What `read_scores` returns, or the table of a `Catalogue`.

    Returns
    -------
    str
        Empty if all columns are read: then unknown scores are not a mistake.
    """
    unread = [shortened(column) for column in table.attrs.get(UNREAD, [])]
    if not unread:
        return ""
    unknown = [column for column in COLUMNS if table[column].isna().all()]
    named, more = ", ".join(unread[:_NAMED]), ", …" if unread[_NAMED:] else ""
    note = f"Columns of the score table that are not read: {len(unread):,} ({named}{more})."
    if unknown:
        named, more = ", ".join(unknown[:_NAMED]), ", …" if unknown[_NAMED:] else ""
        note += f" Scores that no galaxy has: {len(unknown)} ({named}{more}). Check the names of the columns."
    return note


def _check_header(file: CsvFile, needed: Sequence[str]) -> list[str]:
    """Return the numeric columns of a score table; raise CatalogueError if it is not one."""
    header, where = file.header, f"{file.name}, row {file.header_row}"
    found = ", ".join(map(shortened, header[:6])) + (", …" if len(header) > 6 else "") or "nothing"
    if ID not in header:
        raise CatalogueError(f"{where}: there is no column {ID}; found {found}")
    if not set(needed).intersection(header):
        which = (
            f"score columns {COLUMNS[0]} to {COLUMNS[-1]}" if needed is COLUMNS else f"columns {' and '.join(needed)}"
        )
        raise CatalogueError(f"{where}: none of the {which} is there; found {found}")
    if repeated := [column for column in (ID, *RANGES) if header.count(column) > 1]:
        raise CatalogueError(f"{where}: column {repeated[0]} is there twice; keep one of the two")
    return [column for column in RANGES if column in header]


def _read_columns(file: CsvFile, columns: list[str]) -> pd.DataFrame:
    """Read the ids and other columns of all rows, blank ones too, indexed by row number."""
    places = {file.header.index(column): column for column in columns}
    try:
        raw = pd.read_csv(
            io.BytesIO(file.content),
            sep=file.separator,
            header=None,
            names=[places.get(place, f"unread {place}") for place in range(max(places) + 1)],
            usecols=columns,
            skiprows=file.header_row,
            index_col=False,
            dtype={ID: str},
            na_values=dict.fromkeys(columns[1:], _UNKNOWN),
            keep_default_na=False,
            skip_blank_lines=False,
            low_memory=False,
            encoding_errors="replace",
        )
    except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        if _check_lengths(file, max(places)):
            raise unreadable(file.name, error) from error
        return pd.DataFrame(columns=columns, dtype=str)
    raw.index += file.header_row + 1
    return raw


def _check_lengths(file: CsvFile, last_needed: int) -> int:
    """Return the number of rows; raise CatalogueError at one of a wrong length.

    A row may not lack a needed cell, or have one more than the header. Empty cells at the end do not count:
    spreadsheets add some to every row, and leave some out.
    """
    length, found = len(file.header), 0
    for number, row in file.rows():
        found += any(row)
        if any(row) and (len(row) <= last_needed or any(map(str.strip, row[length:]))):
            raise CatalogueError(
                f"{file.name}, row {number}: it has {len(row)} cells where the header has {length}; "
                "the file may be cut short: fetch or save it again"
            )
    return found


def _check_ids(ids: pd.Series, name: str) -> None:
    """Raise CatalogueError if an id is malformed, or there twice; the index is the row."""
    malformed = (ids == "") | ids.str.fullmatch(_ROUNDED) | ids.str.contains(_UNDECODABLE, regex=False)
    if malformed.any():
        row = ids.index[malformed][0]
        raise CatalogueError(f"{name}, row {row}, column {ID}: {problem_of_id(ids[row])}")
    if ids.duplicated().any():
        galaxy_id = ids[ids.duplicated()].iloc[0]
        first, second = ids.index[ids == galaxy_id][:2]
        raise CatalogueError(
            f"{name}, row {second}: galaxy {shortened(galaxy_id)} is already in row {first}; keep one of the two"
        )


def problem_of_id(galaxy_id: str) -> str:
    """Return what is wrong with an id of a table or a list, and what to do; empty if nothing is."""
    if not galaxy_id:
        return "the id is empty; give each galaxy its id"
    if re.fullmatch(_ROUNDED, galaxy_id):
        return (
            f"the id {galaxy_id} was rounded by a spreadsheet, and its last digits are lost; take the ids from the "
            "original table, and import their column as text"
        )
    if _UNDECODABLE in galaxy_id:
        return f"the id {shortened(galaxy_id)} is not in UTF-8; save the file in UTF-8, in Excel as CSV UTF-8"
    return ""


def _numbers(cells: pd.Series, column: str, name: str) -> np.ndarray:
    """Return the numbers of a column; raise CatalogueError at an invalid cell."""
    numbers, invalid = to_numbers(cells, column)
    if invalid.any() and cells.dtype.kind not in "fiu":
        numbers, invalid = to_numbers(cells.astype(str).str.replace(",", "."), column)  # decimal commas
    if invalid.any():
        line = cells.index[invalid][0]
        low, high = map(round, RANGES[column])
        raise CatalogueError(
            f"{name}, row {line}: the value of {column} is {shortened(cells[line])!r}; expected {low} to {high}. "
            "Correct it, or leave the cell empty if it is unknown"
        )
    return numbers


def to_numbers(cells: pd.Series, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of a column of `RANGES`, and a mask of its invalid cells.

    Parameters
    ----------
    cells : (N,) pd.Series
        Numbers or text; an unknown value is NaN or an empty cell.
    column : str
        A score column, ``ra_deg`` or ``dec_deg``.

    Returns
    -------
    numbers : (N,) np.ndarray of float
        NaN where unknown or not a number; scores are clipped to [0, 1].
    invalid : (N,) np.ndarray of bool
        True where a cell is neither a number within the range nor unknown.
    """
    texts = cells if cells.dtype.kind in "fiu" else cells.astype(str).str.strip()
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    low, high = RANGES[column]
    invalid = ~((numbers >= low) & (numbers <= high)) & cells.notna().to_numpy()
    if texts is not cells:
        invalid &= ~texts.isin(_UNKNOWN).to_numpy()
    return numbers.clip(0.0, 1.0) if column in COLUMNS else numbers, invalid


def scores_from_votes(rows: pd.DataFrame, kind: str = "debiased") -> np.ndarray:
    """Compute the 37 vote fractions from the votes of the Galaxy Zoo 2 catalogue.

    An answer share is the answer's fraction divided by the sum over its question; vote fractions are shares times
    the mass of votes that reaches the question, from question 1 down, as in the challenge.

    Parameters
    ----------
    rows : (N, …) pd.DataFrame
        Rows of the catalogue of Hart et al. 2016, with its column names.
    kind : {"debiased", "weighted_fraction"}, optional
        Kind of the catalogue's fractions.

    Returns
    -------
    (N, 37) np.ndarray of float
        In the order of `decision_tree.COLUMNS`. NaN where votes reach a question without votes in the catalogue.

    Raises
    ------
    CatalogueError
        If a column is missing.

    References
    ----------
    Willett et al. 2013, MNRAS 435, 2835; Hart et al. 2016, MNRAS 461, 3663.
    """
    votes = rows[vote_columns(rows.columns, kind)].to_numpy(dtype=float)
    return fractions_from_shares(shares_from_fractions(votes))


def vote_columns(header: Iterable[str], kind: str = "debiased") -> list[str]:
    """Return the catalogue's 37 columns of one kind; raise CatalogueError if one is missing."""
    names = [f"{question.stem}_{answer.stem}_{kind}" for question in QUESTIONS for answer in question.answers]
    present = set(header)
    missing = [name for name in names if name not in present]
    if missing:
        raise CatalogueError(
            f"the catalogue has no column {missing[0]} ({len(missing)} of {len(names)} are missing): "
            "use the table gz2_hart16.csv with all its columns"
        )
    return names
