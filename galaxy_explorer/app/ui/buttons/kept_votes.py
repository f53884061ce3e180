"""The script that keeps the visitor's votes in the browser."""

from pathlib import Path

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.services.own_votes import session
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui.skeletons import GALLERY, Waiting

NOT_STORED = "This browser does not let the app keep votes: download them before you close the page."
SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


def keep_votes() -> None:
    """Exchange the votes with the browser, and draw a message if it cannot store them."""
    if not state.votes().stored:
        st.caption(NOT_STORED)
    state.votes().outdated = False  # the page that calls this shows the votes, and has just run
    component = st.components.v2.component("own_votes", html="<i></i>", js=SCRIPT, isolate_styles=False)
    with st.container(key="votes_kept"):
        component(key=Key.OWN_VOTES, data=session.message(), on_kept_change=_receive)


def await_votes() -> None:
    """Exchange the votes with the browser; the page ends here until it has sent them."""
    keep_votes()
    if not state.votes().loaded:
        Waiting(GALLERY)("Reading your votes …")
        st.stop()


def _receive() -> None:
    """Read what the browser sent."""
    if isinstance(sent := state.widget(Key.OWN_VOTES, {}).get("kept"), dict):
        session.receive(sent)
        state.votes().outdated = True
