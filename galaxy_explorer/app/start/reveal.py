"""The paths of visitor, volunteers and network next to one another."""

from collections.abc import Sequence
from concurrent.futures import wait
from html import escape
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from galaxy_explorer.app import paths, state
from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.start import drawings, rounds
from galaxy_explorer.app.start.prediction import Prediction, predict_soon
from galaxy_explorer.app.start.quiz import path_of, verdict_in_words
from galaxy_explorer.app.ui.wording import with_full_stop
from galaxy_explorer.decision_tree import label_of

CHECK_INTERVAL_S = 0.3  # the visitor may press a button while the page waits for the network
STEPS = 5  # of the longest path


def show_comparison(galaxy: ShownGalaxy, votes: np.ndarray) -> None:
    """Draw the verdict, the three paths, and what to do next; the network's path may come later."""
    answers = state.start().answers
    future = predict_soon(galaxy)
    st.html(score_html(state.start().agreed))
    verdict, rows, network = st.empty(), st.container(key="paths"), st.empty()
    with rows:
        _show_path("You", [(column, None) for column in answers], answers)
        _show_path("Volunteers", path_of(votes), answers)
        slot = st.empty()
    _show_next()
    if late := not future.done():
        verdict.html(_verdict(answers, votes, None))
        _wait(future, slot)
    with network:
        predicted = _result(future)
    with slot:
        if predicted is not None:
            _show_path("Network", path_of(predicted), answers, late)
    verdict.html(_verdict(answers, votes, predicted, late))


def path_html(name: str, path: Sequence[tuple[str, float | None]], answers: Sequence[str], late: bool = False) -> str:
    """Return a path as a list of drawn answers; those of the visitor are highlighted.

    Parameters
    ----------
    name : str
        Of the side: ``You``, ``Volunteers`` or ``Network``.
    path : sequence of (str, float or None)
        Columns and shares; None without shares.
    answers : sequence of str
        The visitor's answers.
    late : bool, optional
        Whether the other paths have already lit up.
    """
    steps = "".join(_step(number, *step, step[0] in answers) for number, step in enumerate(path))
    kind = f"way-{name.lower()}{' late' * late}"
    return f'<div class="way {kind}"><h3>{name}</h3><ol>{steps}</ol></div>'


def _step(number: int, column: str, share: float | None, same: bool) -> str:
    """Return one answer of a path."""
    bar = ""
    if share is not None:
        percent = f"{100 * share:.0f}\u00a0%"
        bar = f'<span class="bar" style="--share:{share:.3f}"></span> <small>{percent}</small>'
        bar += '<span class="aside">, as you said</span>' if same else ""
    style = f"--step:{number};--drawing:var({drawings.variable(column)})"
    marked = " same" if same and share is not None else ""
    return f'<li class="step{marked}" style="{style}"><b>{escape(label_of(column))}</b>{bar}</li>'


def _show_path(name: str, path: Sequence[tuple[str, float | None]], answers: Sequence[str], late: bool = False) -> None:
    """Draw a path."""
    with st.container(key=f"path_{name.lower()}"):
        drawings.declare(column for column, _ in path)
        st.html(path_html(name, path, answers, late))


def _verdict(answers: list[str], votes: np.ndarray, predicted: np.ndarray | None, late: bool = False) -> str:
    """Return the verdict as the heading of the comparison."""
    words = escape(verdict_in_words(answers, votes, predicted))
    return f'<div role="status"><h2 class="verdict{" late" * late}">{words}</h2></div>'


def _wait(future: Prediction, slot: DeltaGenerator) -> None:
    """Show a skeleton of the network's path until its prediction is there."""
    bones = '<li class="step bone"></li>' * STEPS
    text = '<p class="aside" role="status">Predicting …</p>'
    while not wait([future], CHECK_INTERVAL_S).done:
        slot.html(f'<div class="way way-network"><h3>Network</h3>{text}<ol aria-hidden="true">{bones}</ol></div>')


def _result(future: Prediction) -> np.ndarray | None:
    """Return the prediction, or None with a message."""
    if error := future.exception():
        st.caption(f"The network cannot predict: {with_full_stop(error)}")
        return None
    return future.result()


def _show_next() -> None:
    """Draw the ways to the next galaxy and to all about this one."""
    source, galaxy_id = state.start().galaxy or ("", "")
    with st.container(key="next", horizontal=True, vertical_alignment="center"):
        action: dict[str, Any] = {"type": "primary", "icon": ":material/arrow_forward:", "shortcut": "N"}
        st.button("Another one", on_click=rounds.advance, **action)
        params = {"source": source, "galaxy": galaxy_id} | sources.vote_params(sources.catalogue(source))
        st.page_link(
            paths.GALAXY, label="See everything about this galaxy", icon=":material/flare:", query_params=params
        )


def score_html(agreed: Sequence[bool]) -> str:
    """Return how often the visitor agreed: ``3 of 4 like the volunteers``."""
    stars = "".join(f'<i class="{"hit" if one else "miss"}"></i>' for one in agreed)
    words = f"{sum(agreed)} of {len(agreed)} like the volunteers"
    return f'<p class="eyebrow">{words} <span class="score" aria-hidden="true">{stars}</span></p>'
