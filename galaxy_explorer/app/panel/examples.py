"""Examples of an answer: galaxies with a clear majority for it, real ones first."""

from collections.abc import Collection

import numpy as np
import streamlit as st

from galaxy_explorer.app.services import sources
from galaxy_explorer.app.services.result_cache import catalogue_result
from galaxy_explorer.app.ui.tiles import show_tiles
from galaxy_explorer.app.ui.wording import escape_markdown, with_full_stop
from galaxy_explorer.catalogue import DEBIASED, SAMPLE, SIMULATED, Catalogue, VoteRange
from galaxy_explorer.decision_tree import INDEX, QUESTION_OF, label_of, mass_of, shares_from_fractions

MIN_ASKED = 0.5  # of the votes must have reached the question
MIN_SHARE = 0.6  # for a clear majority
ROUNDING = 0.005  # a mass of 0.496 counts as half
RULE = (
    f"Galaxies with at least {100 * MIN_ASKED:.0f} % of the votes on this question and an answer share of at least "
    f"{100 * MIN_SHARE:.0f} %, the highest first. The number is the answer share."
)
MAX_EXAMPLES = 6
ENOUGH = 3  # examples of an answer; simulated galaxies are added to fewer


def find_examples(where: str, column: str, count: int = MAX_EXAMPLES, votes: str = DEBIASED) -> dict[str, float]:
    """Return the largest shares of an answer by galaxy id, of galaxies with most votes on it.

    Of equal shares, those of galaxies with more votes on the question come first.
    """
    catalogue = sources.open_source(where, votes)
    key = ("examples", column, count)
    return catalogue_result(catalogue, key, lambda: _find_examples(catalogue, column, count))


def _find_examples(catalogue: Catalogue, column: str, count: int) -> dict[str, float]:
    """Find examples in a catalogue."""
    clear = catalogue.rows(VoteRange(column, MIN_SHARE).mask(catalogue.votes, MIN_ASKED - ROUNDING))
    fractions = clear.volunteer_fractions
    # Rounded, so that shares which only differ by how they were stored are equal.
    shares = shares_from_fractions(fractions)[:, INDEX[column]].round(4)
    mass = mass_of(QUESTION_OF[column].number, fractions)
    return {clear.ids[row]: float(shares[row]) for row in np.lexsort((-mass, -shares))[:count]}


def show_examples(source: str, column: str, *, without: str = "", fill_up: bool = False) -> None:
    """Draw examples of an answer as links: galaxies of a source, or else simulated ones.

    Parameters
    ----------
    source : str
        The source of the galaxies.
    column : str
        The answer's score column.
    without : str, optional
        A galaxy that is already shown.
    fill_up : bool, optional
        Whether galaxies of the bundled sample, and then simulated ones, fill up to `ENOUGH` examples. Otherwise
        simulated ones are shown only if there is no other.
    """
    shown: list[str] = []
    with st.container(key=f"examples_{INDEX[column]}"):
        for name in dict.fromkeys((source, SAMPLE) if fill_up else (source,)):
            if len(shown) < ENOUGH:
                shown += _show_galaxies(name, column, {without, *shown})  # a folder may contain galaxies of the sample
        if source == SIMULATED or (shown and not fill_up):
            return
        if not shown and not fill_up:
            st.caption("No other galaxy here has a clear majority for this answer; these are simulated.")
        if len(shown) < ENOUGH:
            _show_galaxies(SIMULATED, column, {without}, ENOUGH - len(shown))


def _show_galaxies(source: str, column: str, without: Collection[str], count: int = MAX_EXAMPLES) -> list[str]:
    """Draw the examples of a source, except for some galaxies, and return their ids."""
    catalogue = sources.catalogue(source)
    votes = catalogue.vote_kind or DEBIASED
    found = find_examples(sources.sources()[source], column, MAX_EXAMPLES + len(without), votes)
    ids = [galaxy_id for galaxy_id in found if galaxy_id not in without][:count]
    params = {"source": source, "answer": column} | sources.vote_params(catalogue)
    captions = {galaxy_id: f"{label_of(column)} {100 * found[galaxy_id]:.0f}\u00a0%" for galaxy_id in ids}
    for galaxy_id, error in show_tiles(catalogue, params, captions, f"tile_{INDEX[column]}").items():
        st.caption(f"No picture of {escape_markdown(galaxy_id)}: {with_full_stop(error)}")
    return ids
