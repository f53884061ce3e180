"""Predictions that the background worker left on disk, read without any network: what Browse sorts by.

The worker predicts parts of a catalogue as well as all of it, into one table for each network. Beside it it notes
whose galaxies they are and which weights were used, so that the tables of a catalogue are found again.
"""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.catalogue.scores import ID
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.storage import cache_folder, remove, write_atomic

Column = Callable[[str], np.ndarray]  # from a score column to its fractions, galaxy by galaxy


@dataclass(frozen=True)
class Tables:
    """The tables of one network's predictions of one catalogue, in their state of this moment."""

    network: str
    files: tuple[tuple[Path, int], ...]  # with the time of change of each; the newest last


def folder() -> Path:
    """Name the folder of the predictions."""
    return cache_folder() / "predictions"


def unusable(error: OSError) -> str:
    """Say that the folder of the predictions cannot be used, why, and what to do."""
    return (
        f"the app keeps predictions in {folder()}, which cannot be used ({error.strerror or error}); make room there, or start the "
        "app with another folder in XDG_CACHE_HOME"
    )


def note(store: Path, galaxies: Catalogue, network: str, weights: Path) -> None:
    """Write beside a table of predictions whose galaxies they are and which weights were used."""
    said = {"pictures": galaxies.pictures_fingerprint, "network": network, "weights": [str(weights), *_state(weights)]}
    write_atomic(store.with_suffix(".json"), json.dumps(said).encode())


def tables_of(catalogue: Catalogue) -> list[Tables]:
    """Find the predictions of a catalogue's galaxies.

    Parameters
    ----------
    catalogue : Catalogue
        Galaxies; predictions of any part of them count, unfinished ones as well. Those of weights or pictures that
        have changed since do not.

    Returns
    -------
    list of Tables
        One for each network of which there are any, by name.
    """
    found: dict[str, list[tuple[Path, int]]] = {}
    for path in folder().glob("*.json"):
        try:
            said = json.loads(path.read_bytes())
            weights, *state = said["weights"]
            if said["pictures"] != catalogue.pictures_fingerprint or tuple(state) != _state(Path(weights)):
                continue
            network = str(said["network"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # not a note of ours: its table is passed over
        if files := files_of(path.with_suffix(".parquet")):
            found.setdefault(network, []).extend(files)
    return [Tables(name, tuple(sorted(files, key=lambda file: file[1]))) for name, files in sorted(found.items())]


def files_of(store: Path) -> tuple[tuple[Path, int], ...]:
    """List the files of a table, finished or not, with the time of change of each, the newest last."""
    found = []
    for file in (store, *store.with_name(f"{store.name}.partial").glob("*.parquet")):
        with suppress(FileNotFoundError):
            found.append((file, file.stat().st_mtime_ns))
    return tuple(sorted(found, key=lambda file: file[1]))


def reader(ids: pd.Index, tables: Tables, columns: Sequence[str] = COLUMNS) -> Column:
    """Open the predictions of some galaxies, to be read answer by answer.

    All 37 together take 35 MB for 240,000 galaxies, and to touch so much fresh memory takes longer than to read it.

    Parameters
    ----------
    ids : (N,) pd.Index
        Those of the galaxies.
    tables : Tables
        Where predictions are, of these galaxies or of others. A galaxy's are taken from the newest table that has it.
    columns : sequence of str, optional
        Which columns are going to be asked for.

    Returns
    -------
    callable
        Takes a column and gives its numbers, (N,) np.ndarray of float32 in the order of the ids, NaN where there is no
        prediction yet.

    Raises
    ------
    OSError, ValueError
        When a file that could be opened is damaged within; the columns raise them as well.
    """
    files = [opened for file, _ in reversed(tables.files) if (opened := _opened(file, columns))]
    if not files:
        return lambda name: np.full(len(ids), np.nan, dtype=np.float32)
    # One file is large; many are the small chunks of an unfinished table, of which each reading has its price.
    kept = None if len(files) == 1 else pa.concat_tables([file.read([ID, *columns]) for file in files])

    def read(name: str) -> pa.ChunkedArray:
        return (files[0].read([name]) if kept is None else kept)[name]

    theirs, done = read(ID), pc.is_finite(read(columns[0]))
    ours = pa.chunked_array([pa.array(ids, pa.string())])
    if theirs.equals(ours) and pc.all(done, skip_nulls=False).as_py():  # finished, and in their order
        return lambda name: read(name).to_numpy()
    # A galaxy is where it is named first: in the newest table. To look ours up among theirs, and not the other way
    # about, takes no index of the whole catalogue, which costs a third of a second at first.
    at = pc.index_in(ours, value_set=theirs.filter(done))
    rows = np.flatnonzero(at.is_valid().to_numpy())
    places = np.flatnonzero(done.fill_null(False).to_numpy())[at.drop_null().to_numpy()]

    def column(name: str) -> np.ndarray:
        fractions = np.full(len(ids), np.nan, dtype=np.float32)
        fractions[rows] = read(name).to_numpy()[places]
        return fractions

    return column


def _opened(file: Path, columns: Sequence[str]) -> pq.ParquetFile | None:
    """Open a table or a chunk; None where it cannot be read."""
    try:
        opened = pq.ParquetFile(file)
    except (OSError, ValueError):  # it has just been finished, or is damaged: then Compare makes it anew
        return None
    return opened if {ID, *columns} <= set(opened.schema_arrow.names) else None


def difference(one: Column, other: Column) -> np.ndarray:
    """Tell how far two tables of vote fractions are apart, galaxy by galaxy.

    Parameters
    ----------
    one, other : callable
        Predictions or votes: takes a score column and gives (N,) np.ndarray of float32, NaN where unknown.

    Returns
    -------
    (N,) np.ndarray of float32
        The root of the mean square over the fractions known in both; NaN where there are none.
    """
    total = count = np.zeros(1, dtype=np.float32)
    for name in COLUMNS:
        square = (one(name) - other(name)) ** 2
        known = np.isfinite(square)
        count = count + known
        total = total + np.where(known, square, 0)
    return np.sqrt(np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0))


def forget(store: Path) -> None:
    """Delete a table of predictions, finished or not, but not the note of whose galaxies it holds."""
    for path in (store, *store.parent.glob(f"{store.name}.*")):
        remove(path)


def _state(file: Path) -> tuple[int, int]:
    """Tell size and time of change of a file."""
    state = os.stat(file)
    return state.st_size, state.st_mtime_ns
