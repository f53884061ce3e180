"""Files of prediction tables: columns, Parquet, the sidecar of CSV, failed galaxies."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path

import pandas as pd

from galaxy_explorer.catalogue import ID
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.storage import atomic_path, write_atomic

LOWER_COLUMNS = tuple(f"{name}_lower" for name in COLUMNS)  # lower ends of the 68 % prediction intervals
UPPER_COLUMNS = tuple(f"{name}_upper" for name in COLUMNS)
INTERVAL_COLUMNS = tuple(chain.from_iterable(zip(LOWER_COLUMNS, UPPER_COLUMNS, strict=True)))
OOD_SCORE = "ood_score"  # out-of-distribution score
CLASS_SCORE = "class_score"  # of a class of one's own
OOD_FLAG = "out_of_distribution"  # whether it is above 1
CROP_COLUMNS = ("crop_x", "crop_y", "crop_side")  # the part of the image that was predicted; NaN for all of it
FAILURE = "failure"  # column of a chunk: why a galaxy could not be predicted, otherwise missing
EMBEDDING = "embedding"  # column of a chunk: float16 numbers as bytes; of a table of embeddings: a list
STATE = "picture"  # column of a chunk: the fingerprint of the image that was predicted
TEXTS = {ID, FAILURE, STATE}
KEY = "prediction_key"  # metadata entry: what `Model.key` returns
ADVICE = "give a table that predict wrote"
About = Mapping[str, str | int]  # metadata of a table: what `provenance` returns, and options of the command

# 4 MB of Parquet can hold 30 million equal rows; ten million with intervals take 3 GB of memory.
MAX_ROWS = 10_000_000
_PREFIX = "galaxy_explorer."  # of the metadata entries of a Parquet file

# Errors of pyarrow and pandas for damaged Parquet files; those of pyarrow derive from these.
DAMAGED = (OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError, MemoryError)

# pyarrow is imported when a table is touched: train.py predicts on machines without it.


class PredictionError(ValueError):
    """Predictions cannot be made, stored or read; the message says why and what to do."""


def write_parquet(path: Path, tables: Iterable[pd.DataFrame], columns: Sequence[str], about: About) -> None:
    """Write tables, one after the other, into a Parquet file: ``GalaxyID`` and float32 columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {**dict.fromkeys(TEXTS, pa.string()), OOD_FLAG: pa.bool_(), EMBEDDING: pa.binary()}
    fields = [(name, kinds.get(name, pa.float32())) for name in (ID, *columns)]
    schema = pa.schema(fields, metadata=metadata_of(about))
    # Few fractions repeat: dictionaries would make the table half as large again. Compressed, the numbers would take
    # 7 % less space and twice the time to read.
    compression = {name: "zstd" if name in TEXTS else "none" for name in schema.names}
    with pq.ParquetWriter(path, schema, use_dictionary=False, compression=compression) as writer:
        for table in tables:
            rows = table.reset_index(names=ID)
            writer.write_table(pa.Table.from_pandas(rows, schema=schema, preserve_index=False))


def metadata_of(about: About) -> dict[str, str]:
    """Return the metadata of a Parquet file that holds what `parquet_about` returns."""
    return {_PREFIX + name: str(value) for name, value in about.items()}


def read_parquet(path: Path, columns: Sequence[str] | None = None, advice: str = ADVICE) -> pd.DataFrame:
    """Read columns of a Parquet prediction table, by default all, indexed by ``GalaxyID``.

    Raises
    ------
    PredictionError
        If the file is not such a table; the message ends with the advice.
    FileNotFoundError
        If there is no such file.
    """
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            if (rows := file.metadata.num_rows) > MAX_ROWS:
                raise PredictionError(f"{path} has {rows:,} rows; at most {MAX_ROWS:,} are read: divide it")
            # Without pandas' own metadata, which another program may have written.
            table = file.read(None if columns is None else [ID, *columns]).replace_schema_metadata(None).to_pandas()
        if ID in table:
            table = table.set_index(table.pop(ID).astype(str))
    except (PredictionError, FileNotFoundError):
        raise
    except DAMAGED as error:
        raise PredictionError(f"{path} cannot be read as a Parquet table ({error}); {advice}") from error
    if table.index.name != ID:
        raise PredictionError(f"{path} has no column {ID}; {advice}")
    return table if columns is None else table.reindex(columns=columns)


def parquet_about(path: Path) -> dict[str, str]:
    """Read the metadata of a Parquet prediction table."""
    import pyarrow.parquet as pq

    entries = {name.decode(errors="replace"): value for name, value in (pq.read_metadata(path).metadata or {}).items()}
    return {
        name.removeprefix(_PREFIX): value.decode(errors="replace")
        for name, value in entries.items()
        if name.startswith(_PREFIX)
    }


def sidecar(table: Path) -> Path:
    """Return the path of the JSON file next to a CSV table that holds its metadata."""
    return table.with_name(f"{table.name}.json")


def write_sidecar(table: Path, about: About) -> None:
    """Write the metadata of a CSV table into its sidecar."""
    write_atomic(sidecar(table), json.dumps(dict(about), indent=2).encode())


def sidecar_about(table: Path) -> dict[str, str]:
    """Read the metadata of a CSV table from its sidecar."""
    return {name: str(value) for name, value in json.loads(sidecar(table).read_bytes()).items()}


def write_failures(path: Path, failures: Mapping[str, str]) -> None:
    """Write failed galaxies with their reasons as CSV; without any, delete an older list."""
    if not failures:
        path.unlink(missing_ok=True)
        return
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        # All cells are quoted: otherwise a carriage return in one would end its row.
        writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerows([(ID, "reason"), *failures.items()])


def read_failures(path: Path) -> dict[str, str]:
    """Read a list that `write_failures` wrote; empty if there is none."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row[0]: row[1] for row in list(csv.reader(file))[1:] if len(row) > 1}
