"""A question with its answers as drawn buttons, keys for them, and the way back."""

from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st

STYLE = Path(__file__).with_name("asking.css")


def show_answers(heading: str, labels: Mapping[str, str], answer: Callable[[str], None]) -> None:
    """Draw a question; its answers are buttons, which keep places and focus until the last.

    Parameters
    ----------
    heading : str
        HTML of what stands over the answers.
    labels : mapping of str to str
        Label of each answer by its score column; the keys 1, 2, … press them.
    answer : callable
        Called with the score column that was pressed.
    """
    st.html(heading)
    with st.container(key="answers"):
        for place, (column, label) in enumerate(labels.items()):
            st.button(
                label,
                key=f"answer_{place}",
                on_click=answer,
                args=(column,),
                shortcut=str(place + 1),
                width="stretch",
                wrap=True,
            )


def show_back(take_back: Callable[[], None]) -> None:
    """Draw the button that takes the last answer back; so does Backspace."""
    st.button("Back", type="tertiary", icon=":material/undo:", on_click=take_back, shortcut="Backspace")


def pictures_of_buttons(pictures: Mapping[str, str]) -> str:
    """Return the style of the buttons ``answer_0``, …, which shows a CSS image on each."""
    return "".join(f".st-key-answer_{place}{{--picture:{image}}}" for place, image in enumerate(pictures.values()))


def progress_html(words: str, done: int, left: int) -> str:
    """Return the line over a question, with a mark for each step."""
    steps = "".join(
        f'<i class="{"done" if step < done else "now" if step == done else ""}"></i>' for step in range(done + left)
    )
    return f'<p class="eyebrow">{words} <span class="steps" aria-hidden="true">{steps}</span></p>'
