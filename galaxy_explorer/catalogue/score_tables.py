"""Score tables: read and checked, or computed from the votes of the GZ2 catalogue."""

import csv
import io
import unicodedata
from collections.abc import Generator, Iterable
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue.catalogue import CatalogueError
from galaxy_explorer.decision_tree import COLUMNS, QUESTIONS, fractions_from_shares, shares_from_fractions

ID = "GalaxyID"
# Numbers that a table may hold, with their ranges. Scores are rounded, so that sums of them may leave [0, 1] a little.
RANGES: dict[str, tuple[float, float]] = dict.fromkeys(COLUMNS, (-1e-3, 1 + 1e-3)) | {
    "ra_deg": (0.0, 360.0),
    "dec_deg": (-90.0, 90.0),
}
_UNKNOWN = ["", "NaN", "nan", "NA"]  # how a table may write an unknown score
_MARKS = {";": "semicolons", "\t": "tabs"}  # what other programs part cells by


def id_of(text: str) -> str:
    """Take an id out of a table, a list or the name of a file.

    Parameters
    ----------
    text : str
        An id, with whatever white space around it.

    Returns
    -------
    str
        The same in Unicode's form NFC: a Mac writes the names of files with letters and accents apart (NFD),
        most tables have them in one.
    """
    return unicodedata.normalize("NFC", text.strip())


def read_scores(source: Path | bytes, name: str) -> pd.DataFrame:
    """Read a score table: ``GalaxyID`` and any of the 37 score columns, as in the challenge.

    Parameters
    ----------
    source : Path or bytes
        The CSV file, or its content.
    name : str
        What to call the table in messages.

    Returns
    -------
    pd.DataFrame
        Index ``GalaxyID`` of text, without duplicates; the 37 columns as float32 in [0, 1], NaN where a column
        is not in the table or a cell is empty; ``ra_deg`` and ``dec_deg`` in degrees where the table has
        them. Other columns are left out.

    Raises
    ------
    CatalogueError
        If it is no such table. The message names file, row (by the file's line) and column.
    """
    header = _header(source, name)
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
        raise CatalogueError(f"{name} cannot be read as a table ({error}): save it again as CSV in UTF-8") from error
    raw.index += 2  # line numbers of the file: the header is line 1
    raw[ID] = raw[ID].fillna("").map(id_of)
    blank = (raw[ID] == "") & raw[known].isna().all(axis=1)
    if raw[header[-1]].isna().any() or (raw[header[-1]].astype(str) == "").any():
        _check_lengths(source, name, len(header))  # a row cut short looks like a row with empty cells
    return _checked(raw[~blank], known, name)


def _checked(raw: pd.DataFrame, known: list[str], name: str) -> pd.DataFrame:
    """Check ids and values, and lay the table out as 37 columns."""
    if (raw[ID] == "").any():
        line = raw.index[raw[ID] == ""][0]
        raise CatalogueError(f"{name}, row {line}, column {ID}: the id is empty; give each galaxy its id")
    twice = raw[ID].duplicated(keep=False)
    if twice.any():
        galaxy = raw.loc[twice, ID].iloc[0]
        first, second = raw.index[raw[ID] == galaxy][:2]
        raise CatalogueError(
            f"{name}, row {second}, column {ID}: galaxy {galaxy} stands in row {first} already; keep one of the two"
        )
    columns = {column: _numbers(raw, column, name) for column in known}
    unknown = np.full(len(raw), np.nan, dtype=np.float32)
    table = {column: columns.get(column, unknown).astype(np.float32) for column in COLUMNS}
    positions = {column: columns[column] for column in known if column not in COLUMNS}
    return pd.DataFrame(table | positions, index=pd.Index(raw[ID].to_numpy(dtype=str), dtype=str, name=ID))


def _numbers(raw: pd.DataFrame, column: str, name: str) -> np.ndarray:
    """Take a column as numbers in its range."""
    cells = raw[column]
    texts = cells.astype(str).str.strip() if cells.dtype.kind not in "fiu" else None
    values = cells if texts is None else pd.to_numeric(texts, errors="coerce")
    wrong = values.isna() & (False if texts is None else ~texts.fillna("").isin(_UNKNOWN))
    if wrong.any():
        line = raw.index[wrong][0]
        raise CatalogueError(
            f"{name}, row {line}, column {column}: {str(cells[line])!r} is not a number; "
            "give a number, or leave the cell empty if it is unknown"
        )
    low, high = RANGES[column]
    outside = ~values.between(low, high) & values.notna()
    if outside.any():
        line = raw.index[outside][0]
        raise CatalogueError(
            f"{name}, row {line}, column {column}: {values[line]:g} is not between {round(low):g} and {round(high):g}"
        )
    numbers = values.to_numpy(dtype=float)
    return numbers.clip(0.0, 1.0) if column in COLUMNS else numbers


def _header(source: Path | bytes, name: str) -> list[str]:
    """Read the column names and check that the table can be one of scores."""
    with closing(_lines(source, name)) as lines:
        header = [column.strip() for column in next(lines, [])]
        first = next((row for row in lines if row), None)
    found = ", ".join(header[:6]) + (", …" if len(header) > 6 else "") or "nothing"
    if ID not in header:
        advice = next(
            (
                f"; its cells are parted by {said}: save it with commas"
                for mark, said in _MARKS.items()
                if mark in found
            ),
            "",
        )
        raise CatalogueError(f"{name}, row 1: there is no column {ID}; found {found}{advice}")
    if not any(column in COLUMNS for column in header):
        raise CatalogueError(
            f"{name}, row 1: none of the score columns {COLUMNS[0]} to {COLUMNS[-1]} is there; found {found}"
        )
    for place, column in enumerate(header):
        if column in header[:place]:
            raise CatalogueError(f"{name}, row 1, column {column}: it is there twice; keep one of the two")
    if first is None:
        raise CatalogueError(f"{name} has column names but no rows: give it a row per galaxy, or take it away")
    if len(first) > len(header):  # pandas would cut such a row short, with a warning alone
        _check_lengths(source, name, len(header))
    return header


def _check_lengths(source: Path | bytes, name: str, length: int) -> None:
    """Find the first row that has more or fewer cells than the header."""
    for line, row in enumerate(_lines(source, name), start=1):
        if row and len(row) != length:
            raise CatalogueError(
                f"{name}, row {line}: it has {len(row)} cells where the header has {length}; "
                "the file may be cut short: fetch or save it again"
            )


def _lines(source: Path | bytes, name: str) -> Generator[list[str]]:
    """Go through the rows of a CSV file as lists of texts; an empty line is an empty list."""
    file = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
    with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        try:
            yield from csv.reader(text)
        except (csv.Error, UnicodeDecodeError) as error:
            raise CatalogueError(
                f"{name} cannot be read as a table ({error}): save it again as CSV in UTF-8"
            ) from error


def scores_from_votes(rows: pd.DataFrame, kind: str = "debiased") -> np.ndarray:
    """Compute the 37 vote fractions from the votes of the GZ2 catalogue.

    An answer's share is its fraction divided by the sum over its question; the masses are walked from
    question 1 down, as in the challenge.

    Parameters
    ----------
    rows : (N, …) pd.DataFrame
        Rows of the catalogue of Hart et al. 2016, with its column names.
    kind : {"debiased", "weighted_fraction"}, optional
        Which of the catalogue's fractions to use.

    Returns
    -------
    (N, 37) np.ndarray of float
        Vote fractions in the order of `decision_tree.COLUMNS`. NaN where votes reach a question that has
        none in the catalogue.

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
    """Name the GZ2 catalogue's columns of one kind of fractions, in the order of `decision_tree.COLUMNS`.

    Parameters
    ----------
    header : iterable of str
        The columns that the table has, in any order.
    kind : {"debiased", "weighted_fraction"}, optional
        As in `scores_from_votes`.

    Returns
    -------
    list of str
        37 column names.

    Raises
    ------
    CatalogueError
        If one of them is not in the header.
    """
    names = [f"{question.stem}_{answer.stem}_{kind}" for question in QUESTIONS for answer in question.answers]
    missing = sorted(set(names) - set(header), key=names.index)
    if missing:
        raise CatalogueError(
            f"the catalogue has no column {missing[0]} ({len(missing)} of {len(names)} are missing): "
            "take the table gz2_hart16.csv with all its columns"
        )
    return names
