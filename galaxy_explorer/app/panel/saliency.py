"""Saliency maps over the picture, on request: for one answer or all of a question."""

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from PIL import Image

from galaxy_explorer.app import state
from galaxy_explorer.app.panel.enlarged_picture import PanelPicture
from galaxy_explorer.app.panel.selected_answer import select_answer, selected_answer
from galaxy_explorer.app.panel.shown_galaxy import GalaxyPrediction
from galaxy_explorer.app.state import Key
from galaxy_explorer.app.ui.skeletons import LINE, PICTURES, waiting
from galaxy_explorer.decision_tree import ANSWER_OF, INDEX, QUESTION_OF, columns_of, label_of
from galaxy_explorer.flow_chart import percent
from galaxy_explorer.images import frame_field, overlay, thumbnail

if TYPE_CHECKING:
    from galaxy_explorer.saliency import Method, SaliencyMap

SMALL_SIDE_PX = 200  # of the pictures side by side
FOR, AGAINST = "for it", "against it"


@dataclass(frozen=True)
class Choices:
    """How saliency maps are computed and shown."""

    method: str = "HiResCAM"
    evidence: str = FOR  # or AGAINST the answer
    opacity: float = 0.6  # in [0, 1]
    side_by_side: bool = False  # whether the maps of all answers of the question are shown as well

    @property
    def per_answer(self) -> bool:
        """Whether the method depends on the answer."""
        return methods()[self.method].per_answer

    @property
    def comparable(self) -> bool:
        """Whether maxima of different maps can be compared."""
        return methods()[self.method].comparable


def methods() -> "dict[str, Method]":
    """Return the saliency methods by name."""
    from galaxy_explorer.saliency import METHODS

    return METHODS


def is_shown() -> bool:
    """Return whether the visitor turned saliency maps on."""
    return bool(state.widget(Key.MAP))


def choose_map() -> bool:
    """Draw the switch of the saliency map, at first off, and return if it is on."""
    return st.toggle(
        "Show where it looked",
        key=Key.MAP,
        persist_state="session",
        help="A saliency map: the areas of the picture that speak for or against an answer, to the network. "
        + _in_figures(state.widget(Key.METHOD) or Choices.method),
    )


def _in_figures(method: str) -> str:
    """Return how well a method points at what an answer names, in one sentence."""
    from galaxy_explorer.saliency.methods import POINTING_OF_MIDDLE

    found, middle = percent(methods()[method].pointing), percent(POINTING_OF_MIDDLE)
    return (
        f"In a test on simulated galaxies, the brightest spot of {method} was on the right part of the galaxy, such as "
        f"the bar, in {found} of the maps; the middle of the picture would have been in {middle}."
    )


def choose_saliency() -> Choices:
    """Draw the choices of evidence, opacity and method."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="saliency_choices"):
        evidence = st.segmented_control(
            "Highlight what speaks", [FOR, AGAINST], default=FOR, required=True, key=Key.DIRECTION
        )
        with st.popover("Method", icon=":material/tune:"):
            method = st.selectbox("Saliency method", list(methods()), key=Key.METHOD, persist_state="session")
            st.caption(methods()[method].explanation)
    with st.container(horizontal=True, vertical_alignment="bottom", key="saliency_looks"):
        opacity = st.slider("Opacity", 0, 100, 60, format="%d %%", key=Key.OPACITY, persist_state="session")
        side_by_side = st.toggle("Compare answers", key=Key.SIDE_BY_SIDE, persist_state="session")
    return Choices(method, evidence, opacity / 100.0, side_by_side)


def show_map(prediction: GalaxyPrediction, choices: Choices, picture: PanelPicture) -> np.ndarray:
    """Draw the map of the selected answer over the picture, and return both as RGB."""
    column = selected_answer()
    (saliency_map,) = _maps(prediction, (column,), choices, LINE)
    overlaid = overlaid_picture(prediction, saliency_map.heat, choices.opacity)
    of_answer, bright = "", "show the strongest pattern that the network detects, the same for every answer"
    if choices.per_answer:
        of_answer = f" of “{ANSWER_OF[column].name}” to: {QUESTION_OF[column].text}"
        bright = f"speak {'for' if choices.evidence == FOR else 'against'} “{label_of(column)}”"
    picture.show(overlaid, f"with the saliency{of_answer}")
    if saliency_map.message:
        st.info(f"{saliency_map.message}.", icon=":material/visibility_off:")
    maximum = f"Maximum before scaling: {saliency_map.maximum:.3g}." if choices.comparable else None
    st.caption(f"Bright areas {bright}. Only the framed square is used.", help=maximum)
    return overlaid


def with_map(prediction: GalaxyPrediction, column: str, choices: Choices) -> np.ndarray:
    """Return the picture with the saliency map of an answer, computed now, as RGB."""
    found = prediction.saliency(column, choices.method, choices.evidence == AGAINST)
    return overlaid_picture(prediction, found.heat, choices.opacity)


def show_all_answers(prediction: GalaxyPrediction, choices: Choices) -> None:
    """Draw a small picture for each answer of the question; a press on one selects it."""
    question = QUESTION_OF[selected_answer()]
    with st.container(horizontal=True, vertical_alignment="center"):
        side = "for" if choices.evidence == FOR else "against"
        bright = f"Bright areas speak {side} each answer. " if choices.per_answer else ""
        st.markdown(f"**{question.text}** {bright}The shares are the {prediction.label} network's.")
        common = choices.comparable and st.toggle(
            "Common scale",
            key=Key.COMMON_SCALE,
            persist_state="session",
            help="On: equally bright is equally strong. Off: each map is scaled to its own maximum.",
        )
    if not choices.per_answer:
        st.caption(f"{choices.method} does not depend on the answer: its map is the same for all of them.")
    maps = _maps(prediction, columns_of(question.number), choices, PICTURES)
    maximum = max(0.0, *(saliency_map.maximum for saliency_map in maps))
    with st.container(key="strip"):
        for saliency_map in maps:
            scale = max(0.0, saliency_map.maximum / maximum) if common and maximum > 0 else 1.0
            overlaid = overlaid_picture(prediction, saliency_map.heat * scale, choices.opacity)
            _show_small(thumbnail(overlaid, SMALL_SIDE_PX), saliency_map.target.column, prediction.shares)


def _show_small(picture: np.ndarray, column: str, shares: np.ndarray) -> None:
    """Draw the picture of an answer with a button that selects the answer."""
    share = shares[INDEX[column]]
    label = ANSWER_OF[column].name + (f" · {percent(share)}" if np.isfinite(share) else "")
    with st.container(key=f"strip_{column.replace('.', '_')}"):
        st.image(picture, width="stretch", alt="")  # the button next to it names the answer
        action: dict[str, Any] = {"key": f"choose_{column}", "on_click": select_answer, "args": (column,)}
        st.button(label, type="primary" if column == selected_answer() else "secondary", width="stretch", **action)


def _maps(prediction: GalaxyPrediction, columns: tuple[str, ...], choices: Choices, kind: str) -> list["SaliencyMap"]:
    """Compute the maps of some answers under a skeleton that shows the progress."""
    maps = []
    with waiting("Computing the saliency map …", kind) as set_text:
        for number, column in enumerate(columns, 1):
            what = f"Saliency of answer {number} of {len(columns)}" if len(columns) > 1 else choices.method

            def progress(done: int, total: int, what: str = what) -> None:
                set_text(f"{what}: {done} of {total} maps")

            maps.append(prediction.saliency(column, choices.method, choices.evidence == AGAINST, progress))
    return maps


def overlaid_picture(prediction: GalaxyPrediction, heat: np.ndarray, opacity: float) -> np.ndarray:
    """Return the galaxy's picture with a map over it and a frame around what the network sees."""
    galaxy = prediction.galaxy
    area = {"crop": prediction.card.crop, "field": galaxy.field}
    return frame_field(overlay(galaxy.shown, heat, opacity=opacity, **area), **area)


def small_picture(picture: np.ndarray, side_px: int = SMALL_SIDE_PX) -> str:
    """Return a picture as a small JPEG in a data URL."""
    file = io.BytesIO()
    Image.fromarray(thumbnail(picture, side_px)).save(file, "JPEG", quality=90)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
