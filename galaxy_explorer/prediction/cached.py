"""Predictions in the cache folder, read without a network, for sorting and comparing.

A prediction job writes one Parquet table for each catalogue and network. A JSON manifest next to it names the
galaxies and the checkpoint, so that the tables of a catalogue can be found. Those of the bundled survey are bundled.
"""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue import ID, SIMULATED, Catalogue
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.evaluation.metrics import rms
from galaxy_explorer.prediction.tables import FAILURE, read_failures, read_parquet
from galaxy_explorer.storage import cache_folder, remove, write_atomic
from galaxy_explorer.storage.bundled import PACKAGE, bundled

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

BUNDLED_PREDICTIONS = PACKAGE / "simulated_survey" / "predictions"
Column = Callable[[str], np.ndarray]  # returns the fractions of a score column, galaxy by galaxy


@dataclass(frozen=True)
class Tables:
    """Tables with one network's predictions of one catalogue, at one moment."""

    network: str
    files: tuple[tuple[Path, int], ...]  # with the modification time of each; the newest last


def folder() -> Path:
    """Return the folder of the predictions."""
    return cache_folder() / "predictions"


def disk_error_message(error: OSError) -> str:
    """Return a message for the user if the folder of the predictions cannot be used."""
    return (
        f"The app stores predictions in {folder()}, which cannot be used ({error.strerror or error}); make room there, "
        "or start the app with another folder in XDG_CACHE_HOME"
    )


def write_manifest(store: Path, galaxies: Catalogue, network: str, weights: Path) -> None:
    """Write the manifest of a table: its galaxies, network and checkpoint.

    Parameters
    ----------
    store : Path
        The Parquet file; the manifest is a ``.json`` file next to it.
    galaxies : Catalogue
        The catalogue whose images are predicted.
    network : str
        Name of the network.
    weights : Path
        Its checkpoint.
    """
    manifest = {
        "pictures": galaxies.pictures_fingerprint,
        "network": network,
        "weights": [str(weights), *_state(weights)],
    }
    write_atomic(store.with_suffix(".json"), json.dumps(manifest).encode())


def write_bundled_manifest(table: Path, survey: Catalogue, network: str, weights: Path) -> None:
    """Write the manifest of a bundled table.

    It names contents, as the times of files differ between copies of the package.

    Parameters
    ----------
    table : Path
        The Parquet file; the manifest is a ``.json`` file next to it.
    survey : Catalogue
        The bundled survey.
    network : str
        Name of the network.
    weights : Path
        Its checkpoint.
    """
    manifest = {"network": network, "weights": _digest(weights, _state(weights)), "pictures": _digest_of(survey)}
    write_atomic(table.with_suffix(".json"), json.dumps(manifest).encode())


def _bundled_tables(catalogue: Catalogue) -> dict[str, list[tuple[Path, int]]]:
    """Return the predictions of the bundled survey by network, without those of other weights."""
    found: dict[str, list[tuple[Path, int]]] = {}
    if catalogue.name != SIMULATED:
        return found
    for path in BUNDLED_PREDICTIONS.glob("*.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            manifest = json.loads(path.read_bytes())
            weights = bundled("weights") / f"{manifest['network']}.pt"
            same_weights = manifest["weights"] == _digest(weights, _state(weights))
            if same_weights and manifest["pictures"] == _digest_of(catalogue):
                found[str(manifest["network"])] = [(path.with_suffix(".parquet"), 0)]  # older than those in the cache
    return found


def _digest_of(survey: Catalogue) -> str:
    """Return a digest of the galaxies and of the sizes of their pictures."""
    sizes = [(galaxy_id, survey.picture_state(galaxy_id)[0]) for galaxy_id in survey.ids]
    return hashlib.blake2b(repr(sizes).encode(), digest_size=10).hexdigest()


@lru_cache(maxsize=8)
def _digest(file: Path, _state: tuple[int, int]) -> str:
    """Return a digest of a file's content, computed again if its state changes."""
    return hashlib.blake2b(file.read_bytes(), digest_size=10).hexdigest()


def tables_of(catalogue: Catalogue) -> list[Tables]:
    """Find the predictions of a catalogue.

    Parameters
    ----------
    catalogue : Catalogue
        Predictions of any part of it count, also unfinished ones; not those of a checkpoint or of images that have
        changed since.

    Returns
    -------
    list of Tables
        One for each network with predictions, by name.
    """
    by_network = _bundled_tables(catalogue)
    for path in folder().glob("*.json"):
        try:
            manifest = json.loads(path.read_bytes())
            weights, *state = manifest["weights"]
            if manifest["pictures"] != catalogue.pictures_fingerprint or tuple(state) != _state(Path(weights)):
                continue
            network = str(manifest["network"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # a damaged manifest: its table is ignored
        if files := files_of(path.with_suffix(".parquet")):
            by_network.setdefault(network, []).extend(files)
    return [Tables(name, tuple(sorted(files, key=lambda file: file[1]))) for name, files in sorted(by_network.items())]


def tables_by(catalogue: Catalogue, network: str) -> Tables:
    """Find a network's predictions of a catalogue; without files if there are none."""
    return next((one for one in tables_of(catalogue) if one.network == network), Tables(network, ()))


def files_of(store: Path) -> tuple[tuple[Path, int], ...]:
    """List the files of a table, finished or not, with their modification times, newest last."""
    files = []
    for file in (store, *store.with_name(f"{store.name}.partial").glob("*.parquet")):
        with suppress(FileNotFoundError):
            files.append((file, file.stat().st_mtime_ns))
    return tuple(sorted(files, key=lambda file: file[1]))


def failures_of(tables: Tables) -> dict[str, str]:
    """Return the reason for each galaxy that could not be predicted, of those that were tried.

    Parameters
    ----------
    tables : Tables
        A damaged file is skipped.
    """
    failures: dict[str, str] = {}
    for file, _ in tables.files:
        with suppress(OSError, ValueError):
            if file.parent.name.endswith(".partial"):
                reasons = read_parquet(file, [FAILURE])[FAILURE].dropna()
                failures |= {str(galaxy_id): str(reason) for galaxy_id, reason in reasons.items()}
            else:
                failures |= read_failures(file.with_name(f"{file.name}.failed.csv"))
    return failures


def open_columns(ids: pd.Index, tables: Tables, columns: Sequence[str] = COLUMNS) -> Column:
    """Open the predictions of some galaxies, to be read column by column.

    All 37 columns take 35 MB for 240,000 galaxies; filling that memory takes longer than reading it.

    Parameters
    ----------
    ids : (N,) pd.Index
        The galaxies.
    tables : Tables
        Tables of these galaxies or of others. A galaxy is read from the newest table that has it.
    columns : sequence of str, optional
        The columns that will be read.

    Returns
    -------
    callable
        Returns a column, (N,) np.ndarray of float32 in the order of the ids, NaN without a prediction.

    Raises
    ------
    OSError, ValueError
        If a file that could be opened is damaged; the callable raises them as well.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    files = [opened for file, _ in reversed(tables.files) if (opened := _open(file, columns))]
    if not files:
        return lambda name: np.full(len(ids), np.nan, dtype=np.float32)
    # One file is large; several are the small chunks of an unfinished table, which are read once.
    joined = None if len(files) == 1 else pa.concat_tables([file.read([ID, *columns]) for file in files])

    def read(name: str) -> "pa.ChunkedArray":
        return (files[0].read([name]) if joined is None else joined)[name]

    table_ids, done = read(ID), pc.is_finite(read(columns[0]))
    wanted = pa.chunked_array([pa.array(ids, pa.string())])
    if table_ids.equals(wanted) and pc.all(done, skip_nulls=False).as_py():  # finished, and in the same order
        return lambda name: read(name).to_numpy()
    # The first row of a galaxy is that of the newest table. Looking the wanted ids up in the table, instead of the
    # reverse, needs no index of the whole catalogue, which takes a third of a second.
    positions = pc.index_in(wanted, value_set=table_ids.filter(done))
    rows = np.flatnonzero(positions.is_valid().to_numpy())
    table_rows = np.flatnonzero(done.fill_null(False).to_numpy())[positions.drop_null().to_numpy()]

    def column(name: str) -> np.ndarray:
        fractions = np.full(len(ids), np.nan, dtype=np.float32)
        fractions[rows] = read(name).to_numpy()[table_rows]
        return fractions

    return column


def _open(file: Path, columns: Sequence[str]) -> "pq.ParquetFile | None":
    """Open a table or a chunk; None if it cannot be read."""
    import pyarrow.parquet as pq

    try:
        opened = pq.ParquetFile(file)
    except (OSError, ValueError):  # just finished, or damaged: then Compare predicts again
        return None
    return opened if {ID, *columns} <= set(opened.schema_arrow.names) else None


def rms_difference(one: Column, other: Column) -> np.ndarray:
    """Compute the RMS difference of two tables of vote fractions, galaxy by galaxy.

    Parameters
    ----------
    one, other : callable
        Predictions or votes: returns a score column, (N,) np.ndarray of float32, NaN if unknown.

    Returns
    -------
    (N,) np.ndarray of float32
        Over the fractions known in both; NaN if there are none.
    """
    return rms(one(name) - other(name) for name in COLUMNS)


def delete_table(store: Path) -> None:
    """Delete a finished or unfinished table, but not its manifest."""
    for path in (store, *store.parent.glob(f"{store.name}.*")):
        remove(path)


def _state(file: Path) -> tuple[int, int]:
    """Return size and modification time of a file."""
    state = os.stat(file)
    return state.st_size, state.st_mtime_ns
