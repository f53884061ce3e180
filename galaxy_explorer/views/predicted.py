"""Predictions that the background worker left on disk, read without any network: what Browse sorts by.

The worker predicts parts of a catalogue as well as all of it, into one table for each network. Beside it it notes
whose galaxies they are and which weights were used, so that the tables of a catalogue are found again.
"""

import json
import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from galaxy_explorer.cache import cache_folder, keep
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.catalogue.scores import ID
from galaxy_explorer.decision_tree import COLUMNS

BLOCK = 20_000  # galaxies compared at once: 240,000 would take half a gigabyte


@dataclass(frozen=True)
class Tables:
    """The tables of one network's predictions of one catalogue, in their state of this moment."""

    network: str
    files: tuple[tuple[Path, int], ...]  # with the time of change of each; the newest last


def folder() -> Path:
    """Name the folder of the predictions."""
    return cache_folder() / "predictions"


def note(store: Path, galaxies: Catalogue, network: str, weights: Path) -> None:
    """Write beside a table of predictions whose galaxies they are and which weights were used."""
    said = {"root": str(galaxies.root.resolve()), "network": network, "weights": [str(weights), *_state(weights)]}
    keep(store.with_suffix(".json"), json.dumps(said).encode())


def tables_of(catalogue: Catalogue) -> list[Tables]:
    """Find the predictions of a catalogue's galaxies.

    Parameters
    ----------
    catalogue : Catalogue
        Galaxies; predictions of any part of them count, unfinished ones as well. Those of weights that have
        changed since do not.

    Returns
    -------
    list of Tables
        One for each network of which there are any, by name.
    """
    found: dict[str, list[tuple[Path, int]]] = {}
    root = str(catalogue.root.resolve())
    for path in folder().glob("*.json"):
        try:
            said = json.loads(path.read_bytes())
            weights, *state = said["weights"]
            if said["root"] != root or tuple(state) != _state(Path(weights)):
                continue
            network = str(said["network"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # not a note of ours: its table is passed over
        store = path.with_suffix(".parquet")
        for file in (store, *store.with_name(f"{store.name}.partial").glob("*.parquet")):
            if file.is_file():
                found.setdefault(network, []).append((file, file.stat().st_mtime_ns))
    return [Tables(name, tuple(sorted(files, key=lambda file: file[1]))) for name, files in sorted(found.items())]


def read(catalogue: Catalogue, tables: Tables) -> np.ndarray:
    """Read the predictions of a catalogue.

    Returns
    -------
    (N, 37) np.ndarray of float32
        Vote fractions in the order of the catalogue, NaN where there is no prediction yet.
    """
    fractions = np.full((len(catalogue), len(COLUMNS)), np.nan, dtype=np.float32)
    for file, _ in tables.files:
        try:
            table = pd.read_parquet(file, columns=[ID, *COLUMNS])
        except (OSError, ValueError):  # it has just been finished, or is damaged: Compare says so
            continue
        ids, ours = pd.Index(table[ID].astype(str)), catalogue.table.index
        # A finished table has the catalogue's order; to look ids up costs a third of a second at first, for 240,000.
        rows = np.arange(len(ids)) if ids.equals(ours) else ours.get_indexer(ids)
        values = table[list(COLUMNS)].to_numpy(dtype=np.float32)
        known = (rows >= 0) & np.isfinite(values).all(axis=1)
        fractions[rows[known]] = values[known]
    return fractions


def difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Tell how far two tables of vote fractions are apart, galaxy by galaxy.

    Parameters
    ----------
    one : (N, 37) np.ndarray
        Predictions; rows of NaN where there are none.
    other : (N, 37) np.ndarray
        Predictions or votes; NaN where unknown.

    Returns
    -------
    (N,) np.ndarray of float32
        The root of the mean square over the fractions known in both; NaN where there are none.
    """
    apart = np.full(len(one), np.nan, dtype=np.float32)
    rows = np.flatnonzero(np.isfinite(one).all(axis=1))
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        square = (one[block] - other[block]) ** 2
        known = np.isfinite(square)
        count = known.sum(axis=1)
        total = np.where(known, square, 0.0).sum(axis=1)
        apart[block] = np.sqrt(np.divide(total, count, out=np.full(len(block), np.nan), where=count > 0))
    return apart


def forget_oldest_stores(where: Path, keep: int, spared: Collection[Path] = ()) -> None:
    """Delete all that belongs to a table of predictions but for those changed last: notes, failures, unfinished parts.

    Parameters
    ----------
    where : Path
        The folder of the predictions.
    keep : int
        How many tables stay.
    spared : collection of Path
        Tables that stay whatever their age, since work is about to go on with them.
    """
    changed: dict[str, float] = {}
    parts: dict[str, list[Path]] = {}
    for path in where.iterdir():
        store = path.name.lstrip(".").partition(".")[0]  # the name of a table has no dot but that of its ending
        parts.setdefault(store, []).append(path)
        changed[store] = max(changed.get(store, 0.0), path.stat().st_mtime)
    for store in sorted(changed, key=changed.__getitem__, reverse=True)[keep:]:
        for path in () if store in {table.stem for table in spared} else parts[store]:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _state(file: Path) -> tuple[int, int]:
    """Tell size and time of change of a file."""
    state = os.stat(file)
    return state.st_size, state.st_mtime_ns
