"""Live SDSS as a source in Browse: what is asked for, and the way on when nothing comes."""

import streamlit as st

from galaxy_explorer.app.services.sources import ANY, _answer
from galaxy_explorer.catalogue import MOST_GALAXIES, SAMPLE, LiveDraw, draw_named
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.sky import reset_cool_down

USUAL_PERCENT = 80


def choose_draw(source: str) -> None:
    """Let the visitor ask SDSS for other galaxies, where these are live ones."""
    draw = draw_named(source)
    if draw is None:
        return
    with st.popover("Ask for others", icon=":material/casino:"), st.form("live_draw_form", border=False):
        count = st.number_input("Galaxies", 1, MOST_GALAXIES, draw.count)
        seed = st.number_input("Seed", 0, 999_999, draw.seed, help="The same seed draws the same galaxies.")
        answers = [ANY, *COLUMNS]
        column = st.selectbox("Answer", answers, index=answers.index(draw.column or ANY), format_func=_answer)
        least = st.slider(
            "At least this share of its question's votes (%)",
            0,
            100,
            draw.min_percent if draw.column else USUAL_PERCENT,
        )
        if st.form_submit_button("Ask SDSS"):
            asked = LiveDraw(int(count), int(seed)) if column == ANY else LiveDraw(int(count), int(seed), column, least)
            st.session_state["live_draw"] = asked.name
            _turn_to(asked.name)
            st.rerun()


def show_way_on(source: str) -> None:
    """Offer what can be done when live galaxies cannot be had."""
    if draw_named(source) is None:
        return
    with st.container(horizontal=True):
        st.button("Try again", icon=":material/refresh:", on_click=reset_cool_down)
        st.button("Show the bundled sample", icon=":material/grid_view:", on_click=_turn_to, args=(SAMPLE,))


def _turn_to(source: str) -> None:
    """Make another source the one that is open."""
    st.session_state["source"] = source
    st.query_params["source"] = source
