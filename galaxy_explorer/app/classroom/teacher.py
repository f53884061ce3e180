"""The teacher's page of a class: code, progress, results, files, end."""

from html import escape

import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.classroom import results
from galaxy_explorer.app.classroom.addresses import address_of
from galaxy_explorer.app.classroom.board import CHECK_INTERVAL_S, show_code
from galaxy_explorer.app.classroom.files import offer_files
from galaxy_explorer.app.services.classroom.rooms import class_store
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui.buttons.copy_button import copy_button
from galaxy_explorer.app.ui.wording import escape_markdown
from galaxy_explorer.classroom import DAYS_KEPT, Classroom, Pupil

SECRET = (
    "This page is yours alone, by its secret link. Keep the link: there is no other way back. Show the pupils the "
    "board, never this page's address."
)


def show_class(classroom: Classroom) -> None:
    """Draw the page of one class."""
    token = st.query_params["teacher"]
    state.classroom().teacher_tokens[token] = classroom.title
    with st.container(horizontal=True, vertical_alignment="center", key="class_head"):
        st.title(escape_markdown(classroom.title), anchor=False, width="content")
        st.badge(
            "Voting is open" if classroom.is_open else "Voting is closed",
            icon=":material/how_to_vote:" if classroom.is_open else ":material/lock:",
            color="green" if classroom.is_open else "gray",
        )
    with st.container(horizontal=True, vertical_alignment="center", key="class_tools"):
        _show_tools(classroom, token)
    with st.container(key="class_columns"):
        with st.container(key="class_join"):
            st.subheader("How pupils join", anchor=False)
            show_code(classroom)
        with st.container(key="class_progress"):
            st.subheader("Who has voted", anchor=False)
            _show_progress(classroom.class_id, classroom.galaxies, classroom.is_open)
    results.show_results(classroom)


def _show_tools(classroom: Classroom, token: str) -> None:
    """Draw what can be done with the class."""
    st.button(
        "Close voting" if classroom.is_open else "Open voting again",
        type="primary",
        icon=":material/lock:" if classroom.is_open else ":material/lock_open:",
        on_click=class_store().set_open,
        args=(classroom.class_id, not classroom.is_open),
    )
    for label, icon, param in (("Board", "cast", "board"), ("Worksheet", "print", "worksheet")):
        address = address_of("class", **{param: classroom.code})
        st.link_button(label, address, icon=f":material/{icon}:", help=HELP[param])
    copy_button(Key.COPY_TEACHER_LINK, address_of("class", teacher=token), "Copy my link", SECRET, "Copied")
    with st.popover("Download", icon=":material/download:"):
        offer_files(classroom)
    with st.popover("Keep or delete", icon=":material/settings:"):
        _show_end(classroom)


HELP = {
    "board": "For the projector: the code in large letters, without your secret link. It opens in a new tab.",
    "worksheet": "The galaxies, the questions and a table, on paper. It opens in a new tab.",
}


def _show_end(classroom: Classroom) -> None:
    """Draw when the class ends, and how to delete it now."""
    state.set_widget(Key.CLASS_KEPT, classroom.ends is None)
    st.toggle(
        f"Keep this class for more than {DAYS_KEPT} days",
        key=Key.CLASS_KEPT,
        on_change=lambda: class_store().keep(classroom.class_id, bool(state.widget(Key.CLASS_KEPT))),
    )
    st.caption(SECRET)
    sure = st.checkbox("Delete the class with all its votes", key=Key.CLASS_DELETE)
    if st.button("Delete class", icon=":material/delete:", disabled=not sure):
        class_store().delete(classroom.class_id)
        state.classroom().teacher_tokens.pop(st.query_params["teacher"], None)
        st.query_params.clear()
        st.rerun()


@st.fragment(run_every=CHECK_INTERVAL_S)
def _show_progress(class_id: int, galaxies: int, is_open: bool) -> None:
    """Draw how many galaxies each pupil has voted on; it follows by itself."""
    pupils = class_store().pupils(class_id)
    if not pupils:
        st.caption("No one has joined yet." if is_open else "No one joined.")
        return
    votes, wanted = sum(pupil.voted for pupil in pupils), len(pupils) * galaxies
    done = sum(pupil.voted == galaxies for pupil in pupils)
    rows = "".join(_row_html(pupil, galaxies) for pupil in pupils)
    st.html(
        f'<p class="counts"><b>{len(pupils)}</b> joined · <b>{votes}</b> of {wanted} votes · '
        f'<b>{done}</b> finished</p><ul class="progress">{rows}</ul>'
    )
    _manage(class_id, pupils)


def _manage(class_id: int, pupils: list[Pupil]) -> None:
    """Draw how to hide a nickname and to remove a pupil."""
    with st.popover("Hide a nickname", icon=":material/visibility_off:", type="tertiary"):
        by_id = {pupil.pupil_id: pupil for pupil in pupils}
        chosen = st.selectbox(
            "Pupil", list(by_id), format_func=lambda pupil_id: by_id[pupil_id].nickname, key=Key.CLASS_PUPIL
        )
        pupil = by_id.get(chosen)
        if pupil is None:
            return
        with st.container(horizontal=True):
            st.button(
                "Show nickname" if pupil.is_hidden else "Hide nickname",
                on_click=class_store().hide,
                args=(class_id, pupil.pupil_id, not pupil.is_hidden),
            )
            st.button("Remove with all votes", on_click=class_store().remove, args=(class_id, pupil.pupil_id))
        st.caption("A hidden nickname becomes the pupil's number everywhere, also in the files; the votes count.")


def _row_html(pupil: Pupil, galaxies: int) -> str:
    """Return a pupil's line, with a bar."""
    share = 100 * pupil.voted / max(1, galaxies)
    return (
        f'<li><span>{escape(pupil.name)}</span><i style="--done:{share:.0f}%" aria-hidden="true"></i>'
        f"<small>{pupil.voted} of {galaxies}</small></li>"
    )
