"""The form that starts a class on some galaxies."""

import io

import numpy as np
import streamlit as st
from PIL import Image

from galaxy_explorer.app import paths, state
from galaxy_explorer.app.panel.shown_galaxy import galaxy_of
from galaxy_explorer.app.services import networks, sources
from galaxy_explorer.app.services.classroom.rooms import class_store
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui.skeletons import GALLERY, waiting
from galaxy_explorer.app.ui.wording import cut, escape_markdown, galaxies_in_words, with_full_stop
from galaxy_explorer.catalogue import Catalogue, CatalogueError
from galaxy_explorer.classroom import DAYS_KEPT, MAX_GALAXIES, ClassError, ClassGalaxy
from galaxy_explorer.images import ImageError, thumbnail

COUNT = 10  # galaxies: a lesson
SIDE_PX = 848  # of a stored picture, twice Galaxy Zoo's
QUALITY = 92  # of JPEG
VOTED, ALL, BROWSED = "with volunteers' votes", "all", "shown last in Browse"
STEPS = (
    "Your pupils look at the same galaxies and answer the questions of Galaxy Zoo 2, each on a phone or a computer. "
    "Then you show what the class said, next to the volunteers and to a neural network."
)
PRIVACY = (
    "Pupils need no account, only a nickname. Nicknames and votes stay on the computer that runs this app. They are "
    f"deleted after {DAYS_KEPT} days, or when you delete the class."
)


def show_start() -> None:
    """Draw the form, with the galaxies that would be voted on."""
    st.title("A class votes", anchor=False)
    st.markdown(STEPS)
    _show_own_classes()
    source = _choose_source()
    try:
        with waiting(sources.opening(source), GALLERY):
            catalogue = sources.catalogue(source)
    except (CatalogueError, OSError) as error:
        st.error(f"These galaxies cannot be opened: {with_full_stop(error)}")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="class_form"):
        pool = _choose_pool(source, catalogue)
        most = min(MAX_GALAXIES, len(pool))
        count = st.number_input("Number", 1, max(1, most), min(COUNT, max(1, most)), key=Key.CLASS_COUNT, width=130)
        if len(pool) > count:
            st.button("Draw others", icon=":material/casino:", on_click=_draw_others)
    if not len(pool):
        st.info("There are no galaxies to vote on; choose others.")
        return
    drawn = drawn_ids(catalogue, pool, int(count), state.classroom().seed)
    _show_drawn(catalogue, drawn)
    with st.container(horizontal=True, vertical_alignment="bottom", key="class_start"):
        title = st.text_input(
            "Name of the class", placeholder="5b, Tuesday", max_chars=60, key=Key.CLASS_TITLE, width=280
        )
        pressed = st.button("Start class", type="primary", icon=":material/play_arrow:")
    st.caption(PRIVACY)
    if pressed:
        _start(title.strip() or "Our class", source, drawn)


def _show_own_classes() -> None:
    """Draw links to the classes that the visitor has started."""
    for token, title in state.classroom().teacher_tokens.items():
        st.page_link(
            paths.CLASSROOM,
            label=f"Back to “{escape_markdown(title)}”",
            icon=":material/school:",
            query_params={"teacher": token},
        )


def _choose_source() -> str:
    """Draw the choice of a source, and return it."""
    source = sources.current_source()
    state.set_widget(Key.CLASS_SOURCE, source)
    st.selectbox(
        "Galaxies of",
        list(sources.sources()),
        format_func=sources.source_label,
        key=Key.CLASS_SOURCE,
        on_change=lambda: sources.turn_to(state.widget(Key.CLASS_SOURCE)),
        width=320,
    )
    state.shared().source = source
    return source


def _choose_pool(source: str, catalogue: Catalogue) -> np.ndarray:
    """Draw the choice of the galaxies to draw from, and return their rows."""
    known = np.flatnonzero(catalogue.votes.known)
    pools = {VOTED: known} if len(known) else {}
    if len(known) < len(catalogue):
        pools[ALL] = np.arange(len(catalogue))
    shown = state.shared().selection
    if shown and shown.source == source and shown.of == len(catalogue) and 0 < len(shown.rows) < len(catalogue):
        pools[BROWSED] = np.sort(shown.rows)
    if len(pools) == 1:
        return next(iter(pools.values()))
    chosen = st.segmented_control(
        "Draw from",
        list(pools),
        format_func=lambda name: f"{name} ({len(pools[name]):,})",
        default=BROWSED if BROWSED in pools else next(iter(pools)),
        required=True,
        key=Key.CLASS_GALAXIES,
    )
    return pools.get(chosen, np.arange(0))


def drawn_ids(catalogue: Catalogue, rows: np.ndarray, count: int, seed: int) -> list[str]:
    """Return the ids of galaxies that a seed draws from some rows, the same everywhere."""
    chosen = np.random.default_rng(seed).choice(np.asarray(rows), min(count, len(rows)), replace=False)
    return [str(catalogue.table.index[row]) for row in chosen]


def _draw_others() -> None:
    """Draw other galaxies."""
    state.classroom().seed += 1


def _show_drawn(catalogue: Catalogue, drawn: list[str]) -> None:
    """Draw the galaxies that would be voted on."""
    with st.container(key="class_drawn", horizontal=True):
        for galaxy_id, picture in zip(drawn, sources.galaxy_thumbnails(catalogue, drawn), strict=True):
            if isinstance(picture, ImageError):
                st.caption(f"{escape_markdown(cut(galaxy_id))}: no picture")
            else:
                st.image(picture, width=110, alt=f"Galaxy {galaxy_id}")


def _start(title: str, source: str, ids: list[str]) -> None:
    """Start a class, and open its page."""
    names = networks.networks()
    network = names[0] if names else ""
    try:
        galaxies = _prepared(source, ids, network)
        _, token = class_store().create(title, source, galaxies, networks.label(network) if network else "")
    except (ClassError, CatalogueError, ImageError, OSError) as error:
        st.error(f"The class was not started: {with_full_stop(error)}")
        return
    state.classroom().teacher_tokens[token] = title
    st.switch_page(paths.CLASSROOM, query_params={"teacher": token})


def _prepared(source: str, ids: list[str], network: str) -> list[ClassGalaxy]:
    """Return galaxies with pictures, votes and predictions: the class needs nothing else."""
    prepared, words = [], f"Preparing {galaxies_in_words(len(ids))}, with the network's predictions …"
    progress = st.progress(0.0, words)
    for number, galaxy_id in enumerate(ids, 1):
        galaxy = galaxy_of(source, galaxy_id)
        predicted = galaxy.predict(network).fractions if network else None
        prepared.append(ClassGalaxy(galaxy_id, galaxy.field, as_jpeg(galaxy.picture), galaxy.volunteers, predicted))
        progress.progress(number / len(ids), words)
    return prepared


def as_jpeg(picture: np.ndarray) -> bytes:
    """Return a picture, ``(H, W, 3) uint8``, as a JPEG file of at most `SIDE_PX` pixels."""
    file = io.BytesIO()
    Image.fromarray(thumbnail(picture, SIDE_PX)).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()
