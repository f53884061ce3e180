"""The selected answer: one choice, made in select box, chart, list or by a button."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.state import Key
from galaxy_explorer.decision_tree import INDEX, QUESTION_OF, SLICES, label_of, most_likely_path

# They say what a galaxy lacks, or only lead to the next question.
NOT_TELLING = ("Class1.2", "Class2.2", "Class3.2", "Class4.2", "Class6.2")
LIST = Path(__file__).with_name("answer_list")  # its style sheet and script


def answer_label(column: str) -> str:
    """Return the label of an answer in a list of all 37."""
    return f"{QUESTION_OF[column].number} · {label_of(column)}"


def selected_answer() -> str:
    """Return the column of the selected answer; None before the panel is drawn."""
    return state.widget(Key.ANSWER)


def select_answer(column: object) -> None:
    """Select an answer; anything but an answer's column is ignored."""
    if column in INDEX:
        state.set_widget(Key.ANSWER, column)


def asked_answer() -> str | None:
    """Return the answer that the visitor or the URL chose last, which the next galaxies keep."""
    panel, selected = state.panel(), selected_answer()
    if selected in INDEX and selected != panel.own_answer:
        panel.asked_answer, panel.own_answer = selected, ""
    return panel.asked_answer


def start_answer(shown: str, fractions: np.ndarray, usual: Sequence[float] | None) -> None:
    """Select an answer for a new galaxy.

    The one that the visitor or the URL chose; else the most telling.

    Parameters
    ----------
    shown : str
        Name of the galaxy, by which a new one is recognised.
    fractions, usual : (37,) sequence of float
        Predicted vote fractions, and their means over the training galaxies; None if the model card has none.
    """
    panel, before, asked = state.panel(), selected_answer(), asked_answer()
    requested, panel.requested_answer = panel.requested_answer, None
    is_new, panel.answer_of = panel.answer_of != shown, shown
    if is_new:
        panel.opened = set()
    if requested in INDEX:
        asked = requested
    elif before in INDEX and not is_new:
        return
    elif state.shared().arrived and is_new:
        asked = None
    own = most_telling(fractions, usual)
    panel.asked_answer, panel.own_answer = asked, "" if asked else own
    state.set_widget(Key.ANSWER, asked or own)


def most_telling(fractions: np.ndarray, usual: Sequence[float] | None) -> str:
    """Return the answer of the likeliest path whose fraction is furthest above the usual.

    Of the answers that name something to see: never “features or disk”, “not edge-on”, “no bar”, “no spiral arms” or
    “nothing odd”, unless there is no other.
    """
    path = [column for column, _ in most_likely_path(fractions)]
    path = [column for column in path if column not in NOT_TELLING] or path
    excess = np.asarray(fractions) - (fractions if usual is None else usual)
    return max(path, key=lambda column: excess[INDEX[column]])  # the first if nothing is usual


def select_clicked() -> None:
    """Select the answer that was clicked in the chart."""
    points = state.widget(Key.CHART)["selection"]["points"]
    if points:  # a click next to the answers selects nothing
        select_answer(points[0].get("customdata"))


def select_pressed() -> None:
    """Select the answer that was pressed in the list."""
    select_answer(state.widget(Key.ANSWER_LIST).get("tapped"))


def press_question() -> None:
    """Open or fold the question that was pressed in the list, which lies over the chart."""
    toggle_question(state.widget(Key.ANSWER_LIST).get("question"))


def toggle_question(number: object) -> None:
    """Open a question that few votes reach, or fold it; other values are ignored."""
    if number in SLICES:
        state.panel().opened ^= {number}


def show_list(html: str) -> None:
    """Draw the list form of the flow-chart; a press selects an answer or opens a question."""
    css, js = (LIST.with_suffix(ending).read_text(encoding="utf-8") for ending in (".css", ".js"))
    # Defined in each run: a definition belongs to the running server, and repeating it takes no time.
    component = st.components.v2.component(
        "answer_list",
        html='<div class="answers" role="group" aria-label="Answers; arrow keys move between them"></div>',
        css=css,
        js=js,
        isolate_styles=False,
    )
    component(key=Key.ANSWER_LIST, data=html, on_tapped_change=select_pressed, on_question_change=press_question)
