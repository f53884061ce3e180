"""The question about the galaxy, with pictured answers."""

import numpy as np
import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy
from galaxy_explorer.app.start import answer_pictures, rounds
from galaxy_explorer.app.start.prediction import predict_soon
from galaxy_explorer.app.start.quiz import PROMPTS, steps_left
from galaxy_explorer.decision_tree import ANSWER_OF, columns_of, label_of, tile_name_of

HINT = "Class1.3"  # a tooltip would not be found on a phone


def show_question(number: int, galaxy: ShownGalaxy, votes: np.ndarray) -> None:
    """Draw a question; its answers are buttons, which keep places and focus until the last."""
    answers = state.start().answers
    if answers:  # a visitor who only passes by needs no network
        predict_soon(galaxy)
    columns = columns_of(number)
    answer_pictures.declare((), buttons=columns)
    st.html(f"{_progress(len(answers), steps_left(answers))}<h2>{PROMPTS[number]}</h2>")
    with st.container(key="answers"):
        for place, column in enumerate(columns):
            st.button(
                tile_name_of(column),
                key=f"answer_{place}",
                on_click=rounds.give_answer,
                args=(column, votes),
                shortcut=str(place + 1),
                width="stretch",
                wrap=True,
            )
    with st.container(key="undo"):
        if answers:
            st.button("Back", type="tertiary", icon=":material/undo:", on_click=rounds.take_back, shortcut="Backspace")
        else:
            st.html(f'<p class="volunteers"><b>{label_of(HINT).capitalize()}</b>: {ANSWER_OF[HINT].meaning}</p>')


def _progress(done: int, left: int) -> str:
    """Return the eyebrow over the question, with a mark for each step."""
    steps = "".join(
        f'<i class="{"done" if step < done else "now" if step == done else ""}"></i>' for step in range(done + left)
    )
    return f'<p class="eyebrow">What would you say? <span class="steps" aria-hidden="true">{steps}</span></p>'
