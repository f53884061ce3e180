"""Missing: what a path that no page has leads to."""

import streamlit as st

from galaxy_explorer.app import paths, state
from galaxy_explorer.app.ui.wording import cut, escape_markdown

WAYS = (
    (paths.START, "Start: one galaxy, and what you would say", "home"),
    (paths.BROWSE, "Browse galaxies by their shape", "grid_view"),
    (paths.UPLOAD, "Upload a picture", "upload"),
    (paths.SKY, "Find a galaxy on the sky", "travel_explore"),
)


def page() -> None:
    """Draw the page."""
    st.title("No such page", anchor=False)
    name = escape_markdown(cut(state.shared().missing_path))
    st.markdown(f"There is no page “{name}” here. The link may be mistyped or cut off. You can go to:")
    for script, label, icon in WAYS:
        st.page_link(script, label=label, icon=f":material/{icon}:")


page()
