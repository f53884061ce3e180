"""Pictures of the answers, as variables of the style sheet.

They are of simulated galaxies, so that none is the one that is asked about.
"""

import base64
import io
from collections.abc import Iterable
from functools import cache

import numpy as np
import streamlit as st
from PIL import Image

from galaxy_explorer.app.asking.question import pictures_of_buttons
from galaxy_explorer.app.services import sources
from galaxy_explorer.catalogue import SIMULATED
from galaxy_explorer.decision_tree import INDEX
from galaxy_explorer.images import central_field

PART, SIDE_PX, GAIN = 0.6, 220, 1.4  # of the field of view, and how much brighter than on the sky
STAR, NOTHING_ODD = "Class1.3", "Class6.2"
ODD = ("Class6.1", "Class8")
NIGHT = (12, 19, 36)  # the sky of the answers, as --night in the style sheet
RIM = 0.25  # part of half a side in which a picture fades into it: tiles are wider than pictures


def clearest_row(fractions: np.ndarray, column: str) -> int:
    """Return the galaxy that most people would give an answer, and nothing odd."""
    plain = fractions[:, INDEX[NOTHING_ODD]] * (1 - fractions[:, INDEX[STAR]])  # a star has "nothing odd", too
    return int(np.argmax(fractions[:, INDEX[column]] * (1 if column == STAR or column.startswith(ODD) else plain)))


@cache
def _picture(column: str) -> str:
    """Return the galaxy that shows an answer best as a data URL of 4 kB."""
    survey = sources.open_source(SIMULATED)
    row = clearest_row(survey.volunteer_fractions, column)
    light = GAIN * central_field(survey.picture(survey.ids[row]), PART, SIDE_PX, survey.field_of_view).astype(float)
    fade = np.clip((1 - abs(np.linspace(-1, 1, SIDE_PX))) / RIM, 0, 1)
    shown = np.clip(NIGHT + (fade[:, None] * fade)[..., None] * light, 0, 255)
    file = io.BytesIO()
    Image.fromarray(shown.round().astype(np.uint8)).save(file, "WEBP", quality=80, method=2)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"


def variable(column: str) -> str:
    """Return the name of the variable of an answer's picture."""
    return f"--{column.lower().replace('.', '-')}"


def declare(columns: Iterable[str], buttons: Iterable[str] = ()) -> None:
    """Declare the variables of pictures; the buttons ``answer_0``, … show those of `buttons`."""
    rules = "".join(f"{variable(column)}:url({_picture(column)});" for column in dict.fromkeys([*columns, *buttons]))
    shown = pictures_of_buttons({column: f"var({variable(column)})" for column in buttons})
    st.html(f"<style>.st-key-quiz{{{rules}}}{shown}</style>")
