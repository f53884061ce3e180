"""The search: text box, famous galaxies, steps with cached results, errors."""

import tomllib
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from galaxy_explorer import sky
from galaxy_explorer.app import paths, state
from galaxy_explorer.app.sky.field_of_view import reset_zoom
from galaxy_explorer.app.state import Key, SkyState
from galaxy_explorer.app.ui.try_one import Example, show_examples, show_steps
from galaxy_explorer.app.ui.wording import as_sentence, with_full_stop
from galaxy_explorer.catalogue import SAMPLE
from galaxy_explorer.sky.positions import MAX_CHARACTERS

FORMS = {
    ":material/label: **A name.**": "M51, NGC 4565 or UGC 10822, as the CDS in Strasbourg knows it.",
    ":material/my_location: **A position.**": "In degrees (202.47 47.2), or in hours and degrees "
    "(13:29:52.7 +47:11:43).",
    ":material/tag: **An id or a link.**": "The SDSS id of a Galaxy Zoo 2 galaxy (587737825678131439), or the URL of a "
    "SkyServer page.",
}
_FAMOUS = tomllib.loads(Path(__file__).with_name("famous.toml").read_text(encoding="utf-8"))
FAMOUS: dict[str, str] = {name: galaxy["words"] for name, galaxy in _FAMOUS.items()}
FAMOUS_PX = 300
SYNTAX = (
    "A name; a position in degrees (202.47 47.2) or in hours and degrees (13:29:52.7 +47:11:43 or J132952+471143); an "
    "SDSS id; or the URL of a SkyServer page."
)


def choose_position() -> str:
    """Return the name or position that was typed or chosen; it is part of the URL."""
    with st.container(key="search_box", horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Name or position",
            key=Key.POSITION,
            bind="query-params",
            persist_state="session",
            on_change=reset_zoom,
            placeholder="M51 or 13:29:52.7 +47:11:43",
            help=SYNTAX,
            max_chars=MAX_CHARACTERS,
        )
        st.button("Search", type="primary", icon=":material/search:")  # leaving the box for it begins the search
    return text.strip()


def search(text: str) -> None:
    """Copy a text into the text box."""
    state.set_widget(Key.POSITION, text)
    reset_zoom()


def show_famous() -> None:
    """Show famous galaxies, each searched at a press."""
    famous, forms = st.columns([2, 1], gap="large")
    with famous:
        st.markdown("### Or begin with a famous one")
        examples = [Example(name, name, words, _simulated(name)) for name, words in FAMOUS.items()]
        show_examples(examples, search, "famous")
        st.caption("These are simulated; a press brings the real picture. Nothing is sent before you search.")
    with forms:
        show_steps(FORMS, "sky")


@st.cache_data(max_entries=len(FAMOUS), show_spinner=False)
def _simulated(name: str) -> np.ndarray:
    """Simulate a galaxy that looks like a famous one."""
    from galaxy_explorer.simulation import Parameters, render  # scipy takes a while, and the picture is cached

    return render(Parameters(**_FAMOUS[name]["galaxy"]), FAMOUS_PX)


def once(step: Hashable, request: Callable[[], Any]) -> Any:
    """Return the result of a step of the search, requested once; also an error is cached."""

    def outcome() -> Any:
        try:
            return request()
        except sky.SkyError as error:
            return error

    result = state.sky().steps.get(step, outcome)
    if isinstance(result, sky.SkyError):
        raise result
    return result


def retry() -> None:
    """Forget the steps of the search, so that they are requested again."""
    state.sky().steps = SkyState().steps
    sky.reset_cool_down()


def show_error(error: sky.SkyError) -> None:
    """Show what went wrong, and what can be done."""
    if isinstance(error, sky.OutsideFootprint | sky.NotFound | sky.NotUnderstood):
        st.warning(as_sentence(error), icon=":material/travel_explore:")
    else:
        cut_off = isinstance(error, sky.NoConnection) or isinstance(error.__cause__, sky.NoConnection)
        words = f"This needs the internet: {with_full_stop(error)}" if cut_off else as_sentence(error)
        st.error(words, icon=":material/cloud_off:")
    with st.container(horizontal=True, vertical_alignment="center"):
        if isinstance(error, sky.ServiceError):
            st.button("Retry search", icon=":material/refresh:", on_click=retry)
        sample = {"source": SAMPLE}
        st.page_link(paths.BROWSE, label="See the built-in galaxies", icon=":material/grid_view:", query_params=sample)
