"""Map: all galaxies of a catalogue, placed by how they look to a network."""

from pathlib import Path
from typing import Any

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.map.colourings import DEFAULT_COLOUR
from galaxy_explorer.app.map.density import density_of
from galaxy_explorer.app.map.selection import show_selection
from galaxy_explorer.app.map.viewer import ShownMap, show_map
from galaxy_explorer.app.query import controls, explanations, gallery
from galaxy_explorer.app.query.binding import choose_source, read_url_with_collections, restore_query
from galaxy_explorer.app.query.filters.within import Within
from galaxy_explorer.app.query.matching import Matches, match_galaxies
from galaxy_explorer.app.query.query import URL_PARAMS, BrowseQuery
from galaxy_explorer.app.services import networks, sources
from galaxy_explorer.app.services.places import Places, networks_with_places, places_of
from galaxy_explorer.app.services.selection import Selection
from galaxy_explorer.app.services.sources import unknown_source, unknown_votes
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui import live_sdss, predicting
from galaxy_explorer.app.ui.skeletons import GALLERY, waiting
from galaxy_explorer.app.ui.url_params import unknown_params, warn_once
from galaxy_explorer.app.ui.wording import with_full_stop
from galaxy_explorer.catalogue import Catalogue, CatalogueError

FEW = 50  # galaxies: their predictions take seconds, and are made without a question
WHAT_IT_IS = (
    "The map shows every galaxy of a catalogue, and places those that look alike next to one another. "
    "For that a network looks at each picture once."
)


def read_network(catalogue: Catalogue, query: BrowseQuery) -> str:
    """Return the network of a shape or of the URL, else the one with the most galaxies."""
    shape = next((wanted for wanted in query.filters if isinstance(wanted, Within)), None)
    placed, names = networks_with_places(catalogue), networks.names()
    asked = [shape.shown_by if shape else "", st.query_params.get("map", ""), state.galaxy_map().network]
    return next((name for name in asked if name in names), next(iter(placed), names[-1] if names else ""))


def choose_network(catalogue: Catalogue, network: str) -> None:
    """Draw the choice between the maps of networks, if several have one."""
    placed = networks_with_places(catalogue)
    if len(placed) < 2 or network not in placed:
        return

    def change() -> None:
        state.galaxy_map().network = state.widget(Key.MAP_NETWORK)
        st.query_params.pop("within", None)  # a shape belongs to one map
        st.query_params["map"] = state.galaxy_map().network

    state.set_widget(Key.MAP_NETWORK, network)
    choice: dict[str, Any] = {
        "key": Key.MAP_NETWORK,
        "on_change": change,
        "required": True,
        "format_func": networks.label,
    }
    st.segmented_control("Placed by network", placed, **choice)


def offer_places(catalogue: Catalogue, network: str, places: Places | None) -> None:
    """Draw what the map is, and the offer to predict; few galaxies are predicted at once."""
    if places is None:
        st.markdown(WHAT_IT_IS)
    if not network:
        return
    missing, failures = predicting.missing_galaxies(catalogue, network, embeddings=True)
    is_new = predicting.prediction_jobs.worker().find(catalogue, network) is None
    if places is None and is_new and missing and not failures and len(catalogue) <= FEW:
        predicting.start(catalogue, {network: missing})
    predicting.offer_predictions(catalogue, network, embeddings=True)


def show_gallery(source: str, catalogue: Catalogue, query: BrowseQuery, matches: Matches) -> None:
    """Draw the galaxies that match, for everyone and for those who cannot see the map."""
    if found := len(matches.rows):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="count"):
            st.subheader("All galaxies" if found == len(catalogue) else "These galaxies", anchor=False)
            gallery.show_pages(query, found, Key.PAGES_ABOVE)
    gallery.show_gallery(source, catalogue, query, matches, lambda: None)


def show(source: str, catalogue: Catalogue) -> None:
    """Draw the map, what is selected on it, and the galaxies below it."""
    query, ignored = read_url_with_collections()
    network = read_network(catalogue, query)
    places = places_of(catalogue, network)
    with st.container():  # each has its own place, so that the map keeps its own
        warn_once([*unknown_source(), *unknown_params((*URL_PARAMS, "map", "colour")), *unknown_votes(), *ignored])
    matches = match_galaxies(catalogue, query)
    state.shared().selection = Selection(source, matches.rows, len(catalogue))
    state.browse().url_params = {"source": source, **query.url_params(), **sources.vote_params(catalogue)}
    state.browse().on_map = True
    if places is None:
        offer_places(catalogue, network, places)
        return
    controls.show_controls(catalogue, query, matches)
    with st.container(key="map_chips"):
        controls.show_chips(query, matches.answers)
        explanations.explain_query(catalogue, query, matches)
    shape = next(
        (wanted for wanted in query.filters if isinstance(wanted, Within) and wanted.shown_by == network), None
    )
    colour = st.query_params.get("colour", DEFAULT_COLOUR)
    shown = ShownMap(catalogue, places, matches.answers, matches.rows, shape, colour)
    with st.container(key="map_and_selection"):
        with st.container(key="map_stage"):
            show_map(shown)
            picture, words = density_of(shown.places, shown.answers, shown.rows, colour)
            with st.container(key="map_picture"):
                st.image(picture, width="stretch", caption=words)
        with st.container(key="map_side"):
            show_selection(shown, query, matches)
            choose_network(catalogue, network)
            if len(places) < len(catalogue):
                offer_places(catalogue, network, places)
    show_gallery(source, catalogue, query, matches)


def page() -> None:
    """Draw the page."""
    st.html(Path(__file__).with_name("map.css"))
    restore_query()
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="head"):
        st.title("Map of galaxies", width="content")
        source = choose_source()
    try:
        with waiting(sources.opening(source), GALLERY):
            catalogue = sources.catalogue(source)
    except (CatalogueError, OSError) as error:
        st.error(f"These galaxies cannot be opened: {with_full_stop(error)}")
        live_sdss.offer_alternatives(source)
        return
    show(source, catalogue)


page()
