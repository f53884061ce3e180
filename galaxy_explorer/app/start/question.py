"""The question about the galaxy, with pictured answers."""

import numpy as np
import streamlit as st

from galaxy_explorer.app import state
from galaxy_explorer.app.asking.prediction import predict_soon
from galaxy_explorer.app.asking.question import progress_html, show_answers, show_back
from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy
from galaxy_explorer.app.start import answer_pictures, rounds
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
    progress = progress_html("What would you say?", len(answers), steps_left(answers))
    show_answers(
        f"{progress}<h2>{PROMPTS[number]}</h2>",
        {column: tile_name_of(column) for column in columns},
        lambda column: rounds.give_answer(column, votes),
    )
    with st.container(key="undo"):
        if answers:
            show_back(rounds.take_back)
        else:
            st.html(f'<p class="volunteers"><b>{label_of(HINT).capitalize()}</b>: {ANSWER_OF[HINT].meaning}</p>')
