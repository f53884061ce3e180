"""The paths of visitor, volunteers and network next to one another."""

from collections.abc import Sequence
from concurrent.futures import wait
from html import escape
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from galaxy_explorer.app import paths, state
from galaxy_explorer.app.asking.prediction import Prediction, predict_soon
from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy
from galaxy_explorer.app.services import sources
from galaxy_explorer.app.start import answer_pictures, rounds
from galaxy_explorer.app.start.quiz import differing, path_of, questions_of, verdict_in_words
from galaxy_explorer.app.ui.wording import with_full_stop
from galaxy_explorer.decision_tree import QUESTION_OF, label_of

CHECK_INTERVAL_S = 0.3  # the visitor may press a button while the page waits for the network
STEPS = 5  # of the longest path
ASIDES = {"same": ", as you said", "differs": ", unlike you"}

AnswerPath = Sequence[tuple[str, float | None]]  # columns and shares; None without shares


def show_comparison(galaxy: ShownGalaxy, votes: np.ndarray) -> None:
    """Draw the verdict, the three paths, and what to do next; the network's path may come later."""
    answers = state.start().answers
    future = predict_soon(galaxy)
    st.html(score_html(state.start().agreed))
    verdict, rows, network = st.empty(), st.container(key="paths"), st.empty()
    slots = {name: rows.empty() for name in ("You", "Volunteers", "Network")}
    _show_next()
    rest: dict[str, AnswerPath] = {"You": [(column, None) for column in answers], "Volunteers": path_of(votes)}
    if late := not future.done():
        verdict.html(_verdict(answers, votes, None))
        _show_paths(rest, slots)
        _wait(future, slots["Network"])
    with network:
        predicted = _result(future)
    _show_paths(rest | ({} if predicted is None else {"Network": path_of(predicted)}), slots, late)
    verdict.html(_verdict(answers, votes, predicted, late))


def path_html(
    name: str, path: AnswerPath, answers: Sequence[str], questions: Sequence[int] | None = None, late: bool = False
) -> str:
    """Return a path as a list of pictured answers, marked as like or unlike the visitor's.

    Parameters
    ----------
    name : str
        Of the side: ``You``, ``Volunteers`` or ``Network``.
    path : sequence of (str, float or None)
        Columns and shares; None without shares.
    answers : sequence of str
        The visitor's answers.
    questions : sequence of int, optional
        Question of each place; a place whose question the path does not answer stays empty. By default
        those of the path.
    late : bool, optional
        Whether the other paths have already lit up.
    """
    places = questions_of([[column for column, _ in path]]) if questions is None else list(questions)
    unlike = differing([column for column, _ in path], answers)
    steps = ""
    for column, share in sorted(path, key=lambda step: places.index(QUESTION_OF[step[0]].number)):
        mark = "same" if column in answers else "differs" if column in unlike else ""
        steps += _step(places.index(QUESTION_OF[column].number), column, share, mark)
    kind = f"way-{name.lower()}{' late' * late}"
    return f'<div class="way {kind}" style="--places:{len(places)}"><h3>{name}</h3><ol>{steps}</ol></div>'


def _step(place: int, column: str, share: float | None, mark: str) -> str:
    """Return one answer of a path."""
    bar = ""
    if share is not None:
        percent = f"{100 * share:.0f}\u00a0%"
        bar = f'<span class="bar" style="--share:{share:.3f}"></span> <small>{percent}</small>'
        bar += f'<span class="aside">{ASIDES[mark]}</span>' if mark else ""
    style = f"--place:{place + 1};--picture:var({answer_pictures.variable(column)})"
    marked = f" {mark}" if mark and share is not None else ""
    return f'<li class="step{marked}" style="{style}"><b>{escape(label_of(column))}</b>{bar}</li>'


def _show_paths(sides: dict[str, AnswerPath], slots: dict[str, DeltaGenerator], late: bool = False) -> None:
    """Draw paths, with one place for each question that any of them answers."""
    answers = state.start().answers
    questions = questions_of([column for column, _ in path] for path in sides.values())
    for name, path in sides.items():
        with slots[name].container():
            answer_pictures.declare(column for column, _ in path)
            st.html(path_html(name, path, answers, questions, late and name == "Network"))


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
