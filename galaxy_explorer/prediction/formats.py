"""Formats of prediction tables, by the ending of the file."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue import ID, normalise_id, to_numbers
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.prediction.fits_ecsv import ecsv_header, read_ecsv_header, read_fits, write_fits
from galaxy_explorer.prediction.tables import (
    ADVICE,
    SPREAD_COLUMNS,
    PredictionError,
    read_parquet,
    sidecar_key,
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
        One of `ENDINGS`, which decides the format. FITS alone holds all rows in memory.
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
    elif ending == ".fits":
        empty = pd.DataFrame(columns=list(columns), index=pd.Index([], dtype=str), dtype=np.float32)
        write_fits(path, pd.concat([empty, *rows]), about)
    else:
        _write_csv(path, rows, ecsv_header(columns, about) if ending == ".ecsv" else ",".join([ID, *columns]))


def _write_csv(path: Path, tables: Iterable[pd.DataFrame], header: str) -> None:
    """Write CSV by pyarrow: 4 s for 240,000 galaxies with intervals; pandas takes 30 s."""
    import pyarrow as pa
    from pyarrow.csv import WriteOptions, write_csv

    with path.open("wb") as file:
        file.write(f"{header}\n".encode())
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
    """
    from astropy.io.fits import VerifyError

    ending = check_ending(path)
    if not path.is_file():
        raise PredictionError(f"there is no file {path}; {ADVICE}")
    readers = {".parquet": read_parquet, ".fits": read_fits, ".csv": _read_csv, ".ecsv": _read_csv}
    try:
        table, key = readers[ending](path)
    except PredictionError:
        raise
    except (OSError, ValueError, TypeError, LookupError, VerifyError) as error:
        raise PredictionError(
            f"{path} cannot be read as a table in {ending[1:].upper()} ({error}); {ADVICE}"
        ) from error
    missing = [name for name in (ID, *COLUMNS) if name not in (table.index.name, *table.columns)]
    if missing:
        raise PredictionError(f"{path} has no column {', '.join(missing)}; {ADVICE}")
    if table.index.name != ID:
        table = table.set_index(table.pop(ID).fillna("").astype(str))
    if (table.index == "").any():
        raise PredictionError(f"{path}: row {np.argmax(table.index == '') + 1} has no {ID}; give each galaxy its id")
    if table.index.has_duplicates:
        raise PredictionError(f"{path} holds galaxy {table.index[table.index.duplicated()][0]} twice; keep one of them")
    return _numbers(table, COLUMNS, path).join(_numbers(table, SPREAD_COLUMNS, path)), key


def _read_csv(path: Path) -> tuple[pd.DataFrame, str | None]:
    """Read a CSV or ECSV table and its key; pandas takes a fifth of astropy's time."""
    is_ecsv = path.suffix.lower() == ".ecsv"
    lines, delimiter, key = read_ecsv_header(path) if is_ecsv else (0, ",", sidecar_key(path))
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
    return table, key


def _numbers(table: pd.DataFrame, columns: Sequence[str], path: Path) -> pd.DataFrame:
    """Return columns as float32, none if one is missing; check the range of their values."""
    if not set(columns).issubset(table.columns):
        return table[[]]
    numbers: dict[str, np.ndarray] = {}
    for name in columns:
        numbers[name], invalid = to_numbers(table[name], COLUMNS[0])  # half-widths have the range of scores
        if invalid.any():
            row = int(np.argmax(invalid))
            raise PredictionError(
                f"{path}, galaxy {table.index[row]}, column {name}: the value is {str(table[name].iloc[row])!r}, "
                f"expected a number from 0 to 1; {ADVICE}"
            )
    return pd.DataFrame(numbers, table.index, dtype=np.float32)
