"""Drawings of the answers, as variables of the style sheet."""

import base64
import io
from collections.abc import Iterable
from functools import cache

import numpy as np
import streamlit as st
from PIL import Image

from galaxy_explorer.app.asking.question import pictures_of_buttons
from galaxy_explorer.app.start.quiz import DRAWING_OF
from galaxy_explorer.drawn_galaxies import draw

NIGHT = (12, 19, 36)  # the dark of the drawings, as --night in the style sheet
RIM = 0.25  # part of half a side in which a drawing fades into it: tiles are wider than drawings


@cache
def _drawing(column: str) -> str:
    """Return the drawing of an answer as a data URL of 2 kB."""
    drawing = draw(column, DRAWING_OF.get(column, 0))
    fade = np.clip((1 - abs(np.linspace(-1, 1, len(drawing)))) / RIM, 0, 1)
    faded = NIGHT + (fade[:, None] * fade)[..., None] * (drawing.astype(float) - NIGHT)
    file = io.BytesIO()
    Image.fromarray(faded.round().astype(np.uint8)).save(file, "WEBP", quality=80, method=2)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"


def variable(column: str) -> str:
    """Return the name of the variable of an answer's drawing."""
    return f"--{column.lower().replace('.', '-')}"


def declare(columns: Iterable[str], buttons: Iterable[str] = ()) -> None:
    """Declare the variables of drawings; the buttons ``answer_0``, … show those of `buttons`."""
    rules = "".join(f"{variable(column)}:url({_drawing(column)});" for column in dict.fromkeys([*columns, *buttons]))
    shown = pictures_of_buttons({column: f"var({variable(column)})" for column in buttons})
    st.html(f"<style>.st-key-quiz{{{rules}}}{shown}</style>")
