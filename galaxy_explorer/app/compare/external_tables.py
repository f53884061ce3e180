"""External prediction tables: files that ``predict`` wrote, opened by their path."""

import re
from pathlib import Path

import pandas as pd
import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.services import networks, prediction_jobs
from galaxy_explorer.app.services.local_paths import free_name, full_path
from galaxy_explorer.decision_tree import COLUMNS

RESERVED = ("volunteers", "mean_predictor", "average answers")  # names of columns and of chart legends

Table = tuple[pd.DataFrame, pd.DataFrame | None, str | None]  # vote fractions, ends of intervals, key


def tables() -> dict[str, Path]:
    """Return this visitor's tables whose file still exists, by the name of their network."""
    return {name: path for name, path in state.compare().tables.items() if path.is_file()}


def open_table(path: str) -> str:
    """Open a table that was typed in, and return the name of its network.

    The table of a bundled network replaces what the app would predict. Another one is named after its file, and after
    parent folders if the name is taken.

    Raises
    ------
    PredictionError
        If the file is not a prediction table.
    """
    file = full_path(path)
    *_, key = cached_table(file)
    opened = state.compare().tables
    for other in [other for other, where in opened.items() if where == file]:
        close_table(other)
    bundled = networks.networks()
    name = next((name for name in bundled if prediction_jobs.network_key(name) == key), "")
    if not name:
        stem = f"{file.stem} (table)" if file.stem in (*bundled, *networks.LABELS.values(), *RESERVED) else file.stem
        name = free_name(stem, file, opened, _plain)
    opened[name] = file
    return name


def _plain(name: str) -> str:
    """Remove what has a meaning in Markdown and in plotly's templates."""
    return re.sub(r"[^\w.() -]+", " ", name)


def close_table(name: str) -> None:
    """Close a table."""
    state.compare().tables.pop(name, None)


def cached_table(path: Path) -> Table:
    """Return a table, read again only if the file has changed; not to be written to."""
    file = path.stat() if path.is_file() else None
    return _read_once(path, file and (file.st_size, file.st_mtime_ns))


# One of 240,000 galaxies takes 35 MB, or 105 MB with intervals; as CSV it takes seconds to read.
@st.cache_resource(max_entries=2, show_spinner=False)
def _read_once(path: Path, version: tuple[int, int] | None) -> Table:
    return read_table(path)


def read_table(path: Path) -> Table:
    """Read a prediction table: vote fractions, ends of intervals if it has them, and its key.

    Raises
    ------
    PredictionError
        If the file is not a prediction table, or lacks vote fractions of a galaxy.
    """
    from galaxy_explorer import prediction

    if not path.is_file():
        problem = f"{path} is a folder" if path.is_dir() else f"There is no file {path}"
        raise prediction.PredictionError(f"{problem}; give the path of a table that predict wrote.")
    table, key = prediction.read_table(path)
    if not len(table):
        raise prediction.PredictionError(f"{path} holds no galaxies; give a table that predict wrote.")
    fractions = table[list(COLUMNS)]
    if (incomplete := fractions.isna().any(axis=1)).any():
        galaxy = table.index[incomplete][0]
        raise prediction.PredictionError(f"{path} lacks vote fractions of galaxy {galaxy}; correct the table.")
    if not set(prediction.INTERVAL_COLUMNS) <= set(table.columns):
        return fractions, None, key
    return fractions, table[list(prediction.INTERVAL_COLUMNS)], key
