"""Galaxy: one galaxy of a catalogue, at ``?source=NAME&galaxy=ID``."""

import numpy as np
import streamlit as st

from galaxy_explorer.catalogue import Catalogue, CatalogueError
from galaxy_explorer.images import ImageError
from galaxy_explorer.views import galaxy_panel, resources, votes
from galaxy_explorer.views.links import links_out
from galaxy_explorer.views.selections import Selection

BROWSE = "galaxy_explorer/views/browse.py"


def neighbours(source: str, catalogue: Catalogue, galaxy_id: str) -> tuple[str | None, str | None, str]:
    """Find the galaxies before and after this one, and say where it stands: in Browse's selection, or among all."""
    everything = Selection(source, np.arange(len(catalogue)), len(catalogue))
    for selection in (st.session_state.get("selection"), everything):
        if selection and selection.source == source and (found := selection.neighbours(catalogue, galaxy_id)):
            before, after, place = found
            return before, after, f"{place:,} of {len(selection.rows):,}"
    raise CatalogueError(f"galaxy {galaxy_id!r} is not among the {len(catalogue)} of {catalogue.name}: check the id")


def go_to(source: str, galaxy_id: str) -> None:
    """Turn to another galaxy. A link to the page that is open would leave the browser's address as it was."""
    st.query_params.update({"source": source, "galaxy": galaxy_id})


def show_way(source: str, catalogue: Catalogue, galaxy_id: str) -> None:
    """Show the way back to the gallery, and to the galaxies beside this one."""
    before, after, place = neighbours(source, catalogue, galaxy_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(
            BROWSE,
            label="Gallery",
            icon=":material/grid_view:",
            query_params=st.session_state.get("browse_address", {"source": source}),
        )
        for label, other in (("Previous", before), ("Next", after)):
            st.button(label, on_click=go_to, args=(source, other), disabled=other is None, type="tertiary")
        st.caption(place)


def page() -> None:
    """Describe the screen."""
    source = resources.current_source()
    asked = st.query_params.get("source", source)
    galaxy_id = st.query_params.get("galaxy")
    if asked != source:
        st.error(f"There is no source called “{asked}” here. Choose one in Browse.")
        st.page_link(BROWSE, label="Browse galaxies", icon=":material/grid_view:")
        return
    try:
        catalogue = resources.catalogue(source)
    except (CatalogueError, OSError) as error:
        st.error(f"These galaxies cannot be opened: {error}")
        return
    if galaxy_id is None:  # the page was opened from the menu
        galaxy_id = st.session_state.get("galaxy", "")
        galaxy_id = galaxy_id if galaxy_id in catalogue else catalogue.ids[0]
        st.query_params.update({"source": source, "galaxy": galaxy_id})
    if galaxy_id not in catalogue:
        st.error(f"There is no galaxy “{galaxy_id}” among the {len(catalogue):,} of {resources.source_label(source)}.")
        st.page_link(BROWSE, label="Browse galaxies", icon=":material/grid_view:", query_params={"source": source})
        return
    st.session_state["source"], st.session_state["galaxy"] = source, galaxy_id
    show_way(source, catalogue, galaxy_id)
    st.title(f"Galaxy {galaxy_id}")
    row = catalogue.table.loc[galaxy_id].to_dict()
    st.markdown(links_out(row.get("ra_deg"), row.get("dec_deg")))
    votes.say_votes(catalogue)
    try:
        galaxy = resources.galaxy_of(source, galaxy_id)
    except (ImageError, OSError) as error:
        st.error(f"The picture of galaxy {galaxy_id} cannot be read: {error}")
        return
    if name := galaxy_panel.choose_network():
        galaxy_panel.show(galaxy, name)


page()
