"""Galaxy Explorer: the page config, the list of pages, and the style that they share."""

import os
from pathlib import Path

import streamlit as st

# Read when torch is first imported. torch's threads otherwise spin while they wait for one another, and on a machine
# that has other work a prediction takes thirty times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

VIEWS = Path(__file__).parent / "galaxy_explorer" / "views"

# A drawing of our own: the browser would fetch a named icon from a font's host.
st.set_page_config(page_title="Galaxy Explorer", page_icon=VIEWS / "icon.svg", layout="wide")
for sheet in ("style.css", "waiting.css"):
    st.html(VIEWS / sheet)
with st.container(key="menu"):
    st.html(VIEWS / "menu.html", unsafe_allow_javascript=True)

page = st.navigation(
    [
        st.Page(VIEWS / "browse.py", title="Browse", icon=":material/grid_view:", default=True),
        st.Page(VIEWS / "galaxy.py", title="Galaxy", icon=":material/flare:"),
        st.Page(VIEWS / "upload.py", title="Upload", icon=":material/upload:"),
        st.Page(VIEWS / "sky.py", title="Sky", icon=":material/travel_explore:"),
        st.Page(VIEWS / "compare.py", title="Compare", icon=":material/balance:"),
        st.Page(VIEWS / "about.py", title="About", icon=":material/info:"),
    ],
    position="top",
)
if page.title != "Browse":
    st.session_state["was_elsewhere"] = True  # from where Browse's last view is come back to
if page.title != "Galaxy":
    st.session_state.pop("address_kept", None)  # a galaxy that is opened again has an address that is news
page.run()
