"""Galaxy Explorer: the page config, the list of pages, and the style that they share."""

from pathlib import Path

import streamlit as st

from galaxy_explorer import set_thread_policy

set_thread_policy()

APP = Path(__file__).parent / "galaxy_explorer" / "app"

# A drawing of our own: the browser would fetch a named icon from a font's host.
st.set_page_config(page_title="Galaxy Explorer", page_icon=APP / "ui" / "icon.svg", layout="wide")
for sheet in ("style.css", "loading.css"):
    st.html(APP / "ui" / sheet)
with st.container(key="menu"):
    st.html(APP / "ui" / "menu.html", unsafe_allow_javascript=True)

page = st.navigation(
    [
        st.Page(
            APP / "browse" / "page.py", url_path="browse", title="Browse", icon=":material/grid_view:", default=True
        ),
        st.Page(APP / "galaxy" / "page.py", url_path="galaxy", title="Galaxy", icon=":material/flare:"),
        st.Page(APP / "upload" / "page.py", url_path="upload", title="Upload", icon=":material/upload:"),
        st.Page(APP / "sky" / "page.py", url_path="sky", title="Sky", icon=":material/travel_explore:"),
        st.Page(APP / "compare" / "page.py", url_path="compare", title="Compare", icon=":material/balance:"),
        st.Page(APP / "about" / "page.py", url_path="about", title="About", icon=":material/info:"),
    ],
    position="top",
)
if page.title != "Browse":
    st.session_state["was_elsewhere"] = True  # from where Browse's last view is come back to
if page.title != "Galaxy":
    st.session_state.pop("address_kept", None)  # a galaxy that is opened again has an address that is news
page.run()
