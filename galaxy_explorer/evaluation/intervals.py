"""68 % prediction intervals for vote fractions (binned split conformal).

The error of a network depends on the predicted fraction: a few hundredths at 0.01, a few tenths at 0.5.
`fit_error_model` fits it on the hold-out; `ErrorModel.half_widths` combines it with the spread over the TTA views.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from galaxy_explorer.decision_tree import COLUMNS, SLICES, check_scores
from galaxy_explorer.evaluation.metrics import check_any_vote

LEVEL = 0.68  # nominal coverage
MEASURED_VIEWS = (1, 2, 4, 8)  # numbers of TTA views with an error model each on the card

# Bins of the predicted fraction, narrow near 0, where half of all votes are and the error grows fastest.
EDGES = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0)
PRIOR_GALAXIES = 30  # weight of the prior in a bin of one answer; 10 gives the same
ROUNDS = 4  # of scaling the errors of all answers together, after which they no longer change
MIN_ERROR = 0.001  # about forty volunteers vote on a galaxy: no error can be smaller

_KNOTS = (np.array(EDGES[:-1]) + np.array(EDGES[1:])) / 2
_ROUNDING = 1e-6  # fractions are float32: a vote on the edge of its interval is inside


@dataclass(frozen=True)
class ErrorModel:
    """Error of a network as a function of the predicted vote fraction, by answer."""

    level: float = LEVEL
    galaxies: int = 0
    knots: Sequence[float] = ()
    errors: Mapping[str, Sequence[float]] = field(default_factory=dict)  # by score column, at the knots

    def half_widths(self, fractions: np.ndarray, view_spread: np.ndarray) -> np.ndarray:
        """Compute the half-widths of the 68 % prediction intervals.

        They are :math:`\\sqrt{s^2 + e(p)^2}`, with the standard deviation :math:`s` over the TTA views and the
        error :math:`e` at the prediction :math:`p`, linear between the knots and constant outside them.

        Parameters
        ----------
        fractions, view_spread : (N, 37) np.ndarray
            Predicted vote fractions and their standard deviations over the TTA views.

        Returns
        -------
        (N, 37) np.ndarray
            Half-widths in [0, 1]. The interval is fraction ± half-width, cut at 0 and 1.

        Raises
        ------
        ValueError
            If the shapes do not match, a value is NaN, inf or out of [0, 1], or the model is invalid.
        """
        fractions = _check(fractions, "fractions", len(fractions))
        view_spread = _check(view_spread, "view_spread", len(fractions))
        knots, errors = self._arrays()
        return np.minimum(np.hypot(view_spread, _errors_at(fractions, knots, errors)), 1.0)

    def _arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Return knots, ``(K,)``, and errors, ``(37, K)``; raise ValueError if they are invalid."""
        knots, curves = np.array(self.knots, dtype=float), [self.errors.get(name, ()) for name in COLUMNS]
        increasing = knots.ndim == 1 and knots.size > 0 and bool((np.diff(knots) > 0).all())
        if not increasing or not all(len(curve) == knots.size and min(curve) >= 0 for curve in curves):
            raise ValueError(
                f"the error model is invalid; expected increasing knots, and as many errors of at least 0 for each of "
                f"the {len(COLUMNS)} columns {COLUMNS[0]} to {COLUMNS[-1]}: fit it again with train.py --update-card"
            )
        return knots, np.array(curves, dtype=float)


@dataclass(frozen=True)
class Coverage:
    """Empirical coverage of the intervals: the fraction of the known votes inside."""

    all: float
    by_question: Mapping[int, float] = field(default_factory=dict)  # of the questions with any vote


def fit_error_model(
    predicted: np.ndarray, view_spread: np.ndarray, volunteers: np.ndarray, weights: np.ndarray | None = None
) -> ErrorModel:
    """Fit a network's error as a function of the predicted vote fraction, answer by answer.

    The error :math:`e(p)`, linear between knots in the middles of bins of the predicted fraction, is such that

    .. math:: |p - v| \\le \\sqrt{s^2 + e(p)^2}

    holds for 68 % of the galaxies in each bin: the 68th percentile of
    :math:`((p - v)^2 - s^2) / e(p)^2` is 1, with the predicted fraction :math:`p`, the volunteers' :math:`v` and the
    standard deviation :math:`s` over the TTA views.

    Parameters
    ----------
    predicted : (N, 37) np.ndarray
        Predicted vote fractions in the order of `decision_tree.COLUMNS`, in [0, 1].
    view_spread : (N, 37) np.ndarray
        Their standard deviations over the TTA views.
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
    A percentile of the distance, not a standard deviation: vote fractions are bounded and half of them are exactly
    0, so the residuals have a narrow core and long tails. This is split conformal prediction [1]_ with the bin as
    the group, without its correction for small samples; with weights, that under covariate shift [2]_.

    The interval is symmetric about the predicted fraction. It holds 68 % over all galaxies with about that
    prediction, not over those with a certain vote, and only for galaxies like those fitted to.

    One curve is fitted to all answers, scaled bin by bin for each question, then for each answer, and again for all
    together. A scale from few galaxies is shrunk towards 1, by `PRIOR_GALAXIES` more.

    References
    ----------
    .. [1] Lei et al. 2018, "Distribution-free predictive inference for regression", JASA 113, 1094.
    .. [2] Tibshirani et al. 2019, "Conformal prediction under covariate shift", NeurIPS 32.
    """
    count = len(volunteers)
    volunteers = _check(volunteers, "volunteers", count, allow_nan=True)
    predicted, view_spread = _check(predicted, "predicted", count), _check(view_spread, "view_spread", count)
    galaxies, known = check_any_vote(volunteers), np.isfinite(volunteers)
    each = np.ones_like(volunteers) * _check_weights(weights, count)[:, np.newaxis]
    excess = np.where(known, (predicted - volunteers) ** 2 - view_spread**2, np.nan)
    start = max(_percentile(excess[known], each[known]), MIN_ERROR**2) ** 0.5
    errors = np.full((len(COLUMNS), len(_KNOTS)), start)
    columns = [slice(column, column + 1) for column in range(len(COLUMNS))]
    together = [slice(None)] * ROUNDS
    for some in (*together, *SLICES.values(), *columns, *together):
        scaled = excess[:, some] / _errors_at(predicted[:, some], _KNOTS, errors[some]) ** 2
        factors = _factors(scaled, predicted[:, some], each[:, some])
        errors[some] = np.clip(errors[some] * factors, MIN_ERROR, 1.0)
    by_column = dict(zip(COLUMNS, errors.round(5).tolist(), strict=True))
    return ErrorModel(LEVEL, galaxies, _KNOTS.round(5).tolist(), by_column)


def coverage(
    fractions: np.ndarray, half_widths: np.ndarray, volunteers: np.ndarray, weights: np.ndarray | None = None
) -> Coverage:
    """Compute the empirical coverage of prediction intervals, nominally 0.68.

    Parameters
    ----------
    fractions, half_widths : (N, 37) np.ndarray
        Predicted vote fractions and the half-widths of their intervals.
    volunteers : (N, 37) np.ndarray
        The volunteers' vote fractions, NaN where unknown.
    weights : (N,) np.ndarray, optional
        Importance weights.

    Raises
    ------
    ValueError
        As in `fit_error_model`.
    """
    count, as_given = len(volunteers), None
    volunteers = _check(volunteers, "volunteers", count, as_given, allow_nan=True)
    fractions = _check(fractions, "fractions", count, as_given)
    half_widths = _check(half_widths, "half_widths", count, as_given)
    check_any_vote(volunteers)
    each = _check_weights(weights, count)
    known, inside = np.zeros(len(COLUMNS)), np.zeros(len(COLUMNS))
    # Column by column: in float64 three tables of 240,000 galaxies would take 200 MB.
    for index, (ours, half_width, votes) in enumerate(zip(fractions.T, half_widths.T, volunteers.T, strict=True)):
        known[index] = each[np.isfinite(votes)].sum()
        distance = np.abs(np.subtract(ours, votes, dtype=float))
        inside[index] = each[distance <= half_width.astype(float) + _ROUNDING].sum()
    by_question = {
        number: round(float(inside[columns].sum() / known[columns].sum()), 6)
        for number, columns in SLICES.items()
        if known[columns].any()
    }
    return Coverage(round(float(inside.sum() / known.sum()), 6), by_question)


def cross_coverage(
    predicted: np.ndarray, view_spread: np.ndarray, volunteers: np.ndarray, weights: np.ndarray | None = None
) -> Coverage:
    """Compute the coverage of both halves, each by the error model of the other half.

    Parameters are those of `fit_error_model`; a half without any known vote is a ValueError as well.
    """
    half_widths, each = np.empty(np.shape(predicted)), _check_weights(weights, len(volunteers))
    even, odd = slice(0, None, 2), slice(1, None, 2)
    for one, other in ((even, odd), (odd, even)):
        model = fit_error_model(predicted[one], view_spread[one], volunteers[one], each[one])
        half_widths[other] = model.half_widths(predicted[other], view_spread[other])
    return coverage(predicted, half_widths, volunteers, each)


def _check(
    table: np.ndarray, name: str, count: int, dtype: type | None = float, *, allow_nan: bool = False
) -> np.ndarray:
    """Return a table that must be (count, 37) in [0, 1], by default as float64."""
    table, bounds = np.asarray(table, dtype=dtype), (0.0, 1.0)
    return check_scores(table, name, leading=(count,), bounds=bounds, tolerance=_ROUNDING, allow_nan=allow_nan)


def _check_weights(weights: np.ndarray | None, count: int) -> np.ndarray:
    """Return importance weights, 1 by default; raise ValueError if they are invalid."""
    each = np.ones(count) if weights is None else np.asarray(weights, dtype=float)
    if each.shape != (count,) or not (each > 0).all() or not np.isfinite(each).all():
        raise ValueError(f"weights has the shape {each.shape}; expected {count} values above 0, one for each galaxy")
    return each


def _percentile(values: np.ndarray, weights: np.ndarray) -> float:
    """Return the weighted 68th percentile; `numpy.quantile` for equal weights."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(np.interp(LEVEL * reached[-1] + (1 - LEVEL) * weights.mean(), reached, values[order]))


def _errors_at(fractions: np.ndarray, knots: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Interpolate ``(C, K)`` errors at the knots to ``(N, C)`` fractions."""
    return np.stack([np.interp(p, knots, curve) for p, curve in zip(fractions.T, errors, strict=True)], axis=1)


def _factors(scaled: np.ndarray, predicted: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the factor for each bin's errors that puts 68 % of its votes inside, shrunk to 1."""
    bin_of = np.clip(np.searchsorted(EDGES, predicted, side="right") - 1, 0, len(_KNOTS) - 1)
    factors = np.ones(len(_KNOTS))
    for number in range(len(factors)):
        inside = (bin_of == number) & np.isfinite(scaled)
        if inside.any():
            factor = max(_percentile(scaled[inside], weights[inside]), 0.0) ** 0.5
            seen = weights[inside].sum()
            factors[number] = (seen * factor + PRIOR_GALAXIES) / (seen + PRIOR_GALAXIES)
    return factors
