"""Collections: the galaxies that the visitor marked with a heart."""

from pathlib import Path

import streamlit as st

from galaxy_explorer.app import paths, state
from galaxy_explorer.app.collections import gallery, mean_answers, shared
from galaxy_explorer.app.collections.management import choose, create, export_all, import_file, manage, offer_undo
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.services.collections import session
from galaxy_explorer.app.services.collections.collection import Collection, Collections
from galaxy_explorer.app.services.collections.exchange import Shared
from galaxy_explorer.app.ui.buttons.heart import await_collections
from galaxy_explorer.app.ui.url_params import unknown_params, warn_once
from galaxy_explorer.app.ui.wording import escape_markdown, galaxies_in_words

PURPOSE = "The galaxies that you marked with a heart. They are kept in this browser; no other visitor sees them."
NOT_STORED = (
    "This browser does not let the app keep collections (a private window, or storage is full): they last until you "
    "close the page. Download them as CSV."
)
HOW_TO = {
    ":material/favorite: **Mark.**": "A heart is on every galaxy in Browse, on its own page, and on those of Sky.",
    ":material/auto_awesome: **Find more.**": "From a few examples the app finds galaxies that look like them.",
    ":material/ios_share: **Share.**": "Send a short collection as a link, or any as a CSV file.",
}


def show_empty() -> None:
    """Draw what a visitor without collections can do."""
    with st.container(key="no_collections"):
        st.markdown(":material/favorite:")
        st.markdown("**No galaxies yet.** Press the heart on a galaxy to keep it here.")
        st.page_link(paths.BROWSE, label="Browse galaxies", icon=":material/grid_view:")
    with st.container(horizontal=True):
        create()
        import_file()
    for column, (name, words) in zip(st.columns(len(HOW_TO), gap="medium"), HOW_TO.items(), strict=True):
        column.markdown(f"{name} {words}")


def show_classes(kept: Collections) -> None:
    """Draw links to the classes that the visitor opened from files."""
    if not kept.classes:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="classes"):
        st.caption("Classes from files:", width="content")
        for name, _ in kept.classes:
            link = {"source": sources.current_source(), "name": name}
            st.page_link(paths.CLASSIFY, label=escape_markdown(name), icon=":material/category:", query_params=link)


def show_actions(collection: Collection) -> None:
    """Draw what can be done with the galaxies of a collection."""
    with st.container(horizontal=True, vertical_alignment="center", key="collection_actions"):
        source = gallery.main_source(collection)
        if source:
            own = {"source": source, "collection": Shared(collection.name).to_url()}
            more = {"source": source, "name": collection.name}
            with st.container(key="find_more", width="content"):
                icon = ":material/auto_awesome:"
                st.page_link(paths.CLASSIFY, label="Find more like these", icon=icon, query_params=more)
            st.page_link(paths.BROWSE, label="Open in Browse", icon=":material/grid_view:", query_params=own)
            st.page_link(paths.VOTE, label="Vote on these", icon=":material/how_to_vote:", query_params=own)
        manage(collection)
        shared.offer_link(collection, source)


def page() -> None:
    """Draw the page."""
    st.html(Path(__file__).with_name("collections.css"))
    st.title("Collections", anchor=False)
    warn_once([*unknown_params(("source", "votes", "collection")), *sources.unknown_source()])
    if shared.show_shared():
        return
    kept = await_collections()
    session.watch()
    st.markdown(PURPOSE if state.collections().stored else NOT_STORED)
    if message := state.collections().imported:
        st.info(message, icon=":material/upload_file:")
    if not kept.all:
        offer_undo()
        show_classes(kept)
        show_empty()
        return
    with st.container(horizontal=True, vertical_alignment="center", key="collections_row"):
        choose(kept)
        create()
        import_file()
        export_all(kept)
        offer_undo()
    show_classes(kept)
    collection = kept.get(kept.chosen)
    st.subheader(f"{escape_markdown(collection.name)} · {galaxies_in_words(len(collection))}", anchor=False)
    show_actions(collection)
    gallery.show_gallery(collection)
    mean_answers.show(collection)


page()
