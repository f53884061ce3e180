"""Files of prediction tables: Parquet, the sidecar of CSV, and the list of failed galaxies."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from galaxy_explorer.catalogue import ID
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.storage import atomic_path

SPREAD_COLUMNS = tuple(f"{name}_spread" for name in COLUMNS)  # half-widths of the 68 % prediction intervals
FAILURE = "failure"  # column of a chunk: why a galaxy could not be predicted, otherwise missing
STATE = "picture"  # column of a chunk: the fingerprint of the image that was predicted
KEY = "prediction_key"  # metadata entry: what `Model.key` returns
_PREFIX = "galaxy_explorer."  # of the metadata entries of a Parquet file
ADVICE = "give a table that predict wrote"

# pyarrow is imported when a table is touched: train.py predicts on machines without it.


class PredictionError(ValueError):
    """Predictions cannot be made, stored or read; the message says why and what to do."""


def write_parquet(path: Path, tables: Iterable[pd.DataFrame], columns: Sequence[str], about: Mapping[str, str]) -> None:
    """Write tables, one after the other, into a Parquet file: ``GalaxyID`` and float32 columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = {ID, FAILURE, STATE}
    fields = [(name, pa.string() if name in texts else pa.float32()) for name in (ID, *columns)]
    schema = pa.schema(fields, metadata={_PREFIX + name: value for name, value in about.items()})
    # Few fractions repeat: dictionaries would make the table half as large again. Compressed, the numbers would take
    # 7 % less space and twice the time to read.
    compression = {name: "zstd" if name in texts else "none" for name in schema.names}
    with pq.ParquetWriter(path, schema, use_dictionary=False, compression=compression) as writer:
        for table in tables:
            rows = table.reset_index(names=ID)
            writer.write_table(pa.Table.from_pandas(rows, schema=schema, preserve_index=False))


def read_parquet(
    path: Path, columns: Sequence[str] | None = None, advice: str = ADVICE
) -> tuple[pd.DataFrame, str | None]:
    """Read a Parquet prediction table, indexed by ``GalaxyID``, and its key, if it has one.

    Raises
    ------
    PredictionError
        If the file is not such a table; the message ends with the advice.
    FileNotFoundError
        If there is no such file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            key = (file.schema_arrow.metadata or {}).get((_PREFIX + KEY).encode())
            table = file.read([ID, *columns] if columns else None).to_pandas()
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise PredictionError(f"{path} cannot be read as a Parquet table ({error}); {advice}") from error
    table = table.reset_index() if table.index.name == ID else table  # pandas wrote it with its index
    if ID not in table:
        raise PredictionError(f"{path} has no column {ID}; {advice}")
    table = table.set_index(table.pop(ID).astype(str))
    return (table if columns is None else table.reindex(columns=columns)), key.decode() if key else None


def sidecar(table: Path) -> Path:
    """Return the path of the JSON file next to a CSV table that holds its metadata."""
    return table.with_name(f"{table.name}.json")


def sidecar_key(table: Path) -> str | None:
    """Read the key of a CSV table from its sidecar; None if that is missing or damaged."""
    try:
        return str(json.loads(sidecar(table).read_bytes())[KEY])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def write_failures(path: Path, failures: Mapping[str, str]) -> None:
    """Write failed galaxies with their reasons as CSV; without any, delete an older list."""
    if not failures:
        path.unlink(missing_ok=True)
        return
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([(ID, "reason"), *failures.items()])


def read_failures(path: Path) -> dict[str, str]:
    """Read a list that `write_failures` wrote; empty if there is none."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return dict(rows[1:])
