"""The panel next to the map: number of matches, common answers, table."""

import numpy as np
import pandas as pd
import streamlit as st

from galaxy_explorer.app import paths
from galaxy_explorer.app.map.contrast import contrast_html, contrasts, mean_and_deviation
from galaxy_explorer.app.map.viewer import ShownMap
from galaxy_explorer.app.query.query import BrowseQuery
from galaxy_explorer.app.services.answers import Answers
from galaxy_explorer.app.services.places import LAST, Places
from galaxy_explorer.app.services.result_cache import catalogue_result
from galaxy_explorer.app.ui.wording import galaxies_in_words
from galaxy_explorer.catalogue import ID, Catalogue
from galaxy_explorer.decision_tree import COLUMNS

HOW_TO = (
    "1. Choose a **colour**: where are the spiral arms?\n"
    "2. **Draw around** an island of galaxies.\n"
    "3. See what they have in common, and **open one**."
)


def show_selection(shown: ShownMap, query: BrowseQuery) -> None:
    """Draw the count, and either how to use the map or what the selection has in common."""
    on_map = np.isin(shown.rows, shown.places.rows)
    selected = shown.rows[on_map]
    if len(selected) == len(shown.places):
        st.markdown(f"### {galaxies_in_words(len(selected))}")
        st.markdown("Galaxies that look alike to a network lie close together.")
        st.markdown(HOW_TO)
        return
    st.markdown(f"### {galaxies_in_words(len(selected))}")
    st.caption(f"of {len(shown.places):,} on the map")
    if not len(selected):
        return
    _show_contrast(shown, selected)
    with st.container(horizontal=True, vertical_alignment="center", key="map_selection"):
        params = {"source": shown.catalogue.source, **query.url_params(), **shown.params}
        st.page_link(paths.BROWSE, label="Open in Browse", icon=":material/grid_view:", query_params=params)
        st.download_button(
            "Download CSV",
            lambda: selection_table(shown.catalogue, shown.places, shown.answers, selected).to_csv(),
            "selection.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/download:",
        )


def _show_contrast(shown: ShownMap, selected: np.ndarray) -> None:
    """Draw which answers are more and less frequent here than everywhere."""
    votes, answers = shown.answers.votes, shown.answers
    means = catalogue_result(shown.catalogue, ("means", answers.key), lambda: mean_and_deviation(votes))
    found = contrasts(votes, selected, means)
    if not found:
        st.caption("On average their answers are those of all galaxies.")
        return
    st.html(contrast_html(found))


def selection_table(catalogue: Catalogue, places: Places, answers: Answers, rows: np.ndarray) -> pd.DataFrame:
    """Return galaxies with their positions on the map and the answers that are shown.

    Parameters
    ----------
    catalogue : Catalogue
    places : Places
    answers : Answers
    rows : (n,) np.ndarray of int
        Rows of galaxies that are on the map.

    Returns
    -------
    pd.DataFrame
        By galaxy id: ``map_x`` and ``map_y`` in [0, 1], and the 37 vote fractions.
    """
    positions = np.full((len(catalogue), 2), np.nan)
    positions[places.rows] = places.xy / LAST
    columns = {name: positions[rows, axis].round(4) for axis, name in enumerate(("map_x", "map_y"))}
    columns |= {column: answers.votes.fractions(column)[rows] for column in COLUMNS}
    return pd.DataFrame(columns, index=pd.Index(catalogue.table.index[rows], name=ID))
