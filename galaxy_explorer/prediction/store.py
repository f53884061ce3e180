"""A prediction table that grows in chunks, survives a kill, and ends as one file."""

import os
import secrets
import shutil
from collections.abc import Iterator, Sequence, Set
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from galaxy_explorer.catalogue import ID
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.prediction.chunks import (
    CHUNK_COLUMNS,
    Predictions,
    chunk_of,
    each_once,
    failures_of,
    predicted_rows,
    sorted_rows,
    split,
)
from galaxy_explorer.prediction.embeddings import (
    TOKEN,
    Add,
    array_of,
    array_path,
    array_writer,
    has_embeddings,
    remove_arrays,
    table_writer,
    to_bytes,
)
from galaxy_explorer.prediction.formats import check_ending, write_table
from galaxy_explorer.prediction.stream import Batch
from galaxy_explorer.prediction.tables import (
    ADVICE,
    CROP_COLUMNS,
    EMBEDDING,
    FAILURE,
    INTERVAL_COLUMNS,
    KEY,
    OOD_FLAG,
    OOD_SCORE,
    STATE,
    About,
    PredictionError,
    parquet_about,
    read_failures,
    read_parquet,
    write_failures,
    write_parquet,
    write_sidecar,
)
from galaxy_explorer.storage import atomic_path, remove_leftovers, try_lock

STORED = (*COLUMNS, *INTERVAL_COLUMNS, OOD_SCORE)  # columns of a catalogue's finished table in the cache
_DELETE_CHUNK = "delete it, and give the same command with --resume: the galaxies in it are predicted again"


class Finished(NamedTuple):
    """What a finished table holds."""

    predicted: int
    failures: dict[str, str]
    out_of_distribution: int = 0
    cropped: int = 0


@dataclass(frozen=True)
class PredictionStore:
    """A prediction table on disk: chunks while it grows, one file at the end.

    Chunks are in ``<path>.partial/`` and can be read while it grows; every file is written atomically. Failed
    galaxies are listed in ``<path>.failed.csv``. A process that writes holds its `lock`.

    Parameters
    ----------
    path : Path
        The table. Its ending, one of `ENDINGS`, is its format.
    key : str
        What `Model.key` returns: predictions of other weights or TTA views are never mixed.
    embeddings : bool
        Whether embeddings are stored as well. Then a galaxy without one counts as not predicted.
    """

    path: Path
    key: str
    embeddings: bool = False

    def __post_init__(self) -> None:
        check_ending(self.path)

    @property
    def chunks(self) -> Path:
        """Folder of the chunks, which holds some while the table is unfinished."""
        return self.path.with_name(f"{self.path.name}.partial")

    @property
    def failed(self) -> Path:
        """List of the galaxies that could not be predicted, which exists if any failed."""
        return self.path.with_name(f"{self.path.name}.failed.csv")

    @property
    def finished(self) -> bool:
        """Whether the table is complete on disk, and not being predicted again."""
        return self.path.exists() and not self.chunk_paths()

    @contextmanager
    def lock(self) -> Iterator[bool]:
        """Try to acquire the table's lock; yield False if another process or thread holds it.

        With the lock, files that a killed process left half-written are removed.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with try_lock(self.path.with_name(f".{self.path.name}.lock")) as acquired:
            if acquired:
                remove_leftovers(self.path)
            yield acquired

    def begin_part(self, rank: int = 0) -> str:
        """Return the name of the next chunks of a process, which sorts after the existing ones."""
        return f"{len(self.chunk_paths()):06d}-{rank:05d}"

    def add(self, batches: Sequence[Batch], part: str = "000000-00000") -> None:
        """Write some batches as one chunk of a part, as `begin_part` named it."""
        if not sum(map(len, batches)):
            return
        self.chunks.mkdir(parents=True, exist_ok=True)
        name = f"{part}-{len(list(self.chunks.glob(f'{part}-*.parquet'))):06d}-{os.getpid()}.parquet"
        self._write(self.chunks / name, chunk_of(batches, self.embeddings))

    def forget(self, ids: Set[str]) -> None:
        """Remove galaxies from the unfinished table."""
        for path in self.chunk_paths():
            chunk = self._table(path)
            if chunk.index.isin(ids).any():
                self._write(path, chunk[~chunk.index.isin(ids)])

    def finish(
        self,
        columns: Sequence[str] = STORED,
        about: About | None = None,
        names: str = "class",
        *,
        order: Sequence[str] | None = None,
        embeddings_file: Path | None = None,
    ) -> Finished:
        """Write the chunks as one table with each galaxy once; return what it holds.

        Parameters
        ----------
        columns, names
            As in `write_table`.
        about : mapping of str to str or int
            Metadata in addition to the key, as `provenance` returns. For CSV it is in a sidecar.
        order : sequence of str, optional
            Ids in the order of the table's rows; by default as they were predicted.
        embeddings_file : Path, optional
            Parquet file for the embeddings; by default they are an array next to the table.
        """
        counts = dict.fromkeys(("out_of_distribution", "cropped"), 0)
        failures, ids, token = self.failures(), self._order(order), secrets.token_hex(4)
        metadata = {KEY: self.key, **(about or {})}
        embeddings: AbstractContextManager[Add | None] = nullcontext()
        if embeddings_file:
            embeddings = table_writer(embeddings_file, metadata)
        elif self.embeddings:
            embeddings = array_writer(array_path(self.path, token), len(ids))
            metadata[TOKEN] = token

        def rows(add: Add | None) -> Iterator[pd.DataFrame]:
            for new in self._rows(ids):
                if add:
                    add(new.pop(EMBEDDING))
                new = new.assign(**{OOD_FLAG: new[OOD_SCORE] > 1})
                counts["out_of_distribution"] += int(new[OOD_FLAG].sum())
                counts["cropped"] += int(new[CROP_COLUMNS[2]].notna().sum())
                yield new

        ending = check_ending(self.path)
        # The embeddings are complete before the table: a table whose embeddings are missing lost them.
        with atomic_path(self.path) as temporary, embeddings as add:
            write_table(temporary, ending, rows(add), columns, metadata, names)
            write_failures(self.failed, failures)
        if ending == ".csv":
            write_sidecar(self.path, metadata)
        self._drop_chunks()
        if not embeddings_file:
            remove_arrays(self.path, spared=token)
        return Finished(len(ids), failures, **counts)

    def _order(self, order: Sequence[str] | None) -> pd.Index:
        """Return the predicted galaxies in the order of the finished table's rows."""
        ids = predicted_rows(self.unfinished()).index.unique()
        return ids if order is None else ids[pd.Index(order).get_indexer(ids).argsort(kind="stable")]

    def _rows(self, ids: pd.Index) -> Iterator[pd.DataFrame]:
        """Yield the predictions of galaxies in their order, each once."""
        columns = [*CHUNK_COLUMNS, *([EMBEDDING] if self.embeddings else ())]  # an earlier version wrote fewer

        def chunks() -> Iterator[pd.DataFrame]:
            return (predicted_rows(self._table(path)).reindex(columns=columns) for path in self._counted_paths())

        return each_once(chunks()) if ids.equals(self._order(None)) else sorted_rows(chunks, ids)

    def give_up(self) -> dict[str, str]:
        """Remove the chunks, and write the failures alone: no galaxy could be predicted."""
        failures = self.failures()
        write_failures(self.failed, failures)
        self._drop_chunks()
        return failures

    def _drop_chunks(self) -> None:
        """Remove the chunks, atomically for those who read them."""
        if self.chunks.exists():
            dropped = self.chunks.rename(self.chunks.with_name(f".{self.chunks.name}.{os.getpid()}"))
            shutil.rmtree(dropped)

    def reopen(self) -> None:
        """Turn the finished table into an unfinished one that lacks the failed galaxies."""
        hidden = self.chunks.with_name(f".{self.chunks.name}.{os.getpid()}")
        hidden.mkdir()
        rows = self._table(self.path).reindex(columns=CHUNK_COLUMNS)
        if self.embeddings and (vectors := array_of(self.path)) is not None:
            rows[EMBEDDING] = pd.Series(to_bytes(vectors), rows.index, dtype=object)
        self._write(hidden / "000000-00000-000000.parquet", rows)
        hidden.rename(self.chunks)  # atomically: from here on the table is unfinished
        self.path.unlink()
        self.failed.unlink(missing_ok=True)
        remove_arrays(self.path)

    def read(self) -> Predictions:
        """Read the finished table, or the chunks so far.

        Raises
        ------
        PredictionError
            If the table is of other weights or TTA views, or not a Parquet file.
        """
        if not self.finished:
            with suppress(FileNotFoundError):  # another process finishes the table
                chunks = pd.concat([chunk_of([]), *(self._table(path, CHUNK_COLUMNS) for path in self.chunk_paths())])
                table = predicted_rows(chunks)
                failures = failures_of(chunks[~chunks.index.isin(table.index)])
                if not self.finished:
                    return split(table[~table.index.duplicated()], failures)
        return split(self._table(self.path), read_failures(self.failed))

    def unfinished(self) -> pd.DataFrame:
        """Read image fingerprint and failure of the galaxies that are done, without predictions.

        Returns
        -------
        pd.DataFrame
            Columns `STATE` and `FAILURE`, indexed by ``GalaxyID``. A galaxy that failed at first is there twice.

        Raises
        ------
        PredictionError
            If a chunk is damaged, or of other weights or TTA views.
        """
        chunks = [pd.DataFrame(columns=[STATE, FAILURE], index=pd.Index([], dtype=str, name=ID), dtype=object)]
        with suppress(FileNotFoundError):  # another process finishes the table
            chunks.extend(self._table(path, [STATE, FAILURE]) for path in self._counted_paths())
        return pd.concat(chunks)

    def predicted_ids(self) -> set[str]:
        """Return the galaxies of the unfinished table that have predictions."""
        return set(predicted_rows(self.unfinished()).index)

    def failures(self) -> dict[str, str]:
        """Read the reason for each galaxy that could not be predicted, without the predictions."""
        rows = self.unfinished()
        if not self.chunk_paths():  # another process may just have finished the table
            return read_failures(self.failed)
        return failures_of(rows[~rows.index.isin(predicted_rows(rows).index)])

    def chunk_paths(self) -> list[Path]:
        """List the chunks in the order in which they were written."""
        return sorted(self.chunks.glob("*.parquet"))

    def uncounted_paths(self) -> list[Path]:
        """List the chunks whose galaxies are predicted again, as they lack wanted embeddings."""
        return [path for path in self.chunk_paths() if self.embeddings and not has_embeddings(path)]

    def _counted_paths(self) -> list[Path]:
        return sorted({*self.chunk_paths()}.difference(self.uncounted_paths()))

    def _write(self, path: Path, chunk: pd.DataFrame) -> None:
        with atomic_path(path) as temporary:
            columns = [*CHUNK_COLUMNS, *([EMBEDDING] if EMBEDDING in chunk else ())]
            write_parquet(temporary, [chunk], columns, {KEY: self.key})

    def _table(self, path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read a chunk, or the finished Parquet table, of this store's weights and TTA views."""
        is_chunk = path != self.path
        table = read_parquet(path, columns, _DELETE_CHUNK if is_chunk else ADVICE)
        if parquet_about(path).get(KEY) != self.key:
            raise PredictionError(
                f"{self.chunks if is_chunk else path} holds predictions of other weights or another number of views; "
                "use those it was begun with, delete it, or name another file"
            )
        return table
