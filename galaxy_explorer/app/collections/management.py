"""Changes of collections: new, renamed, deleted, imported; each can be undone."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.services.collections import session
from galaxy_explorer.app.services.collections.collection import (
    MAX_NAME,
    Collection,
    CollectionError,
    Collections,
    clean_name,
    file_name,
)
from galaxy_explorer.app.services.collections.exchange import MAX_FILE_BYTES, from_csv, to_csv
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui.wording import escape_markdown, galaxies_in_words, with_full_stop

CSV = "text/csv"
CHOICE_HELP = "Hearts go to the collection that is chosen here."
IMPORT_HELP = "A CSV file with a column GalaxyID, and, if there are any, source, label (the collection) and mark."


def choose(kept: Collections) -> None:
    """Draw the choice of a collection: it is shown, and hearts go to it."""
    state.set_widget(Key.COLLECTION, kept.chosen)
    sizes = {one.name: len(one) for one in kept.all}

    def change() -> None:
        if name := state.widget(Key.COLLECTION):
            session.change(session.collections().choose(name), "choice")

    st.pills(
        "Collection",
        kept.names,
        format_func=lambda name: f"{escape_markdown(name)} · {sizes[name]:,}",
        key=Key.COLLECTION,
        on_change=change,
        label_visibility="collapsed",
        help=CHOICE_HELP,
    )


def create() -> None:
    """Draw the form of a new collection."""
    with st.popover("New collection", icon=":material/add:", type="tertiary"), st.form("new", border=False):
        text = st.text_input("Name", key=Key.NEW_COLLECTION, max_chars=MAX_NAME, placeholder="rings")
        if st.form_submit_button("Create collection") and (name := clean_name(text)):
            kept = session.collections()
            _try(lambda: kept.put(Collection(kept.free_name(name))).choose(kept.free_name(name)), f"new “{name}”")


def manage(collection: Collection) -> None:
    """Draw what renames, deletes and downloads a collection."""
    kept = session.collections()
    with st.popover("Rename", icon=":material/edit:", type="tertiary"), st.form("rename", border=False):
        text = st.text_input("Name", collection.name, key=Key.COLLECTION_NAME.of(collection.name), max_chars=MAX_NAME)
        if st.form_submit_button("Rename collection") and (name := clean_name(text)) and name != collection.name:
            renamed = replace(collection, name=name)
            _try(lambda: kept.put(renamed, collection.name), f"rename “{collection.name}”")
    action: dict[str, Any] = {
        "on_click": session.change,
        "args": (kept.without(collection.name), f"delete “{collection.name}”"),
    }
    st.button("Delete", icon=":material/delete:", type="tertiary", key="delete_collection", **action)
    st.download_button(
        "CSV",
        lambda: to_csv([collection]),
        f"{file_name(collection.name)}.csv",
        CSV,
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        key="collection_csv",
    )


def export_all(kept: Collections) -> None:
    """Draw the download of all collections in one file, if there are several."""
    if len(kept.all) > 1:
        st.download_button(
            "All as CSV",
            lambda: to_csv(kept.all),
            "collections.csv",
            CSV,
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
            key="all_csv",
        )


def import_file() -> None:
    """Draw the import of a CSV file."""

    def read() -> None:
        if file := state.widget(Key.COLLECTION_FILE):
            state.collections().imported = import_csv(file.getvalue(), file.name, sources.current_source())

    with st.popover("Import", icon=":material/upload_file:", type="tertiary"):
        st.file_uploader(
            "CSV file",
            key=Key.COLLECTION_FILE,
            on_change=read,
            max_upload_size=round(MAX_FILE_BYTES / 1e6),
            help=IMPORT_HELP,
        )


def import_csv(content: bytes, name: str, source: str) -> str:
    """Add the collections of a file; return a message on what was imported and refused."""
    try:
        found = from_csv(content, name, source)
        names = session.add(found.collections, f"import of {name}")
    except CollectionError as error:
        return f"Nothing was imported: {with_full_stop(error)}"
    count = galaxies_in_words(sum(len(one.galaxies) + len(one.rejected) for one in found.collections))
    words = f"Imported: {count} into {escape_markdown(', '.join(names))}."
    if found.refused:
        words += f" {len(found.refused):,} left out: {escape_markdown(found.refused_in_words)}."
    return words


def offer_undo() -> None:
    """Draw the button that undoes the last change."""
    words = session.last_change()
    if words and words != "choice":
        st.button(
            f"Undo: {escape_markdown(words)}",
            icon=":material/undo:",
            type="tertiary",
            on_click=session.undo,
            key="undo",
        )


def _try(changed: Callable[[], Collections], words: str) -> None:
    """Change the collections and run the page again, or show why this cannot be."""
    try:
        session.change(changed(), words)
    except CollectionError as error:
        st.error(with_full_stop(error))
    else:
        st.rerun()
