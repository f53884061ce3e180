"""Bundled galaxies to try, each with a button, on a page that is empty at first."""

from collections.abc import Callable, Sequence

import streamlit as st

from galaxy_explorer.app.services import sources
from galaxy_explorer.catalogue import SAMPLE


def show_examples(galaxy_ids: Sequence[str], choose: Callable[[str], None]) -> None:
    """Show galaxies of the bundled sample, each over a button.

    Parameters
    ----------
    galaxy_ids : sequence of str
        The galaxies.
    choose : callable
        Called with the id of the galaxy whose button is pressed.
    """
    st.markdown("Or try one of these galaxies:")
    with st.container(key="examples", horizontal=True, gap="medium"):
        for number, galaxy_id in enumerate(galaxy_ids, 1):
            with st.container(width=150):
                picture = sources.galaxy_thumbnail(SAMPLE, galaxy_id)
                st.image(picture, width="stretch", alt=f"Example {number}, galaxy {galaxy_id} of the bundled sample")
                st.button(f"Try example {number}", on_click=choose, args=(galaxy_id,), width="stretch")
