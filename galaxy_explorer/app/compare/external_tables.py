"""Finished tables of predictions, which a visitor opens by their path: the files that ``predict`` writes."""

import re
from pathlib import Path

import pandas as pd
import streamlit as st

from galaxy_explorer.app.services import networks, prediction_jobs
from galaxy_explorer.app.services.local_paths import free_name, full_path
from galaxy_explorer.decision_tree import COLUMNS

# What downloads and charts call the volunteers, and those who always predict the mean.
TAKEN = ("volunteers", "mean_predictor", "mean predictor", "mean of these galaxies")
OPENED = "opened_tables"  # in the session: the tables' paths by the name of their network


def opened_tables() -> dict[str, Path]:
    """Give the tables that this visitor opened and that are still there, by the name of their network."""
    return {name: path for name, path in st.session_state.get(OPENED, {}).items() if path.is_file()}


def open_table(path: str) -> str:
    """Remember a table that the visitor typed in, after reading it once; give the name that its network has here.

    The table of a network that ships with the project takes the place of what the app would compute. One of any other
    weights is named after its file, and after folders above it where another table is called so.

    Raises
    ------
    PredictionError
        When the file is no such table.
    """
    file = full_path(path)
    *_, key = opened_table(file)
    name = next((name for name in networks.networks() if prediction_jobs.network_key(name) == key), "")
    opened: dict[str, Path] = st.session_state.setdefault(OPENED, {})
    for other in [other for other, where in opened.items() if where == file]:
        close_table(other)
    if not name:
        stem = f"{file.stem} (table)" if file.stem in (*networks.networks(), *TAKEN) else file.stem
        name = free_name(stem, file, opened, _plain)
    opened[name] = file
    return name


def _plain(name: str) -> str:
    """Leave out what would mean something in Markdown and in plotly's templates."""
    return re.sub(r"[^\w.() -]+", " ", name)


def close_table(name: str) -> None:
    """Forget an opened table."""
    st.session_state.get(OPENED, {}).pop(name, None)


def opened_table(path: Path) -> tuple[pd.DataFrame, pd.DataFrame | None, str | None]:
    """Give what `read_table` reads, as it was read before unless the file has changed since; not to be written to."""
    state = path.stat() if path.is_file() else None
    return _read_once(path, (state.st_size, state.st_mtime_ns) if state else None)


# One of 240,000 galaxies takes 35 MB, or 70 MB with intervals; as CSV it takes seconds to read.
@st.cache_resource(max_entries=2, show_spinner=False)
def _read_once(path: Path, state: tuple[int, int] | None) -> tuple[pd.DataFrame, pd.DataFrame | None, str | None]:
    return read_table(path)


def read_table(path: Path) -> tuple[pd.DataFrame, pd.DataFrame | None, str | None]:
    """Read a finished table: vote fractions, the half-widths of their intervals if it has them, and its key.

    Raises
    ------
    PredictionError
        If the file is not a prediction table, or lacks vote fractions of a galaxy.
    """
    from galaxy_explorer import prediction

    if not path.is_file():
        found = f"{path} is a folder" if path.is_dir() else f"There is no file {path}"
        raise prediction.PredictionError(f"{found}; give the path of a table that predict wrote.")
    table, key = prediction.read_table(path)
    if not len(table):
        raise prediction.PredictionError(f"{path} names no galaxy; give a table that predict wrote.")
    fractions = table[list(COLUMNS)]
    if (incomplete := fractions.isna().any(axis=1)).any():
        galaxy = table.index[incomplete][0]
        raise prediction.PredictionError(
            f"{path} lacks vote fractions of galaxy {galaxy}; give a table that predict wrote."
        )
    if not set(prediction.SPREAD_COLUMNS) <= set(table.columns):
        return fractions, None, key
    return fractions, table[list(prediction.SPREAD_COLUMNS)].set_axis(list(COLUMNS), axis=1), key
