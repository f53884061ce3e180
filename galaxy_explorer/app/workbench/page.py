"""Workbench: change a real galaxy, or build a simulated one, and watch which answers follow."""

from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.panel import panel
from galaxy_explorer.app.panel.panel import STYLE as PANEL_STYLE
from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy
from galaxy_explorer.app.services import networks, sources
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui import theme
from galaxy_explorer.app.ui.buttons.copy_button import copy_button
from galaxy_explorer.app.ui.url_params import replace_history, unknown_params, warn_once
from galaxy_explorer.app.workbench import changing, links
from galaxy_explorer.app.workbench.reading import lay_out

STYLE = Path(__file__).with_name("workbench.css")
PURPOSE = "Change a galaxy, and see at once which answers follow."


def read_url() -> None:
    """Set the workbench by the URL on arrival, by a link or the Back button; show what is ignored."""
    params, mine = st.query_params.to_dict(), state.workbench()
    if state.shared().arrived:
        mine.url = None
    known = ["source", "galaxy", "network", "votes", *links.NAMES]
    messages = [*unknown_params(known), *sources.unknown_source()]
    if params and params != mine.url:
        mine.changes, ignored = links.changes_of(params)
        messages += ignored
        if params.get("network") in networks.networks():
            state.set_widget(Key.NETWORK, params["network"])
    mine.url = params
    warn_once(messages)


def write_url(network: str) -> dict[str, str]:
    """Write what is on the workbench into the URL, and return its parameters."""
    params = changing.url_params() | {"network": network}
    if st.query_params.to_dict() != params:
        st.query_params.from_dict(params)
    state.workbench().url = params
    return params


@st.fragment
def show_real(network: str, galaxy: ShownGalaxy) -> None:
    """Draw a galaxy of a catalogue with its changes; a slider runs only this again."""
    bench = lay_out()
    changing.show(network, bench, galaxy)
    link = f"{st.context.url or ''}?{urlencode(write_url(network))}"
    with bench.tools:
        copy_button(Key.COPY_LINK, link, "Copy link", "Copy link to this galaxy and its changes", "Link copied")


def page() -> None:
    """Draw the page."""
    for sheet in (PANEL_STYLE, STYLE):
        st.html(sheet)
    theme.follow_theme()
    replace_history()
    read_url()
    with st.container(key="bench_heading", horizontal=True, vertical_alignment="center"):
        st.title("Workbench", anchor=False)
        network_slot = st.container(width="content")
    st.markdown(PURPOSE)
    with network_slot:
        network = panel.choose_network()
    if network and (galaxy := changing.open_galaxy()):
        show_real(network, galaxy)


page()
