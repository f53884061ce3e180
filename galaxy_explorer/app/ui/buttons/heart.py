"""The heart on a galaxy, and the script that keeps the visitor's collections in the browser."""

from html import escape
from pathlib import Path

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.services.collections import session
from galaxy_explorer.app.services.collections.collection import (
    FAVOURITES,
    MAX_ALL_MARKS,
    MAX_COLLECTIONS,
    MAX_MARKS,
    Address,
    Collections,
    Mark,
)
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui.skeletons import GALLERY, Waiting

LIMITS = {"collections": MAX_COLLECTIONS, "marks": MAX_MARKS, "all": MAX_ALL_MARKS}
SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


@st.fragment
def keep_collections() -> None:
    """Exchange the collections with the browser; a change reruns a page that watches them."""
    mine = state.collections()
    data = {**session.collections().as_plain(), "loaded": mine.loaded, "first": FAVOURITES, "limits": LIMITS}
    component = st.components.v2.component("hearts", html="<i></i>", js=SCRIPT, isolate_styles=False)
    with st.container(key="collections_kept"):
        component(key=Key.COLLECTIONS, data=data, on_kept_change=_receive)
    votes = state.votes()
    # The browser may send votes and collections together; then this fragment runs and that of the votes does not.
    if votes.outdated or (mine.outdated and mine.watched):
        votes.outdated = mine.outdated = False
        st.rerun()


def _receive() -> None:
    """Read what the browser sent."""
    mine, sent = state.collections(), state.widget(Key.COLLECTIONS, {}).get("kept")
    if isinstance(sent, dict):
        mine.stored = sent.get("stored") is not False
        mine.outdated = session.receive(sent) or mine.outdated


def await_collections() -> Collections:
    """Return the collections; the page ends here until the browser has sent them."""
    if not state.collections().loaded:
        session.watch()
        with st.container(key="waiting_collections"):
            Waiting(GALLERY)("Reading your collections …")
        st.stop()
    return session.collections()


def heart_html(address: Address, collection: str = "", mark: Mark = "yes", *, named: bool = False) -> str:
    """Return the button that marks a galaxy, as HTML; its script gives it a label and its state.

    Parameters
    ----------
    address : Address
        The galaxy.
    collection : str, optional
        The collection; by default the one that the visitor has chosen.
    mark : str
        What the button marks: a galaxy of the collection, or one that is not.
    named : bool
        Whether the button shows the name of the collection.
    """
    data = {"source": address.source, "galaxy": address.galaxy_id, "collection": collection, "mark": mark}
    attributes = " ".join(f'data-{name}="{escape(value)}"' for name, value in data.items() if value)
    return f'<button type="button" class="heart" {attributes}>{"<span class=name></span>" * named}</button>'


def show_heart(address: Address) -> None:
    """Draw the heart of a galaxy with the name of the collection that it goes to."""
    st.html(heart_html(address, named=True), width="content")
