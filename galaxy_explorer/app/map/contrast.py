"""Which answers are more frequent in a selection than in the whole catalogue."""

from collections.abc import Mapping
from html import escape
from typing import NamedTuple

import numpy as np

from galaxy_explorer.catalogue import Votes
from galaxy_explorer.decision_tree import COLUMNS, QUESTION_OF, columns_of, label_of

SHOWN = 6  # answers
MIN_DIFFERENCE = 0.02  # of the mean vote fractions


class Contrast(NamedTuple):
    """Mean vote fraction of an answer in a selection and in all galaxies."""

    column: str
    here: float
    everywhere: float


def contrasts(votes: Votes, rows: np.ndarray, everywhere: Mapping[str, tuple[float, float]]) -> list[Contrast]:
    """Return the answers that differ most, in units of their standard deviation.

    Parameters
    ----------
    votes : Votes
    rows : (n,) np.ndarray of int
        The selection.
    everywhere : mapping of str to (float, float)
        What `mean_and_deviation` returns.

    Returns
    -------
    list of Contrast
        At most `SHOWN`, those that are more frequent here first; without answers such as "no bar", which "bar" implies.
    """
    found = []
    for column, (mean, deviation) in everywhere.items():
        values = votes.fractions(column)[rows]
        known = values[np.isfinite(values)]
        if len(known) and deviation > 0 and abs(difference := float(known.mean()) - mean) >= MIN_DIFFERENCE:
            found.append((abs(difference) / deviation, Contrast(column, mean + difference, mean)))
    strongest = sorted(found, key=lambda pair: -pair[0])[:SHOWN]
    return sorted((contrast for _, contrast in strongest), key=lambda each: each.everywhere - each.here)


def mean_and_deviation(votes: Votes) -> dict[str, tuple[float, float]]:
    """Return mean and standard deviation of the vote fractions of all galaxies, by answer."""
    found = {}
    for column in COLUMNS:
        if len(siblings := columns_of(QUESTION_OF[column].number)) == 2 and column == siblings[1]:
            continue
        values = votes.fractions(column)
        if (known := values[np.isfinite(values)]).size:
            found[column] = (float(known.mean(dtype=float)), float(known.std(dtype=float)))
    return found


def contrast_html(found: list[Contrast]) -> str:
    """Return the answers with two bars each, as a list that a screen reader reads."""
    rows = "".join(
        f"<li><span>{escape(label_of(each.column))}</span>"
        f'<b style="--here:{100 * each.here:.1f}%;--all:{100 * each.everywhere:.1f}%"></b>'
        f"<em>{_percent(each.here)}<small> here, </small><i>{_percent(each.everywhere)}</i>"
        "<small> everywhere</small></em></li>"
        for each in found
    )
    return f'<ul class="contrast">{rows}</ul>'


def _percent(fraction: float) -> str:
    """Format a fraction in per cent."""
    return f"{100 * fraction:.0f}\u00a0%"
