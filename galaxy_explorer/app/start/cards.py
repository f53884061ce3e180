"""The ways from Start to the other pages, each with pictures of real galaxies."""

import base64
from functools import cache
from pathlib import Path

import streamlit as st

from galaxy_explorer.app import paths
from galaxy_explorer.app.services import sources
from galaxy_explorer.catalogue import SAMPLE

LIVE_LABEL = "**300 galaxies of SDSS, live**  \nOver the internet"
LIVE_PICTURES = ("100053", "587737825678131439", "242195", "784597")
CARDS = {  # script, label, and galaxies of the sample
    "browse": (
        paths.BROWSE,
        "**Browse**  \nPick galaxies by their shape",
        ("587736542560715163", "100023", "100008", "784597"),
    ),
    "map": (paths.MAP, "**Map**  \nThose that look alike together", ()),
    "upload": (paths.UPLOAD, "**Upload a picture**  \nYours, even a phone photo", ("870891",)),
    "sky": (paths.SKY, "**Find a galaxy on the sky**  \nBy name or position", ("587726016142835881",)),
}


@cache
def _pictures(galaxy_ids: tuple[str, ...]) -> str:
    """Return thumbnails of the bundled sample; they are decoration of the link next to them."""
    thumbnails = (base64.b64encode(sources.galaxy_thumbnail(SAMPLE, galaxy_id)).decode() for galaxy_id in galaxy_ids)
    return "".join(f'<img alt="" src="data:image/jpeg;base64,{content}">' for content in thumbnails)


def show_cards() -> None:
    """Draw the cards in one row; nothing is sent to SDSS before its card is pressed."""
    drawing = base64.b64encode(Path(__file__).with_name("map.svg").read_bytes()).decode()
    galaxies_of_map = f'<img alt="" src="data:image/svg+xml;base64,{drawing}">'  # those of the challenge
    with st.container(key="ways"):
        for name, (script, label, galaxy_ids) in CARDS.items():
            with st.container(key=f"way_{name}"):
                st.html(f'<div class="view view-{name}">{_pictures(galaxy_ids) or galaxies_of_map}</div>')
                st.page_link(script, label=label, icon="")
        with st.container(key="way_live"):
            st.html(f'<div class="view view-live">{_pictures(LIVE_PICTURES)}</div>')
            if st.button(LIVE_LABEL, key="live", width="stretch", wrap=True):
                st.switch_page(paths.BROWSE, query_params={"source": sources.LIVE_SOURCE})
