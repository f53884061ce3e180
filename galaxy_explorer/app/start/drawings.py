"""Drawings of the answers, as variables of the style sheet."""

import base64
import io
from collections.abc import Iterable
from functools import cache

import streamlit as st
from PIL import Image

from galaxy_explorer.app.start.quiz import DRAWING_OF
from galaxy_explorer.drawn_galaxies import draw


@cache
def _drawing(column: str) -> str:
    """Return the drawing of an answer as a data URL of 2 kB."""
    file = io.BytesIO()
    Image.fromarray(draw(column, DRAWING_OF.get(column, 0))).save(file, "WEBP", quality=80, method=2)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"


def variable(column: str) -> str:
    """Return the name of the variable of an answer's drawing."""
    return f"--{column.lower().replace('.', '-')}"


def declare(columns: Iterable[str], buttons: Iterable[str] = ()) -> None:
    """Declare the variables of drawings; the buttons ``answer_0``, … show those of `buttons`."""
    rules = "".join(f"{variable(column)}:url({_drawing(column)});" for column in dict.fromkeys([*columns, *buttons]))
    shown = "".join(
        f".st-key-answer_{number}{{--drawing:var({variable(column)})}}" for number, column in enumerate(buttons)
    )
    st.html(f"<style>.st-key-quiz{{{rules}}}{shown}</style>")
