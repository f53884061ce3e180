"""Galaxies that the volunteers were sure of, as examples of an answer."""

import numpy as np
import streamlit as st

from galaxy_explorer.catalogue import DEBIASED, VoteRange
from galaxy_explorer.decision_tree import ANSWER_OF, INDEX, QUESTION_OF, mass_of, shares_from_fractions
from galaxy_explorer.flow_chart import drawing
from galaxy_explorer.images import ImageError
from galaxy_explorer.views import resources

LEAST_ASKED = 0.5  # of the votes must have reached the question …
LEAST_SHARE = 0.5  # … and so many of these given the answer, or nobody was sure
RULE = (
    f"Galaxies where at least {100 * LEAST_ASKED:.0f} % of the votes reached this question and at least "
    f"{100 * LEAST_SHARE:.0f} % of those asked gave this answer, the surest first."
)
GALAXY = "galaxy_explorer/views/galaxy.py"


@st.cache_data(max_entries=400, show_spinner=False)
def sure_examples(where: str, column: str, count: int = 6, votes: str = DEBIASED) -> list[str]:
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
    list of str
        Ids, the surest first; fewer than asked for, or none, where volunteers were sure of fewer.
    """
    everything = resources.open_source(where, votes)
    sure = everything.rows(VoteRange(column, LEAST_SHARE).holds(everything, LEAST_ASKED))
    fractions = sure.volunteer_fractions
    # Rounded, so that shares which only differ by how they were stored are equal.
    shares = shares_from_fractions(fractions)[:, INDEX[column]].round(4)
    mass = mass_of(QUESTION_OF[column].number, fractions)
    return [sure.ids[row] for row in np.lexsort((-mass, -shares))[:count]]


def show_examples(source: str, column: str, count: int = 6, *, without: str = "") -> None:
    """Show examples of an answer as links to their galaxies; the answer's drawing where there are none.

    A galaxy that is shown already can be left out.
    """
    galaxies = resources.catalogue(source)
    sure = sure_examples(resources.sources()[source], column, count + 1, galaxies.vote_kind or DEBIASED)
    ids = [galaxy_id for galaxy_id in sure if galaxy_id != without][:count]
    with st.container(key=f"examples_{INDEX[column]}"):
        # All at once, and those that the sky does not give in time without a picture.
        for galaxy_id, small in zip(ids, resources.galaxy_thumbnails(galaxies, ids), strict=True):
            _tile(source, column, galaxy_id, small)
        if not ids:
            with st.container(key=f"drawn_{INDEX[column]}"):
                st.image(drawing(column, size_px=96), width=96, alt=f"A drawing of “{ANSWER_OF[column].name}”")
                st.caption("A drawing: volunteers were sure of this for none of the open galaxies.")


def _tile(source: str, column: str, galaxy_id: str, small: bytes | ImageError) -> None:
    """Show one galaxy as a link."""
    with st.container(key=f"tile_{INDEX[column]}_{galaxy_id}"):
        if isinstance(small, ImageError):
            st.caption(f"No picture: {small}")
        else:
            st.image(small, width="stretch", alt=f"Galaxy {galaxy_id}")
        address = {"source": source, "galaxy": galaxy_id, "answer": column}  # the galaxy page looks at the same answer
        st.page_link(GALAXY, label=galaxy_id, query_params=address)
