"""The picture of the panel, its enlarged form to zoom, and the list of keys."""

from pathlib import Path

import numpy as np
import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy
from galaxy_explorer.app.state import Key

KEYS = [
    ("M", "show or hide where the network looked"),
    ("Tab, then ← ↑ ↓ →", "move between the answers of the chart"),
    ("Enter", "explain the answer"),
    ("+ − 0", "zoom the enlarged picture; 0 shows all of it"),
    ("← ↑ ↓ →", "move the enlarged picture"),
    ("Esc", "close"),
    ("?", "this list"),
]
KEYS_OF_GALAXY = [("N, P", "next and previous galaxy")]


class PanelPicture:
    """The picture: plain as soon as it is known, and later with a saliency map over it.

    Parameters
    ----------
    galaxy : ShownGalaxy
        The galaxy.
    has_map : bool
        Whether the page shows this galaxy with a map already, which stays until the next one is computed.
    """

    def __init__(self, galaxy: ShownGalaxy, has_map: bool) -> None:
        self._galaxy = galaxy
        with st.container(key="picture"):
            self._slot = st.container()
            _offer_enlarged()
        self._plain = None if has_map else self._slot.empty()
        if self._plain:
            self._plain.image(galaxy.shown, width="stretch", alt=galaxy.name)

    def show(self, overlaid: np.ndarray, alt: str) -> None:
        """Draw the picture with a saliency map over it."""
        (self._plain or self._slot).image(overlaid, width="stretch", alt=f"{self._galaxy.name} {alt}")


def _offer_enlarged() -> None:
    """Draw the buttons that enlarge the picture of their container and list the keys."""
    html, css, js = (
        Path(__file__).with_suffix(ending).read_text(encoding="utf-8") for ending in (".html", ".css", ".js")
    )
    component = st.components.v2.component("enlarged_picture", html=html, css=css, js=js, isolate_styles=False)
    on_galaxy = state.shared().current_page == "galaxy"
    component(key=Key.ENLARGED, data=(KEYS_OF_GALAXY if on_galaxy else []) + KEYS)
