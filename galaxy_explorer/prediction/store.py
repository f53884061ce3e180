"""A table of predictions that grows chunk by chunk, survives a kill, and ends as one file."""

import os
import shutil
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue.score_tables import ID
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.prediction.formats import ENDINGS, check_ending
from galaxy_explorer.prediction.stream import Batch
from galaxy_explorer.prediction.tables import (
    FAILURE,
    KEY,
    SPREAD_COLUMNS,
    STATE,
    PredictionError,
    parquet_writer,
    read_columns,
    read_failures,
    read_parquet,
    write_failures,
)
from galaxy_explorer.storage import atomic_path, try_lock


@dataclass(frozen=True)
class Predictions:
    """The predictions of many galaxies.

    Parameters
    ----------
    fractions : pd.DataFrame
        Vote fractions, float32; the index ``GalaxyID`` is text, the columns are the 37 of the tree.
    spread : pd.DataFrame
        The half-widths of their 68 % intervals, of the same form; NaN where they were not kept.
    failures : dict of str to str
        The reason for each galaxy that could not be predicted.
    """

    fractions: pd.DataFrame
    spread: pd.DataFrame
    failures: dict[str, str]


class Written(NamedTuple):
    """What a finished table holds: how many galaxies, and the reason for each that could not be predicted."""

    galaxies: int
    failures: dict[str, str]


@dataclass(frozen=True)
class PredictionStore:
    """A table of predictions on disk: chunks in ``<path>.partial/`` while it grows, one file at the end.

    It can be read while it grows. Every file appears at once and whole.
    Galaxies that failed are listed in ``<path>.failed.csv``. Who writes it keeps others off by `reserved`.

    Parameters
    ----------
    path : Path
        The table. Its ending, one of `ENDINGS`, is its format.
    key : str
        What `prediction_key` gives: predictions of other weights or views are never mixed in.
    """

    path: Path
    key: str

    def __post_init__(self) -> None:
        check_ending(self.path)

    @property
    def chunks(self) -> Path:
        """The folder of the chunks, which is there while the table is unfinished."""
        return self.path.with_name(f"{self.path.name}.partial")

    @property
    def failed(self) -> Path:
        """The list of the galaxies that could not be predicted, which is there if any failed."""
        return self.path.with_name(f"{self.path.name}.failed.csv")

    @property
    def finished(self) -> bool:
        """Tell whether the table is there, and nobody has begun it anew."""
        return self.path.exists() and not self.chunks.exists()

    @contextmanager
    def reserved(self) -> Iterator[bool]:
        """Keep the table for this block alone; where another one, of any process, has it already, give False."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with try_lock(self.path.with_name(f".{self.path.name}.lock")) as ours:
            yield ours

    def begin_part(self, rank: int = 0) -> str:
        """Name the chunks that a process is about to add, so that they follow those that are there."""
        return f"{len(list(self.chunks.glob('*.parquet'))):06d}-{rank:05d}"

    def predicted_ids(self) -> set[str]:
        """Give the ids of the galaxies that the unfinished table holds already.

        Galaxies that failed are not among them: their pictures may have been mended.

        Raises
        ------
        PredictionError
            When the unfinished table is of other weights or views.
        """
        return {galaxy_id for chunk in self._chunks() for galaxy_id in _predicted(chunk).index}

    def add(self, batches: Sequence[Batch], part: str = "000000-00000") -> None:
        """Keep some batches as one chunk of a part, as `begin_part` named it."""
        if not sum(map(len, batches)):
            return
        self.chunks.mkdir(parents=True, exist_ok=True)
        name = f"{part}-{len(list(self.chunks.glob(f'{part}-*.parquet'))):06d}-{os.getpid()}.parquet"
        try:
            self._write(self.chunks / name, _chunk(batches))
        except OSError:
            with suppress(OSError):  # it holds chunks
                self.chunks.rmdir()  # empty, it would say that there is something to go on with
            raise

    def forget(self, ids: Set[str]) -> None:
        """Take galaxies out of the unfinished table."""
        for path in sorted(self.chunks.glob("*.parquet")):
            if not ids.isdisjoint(*read_columns(path, ID)):
                chunk = self._table(path)
                self._write(path, chunk[~chunk.index.isin(ids)])

    def _write(self, path: Path, chunk: pd.DataFrame) -> None:
        """Write a chunk."""
        columns = [*COLUMNS, *SPREAD_COLUMNS, STATE, FAILURE]
        with atomic_path(path) as temporary, parquet_writer(temporary, columns, {KEY: self.key}) as write:
            write(chunk)

    def finish(self, *, spread: bool = True, **about: str) -> Written:
        """Write the chunks as one table, each galaxy once, and tell what it holds.

        Parameters
        ----------
        spread : bool
            Whether the table has the spread, as 37 more columns.
        about : str
            What the table shall say of itself beside the key of its weights: ``network``, ``version``, ``views``.
            CSV has no place for it.
        """
        columns = [*COLUMNS, *(SPREAD_COLUMNS if spread else ())]
        seen: set[str] = set()
        failures: dict[str, str] = {}
        with atomic_path(self.path) as temporary:
            with ENDINGS[check_ending(self.path)](temporary, columns, {KEY: self.key, **about}) as write:
                for chunk in self._chunks():
                    failures |= _failures(chunk)
                    done = _predicted(chunk)
                    done = done[~done.index.isin(seen)]
                    seen.update(done.index)
                    write(done[columns])
            failures = {galaxy_id: reason for galaxy_id, reason in failures.items() if galaxy_id not in seen}
            write_failures(self.failed, failures)
        self._drop_chunks()
        return Written(len(seen), failures)

    def reopen(self) -> None:
        """Make the finished table an unfinished one, in which the galaxies that failed are still to be done."""
        table = self._table(self.path).reindex(columns=[*COLUMNS, *SPREAD_COLUMNS, STATE, FAILURE])
        hidden = self.chunks.with_name(f".{self.chunks.name}.{os.getpid()}")
        hidden.mkdir()
        self._write(hidden / "000000-00000-000000.parquet", table)
        hidden.rename(self.chunks)  # in one step: from here on the table is unfinished
        self.path.unlink()
        self.failed.unlink(missing_ok=True)

    def read(self) -> Predictions:
        """Read what is there: nothing yet, the chunks so far, or the finished table.

        Raises
        ------
        PredictionError
            When the table is of other weights or views, or no Parquet file.
        """
        if not self.finished:
            with suppress(FileNotFoundError):  # the table is being finished
                everything = pd.concat(list(self._chunks()) or [_chunk([])])
                table = _predicted(everything)
                failures = _failures(everything[~everything.index.isin(table.index)])
                if not self.finished:
                    return _split(table[~table.index.duplicated()], failures)
        return _split(self._table(self.path), read_failures(self.failed))

    def failures(self) -> dict[str, str]:
        """Read which galaxies could not be predicted, with the reasons, without reading any number."""
        reasons = self._column(FAILURE)
        if not self.chunks.exists():  # which may have been finished meanwhile
            return read_failures(self.failed)
        predicted = {galaxy_id for galaxy_id, reason in reasons if reason is None}
        return {galaxy_id: reason for galaxy_id, reason in reasons if reason and galaxy_id not in predicted}

    def unfinished_ids(self) -> set[str]:
        """Read the ids of all galaxies in the unfinished table, also of those that failed, without any number."""
        return set(dict(self._column(FAILURE)))

    def unfinished_states(self) -> dict[str, str]:
        """Read from what states of their pictures the galaxies in the unfinished table were predicted, where it is known."""
        return {galaxy_id: state for galaxy_id, state in self._column(STATE) if state is not None}

    def _column(self, name: str) -> list[tuple[str, Any]]:
        """Read one column of the chunks, with the galaxies' ids, without the others."""
        cells: list[tuple[str, Any]] = []
        with suppress(FileNotFoundError):  # the table has just been finished
            for path in sorted(self.chunks.glob("*.parquet")):
                cells += zip(*read_columns(path, ID, name), strict=True)
        return cells

    def _chunks(self) -> Iterator[pd.DataFrame]:
        """Read the chunks one by one, in the order in which they were written."""
        for path in sorted(self.chunks.glob("*.parquet")):
            yield self._table(path)

    def _table(self, path: Path) -> pd.DataFrame:
        """Read a Parquet file of this store, which must be of its weights and views."""
        is_chunk = path != self.path
        table, key = read_parquet(path, chunk=is_chunk)
        if key != self.key:
            raise PredictionError(
                f"{self.chunks if is_chunk else path} holds predictions of other weights or another number of views; "
                "use those it was begun with, delete it, or name another file"
            )
        return table

    def _drop_chunks(self) -> None:
        """Take the chunks away, in one step for whoever is reading them."""
        if self.chunks.exists():
            dropped = self.chunks.rename(self.chunks.with_name(f".{self.chunks.name}.{os.getpid()}"))
            shutil.rmtree(dropped)


def collect(batches: Sequence[Batch]) -> Predictions:
    """Join batches in their order."""
    chunk = _chunk(batches)
    return _split(_predicted(chunk), _failures(chunk))


def _chunk(batches: Sequence[Batch]) -> pd.DataFrame:
    """Lay batches out as one table, in which galaxies that failed have a reason and no numbers."""
    ids = [galaxy_id for batch in batches for galaxy_id in batch.ids]
    failed = [item for batch in batches for item in batch.failures.items()]
    numbers = np.full((len(ids) + len(failed), 2 * len(COLUMNS)), np.nan, dtype=np.float32)
    if ids:
        numbers[: len(ids), : len(COLUMNS)] = np.concatenate([batch.fractions for batch in batches])
        numbers[: len(ids), len(COLUMNS) :] = np.concatenate([batch.spread for batch in batches])
    index = pd.Index([*ids, *(galaxy_id for galaxy_id, _ in failed)], dtype=str, name=ID)
    table = pd.DataFrame(numbers, index, [*COLUMNS, *SPREAD_COLUMNS])
    states = [state for batch in batches for state in batch.states or [None] * len(batch.ids)]
    table[STATE] = pd.Series([*states, *[None] * len(failed)], index, dtype=object)
    table[FAILURE] = pd.Series([None] * len(ids) + [reason for _, reason in failed], index, dtype=object)
    return table


def _predicted(chunk: pd.DataFrame) -> pd.DataFrame:
    """Take the galaxies of a chunk that have numbers."""
    return chunk[chunk[FAILURE].isna()]


def _failures(chunk: pd.DataFrame) -> dict[str, str]:
    """Take the galaxies of a chunk that failed, with the reasons."""
    reasons = chunk[FAILURE].dropna()
    return dict(zip(reasons.index, reasons, strict=True))


def _split(table: pd.DataFrame, failures: dict[str, str]) -> Predictions:
    """Part a table into fractions and spread."""
    spread = table.reindex(columns=list(SPREAD_COLUMNS)).set_axis(list(COLUMNS), axis=1)
    return Predictions(table[list(COLUMNS)], spread, failures)
