"""Embeddings of many galaxies on disk: in chunks, next to a table, and as a table.

A finished table is followed by one array in the order of its rows, which can be memory-mapped. The name of the array's
file holds a token that the table states, so that an array of other rows is never read.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue import ID, Catalogue
from galaxy_explorer.prediction.cached import Tables
from galaxy_explorer.prediction.tables import (
    DAMAGED,
    EMBEDDING,
    KEY,
    About,
    PredictionError,
    metadata_of,
    parquet_about,
    read_parquet,
)
from galaxy_explorer.storage import atomic_path

if TYPE_CHECKING:
    import pyarrow as pa

TOKEN = "embeddings"  # metadata entry of a finished table: the token in the name of its array
MEANING = "mean over the TTA views of the means of the network's last maps"
DTYPE = np.dtype("<f2")
Add = Callable[[pd.Series], None]  # writes the embeddings of some rows, as bytes


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Embeddings of galaxies of a catalogue by one network; usable as a cache key.

    Parameters
    ----------
    network : str
        Its name.
    rows : (n,) np.ndarray of int32
        Rows of the catalogue that have an embedding, ascending.
    vectors : (n, D) np.ndarray of float16
        The embeddings: the mean over the TTA views of the means of the network's last maps. They are memory-mapped
        and read-only once the table is finished.
    """

    network: str
    rows: np.ndarray
    vectors: np.ndarray

    def __len__(self) -> int:
        """Return the number of galaxies with an embedding."""
        return len(self.rows)


def open_embeddings(catalogue: Catalogue, tables: Tables) -> Embeddings | None:
    """Open the embeddings of a catalogue's galaxies.

    Parameters
    ----------
    catalogue : Catalogue
        The galaxies.
    tables : Tables
        Their predictions, finished or not, as `cached.tables_of` returns them. A galaxy's embedding is that of the
        newest table that has it.

    Returns
    -------
    Embeddings or None
        None if no galaxy has one. A table whose embeddings are missing, damaged, or not of its rows has none.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = [part for file, _ in reversed(tables.files) if (part := _read(file)) and len(part[0])]
    parts = [part for part in parts if part[1].shape[1] == parts[0][1].shape[1]]
    if not parts:
        return None
    ids = pa.chunked_array([part[0] for part in parts])
    wanted = pa.array(catalogue.table.index, pa.string())
    if ids.length() == len(wanted) and ids.chunk(0).equals(wanted):  # all galaxies, in the same order
        return Embeddings(tables.network, np.arange(len(wanted), dtype=np.int32), parts[0][1])
    found = pc.index_in(wanted, value_set=ids)  # the first row of a galaxy is that of its newest table
    rows = np.flatnonzero(found.is_valid().to_numpy(zero_copy_only=False)).astype(np.int32)
    vectors = _gather([part[1] for part in parts], found.drop_null().to_numpy())
    return Embeddings(tables.network, rows, vectors) if len(rows) else None


def _gather(arrays: Sequence[np.ndarray], rows: np.ndarray) -> np.ndarray:
    """Return some rows of consecutive arrays; all rows of one array without a copy."""
    if len(arrays) == 1 and len(rows) == len(arrays[0]) and (np.diff(rows) == 1).all():
        return arrays[0]
    gathered, start = np.empty((len(rows), arrays[0].shape[1]), DTYPE), 0
    for array in arrays:
        here = (start <= rows) & (rows < start + len(array))
        gathered[here] = array[rows[here] - start]
        start += len(array)
    return gathered


def _read(file: Path) -> "tuple[pa.Array, np.ndarray] | None":
    """Return ids and embeddings of a chunk or of a finished table; None if it has none."""
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as opened:
            if EMBEDDING not in opened.schema_arrow.names:  # a finished table, or one without
                vectors = array_of(file)
                return None if vectors is None else (opened.read([ID])[ID].combine_chunks(), vectors)
            table = opened.read([ID, EMBEDDING])
            table = table.filter(table[EMBEDDING].is_valid())
            return table[ID].combine_chunks(), from_bytes(table[EMBEDDING].to_pylist())
    except (PredictionError, *DAMAGED):  # just finished, or damaged
        return None


def array_of(table: Path) -> np.ndarray | None:
    """Map the embeddings of a finished table; None if they are missing or do not fit it."""
    import pyarrow.parquet as pq

    try:
        token = parquet_about(table).get(TOKEN)
        if not token:
            return None
        count = pq.read_metadata(table).num_rows
        if not count:
            return np.empty((0, 0), DTYPE)
        vectors = np.load(array_path(table, token), mmap_mode="r", allow_pickle=False)
    except (EOFError, *DAMAGED):
        return None
    return vectors if vectors.ndim == 2 and len(vectors) == count and vectors.dtype == DTYPE else None


def has_embeddings(chunk: Path) -> bool:
    """Return whether a chunk holds embeddings; True if it is damaged, which its reader reports."""
    import pyarrow.parquet as pq

    try:
        return EMBEDDING in pq.read_schema(chunk).names
    except FileNotFoundError:  # another process has just finished the table
        raise
    except DAMAGED:
        return True


def array_path(table: Path, token: str) -> Path:
    """Return the path of the array with the embeddings of a finished table."""
    return table.with_name(f"{table.name}.{token}.npy")


def remove_arrays(table: Path, spared: str = "") -> None:
    """Remove the arrays next to a table, except that with a token to spare."""
    for path in table.parent.glob(f"{escape(table.name)}.{'[0-9a-f]' * 8}.npy"):
        if path != array_path(table, spared):
            path.unlink(missing_ok=True)


def to_half(vectors: np.ndarray) -> np.ndarray:
    """Return embeddings as float16; values beyond its range become its largest."""
    largest = np.finfo(np.float16).max
    return vectors.clip(-largest, largest).astype(np.float16)


def to_bytes(vectors: np.ndarray) -> list[bytes]:
    """Return (n, D) embeddings as rows of bytes, for a column of a chunk."""
    return [row.tobytes() for row in vectors.astype(DTYPE)]


def from_bytes(rows: Sequence[bytes]) -> np.ndarray:
    """Return (n, D) float16 embeddings from rows of bytes, which must have one size."""
    if len(sizes := set(map(len, rows))) > 1:
        raise PredictionError(
            f"a chunk holds embeddings of {min(sizes) // 2} and of {max(sizes) // 2} numbers; delete the table, and "
            "predict its galaxies again"
        )
    return np.frombuffer(b"".join(rows), DTYPE).reshape(len(rows), -1 if rows else 0)


@contextmanager
def array_writer(path: Path, count: int) -> Iterator[Add]:
    """Write the array of a table of `count` rows, atomically, in their order."""
    with atomic_path(path) as temporary, temporary.open("wb") as file:  # not mapped: a full disk would kill the process

        def add(rows: pd.Series) -> None:
            if not len(rows):  # all galaxies of a chunk failed
                return
            vectors = from_bytes(rows.tolist())
            if not file.tell():
                header = {"descr": DTYPE.str, "fortran_order": False, "shape": (count, vectors.shape[1])}
                np.lib.format.write_array_header_1_0(file, header)
            file.write(vectors.tobytes())

        yield add


@contextmanager
def table_writer(path: Path, about: About) -> Iterator[Add]:
    """Write a Parquet table of ``GalaxyID`` and the embedding, a list of D float32 numbers.

    float32, because few programs read lists of float16; the zeros of their last bits are compressed.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with atomic_path(path) as temporary, ExitStack() as opened:
        writers: list[pq.ParquetWriter] = []

        def add(rows: pd.Series) -> None:
            if not len(rows):
                return
            vectors = from_bytes(rows.tolist()).astype(np.float32)
            kind = pa.list_(pa.float32(), vectors.shape[1])
            metadata = metadata_of({EMBEDDING: MEANING, **about})
            schema = pa.schema([(ID, pa.string()), (EMBEDDING, kind)], metadata=metadata)
            if not writers:
                writer = pq.ParquetWriter(temporary, schema, use_dictionary=False, compression="zstd")
                writers.append(opened.enter_context(writer))
            column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), type=kind)
            writers[0].write_table(pa.table([pa.array(rows.index, pa.string()), column], schema=schema))

        yield add


def has_rows(table: Path, ids: Sequence[str], key: str) -> bool:
    """Return whether a table holds embeddings of galaxies by the weights of a key."""
    try:
        return parquet_about(table).get(KEY) == key and set(ids) <= set(read_parquet(table, []).index)
    except (PredictionError, *DAMAGED):
        return False
