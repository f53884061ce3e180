"""Score tables: read and checked, or computed from the votes of the Galaxy Zoo 2 catalogue."""

import csv
import io
import unicodedata
from collections.abc import Generator, Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue.catalogue import CatalogueError
from galaxy_explorer.decision_tree import COLUMNS, QUESTIONS, fractions_from_shares, shares_from_fractions

ID = "GalaxyID"
# Numeric columns with their ranges. Scores are rounded, so that sums of them may leave [0, 1] a little.
RANGES: dict[str, tuple[float, float]] = dict.fromkeys(COLUMNS, (-1e-3, 1 + 1e-3)) | {
    "ra_deg": (0.0, 360.0),
    "dec_deg": (-90.0, 90.0),
}
_UNKNOWN = ["", "NaN", "nan", "NA"]  # cells of an unknown score
_SEPARATORS = ((";", "semicolons"), ("\t", "tabs"))  # of other programs


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


def read_scores(source: Path | bytes, name: str) -> pd.DataFrame:
    """Read a score table: CSV with ``GalaxyID`` and any of the 37 score columns.

    Parameters
    ----------
    source : Path or bytes
        The file, or its content.
    name : str
        Name of the table in messages.

    Returns
    -------
    pd.DataFrame
        Index ``GalaxyID`` of text, without duplicates; the 37 columns as float32 in [0, 1], NaN where a column
        is missing or a cell is empty; ``ra_deg`` and ``dec_deg`` in degrees if present. Other columns are
        ignored.

    Raises
    ------
    CatalogueError
        If it is not such a table. The message names file, row (line of the file) and column.
    """
    header = _read_header(source, name)
    known = [column for column in header if column in RANGES]
    try:
        raw = pd.read_csv(
            io.BytesIO(source) if isinstance(source, bytes) else source,
            header=None,
            skiprows=1,
            names=header,
            index_col=False,
            dtype={ID: str},
            na_values=dict.fromkeys(known, _UNKNOWN),
            keep_default_na=False,
            skip_blank_lines=False,
            low_memory=False,
            encoding="utf-8-sig",
        )
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        _check_lengths(source, name, len(header))
        raise _unreadable(name, error) from error
    raw.index += 2  # line numbers of the file: the header is line 1
    raw[ID] = raw[ID].fillna("").map(normalise_id)
    blank = (raw[ID] == "") & raw[known].isna().all(axis=1)
    if raw[header[-1]].isna().any() or (raw[header[-1]].astype(str) == "").any():
        _check_lengths(source, name, len(header))  # a row cut short looks like a row with empty cells
    return _check(raw[~blank], known, name)


def _check(raw: pd.DataFrame, known: list[str], name: str) -> pd.DataFrame:
    """Check ids and values, and return the table with 37 columns."""
    if (raw[ID] == "").any():
        line = raw.index[raw[ID] == ""][0]
        raise CatalogueError(f"{name}, row {line}, column {ID}: the id is empty; give each galaxy its id")
    if raw[ID].duplicated().any():
        galaxy_id = raw.loc[raw[ID].duplicated(), ID].iloc[0]
        first, second = raw.index[raw[ID] == galaxy_id][:2]
        raise CatalogueError(f"{name}, row {second}: galaxy {galaxy_id} is already in row {first}; keep one of the two")
    columns = {}
    for column in known:
        columns[column], invalid = to_numbers(raw[column], column)
        if invalid.any():
            line = raw.index[invalid][0]
            low, high = map(round, RANGES[column])
            raise CatalogueError(
                f"{name}, row {line}: the value of {column} is {str(raw[column][line])!r}; expected {low} to {high}. "
                "Correct it, or leave the cell empty if it is unknown"
            )
    unknown = np.full(len(raw), np.nan)
    scores = {column: columns.pop(column, unknown).astype(np.float32) for column in COLUMNS}
    return pd.DataFrame(scores | columns, index=pd.Index(raw[ID].to_numpy(dtype=str), dtype=str, name=ID))


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


def _read_header(source: Path | bytes, name: str) -> list[str]:
    """Return the column names; raise CatalogueError if this is not a score table with rows."""
    rows = _csv_rows(source, name)
    header = [column.strip() for column in next(rows, [])]
    first = next((row for row in rows if row), None)
    rows.close()
    found = ", ".join(header[:6]) + (", …" if len(header) > 6 else "") or "nothing"
    if ID not in header:
        advice = "".join(
            f"; cells are separated by {word}, save it with commas" for mark, word in _SEPARATORS if mark in found
        )
        raise CatalogueError(f"{name}, row 1: there is no column {ID}; found {found}{advice}")
    if not set(COLUMNS).intersection(header):
        raise CatalogueError(
            f"{name}, row 1: none of the score columns {COLUMNS[0]} to {COLUMNS[-1]} is there; found {found}"
        )
    if len(set(header)) < len(header):
        column = next(column for column in header if header.count(column) > 1)
        raise CatalogueError(f"{name}, row 1: column {column} is there twice; keep one of the two")
    if first is None:
        raise CatalogueError(f"{name} has column names but no rows: add a row per galaxy, or remove the file")
    if len(first) > len(header):  # pandas would truncate such a row with a mere warning
        _check_lengths(source, name, len(header))
    return header


def _check_lengths(source: Path | bytes, name: str, length: int) -> None:
    """Raise CatalogueError at the first row that has more or fewer cells than the header."""
    for line, row in enumerate(_csv_rows(source, name), start=1):
        if row and len(row) != length:
            raise CatalogueError(
                f"{name}, row {line}: it has {len(row)} cells where the header has {length}; "
                "the file may be cut short: fetch or save it again"
            )


def _csv_rows(source: Path | bytes, name: str) -> Generator[list[str]]:
    """Yield the rows of a CSV file; an empty line is an empty list."""
    file = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
    with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        try:
            yield from csv.reader(text)
        except (csv.Error, UnicodeDecodeError) as error:
            raise _unreadable(name, error) from error


def _unreadable(name: str, error: Exception) -> CatalogueError:
    return CatalogueError(f"{name} cannot be read as a table ({error}): save it again as CSV in UTF-8")


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
