"""Workbench: build a simulated galaxy or change a real one, and watch which answers follow."""

from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.panel import panel
from galaxy_explorer.app.panel.panel import STYLE as PANEL_STYLE
from galaxy_explorer.app.panel.selected_answer import selected_answer
from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy
from galaxy_explorer.app.services import networks, sources
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui import theme
from galaxy_explorer.app.ui.buttons.copy_button import copy_button
from galaxy_explorer.app.ui.url_params import replace_history, unknown_params, warn_once
from galaxy_explorer.app.workbench import building, changing, links
from galaxy_explorer.app.workbench.reading import lay_out

STYLE = Path(__file__).with_name("workbench.css")
SIMULATED, REAL = "Build a simulated galaxy", "Change a real one"
REAL_NAMES = ("source", "galaxy", "votes", *links.NAMES)


def read_url() -> None:
    """Set the workbench by a new URL, of a link or the Back button; show what is ignored."""
    params, mine = st.query_params.to_dict(), state.workbench()
    if state.shared().arrived:
        mine.url = None
    messages = [*unknown_params(["network", "answer", *REAL_NAMES, *building.NAMES]), *sources.unknown_source()]
    if params != mine.url:
        if "galaxy" in params:
            mine.is_real = True
        elif params.keys() & set(building.NAMES):
            mine.is_real = False
        if mine.is_real and params:
            mine.changes, ignored = links.changes_of(params)
            messages += ignored
        messages += building.read_url({} if mine.is_real else params)
        if params.get("network") in networks.networks():
            state.set_widget(Key.NETWORK, params["network"])
        state.panel().requested_answer = params.get("answer")
    mine.url = params
    warn_once(messages)


def write_url(network: str) -> str:
    """Write what is on the workbench into the URL, and return the link to it."""
    mine = state.workbench()
    params = changing.url_params() if mine.is_real else building.url_params()
    params |= {"network": network, "answer": selected_answer()}
    if st.query_params.to_dict() != params:
        st.query_params.from_dict(params)
    mine.url = params
    return f"{st.context.url or ''}?{urlencode(params)}"


def choose_mode() -> None:
    """Draw the choice between a simulated galaxy and a real one."""
    mine = state.workbench()

    def choose() -> None:
        mine.is_real = state.widget(Key.BENCH_MODE) == REAL

    state.set_widget(Key.BENCH_MODE, REAL if mine.is_real else SIMULATED)
    st.segmented_control(
        "Kind of galaxy",
        [SIMULATED, REAL],
        key=Key.BENCH_MODE,
        required=True,
        on_change=choose,
        label_visibility="collapsed",
        width="content",
    )


@st.fragment
def show_bench(network: str, galaxy: ShownGalaxy | None) -> None:
    """Draw the real galaxy, or the simulated one; a slider runs only this fragment again."""
    bench = lay_out()
    if galaxy:
        changing.show(network, bench, galaxy)
    else:
        building.show(network, bench)
    link = write_url(network)
    with bench.tools:
        copy_button(Key.COPY_LINK, link, "Copy link", "Copy link to this galaxy as it is now", "Link copied")


def page() -> None:
    """Draw the page."""
    for sheet in (PANEL_STYLE, STYLE):
        st.html(sheet)
    theme.follow_theme()
    replace_history()
    # Streamlit knows a fragment by its place, which must not depend on a message or a spinner before it.
    messages = st.container()
    heading = st.container(key="bench_heading", horizontal=True, vertical_alignment="center")
    begin, bench = st.container(), st.container()
    with messages:
        read_url()
    with heading:
        st.title("Workbench", anchor=False, width="content")
        choose_mode()
        with st.container(width="content"):
            network = panel.choose_network()
    if not network:
        return
    with begin:
        if is_real := state.workbench().is_real:
            galaxy = changing.open_galaxy()
        else:
            galaxy = None
            building.show_presets()
    if galaxy or not is_real:
        with bench:
            show_bench(network, galaxy)


page()
