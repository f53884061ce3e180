"""Live SDSS as a source in Browse: ways to it, the choice of a draw, alternatives."""

from typing import Any

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.services import sources
from galaxy_explorer.catalogue import MOST_GALAXIES, SAMPLE, LiveDraw, draw_named
from galaxy_explorer.decision_tree import COLUMNS, label_of
from galaxy_explorer.sky import reset_cool_down

ANY = "any answer"
DEFAULT_PERCENT = 80


def offer_live(label: str, key: str) -> None:
    """Draw a button that opens the default draw of live galaxies in Browse."""
    # A link from a page to itself does not change the URL.
    action: dict[str, Any] = {"on_click": sources.turn_to, "args": (sources.LIVE_SOURCE,)}
    st.button(label, key=key, icon=":material/satellite_alt:", type="tertiary", wrap=True, **action)


def choose_draw(source: str) -> None:
    """Draw the form for another draw of live galaxies if the source is one."""
    draw = draw_named(source)
    if draw is None:
        return
    with (
        st.popover("Draw other galaxies", icon=":material/casino:", type="tertiary"),
        st.form("live_draw_form", border=False),
    ):
        count = int(st.number_input("Galaxies", 1, MOST_GALAXIES, draw.count))
        seed = int(st.number_input("Seed", 0, 999_999, draw.seed, help="The same seed draws the same galaxies."))
        answers = [ANY, *COLUMNS]
        column = st.selectbox("Answer", answers, index=answers.index(draw.column or ANY), format_func=_answer_label)
        percent = draw.min_percent if draw.column else DEFAULT_PERCENT
        percent = st.slider("Minimum answer share (%)", 0, 100, percent)
        if st.form_submit_button("Draw galaxies"):
            other = LiveDraw(count, seed) if column == ANY else LiveDraw(count, seed, column, percent)
            state.shared().live_draw = other.name
            open_source(other.name)
            st.rerun()


def offer_alternatives(source: str) -> None:
    """Draw what can be done if live galaxies are not available."""
    if draw_named(source) is None:
        return
    with st.container(horizontal=True):
        st.button("Try again", icon=":material/refresh:", on_click=reset_cool_down)
        st.button("Open the built-in galaxies", icon=":material/grid_view:", on_click=open_source, args=(SAMPLE,))


def open_source(source: str) -> None:
    """Open another source, and write it into the URL."""
    state.shared().source = source
    st.query_params["source"] = source


def _answer_label(column: str) -> str:
    """Return the label of an answer in the form."""
    return ANY if column == ANY else label_of(column)
