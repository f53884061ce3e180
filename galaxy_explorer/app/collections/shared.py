"""Collections in links: the button that copies one, and the view of one that was sent."""

import streamlit as st

from galaxy_explorer.app import paths, state
from galaxy_explorer.app.collections import gallery
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.services.collections import session
from galaxy_explorer.app.services.collections.collection import MAX_MARKS, Address, Collection, CollectionError
from galaxy_explorer.app.services.collections.exchange import Shared, shared_from_url
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui.buttons.copy_button import copy_button
from galaxy_explorer.app.ui.url_params import ignored_param_message
from galaxy_explorer.app.ui.wording import escape_markdown, galaxies_in_words, with_full_stop

EXPECTED = "a name and ids, such as `rings:100008,100023`"


def offer_link(collection: Collection, source: str) -> None:
    """Draw the button that copies a link to the galaxies of one source, if it is short enough."""
    ids = collection.ids(source)
    wanted = Shared(collection.name, tuple(ids))
    if not ids:
        return
    if not wanted.fits:
        st.caption("Too many galaxies for a link; send the CSV file.")
        return
    link = gallery.link_of({"source": source, "collection": wanted.to_url()})
    which = "" if len(ids) == len(collection) else f" to the {len(ids)} of {sources.source_label(source)}"
    copy_button(Key.COPY_COLLECTION, link, "Copy link", f"Copy link{which}", "Link copied")


def show_shared() -> bool:
    """Draw the collection of the URL; return False if it names none."""
    text = st.query_params.get("collection")
    if text is None:
        return False
    try:
        found = shared_from_url(text)
    except ValueError:
        found = None
    if found is None or not found.ids:
        st.warning(ignored_param_message("collection", text, EXPECTED))
        return False
    source = sources.current_source()
    label = escape_markdown(sources.source_label(source))
    st.markdown(f"These galaxies of {label} were shared with you.")
    st.subheader(f"{escape_markdown(found.name)} · {galaxies_in_words(len(found.ids))}", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Keep this collection", icon=":material/favorite:", type="primary", on_click=_keep, args=(found, source)
        )
        where = {"source": source, "collection": found.to_url()}
        st.page_link(paths.BROWSE, label="Open in Browse", icon=":material/grid_view:", query_params=where)
        st.button("My collections", icon=":material/arrow_back:", type="tertiary", on_click=st.query_params.clear)
    if catalogue := gallery.open_source(source):
        gallery.show_ids(source, catalogue, found.ids[:MAX_MARKS])
    return True


def _keep(found: Shared, source: str) -> None:
    """Add a shared collection to the visitor's own."""
    galaxies = tuple(Address(source, galaxy_id) for galaxy_id in found.ids)
    try:
        session.add([Collection(found.name, galaxies)], f"keep “{found.name}”")
    except CollectionError as error:
        state.collections().imported = f"It was not kept: {with_full_stop(error)}"
    st.query_params.clear()
