"""68 % prediction intervals: 16th and 84th percentiles of the votes given the prediction.

`fit_interval_model` fits them on the hold-out by quantile regression, answer by answer; `coverage` and `check_ends`
measure them on other galaxies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from galaxy_explorer.decision_tree import (
    COLUMNS,
    INDEX,
    MASS_COLUMN,
    QUESTION_OF,
    SLICES,
    check_scores,
    mass_of,
    shares_from_fractions,
)
from galaxy_explorer.evaluation.metrics import check_any_vote

LEVEL = 0.68  # nominal coverage
LOWER, UPPER = (1 - LEVEL) / 2, (1 + LEVEL) / 2  # the percentiles at the ends
MEASURED_VIEWS = (1, 2, 4, 8)  # numbers of TTA views with an interval model each on the card

# Predictions at which the ends are fitted: close near 0, where half of all votes are.
KNOTS = (0.0, 0.005, 0.02, 0.05, 0.075, 0.1, 0.15, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0)
SHARE_KNOTS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0)
MASSES = (0.02, 0.15, 1.0)  # predicted masses of a question; the fewer people are asked, the more their shares scatter
BORROWED = 0.5  # weight of the other answers of a question in the fit of one; 0.3 and 1 give the same loss within 0.4 %
ROUNDING = 1e-6  # fractions are float32: a vote at the end of its interval is inside


@dataclass(frozen=True)
class QuantileCurves:
    """Ends of intervals at knots of the prediction and of the mass of its question, by column.

    Quantiles of few votes are exactly 0, or 1, and leave it with a step: a line between knots cannot follow them. So
    the ends are 0 up to a predicted vote fraction, and the upper one is 1 up to one of the question's other answers.
    """

    knots: Sequence[float] = ()
    masses: Sequence[float] = ()  # one if the ends do not depend on it
    lower: Mapping[str, Sequence[Sequence[float]]] = field(default_factory=dict)  # (knots, masses)
    upper: Mapping[str, Sequence[Sequence[float]]] = field(default_factory=dict)
    steps: Mapping[str, Sequence[float]] = field(default_factory=dict)  # lower is 0, upper is 0, upper is 1 up to these

    def ends(self, predicted: np.ndarray, fractions: np.ndarray, masses: np.ndarray) -> np.ndarray:
        """Compute ``(N, 2, 37)`` ends from predictions, fractions and masses, ``(N, 37)`` each."""
        knots, mass_knots, curves, steps = self._arrays
        ends = np.empty((len(predicted), 2, len(COLUMNS)))
        for column in range(len(COLUMNS)):
            at = _hats(predicted[:, column], knots), _mass_hats(masses[:, column], mass_knots)
            ends[:, :, column] = np.einsum("nk,nm,ekm->ne", *at, curves[:, column])
        ends[np.stack([fractions <= steps[:, 0], fractions <= steps[:, 1]], axis=1)] = 0.0
        ends[:, 1][masses - fractions <= steps[:, 2]] = 1.0
        ends[:, 1] = ends.max(axis=1)
        return ends.clip(0.0, 1.0)

    @cached_property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Knots, masses, ``(2, 37, K, M)`` curves and ``(37, 3)`` steps, checked."""
        try:
            knots, masses = (np.array(values, dtype=float) for values in (self.knots, self.masses))
            curves = np.array([[curve[name] for name in COLUMNS] for curve in (self.lower, self.upper)], dtype=float)
            steps = np.array([self.steps[name] for name in COLUMNS], dtype=float)
            shapes = curves.shape[2:] == (len(knots), len(masses)) and steps.shape[1:] == (3,) and len(knots) > 1
            valid = shapes and all((np.diff(one) > 0).all() for one in (knots, masses)) and (masses > 0).all()
        except (KeyError, ValueError, TypeError):
            valid = False
        if not valid or not (np.isfinite(curves).all() and np.isfinite(steps).all()):
            raise ValueError(
                f"the interval model is invalid; expected increasing knots and masses, and the ends at these for each "
                f"of the {len(COLUMNS)} columns {COLUMNS[0]} to {COLUMNS[-1]}: fit it again with train.py --update-card"
            )
        return knots, masses, curves, steps


@dataclass(frozen=True)
class IntervalModel:
    """The 68 % prediction intervals of a network's vote fractions and answer shares."""

    galaxies: int = 0
    fractions: QuantileCurves = field(default_factory=QuantileCurves)
    shares: QuantileCurves = field(default_factory=QuantileCurves)

    def intervals(self, fractions: np.ndarray) -> np.ndarray:
        """Compute the ends of the 68 % prediction intervals of vote fractions.

        Parameters
        ----------
        fractions : (N, 37) np.ndarray
            Predicted vote fractions in [0, 1].

        Returns
        -------
        (N, 2, 37) np.ndarray
            The 16th and the 84th percentile of the volunteers' vote fractions of galaxies with this prediction, in
            [0, 1]. An end is 0 where so many of these are 0; the interval then holds more than 68 %. An answer's ends
            are not above those of the answer that leads to its question.

        Raises
        ------
        ValueError
            If the shape does not match, a value is NaN or out of [0, 1], or the model is invalid.
        """
        fractions = _check(fractions, "fractions", len(fractions))
        ends = self.fractions.ends(fractions, fractions, _masses(fractions))
        for name in COLUMNS:  # a question comes after the answer that gives it its mass
            mass_column = MASS_COLUMN[QUESTION_OF[name].number]
            if mass_column:
                ends[..., INDEX[name]] = np.minimum(ends[..., INDEX[name]], ends[..., INDEX[mass_column]])
        return ends

    def share_intervals(self, fractions: np.ndarray) -> np.ndarray:
        """Compute the ends of the 68 % prediction intervals of answer shares.

        Parameters
        ----------
        fractions : (N, 37) np.ndarray
            Predicted vote fractions in [0, 1].

        Returns
        -------
        (N, 2, 37) np.ndarray
            The 16th and the 84th percentile of the volunteers' answer shares where any of them was asked, in [0, 1];
            NaN where the network predicts no votes on the question.

        Raises
        ------
        ValueError
            As in `intervals`.
        """
        fractions = _check(fractions, "fractions", len(fractions))
        shares = shares_from_fractions(fractions)
        ends = self.shares.ends(np.nan_to_num(shares), fractions, _masses(fractions))
        return np.where(np.isnan(shares)[:, np.newaxis], np.nan, ends)


@dataclass(frozen=True)
class Coverage:
    """Empirical coverage of the intervals: the fraction of the known votes inside."""

    all: float
    by_question: Mapping[int, float] = field(default_factory=dict)  # of the questions with any vote


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
    volunteers = _check(volunteers, "volunteers", count, allow_nan=True)
    predicted, each = _check(predicted, "predicted", count), _check_weights(weights, count)
    galaxies = check_any_vote(volunteers)
    shares, voted = np.nan_to_num(shares_from_fractions(predicted)), shares_from_fractions(volunteers)
    return IntervalModel(
        galaxies,
        _fit_curves(predicted, volunteers, predicted, each, (KNOTS, (1.0,))),
        _fit_curves(shares, voted, predicted, each, (SHARE_KNOTS, MASSES)),
    )


def coverage(
    lower: np.ndarray, upper: np.ndarray, volunteers: np.ndarray, weights: np.ndarray | None = None
) -> Coverage:
    """Compute the empirical coverage of prediction intervals, nominally at least 0.68.

    Parameters
    ----------
    lower, upper : (N, 37) np.ndarray
        Ends of the intervals of the vote fractions.
    volunteers : (N, 37) np.ndarray
        The volunteers' vote fractions, NaN where unknown.
    weights : (N,) np.ndarray, optional
        Importance weights.

    Raises
    ------
    ValueError
        As in `fit_interval_model`.
    """
    count, as_given = len(volunteers), None
    volunteers = _check(volunteers, "volunteers", count, as_given, allow_nan=True)
    lower, upper = (_check(end, "ends", count, as_given) for end in (lower, upper))
    check_any_vote(volunteers)
    each = _check_weights(weights, count)
    known, inside = np.zeros(len(COLUMNS)), np.zeros(len(COLUMNS))
    # Column by column: in float64 three tables of 240,000 galaxies would take 200 MB.
    for index, (low, high, votes) in enumerate(zip(lower.T, upper.T, volunteers.T, strict=True)):
        known[index] = each[np.isfinite(votes)].sum()
        inside[index] = each[(low - ROUNDING <= votes) & (votes <= high + ROUNDING)].sum()
    by_question = {
        number: round(float(inside[columns].sum() / known[columns].sum()), 6)
        for number, columns in SLICES.items()
        if known[columns].any()
    }
    return Coverage(round(float(inside.sum() / known.sum()), 6), by_question)


def cross_coverage(predicted: np.ndarray, volunteers: np.ndarray, weights: np.ndarray | None = None) -> Coverage:
    """Compute the coverage of both halves, each by the interval model of the other half.

    Parameters are those of `fit_interval_model`; a half without any known vote is a ValueError as well.
    """
    ends, each = np.empty((len(volunteers), 2, len(COLUMNS))), _check_weights(weights, len(volunteers))
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
    masses = _masses(fractions)
    lower: dict[str, list[list[float]]] = {}
    upper: dict[str, list[list[float]]] = {}
    steps: dict[str, list[float]] = {}
    for question in SLICES.values():
        rows, columns = np.nonzero(np.isfinite(volunteers[:, question]))
        columns += question.start
        basis = np.einsum(
            "nk,nm->nkm", _hats(predicted[rows, columns], knots), _mass_hats(masses[rows, columns], mass_knots)
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


def _hats(values: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Return ``(N, K)`` weights of linear interpolation between knots, constant outside them."""
    return np.stack([np.interp(values, knots, unit) for unit in np.eye(len(knots))], axis=1)


def _mass_hats(masses: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Return ``(N, M)`` weights of linear interpolation in the logarithm of the mass."""
    return _hats(np.log(np.maximum(masses, ROUNDING)), np.log(knots))


def _masses(fractions: np.ndarray) -> np.ndarray:
    """Return the mass of each answer's question, (N, 37)."""
    return np.stack([mass_of(QUESTION_OF[name].number, fractions) for name in COLUMNS], axis=-1)


def _check(
    table: np.ndarray, name: str, count: int, dtype: type | None = float, *, allow_nan: bool = False
) -> np.ndarray:
    """Return a table that must be (count, 37) in [0, 1], by default as float64."""
    table, bounds = np.asarray(table, dtype=dtype), (0.0, 1.0)
    return check_scores(table, name, leading=(count,), bounds=bounds, tolerance=ROUNDING, allow_nan=allow_nan)


def _check_weights(weights: np.ndarray | None, count: int) -> np.ndarray:
    """Return importance weights, 1 by default; raise ValueError if they are invalid."""
    each = np.ones(count) if weights is None else np.asarray(weights, dtype=float)
    if each.shape != (count,) or not (each > 0).all() or not np.isfinite(each).all():
        raise ValueError(f"weights has the shape {each.shape}; expected {count} values above 0, one for each galaxy")
    return each
