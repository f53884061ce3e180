"""The script that keeps the visitor's votes in the browser."""

from pathlib import Path

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.services.own_votes import session
from galaxy_explorer.app.state import Key

SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


def keep_votes() -> None:
    """Exchange the votes with the browser."""
    state.votes().outdated = False  # the page that calls this shows the votes, and has just run
    component = st.components.v2.component("own_votes", html="<i></i>", js=SCRIPT, isolate_styles=False)
    with st.container(key="votes_kept"):
        component(key=Key.OWN_VOTES, data=session.message(), on_kept_change=_receive)


def _receive() -> None:
    """Read what the browser sent."""
    if isinstance(sent := state.widget(Key.OWN_VOTES, {}).get("kept"), dict):
        session.receive(sent)
        state.votes().outdated = True
