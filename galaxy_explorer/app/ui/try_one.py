"""What a page shows while it is empty: pictures of galaxies to press, and what it does."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import streamlit as st

from galaxy_explorer.app.ui.wording import escape_markdown


class Example(NamedTuple):
    """A galaxy to try."""

    name: str  # handed on when it is pressed
    title: str
    words: str  # a few, under the title
    picture: bytes | np.ndarray


def show_examples(examples: Sequence[Example], choose: Callable[[str], None], key: str) -> None:
    """Show galaxies as pictures to press.

    Parameters
    ----------
    examples : sequence of Example
        The galaxies.
    choose : callable
        Called with the name of the galaxy that is pressed.
    key : str
        Part of the containers' keys.
    """
    with st.container(key=f"try_{key}"):
        for number, example in enumerate(examples, 1):
            with st.container(key=f"tile_try_{key}_{number}"):
                st.image(example.picture, width="stretch", alt="")  # the button over it names the galaxy
                words = f" *{escape_markdown(example.words)}*" if example.words else ""
                label = f"{escape_markdown(example.title)}{words}"
                st.button(label, on_click=choose, args=(example.name,), width="stretch", wrap=True)


def show_steps(steps: Mapping[str, str], key: str) -> None:
    """Show short texts side by side: Markdown by its icon and its first words."""
    with st.container(key=f"steps_{key}"):
        for column, (name, words) in zip(st.columns(len(steps), gap="medium"), steps.items(), strict=True):
            column.markdown(f"{name} {words}")
