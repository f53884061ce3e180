"""The enlarged picture, zoomed by mouse wheel, pinch and keys, and the list of keys."""

from pathlib import Path

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.state import Key

KEYS = [
    ("Tab, then ← ↑ ↓ →", "move between the answers of the chart"),
    ("Enter", "explain the answer"),
    ("+ − 0", "zoom the enlarged picture; 0 shows all of it"),
    ("← ↑ ↓ →", "move the enlarged picture"),
    ("Esc", "close"),
    ("?", "this list"),
]
KEYS_OF_GALAXY = [("N, P", "next and previous galaxy")]


def offer_enlarged() -> None:
    """Draw the buttons that enlarge the picture of their container and list the keys."""
    html, css, js = (
        Path(__file__).with_suffix(ending).read_text(encoding="utf-8") for ending in (".html", ".css", ".js")
    )
    component = st.components.v2.component("enlarged_picture", html=html, css=css, js=js, isolate_styles=False)
    on_galaxy = state.shared().current_page == "galaxy"
    component(key=Key.ENLARGED, data=(KEYS_OF_GALAXY if on_galaxy else []) + KEYS)
