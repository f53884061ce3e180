"""The heading of a galaxy's page: name or position, id and links."""

import math
import re

import streamlit as st

from galaxy_explorer.app.services.collections.collection import Address
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui import vote_kind
from galaxy_explorer.app.ui.buttons.copy_button import copy_button
from galaxy_explorer.app.ui.buttons.heart import show_heart
from galaxy_explorer.app.ui.survey_links import links_out
from galaxy_explorer.app.ui.wording import escape_markdown
from galaxy_explorer.catalogue import Catalogue

DOES_NOT_EXIST = (
    "This galaxy does not exist: its picture was computed from parameters, and its votes are those of simulated "
    "volunteers."
)
SDSS_ID = re.compile(r"\d{17,19}")


def title_of(catalogue: Catalogue, galaxy_id: str) -> str:
    """Return the name by position, as ``SDSS J132952.7+471143``, or as a simulated galaxy."""
    if catalogue.simulated:
        return f"Simulated galaxy {galaxy_id.removeprefix('simulated-')}"
    row = catalogue.table.loc[galaxy_id].to_dict()
    ra, dec = row.get("ra_deg", math.nan), row.get("dec_deg", math.nan)
    if math.isnan(ra) or math.isnan(dec):
        return ""
    return f"SDSS {j_name(ra, dec)}" if SDSS_ID.fullmatch(galaxy_id) else j_name(ra, dec)


def j_name(ra_deg: float, dec_deg: float) -> str:
    """Return a name by J2000 position; as the IAU recommends, digits are cut off."""
    tenths = math.floor(ra_deg / 15 * 36_000 + 1e-6) % 864_000  # of a second of time
    seconds = math.floor(abs(dec_deg) * 3600 + 1e-6)
    hours, minutes = divmod(tenths // 600, 60)
    sign = "-" if dec_deg < 0 else "+"
    ra = f"{hours:02}{minutes:02}{tenths % 600 / 10:04.1f}"
    return f"J{ra}{sign}{seconds // 3600:02}{seconds // 60 % 60:02}{seconds % 60:02}"


def show_heading(catalogue: Catalogue, galaxy_id: str, title: str) -> None:
    """Draw the title, with the id to copy, the position and the kind of votes."""
    with st.container(key="title", horizontal=True, vertical_alignment="center"):
        st.title(escape_markdown(title) or f"Galaxy {escape_markdown(galaxy_id)}", anchor=False, width="content")
        copy_button(Key.COPY_ID, galaxy_id, galaxy_id if title else "", f"Copy id {galaxy_id}", "Id copied")
        show_heart(Address(catalogue.source, galaxy_id))
    if catalogue.simulated:
        st.caption(DOES_NOT_EXIST)
    row = catalogue.table.loc[galaxy_id].to_dict()
    if links := links_out(row.get("ra_deg"), row.get("dec_deg")):
        with st.container(key="identity"):
            st.markdown(links)
    vote_kind.show_vote_kind(catalogue)
