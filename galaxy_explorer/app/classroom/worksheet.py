"""A worksheet to print: the galaxies of a class, the questions, and a table for the answers."""

import base64
from html import escape

import streamlit as st

from galaxy_explorer.app.services.classroom.rooms import class_galaxies
from galaxy_explorer.classroom import Classroom
from galaxy_explorer.decision_tree import ANSWER_OF, QUESTIONS, columns_of, tile_name_of

LETTERS = "abcdefg"
HINT = "Print this page with the browser: Ctrl+P, on a Mac ⌘P. Ten galaxies take two sheets of A4."
TASK = (
    "For each galaxy begin with question 1. Choose the answer that fits best, and write its letter into the table. The "
    "arrow leads to your next question; leave the other boxes empty. No answer is wrong: write what you see."
)


def show_worksheet(classroom: Classroom) -> None:
    """Draw the worksheet: galaxies on the first page, questions and table on the second."""
    galaxies = class_galaxies(classroom)
    pictures = "".join(_picture(number, galaxy.picture) for number, galaxy in enumerate(galaxies, 1))
    st.html(f"""
<p class="no-print">{HINT}</p>
<article class="worksheet">
<div><h1>{escape(classroom.title)}: what do you see?</h1><p>Name: <span class="line"></span></p></div>
<section class="pictures">{pictures}</section>
<section class="questions">
<h2>The questions of Galaxy Zoo</h2><p>{TASK}</p><ol class="tree">{_questions()}</ol></section>
<section class="answers" aria-label="My answers" tabindex="0"><h2>My answers</h2>{_table(len(galaxies))}
<p>The hardest galaxy was number <span class="line short"></span>, because <span class="line long"></span></p></section>
</article>""")


def _picture(number: int, picture: bytes) -> str:
    """Return a numbered picture."""
    url = f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"
    return f'<figure><img src="{url}" alt="Galaxy {number}"><figcaption>{number}</figcaption></figure>'


def _questions() -> str:
    """Return the questions with lettered answers, and where each of them leads."""
    items = ""
    for question in QUESTIONS:
        answers = ""
        for letter, column in zip(LETTERS, columns_of(question.number), strict=False):
            following = ANSWER_OF[column].leads_to
            arrow = "end" if following is None else f"→ {following}"
            answers += f"<li><b>{letter}</b> {escape(tile_name_of(column))} <small>{arrow}</small></li>"
        items += f'<li><b class="number">{question.number}</b> {escape(question.text)}<ul>{answers}</ul></li>'
    return items


def _table(galaxies: int) -> str:
    """Return an empty table, a line for each galaxy and a column for each question."""
    head = "".join(f"<th scope='col'>{question.number}</th>" for question in QUESTIONS)
    boxes = "<td></td>" * len(QUESTIONS)
    rows = "".join(f"<tr><th scope='row'>{number}</th>{boxes}</tr>" for number in range(1, galaxies + 1))
    return f"<table><thead><tr><th scope='col'>Galaxy</th>{head}</tr></thead><tbody>{rows}</tbody></table>"
