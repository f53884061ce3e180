"""Tables of predictions as files: the format follows the ending, and a file appears at once and whole."""

import csv
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pandas as pd

from galaxy_explorer.catalogue.scores import ID, read_scores
from galaxy_explorer.decision_tree import COLUMNS

SPREAD_COLUMNS = tuple(f"{name}_spread" for name in COLUMNS)
FAILURE = "failure"  # in a chunk: why a galaxy could not be predicted, missing where it was
_KEY = b"galaxy_explorer.prediction_key"  # in the metadata of a Parquet table

# pyarrow is imported where a Parquet file is touched: train.py predicts on machines without it.
Writer = Callable[[pd.DataFrame], None]


class PredictionError(ValueError):
    """Predictions cannot be made, kept or read here; the message says why and what to do."""


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a temporary file beside a path, which takes the path's place when the block ends well."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def csv_writer(path: Path, columns: Sequence[str], key: str) -> Iterator[Writer]:
    """Write tables, one after the other, into one CSV file: ``GalaxyID`` and the columns. The key is not kept."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow([ID, *columns])
        yield lambda table: table.to_csv(file, columns=list(columns), header=False, lineterminator="\n")


@contextmanager
def parquet_writer(path: Path, columns: Sequence[str], key: str) -> Iterator[Writer]:
    """Write tables, one after the other, into one Parquet file: ``GalaxyID`` and the columns, float32."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {ID: pa.string(), FAILURE: pa.string()}
    fields = [(name, kinds.get(name, pa.float32())) for name in (ID, *columns)]
    schema = pa.schema(fields, metadata={_KEY: key.encode()})
    # Hardly two numbers are alike: dictionaries of them would make the table half as large again.
    with pq.ParquetWriter(path, schema, use_dictionary=False, compression="zstd") as writer:
        yield lambda table: writer.write_table(
            pa.Table.from_pandas(table.reset_index(names=ID), schema=schema, preserve_index=False)
        )


ENDINGS: dict[str, Callable[[Path, Sequence[str], str], AbstractContextManager[Writer]]] = {
    ".csv": csv_writer,
    ".parquet": parquet_writer,
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
            f"{path} ends in {path.suffix or 'nothing'}; name a file that ends in {' or '.join(ENDINGS)}"
        )
    return path.suffix.lower()


def read_fractions(path: str | Path) -> pd.DataFrame:
    """Read the vote fractions of a table of predictions.

    Parameters
    ----------
    path : str or Path
        A CSV or Parquet file with ``GalaxyID`` and the 37 columns; other columns are left out.

    Returns
    -------
    pd.DataFrame
        Float32, indexed by ``GalaxyID`` (text); NaN where a cell is empty.

    Raises
    ------
    PredictionError
        When the file is no such table.
    CatalogueError
        When a cell of a CSV file cannot be taken as a score.
    """
    path = Path(path)
    ending = check_ending(path)
    if not path.is_file():
        raise PredictionError(f"there is no file {path}; give a table that predict wrote")
    if ending == ".csv":
        return read_scores(path, str(path))[list(COLUMNS)]
    return read_parquet(path)[0][list(COLUMNS)]


def read_parquet(path: Path) -> tuple[pd.DataFrame, str | None]:
    """Read a Parquet table of predictions, indexed by ``GalaxyID``, and its key; None where it has none.

    Raises
    ------
    PredictionError
        When the file is no such table.
    FileNotFoundError
        When there is none.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_schema(path).metadata or {}
        table = pd.read_parquet(path)
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise PredictionError(
            f"{path} cannot be read as a Parquet table ({error}); give one that predict wrote"
        ) from error
    lacking = [name for name in (ID, *COLUMNS) if name not in table.columns]
    if lacking:
        raise PredictionError(f"{path} has no column {', '.join(lacking)}; give a table that predict wrote")
    table[ID] = table[ID].astype(str)
    key = metadata.get(_KEY)
    return table.set_index(ID), key.decode() if key else None


def write_failures(path: Path, failures: Mapping[str, str]) -> None:
    """List the galaxies that failed, with the reasons, as CSV; without any, take an older list away."""
    if not failures:
        path.unlink(missing_ok=True)
        return
    with whole(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([(ID, "reason"), *failures.items()])


def read_failures(path: Path) -> dict[str, str]:
    """Read a list that `write_failures` wrote; empty where there is none."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return dict(rows[1:])
