"""Fit of the ends of prediction intervals by quantile regression, answer by answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from galaxy_explorer.decision_tree import COLUMNS, SLICES, shares_from_fractions
from galaxy_explorer.evaluation.intervals import (
    LOWER,
    UPPER,
    Coverage,
    IntervalModel,
    QuantileCurves,
    check_fractions,
    check_weights,
    coverage,
    hats,
    mass_hats,
    masses_of,
)
from galaxy_explorer.evaluation.metrics import check_any_vote

# Predictions at which the ends are fitted: close near 0, where half of all votes are.
KNOTS = (0.0, 0.005, 0.02, 0.05, 0.075, 0.1, 0.15, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0)
SHARE_KNOTS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0)
MASSES = (0.02, 0.15, 1.0)  # predicted masses of a question; the fewer people are asked, the more their shares scatter
BORROWED = 0.5  # weight of the other answers of a question in the fit of one; 0.3 and 1 give the same loss within 0.4 %


def fit_interval_model(
    predicted: np.ndarray, volunteers: np.ndarray, weights: np.ndarray | None = None
) -> IntervalModel:
    """Fit the 16th and 84th percentiles of the votes given the prediction, answer by answer.

    Parameters
    ----------
    predicted : (N, 37) np.ndarray
        Predicted vote fractions in the order of `decision_tree.COLUMNS`, in [0, 1].
    volunteers : (N, 37) np.ndarray
        The volunteers' vote fractions, NaN where unknown, of galaxies that were not trained on.
    weights : (N,) np.ndarray, optional
        Importance weights above 0.

    Raises
    ------
    ValueError
        If the shapes do not match, a value is out of [0, 1], or no vote is known.

    Notes
    -----
    Quantile regression [1]_: each end minimises the pinball loss over the galaxies, is linear between knots of the
    prediction, and does not decrease with it. Its steps at 0 and 1 (`QuantileCurves`) are where isotonic regression
    of the votes that are 0, or 1, crosses the percentile. An answer borrows the votes on the others of its question,
    with the weight `BORROWED`. The ends of answer shares depend on the predicted mass of the question too, linear in
    its logarithm; those of vote fractions did not gain by it.

    An interval holds 68 % over all galaxies with about that prediction, not over those with a certain vote, and only
    for galaxies like those fitted to. It is hardly a function of the picture otherwise.

    References
    ----------
    .. [1] Koenker and Bassett 1978, "Regression quantiles", Econometrica 46, 33.
    """
    count = len(volunteers)
    volunteers = check_fractions(volunteers, "volunteers", count, allow_nan=True).astype(float)
    predicted, each = check_fractions(predicted, "predicted", count).astype(float), check_weights(weights, count)
    galaxies = check_any_vote(volunteers)
    shares, voted = np.nan_to_num(shares_from_fractions(predicted)), shares_from_fractions(volunteers)
    return IntervalModel(
        galaxies,
        _fit_curves(predicted, volunteers, predicted, each, (KNOTS, (1.0,))),
        _fit_curves(shares, voted, predicted, each, (SHARE_KNOTS, MASSES)),
    )


def cross_coverage(predicted: np.ndarray, volunteers: np.ndarray, weights: np.ndarray | None = None) -> Coverage:
    """Compute the coverage of both halves, each by the interval model of the other half.

    Parameters are those of `fit_interval_model`; a half without any known vote is a ValueError as well.
    """
    ends, each = np.empty((len(volunteers), 2, len(COLUMNS))), check_weights(weights, len(volunteers))
    even, odd = slice(0, None, 2), slice(1, None, 2)
    for one, other in ((even, odd), (odd, even)):
        ends[other] = fit_interval_model(predicted[one], volunteers[one], each[one]).intervals(predicted[other])
    return coverage(ends[:, 0], ends[:, 1], volunteers, each)


@dataclass(frozen=True)
class _Votes:
    """Known votes on the answers of one question, one after the other, with their predictions."""

    values: np.ndarray  # (n,)
    basis: np.ndarray  # (n, K, M) weights of the knots
    fractions: np.ndarray  # (n,) predicted vote fractions
    others: np.ndarray  # (n,) of the question's other answers
    weights: np.ndarray  # (n,)
    answer: np.ndarray  # (n,) column

    def fit(self, column: int) -> tuple[np.ndarray, np.ndarray, list[float]]:
        """Return ``(K, M)`` lower and upper ends of an answer at the knots, and its steps."""
        weights = self.weights * np.where(self.answer == column, 1.0, BORROWED)
        steps = [
            _step(self.fractions, self.values == 0, weights, LOWER),
            _step(self.fractions, self.values == 0, weights, UPPER),
            _step(self.others, self.values == 1, weights, 1 - UPPER),
        ]
        above, between = self.fractions > steps[0], (self.fractions > steps[1]) & (self.others > steps[2])
        lower = _fit_quantile(self.basis[above], self.values[above], weights[above], LOWER)
        upper = _fit_quantile(self.basis[between], self.values[between], weights[between], UPPER)
        return lower, upper, steps


def _fit_curves(
    predicted: np.ndarray,
    volunteers: np.ndarray,
    fractions: np.ndarray,
    weights: np.ndarray,
    at: tuple[Sequence[float], Sequence[float]],
) -> QuantileCurves:
    """Fit both ends of all answers at knots of the prediction and of the mass."""
    knots, mass_knots = (np.array(values) for values in at)
    masses = masses_of(fractions)
    lower: dict[str, list[list[float]]] = {}
    upper: dict[str, list[list[float]]] = {}
    steps: dict[str, list[float]] = {}
    for question in SLICES.values():
        rows, columns = np.nonzero(np.isfinite(volunteers[:, question]))
        columns += question.start
        basis = np.einsum(
            "nk,nm->nkm", hats(predicted[rows, columns], knots), mass_hats(masses[rows, columns], mass_knots)
        )
        own = fractions[rows, columns]
        votes = _Votes(volunteers[rows, columns], basis, own, masses[rows, columns] - own, weights[rows], columns)
        for column in range(question.start, question.stop):
            low, high, step = votes.fit(column)
            lower[COLUMNS[column]], upper[COLUMNS[column]] = low.round(4).tolist(), high.round(4).tolist()
            steps[COLUMNS[column]] = step
    return QuantileCurves(list(at[0]), list(at[1]), lower, upper, steps)


def _step(predicted: np.ndarray, is_extreme: np.ndarray, weights: np.ndarray, part: float) -> float:
    """Return the prediction up to which more than a part of the votes are extreme, or -1.

    That part decreases with the prediction (isotonic regression).
    """
    from scipy.optimize import isotonic_regression

    if not is_extreme.any():
        return -1.0
    order = np.argsort(predicted)
    fitted = isotonic_regression(is_extreme[order].astype(float), weights=weights[order], increasing=False).x
    above = int((fitted > part).sum())
    return float(predicted[order][above - 1]) if above else -1.0


def _fit_quantile(basis: np.ndarray, votes: np.ndarray, weights: np.ndarray, level: float) -> np.ndarray:
    """Return the non-decreasing ``(K, M)`` values at the knots with the least pinball loss.

    The linear programme is solved in its dual form, which has a row for each value instead of one for each vote.
    """
    from scipy.optimize import linprog  # deferred: pages read intervals without it

    shape = basis.shape[1:]
    if not len(votes):
        return np.zeros(shape)
    steps = basis[:, ::-1].cumsum(axis=1)[:, ::-1].reshape(len(votes), -1)  # the basis of the increments
    at_most_1 = -np.tile(np.eye(shape[1]), (shape[0], 1))
    bounds = np.column_stack([(level - 1) * weights, level * weights])
    solved = linprog(
        np.concatenate([-votes, np.ones(shape[1])]),
        A_ub=np.hstack([steps.T, at_most_1]),
        b_ub=np.zeros(steps.shape[1]),
        bounds=[*bounds, *[(0.0, None)] * shape[1]],
        method="highs",
    )
    return np.cumsum(-solved.ineqlin.marginals.reshape(shape), axis=0).clip(0.0, 1.0)
