"""The pupils' page: join a class by its code, and vote on its galaxies."""

import io
import json
from html import escape
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

from galaxy_explorer.app import state
from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy
from galaxy_explorer.app.services.classroom.rooms import (
    class_galaxies,
    class_of_code,
    class_store,
    cookie_of,
    this_pupil,
)
from galaxy_explorer.app.services.result_cache import shared_results
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui.url_params import unknown_params, warn_once
from galaxy_explorer.app.ui.wording import escape_markdown, with_full_stop
from galaxy_explorer.app.vote.questions import ask, forget
from galaxy_explorer.classroom import (
    DAYS_KEPT,
    LONGEST_NICKNAME,
    ClassError,
    Classroom,
    Pupil,
    TooManyTriesError,
    as_shown,
)

NO_CLASS = "There is no class with this code. Compare it with the board, and type it again."
NICKNAME_HELP = "Not your full name: your class sees it."
COOKIE_S = DAYS_KEPT * 86_400


def show_joining(classroom: Classroom | None) -> None:
    """Draw the form for code and nickname, and what was wrong with them."""
    st.title("Join a class" if classroom is None else escape_markdown(classroom.title), anchor=False)
    if classroom is not None and not classroom.is_open:
        st.info("Your teacher has closed the voting.", icon=":material/lock:")
        return
    with st.form("join", border=False, width=360):
        if classroom is None:
            st.text_input("Code", placeholder="K7MX-4QRT", max_chars=20, key=Key.JOIN_CODE)
        else:
            st.markdown(f"You will look at {classroom.galaxies} galaxies and say what you see.")
            st.text_input("Nickname", max_chars=LONGEST_NICKNAME, key=Key.NICKNAME, help=NICKNAME_HELP)
        pressed = st.form_submit_button("Next" if classroom is None else "Join", type="primary")
    if not pressed:
        return
    if classroom is None:
        st.query_params["code"] = str(state.widget(Key.JOIN_CODE) or "").strip()
        st.rerun()
    try:
        token = class_store().join(classroom.class_id, str(state.widget(Key.NICKNAME) or ""))
    except ClassError as error:
        st.error(with_full_stop(error))
        return
    state.classroom().tokens[classroom.class_id] = token
    st.rerun()


def remember_pupil(classroom: Classroom) -> None:
    """Set the cookie by which a pupil returns after the phone has slept."""
    name, token = cookie_of(classroom), state.classroom().tokens[classroom.class_id]
    cookie = json.dumps(f"{name}={token}; max-age={COOKIE_S}; SameSite=Lax; path=")
    script = f"document.cookie = {cookie} + location.pathname.replace(/[^/]*$/, '');"
    st.html(f"<script>{script}</script>", unsafe_allow_javascript=True)


@st.fragment
def show_voting(classroom: Classroom, pupil_id: int) -> None:
    """Draw the next galaxy, or the end; the rest of the page stays."""
    store, mine = class_store(), state.classroom()
    names = {pupil.pupil_id: pupil.name for pupil in store.pupils(classroom.class_id)}
    if pupil_id not in names:
        st.error("You are no longer in this class. Reload the page to join again.")
        return
    while True:
        voted = store.voted_places(pupil_id)
        place = next_place(classroom.galaxies, voted, mine.place)
        if place is None:
            _show_end(classroom, voted, names[pupil_id])
            return
        message = f"{mine.message} · " if mine.message else ""
        note = f"{message}{names[pupil_id]} · galaxy {place + 1} of {classroom.galaxies}"
        answers = ask(shown_galaxy(classroom, place), title=classroom.title, note=note, purpose=classroom.code)
        if answers is None:
            return
        try:
            store.vote(classroom.class_id, pupil_id, place, answers)
        except ClassError as error:
            st.error(with_full_stop(error))
            st.button("Try again")
            return
        mine.message, mine.place = f"Galaxy {place + 1} is saved", None
        forget()


def next_place(galaxies: int, voted: set[int], wanted: int | None) -> int | None:
    """Return a wanted galaxy, else the first without a vote of the pupil; None at the end."""
    if wanted is not None and 0 <= wanted < galaxies:
        return wanted
    return next((place for place in range(galaxies) if place not in voted), None)


def shown_galaxy(classroom: Classroom, place: int) -> ShownGalaxy:
    """Return a galaxy of a class as it is asked about: without the votes of anyone."""
    galaxy = class_galaxies(classroom)[place]
    picture = np.asarray(Image.open(io.BytesIO(galaxy.picture)).convert("RGB"))
    key = ("class", classroom.code, str(place))
    return ShownGalaxy(galaxy.galaxy_id, picture, galaxy.field_of_view, None, shared_results(), key)


def _show_end(classroom: Classroom, voted: set[int], name: str) -> None:
    """Draw that everything is saved, and the galaxies, which can be voted on again."""
    st.title(escape_markdown(classroom.title), anchor=False)
    st.success(f"All {len(voted)} galaxies are saved. Thank you, {escape_markdown(name)}!", icon=":material/check:")
    st.markdown("Look at the board. Or press a galaxy to answer again, until your teacher closes the voting.")
    with st.container(key="class_again", horizontal=True):
        for place in sorted(voted):
            with st.container(key=f"again_{place}", width=110):
                st.image(class_galaxies(classroom)[place].picture, width=110, alt="")
                st.button(f"Galaxy {place + 1}", on_click=_vote_again, args=(place,), width="stretch")


def _vote_again(place: int) -> None:
    """Ask about a galaxy once more."""
    state.classroom().place = place
    forget()


def leave(classroom: Classroom) -> None:
    """Forget the pupil of this browser, so that another one can join."""
    mine = state.classroom()
    mine.tokens[classroom.class_id] = ""
    mine.message, mine.place = "", None
    forget()  # the next pupil must not find this one's answers


def page() -> None:
    """Draw the page."""
    st.html(Path(__file__).with_name("classroom.css"))
    st.html(Path(__file__).with_name("join.css"))
    warn_once(unknown_params(("code",)))
    code = st.query_params.get("code", "")
    try:
        classroom = class_of_code(code) if code else None
        if classroom is None and code:
            show_joining(None)
            st.error(NO_CLASS)
            return
        pupil = this_pupil(classroom) if classroom is not None else None
        if classroom is None or pupil is None:
            show_joining(classroom)
            return
        remember_pupil(classroom)
        show_voting(classroom, pupil.pupil_id)
        _show_foot(classroom, pupil)
    except (ClassError, TooManyTriesError) as error:
        st.title("Join a class", anchor=False)
        st.error(with_full_stop(error))
        st.button("Try again")


def _show_foot(classroom: Classroom, pupil: Pupil) -> None:
    """Draw who votes here, and how another pupil takes over."""
    with st.container(key="class_foot", horizontal=True, vertical_alignment="center"):
        st.html(f"<p>You are <b>{escape(pupil.name)}</b> in class {as_shown(classroom.code)}.</p>")
        st.button(f"I am not {escape_markdown(pupil.name)}", type="tertiary", on_click=leave, args=(classroom,))


page()
