"""A prediction table that grows in chunks, survives a kill, and ends as one file."""

import json
import os
import shutil
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue import ID
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.prediction.formats import check_ending, write_table
from galaxy_explorer.prediction.stream import Batch
from galaxy_explorer.prediction.tables import (
    ADVICE,
    FAILURE,
    KEY,
    SPREAD_COLUMNS,
    STATE,
    PredictionError,
    read_failures,
    read_parquet,
    sidecar,
    write_failures,
    write_parquet,
)
from galaxy_explorer.storage import atomic_path, try_lock, write_atomic

CHUNK_COLUMNS = [*COLUMNS, *SPREAD_COLUMNS, STATE, FAILURE]
_DELETE_CHUNK = "delete it, and give the same command with --resume: the galaxies in it are predicted again"


@dataclass(frozen=True)
class Predictions:
    """The predictions of many galaxies.

    Parameters
    ----------
    fractions : pd.DataFrame
        Vote fractions, float32; the index ``GalaxyID`` is text, the columns are the 37 of the decision tree.
    spread : pd.DataFrame
        Half-widths of their 68 % prediction intervals, of the same form; NaN if the table does not hold them.
    failures : dict of str to str
        The reason for each galaxy that could not be predicted.
    """

    fractions: pd.DataFrame
    spread: pd.DataFrame
    failures: dict[str, str]


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
    """

    path: Path
    key: str

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
        """Try to acquire the table's lock; yield False if another process or thread holds it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with try_lock(self.path.with_name(f".{self.path.name}.lock")) as acquired:
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
        self._write(self.chunks / name, _chunk(batches))

    def forget(self, ids: Set[str]) -> None:
        """Remove galaxies from the unfinished table."""
        for path in self.chunk_paths():
            chunk = self._table(path)
            if chunk.index.isin(ids).any():
                self._write(path, chunk[~chunk.index.isin(ids)])

    def finish(self, *, spread: bool = True, **about: str) -> tuple[int, dict[str, str]]:
        """Write the chunks as one table with each galaxy once; return their number and the failures.

        Parameters
        ----------
        spread : bool
            Whether the table has 37 more columns, the half-widths of the 68 % prediction intervals.
        about : str
            Metadata in addition to the key: ``network``, ``version``, ``views``. For CSV it is in a sidecar.
        """
        predicted: set[str] = set()
        failures: dict[str, str] = {}

        def rows() -> Iterator[pd.DataFrame]:
            for chunk in map(self._table, self.chunk_paths()):
                failures.update(_failures(chunk))
                new = _predicted(chunk)
                new = new[~new.index.isin(predicted)]
                predicted.update(new.index)
                yield new

        metadata = {KEY: self.key, **about}
        ending = check_ending(self.path)
        with atomic_path(self.path) as temporary:
            write_table(temporary, ending, rows(), [*COLUMNS, *(SPREAD_COLUMNS if spread else ())], metadata)
            failures = {galaxy_id: reason for galaxy_id, reason in failures.items() if galaxy_id not in predicted}
            write_failures(self.failed, failures)
        if ending == ".csv":
            write_atomic(sidecar(self.path), json.dumps(metadata, indent=2).encode())
        if self.chunks.exists():  # removed atomically for those who read them
            dropped = self.chunks.rename(self.chunks.with_name(f".{self.chunks.name}.{os.getpid()}"))
            shutil.rmtree(dropped)
        return len(predicted), failures

    def reopen(self) -> None:
        """Turn the finished table into an unfinished one that lacks the failed galaxies."""
        hidden = self.chunks.with_name(f".{self.chunks.name}.{os.getpid()}")
        hidden.mkdir()
        self._write(hidden / "000000-00000-000000.parquet", self._table(self.path).reindex(columns=CHUNK_COLUMNS))
        hidden.rename(self.chunks)  # atomically: from here on the table is unfinished
        self.path.unlink()
        self.failed.unlink(missing_ok=True)

    def read(self) -> Predictions:
        """Read the finished table, or the chunks so far.

        Raises
        ------
        PredictionError
            If the table is of other weights or TTA views, or not a Parquet file.
        """
        if not self.finished:
            with suppress(FileNotFoundError):  # another process finishes the table
                chunks = pd.concat([_chunk([]), *map(self._table, self.chunk_paths())])
                table = _predicted(chunks)
                failures = _failures(chunks[~chunks.index.isin(table.index)])
                if not self.finished:
                    return _split(table[~table.index.duplicated()], failures)
        return _split(self._table(self.path), read_failures(self.failed))

    def unfinished(self) -> pd.DataFrame:
        """Read image fingerprint and failure of each galaxy in the chunks, without the predictions.

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
            for path in self.chunk_paths():
                chunk, key = read_parquet(path, [STATE, FAILURE], _DELETE_CHUNK)
                self._check_key(key, self.chunks)
                chunks.append(chunk)
        return pd.concat(chunks)

    def predicted_ids(self) -> set[str]:
        """Return the galaxies of the unfinished table that have predictions."""
        return set(_predicted(self.unfinished()).index)

    def failures(self) -> dict[str, str]:
        """Read the reason for each galaxy that could not be predicted, without the predictions."""
        rows = self.unfinished()
        if not self.chunk_paths():  # another process may just have finished the table
            return read_failures(self.failed)
        return _failures(rows[~rows.index.isin(_predicted(rows).index)])

    def chunk_paths(self) -> list[Path]:
        """List the chunks in the order in which they were written."""
        return sorted(self.chunks.glob("*.parquet"))

    def _write(self, path: Path, chunk: pd.DataFrame) -> None:
        with atomic_path(path) as temporary:
            write_parquet(temporary, [chunk], CHUNK_COLUMNS, {KEY: self.key})

    def _table(self, path: Path) -> pd.DataFrame:
        """Read a chunk, or the finished Parquet table, of this store's weights and TTA views."""
        is_chunk = path != self.path
        table, key = read_parquet(path, advice=_DELETE_CHUNK if is_chunk else ADVICE)
        self._check_key(key, self.chunks if is_chunk else path)
        return table

    def _check_key(self, key: str | None, where: Path) -> None:
        """Raise PredictionError if a table has another key."""
        if key != self.key:
            raise PredictionError(
                f"{where} holds predictions of other weights or another number of views; "
                "use those it was begun with, delete it, or name another file"
            )


def collect(batches: Sequence[Batch]) -> Predictions:
    """Join batches in their order."""
    chunk = _chunk(batches)
    return _split(_predicted(chunk), _failures(chunk))


def _chunk(batches: Sequence[Batch]) -> pd.DataFrame:
    """Lay batches out as one table, in which galaxies that failed have a reason and NaN."""
    ids = [galaxy_id for batch in batches for galaxy_id in batch.ids]
    failures = {galaxy_id: reason for batch in batches for galaxy_id, reason in batch.failures.items()}
    numbers = np.full((len(ids) + len(failures), 2 * len(COLUMNS)), np.nan, dtype=np.float32)
    if ids:
        numbers[: len(ids), : len(COLUMNS)] = np.concatenate([batch.fractions for batch in batches])
        numbers[: len(ids), len(COLUMNS) :] = np.concatenate([batch.spread for batch in batches])
    index = pd.Index([*ids, *failures], dtype=str, name=ID)
    table = pd.DataFrame(numbers, index, [*COLUMNS, *SPREAD_COLUMNS])
    states = [state for batch in batches for state in batch.fingerprints or [None] * len(batch.ids)]
    table[STATE] = pd.Series([*states, *[None] * len(failures)], index, dtype=object)
    table[FAILURE] = pd.Series([*[None] * len(ids), *failures.values()], index, dtype=object)
    return table


def _predicted(chunk: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a chunk that have predictions."""
    return chunk[chunk[FAILURE].isna()]


def _failures(chunk: pd.DataFrame) -> dict[str, str]:
    """Return the reasons for the failed galaxies of a chunk."""
    reasons = chunk[FAILURE].dropna()
    return dict(zip(reasons.index, reasons, strict=True))


def _split(table: pd.DataFrame, failures: dict[str, str]) -> Predictions:
    """Split a table into fractions and half-widths."""
    spread = table.reindex(columns=list(SPREAD_COLUMNS)).set_axis(list(COLUMNS), axis=1)
    return Predictions(table[list(COLUMNS)], spread, failures)
