"""The formats in which tables of predictions are written and read, by the ending of the file."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from galaxy_explorer.catalogue.score_tables import RANGES, read_scores
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.prediction.described_tables import described_head, ecsv_writer, fits_writer, read_described
from galaxy_explorer.prediction.tables import (
    PredictionError,
    Writer,
    check_columns,
    csv_writer,
    parquet_head,
    parquet_writer,
    read_parquet,
)

ENDINGS: dict[str, Callable[[Path, Sequence[str], Mapping[str, str]], AbstractContextManager[Writer]]] = {
    ".csv": csv_writer,
    ".parquet": parquet_writer,
    ".fits": fits_writer,
    ".ecsv": ecsv_writer,
}


def check_ending(path: Path) -> str:
    """Give the ending of a table's path.

    Raises
    ------
    PredictionError
        When no table can be written or read under that ending.
    """
    if path.suffix.lower() not in ENDINGS:
        raise PredictionError(
            f"{path} ends in {path.suffix or 'nothing'}; name a file that ends in {', '.join(ENDINGS)}"
        )
    return path.suffix.lower()


def read_fractions(path: str | Path) -> pd.DataFrame:
    """Read the vote fractions of a table of predictions.

    Parameters
    ----------
    path : str or Path
        A file with one of the `ENDINGS`, ``GalaxyID`` and the 37 columns; other columns are left out.

    Returns
    -------
    pd.DataFrame
        Float32, indexed by ``GalaxyID`` (text); NaN where a cell is empty.

    Raises
    ------
    PredictionError
        When the file is no such table, lacks a column, or holds a galaxy twice or what is no score.
    CatalogueError
        When a cell of a CSV file cannot be taken as a score.
    """
    path = Path(path)
    ending = check_ending(path)
    if not path.is_file():
        raise PredictionError(f"there is no file {path}; give a table that predict wrote")
    if ending == ".csv":
        table = read_scores(path, str(path))
        check_columns(path, [name.strip() for name in read_head(path)[1]])  # of votes, some may be missing
        return table[list(COLUMNS)]
    table = read_parquet(path)[0][list(COLUMNS)] if ending == ".parquet" else read_described(path)
    return _checked(table, path)


def _checked(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Refuse what `read_scores` refuses in a CSV file: ids that are there twice, and cells that are no scores."""
    if table.index.has_duplicates:
        twice = table.index[table.index.duplicated()][0]
        raise PredictionError(f"{path} holds galaxy {twice} twice; keep one of the two")
    for column in table:
        low, high = RANGES[str(column)]
        numbers = pd.to_numeric(table[column], errors="coerce")
        wrong = (table[column].notna() & numbers.isna()) | (numbers < low) | (numbers > high)
        if wrong.any():
            galaxy = table.index[wrong][0]
            raise PredictionError(
                f"{path}, galaxy {galaxy}, column {column}: {str(table[column][wrong].iloc[0])!r} is no number between 0 and 1; "
                "give a table that predict wrote"
            )
        table[column] = numbers.astype("float32").clip(0.0, 1.0)
    return table


def read_head(path: Path) -> tuple[str | None, list[str]]:
    """Read what a table of predictions says of itself, without its rows.

    Parameters
    ----------
    path : Path
        A table that `read_fractions` reads.

    Returns
    -------
    key : str or None
        What `prediction_key` gave for its weights and views; None where it does not say, as CSV never does.
    columns : list of str
        Its columns, ``GalaxyID`` among them.
    """
    ending = check_ending(path)
    if ending == ".csv":
        return None, list(pd.read_csv(path, nrows=0).columns)
    return parquet_head(path) if ending == ".parquet" else described_head(path)


def as_bytes(table: pd.DataFrame, ending: str, about: Mapping[str, str]) -> bytes:
    """Give the content of a file of predictions.

    Parameters
    ----------
    table : pd.DataFrame
        Indexed by ``GalaxyID`` (text), with the 37 columns.
    ending : str
        One of the `ENDINGS`.
    about : mapping of str to str
        What the file says of itself, as `PredictionStore` takes it.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"table{ending}"
        with ENDINGS[ending](path, list(table.columns), about) as write:
            write(table)
        return path.read_bytes()
