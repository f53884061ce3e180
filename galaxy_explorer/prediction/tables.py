"""Tables of predictions as files: the format follows the ending, and a file appears at once and whole."""

import csv
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from galaxy_explorer.catalogue.score_tables import ID
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.storage import atomic_path

SPREAD_COLUMNS = tuple(f"{name}_spread" for name in COLUMNS)
FAILURE = "failure"  # in a chunk: why a galaxy could not be predicted, missing where it was
STATE = "picture"  # in a chunk: the state of the picture that a galaxy was predicted from
KEY = "prediction_key"  # in what is said about a table: what `prediction_key` gives
_ABOUT = "galaxy_explorer."  # before what is said about a Parquet table, in its metadata
_ANOTHER = "give one that predict wrote"
_WITHOUT_IT = "delete it, and give the same command with --resume: the galaxies in it are predicted again"

# pyarrow is imported where a table is touched: train.py predicts on machines without it.
Writer = Callable[[pd.DataFrame], None]


class PredictionError(ValueError):
    """Predictions cannot be made, kept or read here; the message says why and what to do."""


@contextmanager
def csv_writer(path: Path, columns: Sequence[str], about: Mapping[str, str]) -> Iterator[Writer]:
    """Write tables, one after the other, into one CSV file: ``GalaxyID`` and the columns, nothing about them."""
    with path.open("wb") as file:
        file.write(f"{','.join([ID, *columns])}\n".encode())
        yield lambda table: write_rows(file, table[list(columns)])


def write_rows(file: BinaryIO, table: pd.DataFrame) -> None:
    """Write the rows of a table of float32 as CSV, the index first; each number in as few digits as tell it apart."""
    import pyarrow as pa
    import pyarrow.csv

    # 4 s for 240,000 galaxies with spread, for which pandas takes 30.
    rows = pa.Table.from_pandas(table.reset_index(names=ID), preserve_index=False)
    pyarrow.csv.write_csv(rows, file, pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed"))


@contextmanager
def parquet_writer(path: Path, columns: Sequence[str], about: Mapping[str, str]) -> Iterator[Writer]:
    """Write tables, one after the other, into one Parquet file: ``GalaxyID`` and the columns, float32."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {ID: pa.string(), FAILURE: pa.string(), STATE: pa.string()}
    fields = [(name, kinds.get(name, pa.float32())) for name in (ID, *columns)]
    schema = pa.schema(fields, metadata={_ABOUT + name: value for name, value in about.items()})
    # Hardly two numbers are alike: dictionaries of them would make the table half as large again. To compress the numbers
    # would save 7 % of it, and take as long again at every reading.
    compression = {field.name: "none" if field.type == pa.float32() else "zstd" for field in schema}
    with pq.ParquetWriter(path, schema, use_dictionary=False, compression=compression) as writer:
        yield lambda table: writer.write_table(
            pa.Table.from_pandas(table.reset_index(names=ID), schema=schema, preserve_index=False)
        )


def read_parquet(path: Path, *, chunk: bool = False) -> tuple[pd.DataFrame, str | None]:
    """Read a Parquet table of predictions, indexed by ``GalaxyID``, and its key; None where it has none.

    Of a chunk of an unfinished table, an error says how to go on without it.

    Raises
    ------
    PredictionError
        When the file is no such table.
    FileNotFoundError
        When there is none.
    """
    with _told_in_words(path, _WITHOUT_IT if chunk else _ANOTHER):
        key, _ = parquet_head(path)
        table = pd.read_parquet(path)
    table = table.reset_index() if table.index.name == ID else table  # as pandas writes a table that is indexed by it
    check_columns(path, table.columns)
    table[ID] = table[ID].astype(str)
    return table.set_index(ID), key


def check_columns(path: Path, found: Collection[str]) -> None:
    """Refuse a table that lacks the ids or some of the 37 columns.

    Raises
    ------
    PredictionError
        When it does.
    """
    lacking = [name for name in (ID, *COLUMNS) if name not in found]
    if lacking:
        raise PredictionError(f"{path} has no column {', '.join(lacking)}; give a table that predict wrote")


def parquet_head(path: Path) -> tuple[str | None, list[str]]:
    """Read the key of a Parquet table, None where it has none, and its columns."""
    import pyarrow.parquet as pq

    schema = pq.read_schema(path)
    key = (schema.metadata or {}).get((_ABOUT + KEY).encode())
    return key.decode() if key else None, schema.names


def read_columns(chunk: Path, *columns: str) -> list[list]:
    """Read some columns of a chunk, in their order, without the others; of a column that it lacks, nothing.

    Raises
    ------
    PredictionError, FileNotFoundError
        As `read_parquet` does.
    """
    import pyarrow.parquet as pq

    with _told_in_words(chunk, _WITHOUT_IT):
        table = pq.ParquetFile(chunk).read(list(columns))
    return [table[column].to_pylist() if column in table.column_names else [None] * len(table) for column in columns]


@contextmanager
def _told_in_words(path: Path, advice: str) -> Iterator[None]:
    """Say of a file that is no Parquet table what to do."""
    import pyarrow as pa

    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise PredictionError(f"{path} cannot be read as a Parquet table ({error}); {advice}") from error


def write_failures(path: Path, failures: Mapping[str, str]) -> None:
    """List the galaxies that failed, with the reasons, as CSV; without any, take an older list away."""
    if not failures:
        path.unlink(missing_ok=True)
        return
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([(ID, "reason"), *failures.items()])


def read_failures(path: Path) -> dict[str, str]:
    """Read a list that `write_failures` wrote; empty where there is none."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return dict(rows[1:])
