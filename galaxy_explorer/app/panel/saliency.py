"""The picture of a galaxy with the saliency over it, for one answer or for all of a question side by side."""

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image

from galaxy_explorer.app.panel.selected_answer import choose_answer, chosen_answer
from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy
from galaxy_explorer.app.services import networks
from galaxy_explorer.app.ui.skeletons import PICTURE, PICTURES, waiting
from galaxy_explorer.decision_tree import ANSWER_OF, COLUMNS, QUESTION_OF, columns_of, name_of
from galaxy_explorer.flow_chart import percent
from galaxy_explorer.images import frame_field, overlay, thumbnail

if TYPE_CHECKING:
    from galaxy_explorer.saliency import SaliencyMap

SMALL_SIDE = 200  # pixels, of the pictures side by side
DIRECTIONS = {"raises it": False, "lowers it": True}


@dataclass(frozen=True)
class Choices:
    """How the visitor wants saliency to be made and shown."""

    method: str
    lowers: bool
    opacity: float  # in [0, 1]
    per_answer: bool = True  # whether the method knows answers
    comparable: bool = True  # whether its strongest points can be compared

    @property
    def verb(self) -> str:
        """What bright places do to the answer."""
        return "lowers" if self.lowers else "raises"


def choose_saliency() -> Choices:
    """Let the visitor choose how saliency is made and shown."""
    from galaxy_explorer.saliency import METHODS

    with st.container(horizontal=True, vertical_alignment="bottom", key="saliency_choices"):
        direction = st.segmented_control(
            "Bright is what", list(DIRECTIONS), default="raises it", required=True, key="direction"
        )
        with st.popover("Saliency", icon=":material/tune:"):
            opacity = st.slider(
                "Saliency over the picture", 0, 100, 60, format="%d %%", key="opacity", persist_state="session"
            )
            method = st.selectbox("Method", list(METHODS), key="method", persist_state="session")
            st.caption(METHODS[method].explanation)
    chosen = METHODS[method]
    return Choices(method, DIRECTIONS[direction], opacity / 100.0, chosen.per_answer, chosen.comparable)


def show_picture(galaxy: ShownGalaxy, name: str, choices: Choices) -> np.ndarray:
    """Show the picture with the saliency of the chosen answer over it; give the picture that is shown, as RGB."""
    column = chosen_answer()
    with waiting("Looking for what matters to this answer …", PICTURE) as say:

        def progress(done: int, total: int) -> None:
            say(f"{choices.method}: {done} of {total} maps")

        found = galaxy.saliency(name, column, choices.method, choices.lowers, progress)
        lit = lit_picture(galaxy, name, found.heat, choices.opacity)
    asked, bright = "", "the strongest pattern in what the detectors found, the same for every answer"
    if choices.per_answer:
        asked = f" of “{ANSWER_OF[column].name}” to: {QUESTION_OF[column].text}"
        bright = f"what {choices.verb} “{name_of(column)}”"
    st.image(lit, width="stretch", alt=f"Galaxy {galaxy.galaxy_id} with the saliency{asked}")
    if found.message:
        st.info(f"{found.message}.", icon=":material/visibility_off:")
    compared = f"Strongest point before scaling: {found.maximum:.3g}. It can be compared between answers and pictures, of one network and method."
    st.caption(
        f"Bright: {bright}. The network sees the framed square alone.", help=compared if choices.comparable else None
    )
    return lit


def show_all_answers(galaxy: ShownGalaxy, name: str, choices: Choices, shares: np.ndarray) -> None:
    """Show one small picture for each answer of the chosen answer's question; a press on one chooses it."""
    question = QUESTION_OF[chosen_answer()]
    with st.container(horizontal=True, vertical_alignment="center"):
        bright = f"Bright is what {choices.verb} each answer. " if choices.per_answer else ""
        st.markdown(f"**{question.text}** {bright}The shares are {name}'s.")
        common = choices.comparable and st.toggle(
            "One scale for all",
            key="common_scale",
            persist_state="session",
            help="On: equally bright is equally strong. Off: each answer's strongest point is brightest.",
        )
    if not choices.per_answer:
        st.caption(f"{choices.method} knows no answers: its map is the same for all of them.")
    maps = _maps(galaxy, name, columns_of(question.number), choices)
    strongest = max(0.0, *(found.maximum for found in maps))
    with st.container(key="strip"):
        for found in maps:
            scale = found.maximum / strongest if common and strongest > 0 else 1.0
            small = thumbnail(lit_picture(galaxy, name, found.heat * max(0.0, scale), choices.opacity), SMALL_SIDE)
            _show_small(small, found.target.column, shares)


def _show_small(small: np.ndarray, column: str, shares: np.ndarray) -> None:
    """Show one answer's picture, which is a button that chooses the answer."""
    share = shares[COLUMNS.index(column)]
    label = ANSWER_OF[column].name + (f" · {percent(share)}" if np.isfinite(share) else "")
    with st.container(key=f"strip_{column.replace('.', '_')}"):
        st.image(small, width="stretch", alt="")  # the button beside it says which answer
        st.button(
            label,
            key=f"choose_{column}",
            type="primary" if column == chosen_answer() else "secondary",
            on_click=choose_answer,
            args=(column,),
            width="stretch",
        )


def _maps(galaxy: ShownGalaxy, name: str, columns: tuple[str, ...], choices: Choices) -> list["SaliencyMap"]:
    """Compute or recall the maps of several answers, saying how far it is."""
    maps = []
    with waiting("Looking for what matters to each answer …", PICTURES) as say:
        for i, column in enumerate(columns):
            which = f"Saliency of answer {i + 1} of {len(columns)}"
            say(which)

            def progress(done: int, total: int, which: str = which) -> None:
                say(f"{which}: {done} of {total} maps")

            maps.append(galaxy.saliency(name, column, choices.method, choices.lowers, progress))
    return maps


def lit_picture(galaxy: ShownGalaxy, name: str, heat: np.ndarray, opacity: float) -> np.ndarray:
    """Overlay a saliency map on the galaxy's picture, with a frame around what the network sees."""
    crop = networks.network(name).card.crop
    lit = overlay(galaxy.shown, heat, crop=crop, field=galaxy.field, opacity=opacity)
    return frame_field(lit, crop=crop, field=galaxy.field)


def small_picture(lit: np.ndarray) -> str:
    """Make a small JPEG of a picture with its saliency, as a data address."""
    file = io.BytesIO()
    Image.fromarray(thumbnail(lit, SMALL_SIDE)).save(file, "JPEG", quality=90)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
