"""All questions about one galaxy, one at a time, until the visitor submits the answers."""

import base64
import io
from functools import cache
from html import escape
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

from galaxy_explorer.app import state
from galaxy_explorer.app.asking.question import STYLE, pictures_of_buttons, progress_html, show_answers, show_back
from galaxy_explorer.app.panel.shown_galaxy import ShownGalaxy
from galaxy_explorer.app.ui.wording import escape_markdown
from galaxy_explorer.decision_tree import ANSWER_OF, QUESTION_OF, QUESTIONS, columns_of, label_of, tile_name_of
from galaxy_explorer.flow_chart.icons import drawing
from galaxy_explorer.votes import next_question

STYLES = (STYLE, Path(__file__).with_name("vote.css"))
SIDE_PX = 848  # twice the volunteers' picture
PICTURE_ALT = "The galaxy to look at, in the middle of the picture"


def ask(galaxy: ShownGalaxy, *, title: str = "Vote", note: str = "", purpose: str = "") -> tuple[str, ...] | None:
    """Draw the galaxy and the next question; return the answers once they are submitted.

    No one's answers are shown. The keys 1 to 7 answer, Backspace takes back, S submits.

    Parameters
    ----------
    galaxy : ShownGalaxy
        The galaxy.
    title : str, optional
        The heading of the page.
    note : str, optional
        A line below it, such as ``Galaxy 3 of 10``.
    purpose : str, optional
        What the answers are for: the same galaxy is asked about again for another purpose.

    Returns
    -------
    tuple of str or None
        Score columns from question 1 to the end, and nothing is drawn; None as long as the visitor answers.
    """
    asked = state.asking()
    about = (*galaxy.key, purpose)
    if asked.about != about:
        asked.about, asked.answers, asked.submitted = about, [], False
    if asked.submitted:
        return tuple(asked.answers)
    for style in STYLES:
        st.html(style)
    with st.container(key="quiz"):
        with st.container(key="title"):
            st.title(escape_markdown(title), anchor=False)
            if note:
                st.html(f'<p class="note">{escape(note)}</p>')
        with st.container(key="view"):
            st.image(_picture(galaxy.key, galaxy), width="stretch", alt=PICTURE_ALT)
        with st.container(key="ask"):
            number = next_question(asked.answers)
            if number is None:
                _review(asked.answers)
            else:
                _show_question(number, asked.answers)
    return None


def forget() -> None:
    """Ask about the same galaxy from the beginning."""
    asked = state.asking()
    asked.about, asked.answers, asked.submitted = (), [], False


def icon_url(column: str) -> str:
    """Return the icon of an answer on a dark ground, as a data URL."""
    return f"data:image/svg+xml;base64,{base64.b64encode(drawing(column, size_px=80).encode()).decode()}"


def answer_list(answers: list[str] | tuple[str, ...]) -> str:
    """Return answers with their icons, as an HTML list."""
    items = "".join(
        f'<li><img alt="" src="{icon_url(column)}"><span>{escape(QUESTION_OF[column].short)}</span>'
        f"<b>{escape(tile_name_of(column))}</b></li>"
        for column in answers
    )
    return f'<ol class="given">{items}</ol>'


def _show_question(number: int, answers: list[str]) -> None:
    """Draw one question, help on its answers, and the way back."""
    columns = columns_of(number)
    st.html(f"<style>{pictures_of_buttons({column: f'url({icon_url(column)})' for column in columns})}</style>")
    question = next(one for one in QUESTIONS if one.number == number)
    progress = progress_html(f"Question {len(answers) + 1}", len(answers), _longest(number))
    labels = {column: f"**{tile_name_of(column)}**  \n{ANSWER_OF[column].meaning}" for column in columns}
    show_answers(f"{progress}<h2>{escape(question.text)}</h2>", labels, _give)
    with st.container(key="undo", horizontal=True, vertical_alignment="center"):
        if answers:
            show_back(_take_back)
        with st.popover("Help", icon=":material/help:", type="tertiary", key=f"help_{number}"):
            st.html(_help(columns))


def _review(answers: list[str]) -> None:
    """Draw all answers, to be submitted or taken back: afterwards those of others are shown."""
    st.html(f"{progress_html('Your answers', len(answers), 0)}<h2>Submit them?</h2>{answer_list(answers)}")
    with st.container(key="undo", horizontal=True, vertical_alignment="center"):
        st.button("Submit", type="primary", icon=":material/how_to_vote:", on_click=_submit, shortcut="S")
        show_back(_take_back)


def _help(columns: tuple[str, ...]) -> str:
    """Return what the answers of a question mean, as an HTML list."""
    items = "".join(
        f'<li><img alt="" src="{icon_url(column)}"><span><b>{escape(label_of(column))}</b> '
        f"{escape(ANSWER_OF[column].meaning)}</span></li>"
        for column in columns
    )
    return f'<ul class="meanings">{items}</ul><p>Keys: 1 to {len(columns)} answer, Backspace takes back.</p>'


def _give(column: str) -> None:
    """Record an answer to the question; a second press, faster than the page, is ignored."""
    asked = state.asking()
    number = next_question(asked.answers)
    if number is not None and column in columns_of(number):
        asked.answers = [*asked.answers, column]


def _take_back() -> None:
    """Remove the last answer."""
    state.asking().answers = state.asking().answers[:-1]


def _submit() -> None:
    """Submit the answers, if they are complete."""
    asked = state.asking()
    asked.submitted = next_question(asked.answers) is None


@cache
def _longest(number: int) -> int:
    """Return the largest number of questions from this one to the end."""
    following = {ANSWER_OF[column].leads_to for column in columns_of(number)}
    return 1 + max(0 if one is None else _longest(one) for one in following)


@st.cache_data(max_entries=50, show_spinner=False)
def _picture(key: tuple[str, ...], _galaxy: ShownGalaxy) -> bytes:
    """Return the picture as the volunteers saw it, enlarged, as a JPEG file."""
    image = Image.fromarray(np.asarray(_galaxy.shown))
    scale = SIDE_PX / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    file = io.BytesIO()
    image.resize(size, Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
    return file.getvalue()
