"""Formats of prediction tables, by the ending of the file."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue import ID, normalise_id, to_numbers
from galaxy_explorer.decision_tree import ANSWER_OF, COLUMNS, QUESTION_OF, shares_from_fractions
from galaxy_explorer.prediction.fits_ecsv import ecsv_header, fits_about, read_ecsv_header, read_fits, write_fits
from galaxy_explorer.prediction.tables import (
    ADVICE,
    CROP_COLUMNS,
    DAMAGED,
    INTERVAL_COLUMNS,
    OOD_FLAG,
    OOD_SCORE,
    About,
    PredictionError,
    parquet_about,
    read_parquet,
    sidecar_about,
    write_parquet,
)

ENDINGS = (".csv", ".parquet", ".fits", ".ecsv")
NAMES = ("class", "gz2")  # of the columns: Class1.1 as in the challenge, or t01_smooth
SHARE_COLUMNS = tuple(f"{name}_share" for name in COLUMNS)

_HALF_WIDTHS = tuple(f"{name}_spread" for name in COLUMNS)  # of intervals, in tables of an earlier version

_GZ2 = {name: f"t{QUESTION_OF[name].number:02}_{ANSWER_OF[name].stem.partition('_')[2]}" for name in COLUMNS}


def check_ending(path: Path) -> str:
    """Return the ending of a table's path; raise PredictionError if it is not one of `ENDINGS`."""
    if path.suffix.lower() not in ENDINGS:
        raise PredictionError(
            f"{path} ends in {path.suffix or 'nothing'}; name a file that ends in {', '.join(ENDINGS)}"
        )
    return path.suffix.lower()


def _name_in_file(column: str, ending: str, names: str) -> str:
    """Return the name of a column in a file; FITS has no dots: STILTS cannot type them."""
    answer, _, kind = column.partition("_")
    if names == "gz2" and answer in _GZ2:
        return "_".join(filter(None, (_GZ2[answer], kind)))
    return column.replace(".", "_") if ending == ".fits" else column


# Columns by their names in files, where these differ.
COLUMN_OF = {
    _name_in_file(column, ".fits", names): column
    for names in NAMES
    for column in (*COLUMNS, *INTERVAL_COLUMNS, *_HALF_WIDTHS)
}


def write_table(
    path: Path,
    ending: str,
    tables: Iterable[pd.DataFrame],
    columns: Sequence[str],
    about: About,
    names: str = "class",
) -> None:
    """Write tables, one after the other, into one file.

    Parameters
    ----------
    path : Path
        The file, whatever its name ends in.
    ending : str
        One of `ENDINGS`, which decides the format. FITS alone holds all rows in memory.
    tables : iterable of pd.DataFrame
        Indexed by ``GalaxyID`` (text), float32.
    columns : sequence of str
        Columns that are written; in FITS and ECSV the 37, `INTERVAL_COLUMNS`, `OOD_SCORE`, `OOD_FLAG`, `CROP_COLUMNS`.
    about : mapping of str to str or int
        Metadata, such as `provenance` returns. CSV has no place for it.
    names : str
        One of `NAMES`. With ``gz2`` the 37 answer shares follow the 37 vote fractions.
    """
    if names == "gz2":
        columns = [*COLUMNS, *SHARE_COLUMNS, *(name for name in columns if name not in COLUMNS)]
    named = {column: _name_in_file(column, ending, names) for column in columns}
    rows = (_with_shares(table, names)[list(named)].rename(columns=named) for table in tables)
    if ending == ".parquet":
        write_parquet(path, rows, list(named.values()), about)
    elif ending == ".fits":
        write_fits(path, pd.concat(rows), named, about)
    else:
        _write_csv(path, rows, ecsv_header(named, about) if ending == ".ecsv" else ",".join([ID, *named.values()]))


def _with_shares(table: pd.DataFrame, names: str) -> pd.DataFrame:
    """Add the answer shares to a table of vote fractions, if its names are ``gz2``."""
    if names != "gz2":
        return table
    shares = shares_from_fractions(table[list(COLUMNS)].to_numpy()).astype(np.float32)
    return table.join(pd.DataFrame(shares, table.index, list(SHARE_COLUMNS)))


def _write_csv(path: Path, tables: Iterable[pd.DataFrame], header: str) -> None:
    """Write CSV by pyarrow: 4 s for 240,000 galaxies with intervals; pandas takes 30 s."""
    import pyarrow as pa
    from pyarrow.csv import WriteOptions, write_csv

    with path.open("wb") as file:
        file.write(f"{header}\n".encode())
        for table in tables:
            if OOD_FLAG in table:  # pyarrow writes "true", which ECSV does not allow
                table = table.assign(**{OOD_FLAG: table[OOD_FLAG].map({True: "True", False: "False"})})
            rows = pa.Table.from_pandas(table.reset_index(names=ID), preserve_index=False)
            write_csv(rows, file, WriteOptions(include_header=False, quoting_style="needed"))


def as_bytes(table: pd.DataFrame, ending: str, about: About) -> bytes:
    """Return the content of a file of predictions; arguments as in `write_table`."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"table{ending}"
        write_table(path, ending, [table], list(table.columns), about)
        return path.read_bytes()


def read_fractions(path: str | Path) -> pd.DataFrame:
    """Read the vote fractions of a prediction table, (N, 37), as `read_table` does."""
    return read_table(Path(path))[0][list(COLUMNS)]


def read_about(path: str | Path) -> dict[str, str]:
    """Read the metadata of a prediction table.

    Parameters
    ----------
    path : str or Path
        A file with one of the `ENDINGS`.

    Returns
    -------
    dict of str to str
        What `provenance` returns, as text. It is empty for a table of another tool, for a CSV table without its
        sidecar, and for a file that cannot be read.
    """
    from astropy.io.fits import VerifyError

    file = Path(path)
    readers = {
        ".csv": sidecar_about,
        ".parquet": parquet_about,
        ".fits": fits_about,
        ".ecsv": lambda file: read_ecsv_header(file)[2],
    }
    try:
        return readers[check_ending(file)](file)
    except (*DAMAGED, VerifyError):
        return {}


def read_table(path: Path) -> tuple[pd.DataFrame, str | None]:
    """Read a prediction table, also one that another tool wrote.

    Parameters
    ----------
    path : Path
        A file with one of the `ENDINGS`, ``GalaxyID`` and the 37 columns, under any of their names.

    Returns
    -------
    table : pd.DataFrame
        Float32, indexed by ``GalaxyID`` (text): the 37 columns in [0, 1] and, if the file has them, the ends
        of their intervals (`INTERVAL_COLUMNS`), `OOD_SCORE` and `CROP_COLUMNS`; NaN for an empty cell. The half-widths
        of an earlier version become ends.
    key : str or None
        The `Model.key` of its weights and TTA views, for CSV from its sidecar; None if unknown.

    Raises
    ------
    PredictionError
        If the file is not such a table, lacks a column, or holds a galaxy twice or a value out of range.
    """
    from astropy.io.fits import VerifyError

    ending = check_ending(path)
    if not path.is_file():
        raise PredictionError(f"there is no file {path}; {ADVICE}")
    readers = {".parquet": read_parquet, ".fits": read_fits, ".csv": _read_csv, ".ecsv": _read_csv}
    try:
        return _checked(readers[ending](path), path), read_about(path).get("prediction_key")
    except PredictionError:
        raise
    except (*DAMAGED, VerifyError) as error:
        raise PredictionError(
            f"{path} cannot be read as a table in {ending[1:].upper()} ({error}); {ADVICE}"
        ) from error


def _checked(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return the columns of a table by their own names; raise PredictionError for invalid ones."""
    table = table.rename(columns=COLUMN_OF)
    missing = [name for name in (ID, *COLUMNS) if name not in (table.index.name, *table.columns)]
    if missing:
        raise PredictionError(f"{path} has no column {', '.join(missing)}; {ADVICE}")
    if not table.columns.is_unique:
        raise PredictionError(f"{path} has column {table.columns[table.columns.duplicated()][0]} twice; {ADVICE}")
    if table.index.name != ID:
        table = table.set_index(table.pop(ID).fillna("").astype(str))
    if (table.index == "").any():
        raise PredictionError(f"{path}: row {np.argmax(table.index == '') + 1} has no {ID}; give each galaxy its id")
    if table.index.has_duplicates:
        twice = str(table.index[table.index.duplicated()][0])
        raise PredictionError(f"{path} holds galaxy {twice[:60]} twice; keep one of them")
    others = {
        name: pd.to_numeric(table[name], errors="coerce").astype(np.float32)
        for name in (OOD_SCORE, *CROP_COLUMNS)
        if name in table
    }
    fractions = _numbers(table, COLUMNS, path)
    return fractions.join(_intervals(table, fractions, path)).assign(**others)


def _intervals(table: pd.DataFrame, fractions: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return the ends of the intervals of a table, none if it lacks them."""
    half_widths = _numbers(table, _HALF_WIDTHS, path)
    if half_widths.shape[1] == 0:
        return _numbers(table, INTERVAL_COLUMNS, path)
    centre, half = fractions.to_numpy(), half_widths.to_numpy()
    ends = np.stack([centre - half, centre + half], axis=-1).clip(0, 1).reshape(len(table), -1)
    return pd.DataFrame(ends, table.index, list(INTERVAL_COLUMNS))


def _read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV or ECSV table; pandas takes a fifth of astropy's time."""
    lines, delimiter, _ = read_ecsv_header(path) if path.suffix.lower() == ".ecsv" else (0, ",", {})
    table = pd.read_csv(
        path,
        sep=delimiter,
        skiprows=lines,
        dtype={ID: str},
        keep_default_na=False,  # an id may be "NA"
        encoding="utf-8-sig",
        low_memory=False,
    ).rename(columns=str.strip)
    if ID in table:
        table[ID] = table[ID].map(normalise_id)
    return table


def _numbers(table: pd.DataFrame, columns: Sequence[str], path: Path) -> pd.DataFrame:
    """Return columns as float32, none if one is missing; check the range of their values."""
    if not set(columns).issubset(table.columns):
        return table[[]]
    numbers: dict[str, np.ndarray] = {}
    for name in columns:
        numbers[name], invalid = to_numbers(table[name], COLUMNS[0])  # ends of intervals have the range of scores
        if invalid.any():
            row = int(np.argmax(invalid))
            raise PredictionError(
                f"{path}, galaxy {str(table.index[row])[:60]}, column {name}: the value is "
                f"{str(table[name].iloc[row])[:60]!r}, expected a number from 0 to 1; {ADVICE}"
            )
    return pd.DataFrame(numbers, table.index, dtype=np.float32)
