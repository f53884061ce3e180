"""The panel next to the map: number of matches, common answers, table."""

from dataclasses import replace

import numpy as np
import streamlit as st

from galaxy_explorer.app import paths
from galaxy_explorer.app.map.contrast import contrast_html, contrasts, mean_and_deviation
from galaxy_explorer.app.map.viewer import ShownMap
from galaxy_explorer.app.query import downloads
from galaxy_explorer.app.query.matching import Matches
from galaxy_explorer.app.query.query import BrowseQuery
from galaxy_explorer.app.services.places import LAST, Places
from galaxy_explorer.app.services.result_cache import catalogue_result
from galaxy_explorer.app.ui.wording import galaxies_in_words

HOW_TO = (
    "1. Choose a **colour**: where are the spiral arms?\n"
    "2. **Draw around** an island of galaxies.\n"
    "3. See what they have in common, and **open one**."
)


def show_selection(shown: ShownMap, query: BrowseQuery, matches: Matches) -> None:
    """Draw the count, and either how to use the map or what the selection has in common."""
    on_map = np.isin(shown.rows, shown.places.rows)
    selected = shown.rows[on_map]
    kind = "simulated " if shown.catalogue.simulated else ""
    st.markdown(f"### {galaxies_in_words(len(selected), kind)}")
    if len(selected) == len(shown.places):
        st.markdown("Galaxies that look alike to a network lie close together.")
        st.markdown(HOW_TO)
        return
    st.caption(f"of {len(shown.places):,} on the map")
    if not len(selected):
        return
    _show_contrast(shown, selected)
    with st.container(horizontal=True, vertical_alignment="center", key="map_selection"):
        params = {"source": shown.catalogue.source, **query.url_params(), **shown.params}
        st.page_link(paths.BROWSE, label="Open in Browse", icon=":material/grid_view:", query_params=params)
        positions = positions_of(shown.places, len(shown.catalogue))
        downloads.offer_table(shown.catalogue, query, replace(matches, rows=selected), positions)


def _show_contrast(shown: ShownMap, selected: np.ndarray) -> None:
    """Draw which answers are more and less frequent here than everywhere."""
    votes, answers = shown.answers.votes, shown.answers
    means = catalogue_result(shown.catalogue, ("means", answers.key), lambda: mean_and_deviation(votes))
    found = contrasts(votes, selected, means)
    if not found:
        st.caption("On average their answers are those of all galaxies.")
        return
    st.html(contrast_html(found))


def positions_of(places: Places, count: int) -> dict[str, np.ndarray]:
    """Return ``map_x`` and ``map_y``, (count,) in [0, 1] each, NaN where not on the map."""
    positions = np.full((2, count), np.nan)
    positions[:, places.rows] = places.xy.T / LAST
    return dict(zip(("map_x", "map_y"), positions, strict=True))
