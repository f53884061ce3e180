"""The classes of this server, and who may see them."""

from contextlib import suppress
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from galaxy_explorer.app import state
from galaxy_explorer.classroom import (
    ClassError,
    ClassGalaxy,
    Classroom,
    ClassStore,
    CodeGuard,
    Pupil,
    normalised,
)
from galaxy_explorer.storage import data_folder

CHECK_INTERVAL_S = 3600


def class_store() -> ClassStore:
    """Return the store of all classes; raise ClassError if it cannot be opened."""
    store = _open(_file())
    _delete_ended(_file())
    return store


def delete_ended() -> None:
    """Delete the classes that have ended, at most once an hour; every page calls it."""
    if _file().exists():
        with suppress(ClassError):  # the pages of classes show it
            class_store()


def class_galaxies(classroom: Classroom) -> list[ClassGalaxy]:
    """Return the galaxies of a class, which never change."""
    return _galaxies(classroom.class_id, classroom.code)


def _file() -> Path:
    return data_folder() / "classes.sqlite"


@st.cache_resource(show_spinner=False)
def _open(file: Path) -> ClassStore:
    return ClassStore(file)


@st.cache_resource(ttl=CHECK_INTERVAL_S, show_spinner=False)
def _delete_ended(file: Path) -> None:
    _open(file).delete_ended()


@st.cache_resource(max_entries=20, show_spinner=False)
def _galaxies(class_id: int, code: str) -> list[ClassGalaxy]:
    return class_store().galaxies(class_id)


@st.cache_resource(show_spinner=False)
def _guard() -> CodeGuard:
    return CodeGuard()


def class_of_code(typed: str) -> Classroom | None:
    """Return the class of a code that a visitor typed or opened; None if there is none.

    Raises
    ------
    TooManyTriesError
        If too many wrong codes were tried. A visitor who has found a class does not wait.
    """
    mine, code = state.classroom(), normalised(typed)
    if code and code == mine.code:
        return class_store().by_code(code)
    if typed == mine.wrong_code:  # the page runs again
        return None
    context = get_script_run_ctx()
    visitor = (context.session_id if context else "", st.context.ip_address or "this machine")
    _guard().check(*visitor)
    found = class_store().by_code(code)
    if found is None:
        mine.wrong_code = typed
        _guard().record_wrong(*visitor)
    else:
        mine.code = code
    return found


def cookie_of(classroom: Classroom) -> str:
    """Return the name of the cookie that holds a pupil's token."""
    return f"galaxy_class_{classroom.code}"


def _token_of_cookie(classroom: Classroom) -> str:
    """Return the token that the browser keeps; empty without one."""
    return st.context.cookies.get(cookie_of(classroom), "")


def this_pupil(classroom: Classroom) -> Pupil | None:
    """Return the visitor as a pupil of a class, by session or cookie; None before joining."""
    tokens = state.classroom().tokens
    token = tokens.get(classroom.class_id)
    if token is None:
        token = _token_of_cookie(classroom)
    pupil = class_store().pupil(classroom.class_id, token) if token else None
    if pupil is not None:
        tokens[classroom.class_id] = token
    return pupil
