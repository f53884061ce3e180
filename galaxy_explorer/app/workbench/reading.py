"""What a network predicts for the galaxy on the workbench, next to its picture and sliders."""

from html import escape
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from galaxy_explorer.app.panel import panel, saliency
from galaxy_explorer.app.panel.chart import BOTH, NETWORK, explain_hardly_asked, show_chart
from galaxy_explorer.app.panel.enlarged_picture import PanelPicture
from galaxy_explorer.app.panel.selected_answer import show_list, start_answer
from galaxy_explorer.app.panel.shown_galaxy import GalaxyPrediction, ShownGalaxy
from galaxy_explorer.decision_tree import short_description
from galaxy_explorer.flow_chart import as_list


class Bench(NamedTuple):
    """Places on the workbench, which the style sheet arranges by the width of the window."""

    picture: DeltaGenerator
    sliders: DeltaGenerator
    words: DeltaGenerator
    tools: DeltaGenerator  # of the picture
    answers: DeltaGenerator


def lay_out() -> Bench:
    """Return the empty workbench."""
    with st.container(key="bench"):
        with st.container(key="bench_aside"):
            picture, sliders, tools = (st.container(key=f"bench_{name}") for name in ("picture", "sliders", "tools"))
        with st.container(key="bench_reading"):
            words, answers = (st.container(key=f"bench_{name}") for name in ("words", "answers"))
    return Bench(picture, sliders, words, tools, answers)


def show_picture(bench: Bench, galaxy: ShownGalaxy, badge: str = "") -> PanelPicture:
    """Draw the picture, with a badge if it has one, before anything is predicted.

    With a saliency map over it, the one before stays until the next is known.
    """
    with bench.picture:
        if badge:
            st.html(f'<p class="bench-badge">{escape(badge)}</p>')
        return PanelPicture(galaxy, saliency.is_shown())


def show_reading(bench: Bench, picture: PanelPicture, prediction: GalaxyPrediction, name: str) -> None:
    """Draw the saliency map over the picture if it is turned on, and the flow-chart.

    Parameters
    ----------
    bench : Bench
        Where to.
    picture : PanelPicture
        The picture that is drawn.
    prediction : GalaxyPrediction
        What the network predicts for the galaxy, with the votes that are shown next to it.
    name : str
        Names the galaxy, however it is changed: another one starts with an answer of its own.
    """
    start_answer(name, prediction.fractions, prediction.card.training_mean)
    with bench.picture:
        st.html(f'<p class="bench-now" aria-hidden="true">{escape(short_description(prediction.fractions))}</p>')
    with bench.tools:
        choices = saliency.choose_saliency() if saliency.choose_map() else None
        panel.choose_answer(prediction)
        overlaid = saliency.show_map(prediction, choices, picture) if choices else None
    shown = NETWORK if prediction.galaxy.volunteers is None else BOTH
    with bench.answers:
        if choices and choices.side_by_side:
            saliency.show_all_answers(prediction, choices)
        explain_hardly_asked(prediction, shown)
        with st.container(key="flow"):
            arguments = show_chart(prediction, shown)
            with st.container(key="flow_list"):
                small = "" if overlaid is None else saliency.small_picture(overlaid)
                show_list(as_list(**arguments, selected_picture=small))
