"""Examples of an answer: galaxies that the volunteers were sure of, and our own drawings where there are too few."""

from collections.abc import Collection

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from galaxy_explorer.app.services import sources
from galaxy_explorer.app.services.result_cache import memo_of
from galaxy_explorer.app.ui.wording import ended, escaped
from galaxy_explorer.catalogue import DEBIASED, SAMPLE, Catalogue, VoteRange
from galaxy_explorer.decision_tree import INDEX, QUESTION_OF, mass_of, name_of, shares_from_fractions
from galaxy_explorer.drawn_galaxies import DRAWINGS, draw
from galaxy_explorer.images import ImageError, to_png

LEAST_ASKED = 0.5  # of the votes must have reached the question …
LEAST_SHARE = 0.6  # … and so many of these given the answer, or nobody was sure
WITHIN_ROUNDING = 0.005  # a mass of 0.496 counts as half
RULE = (
    f"Galaxies where at least {100 * LEAST_ASKED:.0f} % of the votes reached this question and at least "
    f"{100 * LEAST_SHARE:.0f} % of those asked gave this answer, the surest first. The number is that share."
)
MOST = 6
ENOUGH = 3  # examples of an answer, where drawings may make up for what is missing
GALAXY = "galaxy_explorer/app/galaxy/page.py"


def sure_examples(where: str, column: str, count: int = MOST, votes: str = DEBIASED) -> dict[str, float]:
    """Find the galaxies with the largest share of an answer, among those where most votes reached the question.

    Of galaxies with the same share, those come first where more of the votes reached the question.

    Parameters
    ----------
    where : str
        What `open_catalogue` takes: a value of `resources.sources`.
    column : str
        The answer's score column.
    count : int
        How many at most.
    votes : str
        Which kind, of galaxies that come with several.

    Returns
    -------
    dict of str to float
        The answer's share in [0, 1] by the galaxy's id, the surest first; fewer than asked for, or none, where
        volunteers were sure of fewer.
    """
    everything = sources.open_source(where, votes)
    memo = memo_of(everything, "sure examples", limit=100)
    return memo.recall((column, count), lambda: _sure_examples(everything, column, count))


def _sure_examples(everything: Catalogue, column: str, count: int) -> dict[str, float]:
    """Look for `sure_examples` in a catalogue."""
    sure = everything.rows(VoteRange(column, LEAST_SHARE).mask(everything, LEAST_ASKED - WITHIN_ROUNDING))
    fractions = sure.volunteer_fractions
    # Rounded, so that shares which only differ by how they were stored are equal.
    shares = shares_from_fractions(fractions)[:, INDEX[column]].round(4)
    mass = mass_of(QUESTION_OF[column].number, fractions)
    return {sure.ids[row]: float(shares[row]) for row in np.lexsort((-mass, -shares))[:count]}


@st.cache_data(max_entries=len(DRAWINGS) * ENOUGH, show_spinner=False)
def drawn_example(column: str, number: int) -> bytes:
    """Draw an example of an answer, as a PNG file."""
    return to_png(draw(column, number))


def show_examples(source: str, column: str, *, without: str = "", fill_up: bool = False) -> None:
    """Show examples of an answer: galaxies as links, and our drawings of it.

    Parameters
    ----------
    source : str
        Where the galaxies are from; of these as many are shown as volunteers were sure of, up to `MOST`.
    column : str
        The answer's score column.
    without : str, optional
        A galaxy that is shown already, and left out.
    fill_up : bool, optional
        Whether galaxies of the bundled sample, and then drawings, bring the examples to `ENOUGH`. Otherwise drawings
        are shown where there is no galaxy at all.
    """
    shown: list[str] = []
    with st.container(key=f"examples_{INDEX[column]}"):
        for name in dict.fromkeys((source, SAMPLE) if fill_up else (source,)):
            if len(shown) < ENOUGH:
                shown += _show_galaxies(name, column, {without, *shown})  # a folder may hold galaxies of the sample
        if not shown and not fill_up:
            st.caption(
                "Volunteers were sure of this answer for none of the galaxies here; these are our drawings of it:"
            )
        if not shown or fill_up:
            for number in range(max(ENOUGH - len(shown), 0)):
                _show_drawing(column, number)


def _show_galaxies(source: str, column: str, without: Collection[str]) -> list[str]:
    """Show the galaxies of a source that volunteers were sure of, but for some; give their ids."""
    galaxies = sources.catalogue(source)
    sure = sure_examples(sources.sources()[source], column, MOST + len(without), galaxies.vote_kind or DEBIASED)
    ids = [galaxy_id for galaxy_id in sure if galaxy_id not in without][:MOST]
    address = {"source": source, "answer": column} | sources.votes_in_address(galaxies)
    places = [_tile(address | {"galaxy": galaxy_id}, sure[galaxy_id]) for galaxy_id in ids]
    # All at once, and those that the sky does not give in time without a picture.
    for galaxy_id, place, small in zip(ids, places, sources.galaxy_thumbnails(galaxies, ids), strict=True):
        if isinstance(small, ImageError):
            place.caption(f"No picture: {ended(small)}")
        else:
            place.image(small, width="stretch", alt=f"Galaxy {galaxy_id}")
    return ids


def _tile(address: dict[str, str], share: float) -> DeltaGenerator:
    """Lay out one galaxy's tile, which is a link, and give the place of its picture."""
    galaxy_id = address["galaxy"]
    with st.container(key=f"tile_{INDEX[address['answer']]}_{galaxy_id}"):
        place = st.empty()
        st.page_link(GALAXY, label=f"{escaped(galaxy_id)} *{100 * share:.0f}\u00a0%*", query_params=address)
    return place


def _show_drawing(column: str, number: int) -> None:
    """Show one of the drawings of an answer, which says that it is one."""
    words = DRAWINGS[column][number].words
    with st.container(key=f"drawn_{INDEX[column]}_{number}"):
        answer = f"“{name_of(column)}”"
        st.image(drawn_example(column, number), width="stretch", alt=f"Our drawing of {answer}: {words}")
        st.caption(f"Drawing: {words}")
