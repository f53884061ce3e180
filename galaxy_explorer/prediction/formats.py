"""Formats of prediction tables, by the ending of the file."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue.scores import ID, RANGES, id_of, read_scores
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.prediction.fits_ecsv import read_described, write_ecsv, write_fits
from galaxy_explorer.prediction.tables import (
    ADVICE,
    KEY,
    SPREAD_COLUMNS,
    PredictionError,
    check_columns,
    read_parquet,
    read_sidecar,
    write_parquet,
)

ENDINGS = (".csv", ".parquet", ".fits", ".ecsv")


def check_ending(path: Path) -> str:
    """Return the ending of a table's path; raise PredictionError if it is not one of `ENDINGS`."""
    if path.suffix.lower() not in ENDINGS:
        raise PredictionError(
            f"{path} ends in {path.suffix or 'nothing'}; name a file that ends in {', '.join(ENDINGS)}"
        )
    return path.suffix.lower()


def write_table(
    path: Path, ending: str, tables: Iterable[pd.DataFrame], columns: Sequence[str], about: Mapping[str, str]
) -> None:
    """Write tables, one after the other, into one file.

    Parameters
    ----------
    path : Path
        The file, whatever its name ends in.
    ending : str
        One of `ENDINGS`, which decides the format. FITS and ECSV hold all rows in memory.
    tables : iterable of pd.DataFrame
        Indexed by ``GalaxyID`` (text), float32.
    columns : sequence of str
        Columns that are written; in FITS and ECSV some of the 37 and their half-widths.
    about : mapping of str to str
        Metadata: prediction key, ``network``, ``version``, ``views``. CSV has no place for it.
    """
    rows = (table[list(columns)] for table in tables)
    if ending == ".parquet":
        write_parquet(path, rows, columns, about)
    elif ending == ".csv":
        _write_csv(path, rows, columns)
    else:
        empty = pd.DataFrame(columns=list(columns), index=pd.Index([], dtype=str), dtype=np.float32)
        (write_fits if ending == ".fits" else write_ecsv)(path, pd.concat([empty, *rows]), about)


def _write_csv(path: Path, tables: Iterable[pd.DataFrame], columns: Sequence[str]) -> None:
    """Write CSV by pyarrow: 4 s for 240,000 galaxies with intervals; pandas takes 30 s."""
    import pyarrow as pa
    from pyarrow.csv import WriteOptions, write_csv

    with path.open("wb") as file:
        file.write(f"{','.join([ID, *columns])}\n".encode())
        for table in tables:
            rows = pa.Table.from_pandas(table.reset_index(names=ID), preserve_index=False)
            write_csv(rows, file, WriteOptions(include_header=False, quoting_style="needed"))


def as_bytes(table: pd.DataFrame, ending: str, about: Mapping[str, str]) -> bytes:
    """Return the content of a file of predictions; arguments as in `write_table`."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"table{ending}"
        write_table(path, ending, [table], list(table.columns), about)
        return path.read_bytes()


def read_fractions(path: str | Path) -> pd.DataFrame:
    """Read the vote fractions of a prediction table, (N, 37), as `read_table` does."""
    return read_table(Path(path))[0][list(COLUMNS)]


def read_table(path: Path) -> tuple[pd.DataFrame, str | None]:
    """Read a prediction table, also one that another tool wrote.

    Parameters
    ----------
    path : Path
        A file with one of the `ENDINGS`, ``GalaxyID`` and the 37 columns.

    Returns
    -------
    table : pd.DataFrame
        Float32, indexed by ``GalaxyID`` (text): the 37 columns in [0, 1] and, if the file has them, their
        half-widths (`SPREAD_COLUMNS`); NaN for an empty cell.
    key : str or None
        The `Model.key` of its weights and TTA views, for CSV from its sidecar; None if unknown.

    Raises
    ------
    PredictionError
        If the file is not such a table, lacks a column, or holds a galaxy twice or a value out of range.
    CatalogueError
        If a cell of a CSV file is not a score.
    """
    ending = check_ending(path)
    if not path.is_file():
        raise PredictionError(f"there is no file {path}; {ADVICE}")
    if ending == ".csv":
        return _read_csv(path), read_sidecar(path).get(KEY)
    if ending == ".parquet":
        table, key = read_parquet(path)
    else:
        table, key = _read_described(path, ending)
    if table.index.has_duplicates:
        raise PredictionError(f"{path} holds galaxy {table.index[table.index.duplicated()][0]} twice; keep one of them")
    return _numbers(table, COLUMNS, path).clip(0.0, 1.0).join(_numbers(table, SPREAD_COLUMNS, path)), key


def _read_csv(path: Path) -> pd.DataFrame:
    """Read a CSV table; the checks are those of score tables."""
    import pyarrow as pa
    from pyarrow.csv import ConvertOptions, read_csv

    scores = read_scores(path, str(path))[list(COLUMNS)]
    columns = [name.strip() for name in pd.read_csv(path, nrows=0).columns]
    check_columns(path, columns)  # a table of volunteers' votes may lack some
    if not set(SPREAD_COLUMNS).issubset(columns):
        return scores
    kinds = {name: pa.float32() for name in SPREAD_COLUMNS} | {ID: pa.string()}
    options = ConvertOptions(column_types=kinds, include_columns=list(kinds))
    spread = read_csv(path, convert_options=options).to_pandas()
    return scores.join(spread.set_index(spread.pop(ID).map(id_of)))


def _read_described(path: Path, ending: str) -> tuple[pd.DataFrame, str | None]:
    """Read a FITS or ECSV table, indexed by ``GalaxyID``."""
    from astropy.io.fits import VerifyError

    try:
        table, key = read_described(path, ending)
    except (OSError, ValueError, TypeError, LookupError, VerifyError) as error:
        raise PredictionError(
            f"{path} cannot be read as a table in {ending[1:].upper()} ({error}); {ADVICE}"
        ) from error
    check_columns(path, table.columns)
    if table[ID].isna().any():
        raise PredictionError(f"{path}: row {np.argmax(table[ID].isna()) + 1} has no {ID}; give each galaxy its id")
    return table.set_index(table.pop(ID).astype(str)), key


def _numbers(table: pd.DataFrame, columns: Sequence[str], path: Path) -> pd.DataFrame:
    """Return columns as float32, none if one is missing; check the range of their values."""
    if not set(columns).issubset(table.columns):
        return table[[]]
    cells = table[list(columns)]
    numbers = cells.apply(pd.to_numeric, errors="coerce").astype(np.float32)
    low, high = RANGES[COLUMNS[0]]
    wrong = np.argwhere(((cells.notna() & numbers.isna()) | (numbers < low) | (numbers > high)).to_numpy())
    if len(wrong):
        row, column = wrong[0]
        raise PredictionError(
            f"{path}, galaxy {table.index[row]}, column {columns[column]}: the value is "
            f"{str(cells.iat[row, column])!r}, expected a number from 0 to 1; {ADVICE}"
        )
    return numbers
