"""Classes as files: saved, opened and checked."""

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.services.collections import session
from galaxy_explorer.app.services.collections.collection import Collection, clean_name, file_name
from galaxy_explorer.app.services.collections.ranking import Ranking, keep_class, problem_of, remove_class, saved_class
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui.wording import as_sentence
from galaxy_explorer.similarity.class_files import ENDING, MAX_BYTES, ClassFileError, read_class

SAVE_HELP = "A small file with what was learned: open it here again, or apply it with `galaxy-explorer classify`."


def offer_save(collection: Collection, found: Ranking) -> None:
    """Draw the button that saves the class."""
    st.download_button(
        "Save class",
        lambda: saved_class(collection, found).to_bytes(),
        f"{file_name(collection.name)}{ENDING}",
        "application/json",
        icon=":material/download:",
        help=SAVE_HELP,
        on_click="ignore",
        key="save_class",
    )


def offer_open() -> None:
    """Draw the button that opens a class file."""

    def read() -> None:
        if file := state.widget(Key.CLASS_FILE):
            open_file(file.getvalue(), file.name)

    with st.popover("Open class file", icon=":material/upload_file:", type="tertiary"):
        size = round(MAX_BYTES / 1e6)
        st.file_uploader("Class file", key=Key.CLASS_FILE, on_change=read, max_upload_size=size)


def offer_remove(name: str) -> None:
    """Draw the button that forgets an opened class; the file stays where it is."""

    def remove() -> None:
        remove_class(name)
        st.query_params.pop("name", None)

    st.button("Remove class", key="remove_class", icon=":material/close:", type="tertiary", on_click=remove)


def open_file(content: bytes, file_name: str) -> None:
    """Open a class file and show what it finds, or the reason why it cannot be used."""
    mine = state.classify()
    try:
        saved = read_class(content, file_name)
    except ClassFileError as error:
        mine.message = str(error)
        return
    mine.message = problem_of(saved)
    if mine.message:
        return
    name, kept = clean_name(saved.name) or "class", session.collections()
    name = name if kept.free_name(name) == name else kept.free_name(f"{name} (file)")
    keep_class(name, saved)
    st.query_params["name"] = name


def show_message() -> None:
    """Draw the message about the last file, once."""
    if message := state.classify().message:
        st.warning(as_sentence(message), icon=":material/upload_file:")
        state.classify().message = ""
