"""Start: a galaxy to classify, next to volunteers and network, and the ways to more."""

from pathlib import Path

import streamlit as st

from galaxy_explorer.app import paths, state
from galaxy_explorer.app.asking.question import STYLE
from galaxy_explorer.app.query import sentence_search
from galaxy_explorer.app.query.query import BrowseQuery
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.start import rounds
from galaxy_explorer.app.start.cards import show_cards
from galaxy_explorer.app.start.picture import large_picture
from galaxy_explorer.app.start.question import show_question
from galaxy_explorer.app.start.quiz import next_question
from galaxy_explorer.app.start.reveal import score_html, show_comparison
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui.url_params import unknown_params, warn_once
from galaxy_explorer.catalogue import CatalogueError

STYLES = [STYLE, *(Path(__file__).with_name(f"{name}.css") for name in ("start", "comparison", "cards"))]
GALAXY_ZOO = "https://www.zooniverse.org/projects/zookeeper/galaxy-zoo/"
VOLUNTEERS = (
    f'The volunteers are the people of <a href="{GALAXY_ZOO}" target="_blank" rel="noopener">Galaxy\u00a0Zoo</a>, '
    "who classified pictures of the Sloan Digital Sky Survey (SDSS) by eye."
)
SEARCH = "Search: edge-on with a dust lane"
PURPOSE = "Explore the shapes of real galaxies, with volunteers and a neural network."


def show_heading() -> None:
    """Draw the name and what the app is for."""
    st.title("Galaxy Explorer", anchor=False)
    st.html(f'<p class="purpose">{PURPOSE}</p><p class="volunteers">{VOLUNTEERS}</p>')


def show_end() -> None:
    """Draw the score after the last galaxy, and how to get more."""
    agreed = state.start().agreed
    st.html(f'<h2 class="verdict" role="status">These were all the galaxies here.</h2>{score_html(agreed)}')
    with st.container(key="next", horizontal=True, vertical_alignment="center"):
        st.button("Start again", type="primary", icon=":material/replay:", on_click=rounds.start_again)
        st.page_link(paths.BROWSE, label="Browse all galaxies", icon=":material/grid_view:")
    st.caption("With an internet connection, 300 more galaxies of SDSS are one press below.")


@st.fragment
def show_quiz() -> None:
    """Draw the galaxy, and the question or the comparison; the rest of the page stays."""
    galaxy = rounds.current_galaxy()
    shown = galaxy or rounds.first_galaxy()
    with st.container(key="quiz"):
        with st.container(key="title"):
            show_heading()
        with st.container(key="view"):
            st.image(large_picture(shown.key, shown), width="stretch", alt="The galaxy to look at, amid dark sky")
            st.html(
                '<p class="credit">Picture: SDSS, smoothed, with more contrast. Pictures of the answers: simulated</p>'
            )
        with st.container(key="ask"):
            if galaxy is None or (votes := galaxy.volunteers) is None:
                show_end()
                return
            number = next_question(state.start().answers)
            if number is None:
                show_comparison(galaxy, votes)
            else:
                show_question(number, galaxy, votes)


def offer_search() -> None:
    """Draw a search field, whose sentence Browse answers."""
    text = st.text_input(
        "Search galaxies in words",
        key=Key.START_SEARCH,
        placeholder=SEARCH,
        icon=":material/search:",
        label_visibility="collapsed",
    )
    if not (text or "").strip():
        return
    source = sources.current_source()
    try:
        with st.spinner(sources.opening(source)):
            sources.catalogue(source)
        query = sentence_search.searched(BrowseQuery(), text)
    except (CatalogueError, OSError):
        query = BrowseQuery()  # Browse shows why the source cannot be opened
    st.switch_page(paths.BROWSE, query_params={"source": source, **query.url_params()})


def page() -> None:
    """Draw the page."""
    for style in STYLES:
        st.html(style)
    warn_once(unknown_params(()))
    show_quiz()
    offer_search()
    show_cards()


page()
