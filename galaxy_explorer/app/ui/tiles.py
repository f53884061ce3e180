"""Tiles: galaxies as pictures that link to their pages."""

from collections.abc import Mapping

import streamlit as st

from galaxy_explorer.app import paths
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.services.collections.collection import Address
from galaxy_explorer.app.ui.buttons.heart import heart_html
from galaxy_explorer.app.ui.wording import escape_markdown
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.images import ImageError

SIMULATED_MARK = '<span class="simulated">simulated</span>'


def show_tiles(
    catalogue: Catalogue, params: Mapping[str, str], captions: Mapping[str, str], key: str, judged: str = ""
) -> dict[str, str]:
    """Draw tiles, and return the reason for each picture that cannot be read, by galaxy id.

    The frames come first, then each picture as soon as it is ready.

    Parameters
    ----------
    catalogue : Catalogue
        The catalogue of the galaxies.
    params : mapping of str to str
        URL parameters of the links, without the galaxy.
    captions : mapping of str to str
        Markdown before the id, by galaxy id; the style sheet shows an id after a caption only on hover and focus.
    key : str
        Start of the containers' keys.
    judged : str, optional
        A collection that the hearts go to instead of the chosen one; then "no" can be marked as well.
    """
    slots = []
    for galaxy_id, caption in captions.items():
        with st.container(key=f"{key}_{galaxy_id}"):
            slots.append(st.empty())
            name = escape_markdown(galaxy_id.strip())
            label = f"{caption} **{name}**" if caption else name
            st.page_link(paths.GALAXY, label=label, icon="", query_params={**params, "galaxy": galaxy_id})
            address = Address(params["source"], galaxy_id)
            hearts = [heart_html(address, judged), *([heart_html(address, judged, "no")] if judged else [])]
            st.html("".join(hearts))
            if catalogue.simulated:
                st.html(SIMULATED_MARK)
    errors, kind = {}, "Simulated galaxy" if catalogue.simulated else "Galaxy"
    pictures = sources.galaxy_thumbnails(catalogue, list(captions))
    for galaxy_id, slot, picture in zip(captions, slots, pictures, strict=True):
        if isinstance(picture, ImageError):
            slot.markdown(":material/broken_image:  \nno picture")
            errors[galaxy_id] = str(picture)
        else:
            slot.image(picture, width="stretch", alt=f"{kind} {galaxy_id}")
    return errors
