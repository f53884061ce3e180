"""Check of each end of the prediction intervals, and the scatter of votes alone."""

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np

from galaxy_explorer.decision_tree import SLICES, shares_from_fractions
from galaxy_explorer.evaluation.intervals import ROUNDING, IntervalModel, masses_of

BINS = (0.0, 0.01, 0.05, 0.1, 0.3, 1.0)  # of the prediction
MASS_BINS = (0.02, 0.1, 0.3)  # of the predicted mass of a question: few votes reach it
STRETCHES = (0.98, 1.02)  # of the ends' distances from the prediction
VOLUNTEERS = 44  # a galaxy: the median (Willett et al. 2013)

Check = Mapping[str, Mapping[str, float]]  # figures of `_figures` by group of votes


def check_intervals(interval_model: IntervalModel, predicted: np.ndarray, volunteers: np.ndarray) -> dict[str, Check]:
    """Measure each end of the intervals on galaxies that it was not fitted to.

    Parameters
    ----------
    interval_model : IntervalModel
        The model of as many TTA views as the predictions have.
    predicted, volunteers : (N, 37) np.ndarray
        Predicted and volunteers' vote fractions, the latter NaN where unknown.

    Returns
    -------
    dict
        Of ``fractions`` and ``shares``, by group of votes: their number ``votes``; the fraction at or below the upper
        end, ``upper``, nominally 0.84, and of those whose upper end is neither 0 nor 1, ``upper_inside``; the fraction
        below the lower end of those whose lower end is above 0, ``lower_above_0``, nominally 0.16; the number of the
        latter two, ``uppers_inside`` and ``lowers_above_0``; and by how much the two fractions change at most if all
        ends are 2 % nearer to or farther from the prediction, ``upper_change`` and ``lower_change``.
    """
    masses = masses_of(predicted)
    shares, voted = shares_from_fractions(predicted), shares_from_fractions(volunteers)
    asked = masses >= MASS_BINS[0]
    return {
        "fractions": _check(predicted, interval_model.intervals(predicted), volunteers, masses),
        "shares": _check(shares, interval_model.share_intervals(predicted), np.where(asked, voted, np.nan), masses),
    }


def vote_noise(volunteers: np.ndarray, people: int = VOLUNTEERS) -> dict[int, float]:
    """Compute the RMSE of a perfect prediction, from the scatter of the votes, by question.

    Parameters
    ----------
    volunteers : (N, 37) np.ndarray
        The volunteers' vote fractions, NaN where unknown.
    people : int
        Volunteers of a galaxy.

    Returns
    -------
    dict of int to float
        Of the questions with any vote. The variance of a fraction v of n votes is estimated by v (1 - v) / (n - 1).
    """
    variance = volunteers * (1 - volunteers) / (people - 1)
    known = {number: variance[:, columns][np.isfinite(variance[:, columns])] for number, columns in SLICES.items()}
    return {number: round(float(one.mean() ** 0.5), 5) for number, one in known.items() if one.size}


def _check(predicted: np.ndarray, ends: np.ndarray, votes: np.ndarray, masses: np.ndarray) -> Check:
    """Return the figures of every group that has votes."""
    groups = ((name, group & np.isfinite(votes)) for name, group in _groups(predicted, masses))
    return {
        name: _figures(predicted[group], ends[:, 0][group], ends[:, 1][group], votes[group])
        for name, group in groups
        if group.any()
    }


def _groups(predicted: np.ndarray, masses: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield groups of votes as masks, (N, 37): all, by prediction, by mass, by question."""
    yield "all", np.ones(predicted.shape, dtype=bool)
    for name, values, edges in (("prediction", predicted, BINS), ("mass", masses, MASS_BINS)):
        for low, high in pairwise(edges):
            yield f"{name} {low:g} to {high:g}", (values >= low) & ((values < high) | (high == 1.0))
    for number, columns in SLICES.items():
        group = np.zeros(predicted.shape, dtype=bool)
        group[:, columns] = True
        yield f"question {number}", group


def _figures(predicted: np.ndarray, lower: np.ndarray, upper: np.ndarray, votes: np.ndarray) -> dict[str, float]:
    """Return the figures of a group."""
    above, below = (upper > ROUNDING) & (upper < 1 - ROUNDING), lower > ROUNDING

    def parts(stretch: float = 1.0) -> tuple[float, float]:
        low, high = (predicted + stretch * (end - predicted) for end in (lower, upper))
        at_most = votes[above] <= high[above] + ROUNDING
        under = votes[below] < low[below] - ROUNDING
        return (float(at_most.mean()) if above.any() else np.nan, float(under.mean()) if below.any() else np.nan)

    found, changed = parts(), [parts(stretch) for stretch in STRETCHES]
    changes = [max(abs(one[end] - found[end]) for one in changed) for end in (0, 1)]
    figures = {
        "votes": len(votes),
        "upper": float((votes <= upper + ROUNDING).mean()),
        "upper_inside": found[0],
        "uppers_inside": int(above.sum()),
        "upper_change": changes[0],
        "lower_above_0": found[1],
        "lowers_above_0": int(below.sum()),
        "lower_change": changes[1],
    }
    return {name: round(value, 4) for name, value in figures.items() if np.isfinite(value)}
