"""How far a predicted vote fraction may be from the volunteers': a 68 % interval for each of the 37. Arrays in, arrays out.

The error of a network depends on what it predicts: where it says 0.01 the volunteers' fraction is within a few
hundredths, where it says 0.5 it may be anywhere within a few tenths. `fit_error_model` measures this on galaxies
that the network did not learn from, and `spread_of` joins it with what the views of one picture say.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from galaxy_explorer.decision_tree import COLUMNS, SLICES

LEVEL = 0.68  # of the votes lie within the interval
MEASURED_VIEWS = (1, 2, 4, 8)  # numbers of views for which a card has an error model each

# Bins of the predicted fraction, narrow near 0, where half of all votes are and the error grows fastest.
EDGES = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0)
PRIOR_GALAXIES = 30  # a bin of an answer with so many counts as much as what is known without it; 10 do as well
ROUNDS = 4  # of scaling the errors of all answers together, after which they stay as they are
SMALLEST_ERROR = 0.001  # some forty volunteers vote on a galaxy: no network can know their fraction better

_KNOTS = (np.array(EDGES[:-1]) + np.array(EDGES[1:])) / 2
_ROUNDING = 1e-6  # fractions are float32: a vote on the very edge of its interval is within


def fit_error_model(
    predicted: np.ndarray, view_spread: np.ndarray, volunteers: np.ndarray, weights: np.ndarray | None = None
) -> dict[str, Any]:
    """Measure a network's own error as a function of the value that it predicts, answer by answer.

    The error :math:`e(p)`, linear between knots in the middles of bins of the predicted fraction, is such that

    .. math:: |p - v| \\le \\sqrt{s^2 + e(p)^2}

    holds for 68 % of the galaxies in each bin: the 68th percentile of
    :math:`((p - v)^2 - s^2) / e(p)^2` is 1, with the predicted fraction :math:`p`, the volunteers' :math:`v` and the
    standard deviation :math:`s` over the views.

    Parameters
    ----------
    predicted : (N, 37) np.ndarray
        Predicted vote fractions in the order of `decision_tree.COLUMNS`, in [0, 1].
    view_spread : (N, 37) np.ndarray
        Their standard deviations over the views, 0 or more.
    volunteers : (N, 37) np.ndarray
        The volunteers' vote fractions, NaN where unknown. The galaxies must be others than those learnt from.
    weights : (N,) np.ndarray, optional
        How much each galaxy counts, above 0, where they were not chosen as those were to which the model is to apply.

    Returns
    -------
    dict
        Plain types, for a card: the ``level``, the number of ``galaxies``, the ``knots`` and, for each column, the
        ``errors`` there.

    Raises
    ------
    ValueError
        When the shapes do not match, a number is not finite or negative, or no vote is known.

    Notes
    -----
    A percentile of the distance, and not a standard deviation, because vote fractions are bounded and half of them
    are exactly 0: the residuals have a narrow core and long tails, and an interval of one standard deviation would
    hold far more than 68 % of the votes of a rare answer. It is split conformal prediction [1]_ with the bin as the
    group, without its correction for few galaxies; with weights, that under covariate shift [2]_.

    The interval is symmetric about the predicted fraction and may be cut at 0 and 1. It holds 68 % over all galaxies
    with about that prediction; it says nothing of those with a certain vote. Errors are as of the galaxies fitted to:
    where others are chosen otherwise, or look otherwise, `coverage` tells how far it still holds.

    One curve is fitted to all answers, scaled bin by bin for each question, then for each answer, and again for all, so
    that 68 % of a bin's votes are within. A scale from few galaxies is drawn towards 1, by `PRIOR_GALAXIES` more.

    References
    ----------
    .. [1] Lei et al. 2018, "Distribution-free predictive inference for regression", JASA 113, 1094.
    .. [2] Tibshirani et al. 2019, "Conformal prediction under covariate shift", NeurIPS 32.
    """
    predicted, view_spread, volunteers = _checked(
        predicted=predicted, view_spread=view_spread, volunteers=volunteers, may_lack="volunteers"
    )
    known = np.isfinite(volunteers)
    each = np.ones_like(volunteers) * _weights(weights, len(volunteers))[:, np.newaxis]
    excess = np.where(known, (predicted - volunteers) ** 2 - view_spread**2, np.nan)
    start = max(_percentile(excess[known], each[known]), SMALLEST_ERROR**2) ** 0.5
    errors = np.full((len(COLUMNS), len(_KNOTS)), start)
    columns = [slice(column, column + 1) for column in range(len(COLUMNS))]
    together = [slice(None)] * ROUNDS
    for some in (*together, *SLICES.values(), *columns, *together):
        scaled = excess[:, some] / _own_errors(predicted[:, some], _KNOTS, errors[some]) ** 2
        factors = _factors(scaled, predicted[:, some], each[:, some])
        errors[some] = np.clip(errors[some] * factors, SMALLEST_ERROR, 1.0)
    return {
        "level": LEVEL,
        "galaxies": int(known.any(axis=1).sum()),
        "knots": [round(float(knot), 5) for knot in _KNOTS],
        "errors": dict(zip(COLUMNS, errors.round(5).tolist(), strict=True)),
    }


def model_for(error_models: Mapping[str, Mapping[str, Any]], views: int) -> Mapping[str, Any]:
    """Choose the error model of a number of views: that of as many, or of the next fewer.

    With fewer views their scatter tells less of the error, of which the model's part is then larger.

    Parameters
    ----------
    error_models : mapping
        What `fit_error_model` gave for some numbers of views, by the number as text.
    views : int
        How many are averaged, 1 or more.
    """
    fewer = [int(number) for number in error_models if int(number) <= views]
    return error_models[str(max(fewer) if fewer else min(map(int, error_models)))]


def spread_of(fractions: np.ndarray, view_spread: np.ndarray, error_model: Mapping[str, Any]) -> np.ndarray:
    """Give the half-width of the interval in which 68 % of the volunteers' fractions lie.

    It is :math:`\\sqrt{s^2 + e(p)^2}`, with the standard deviation :math:`s` over the views and the network's own
    error :math:`e` where it predicts :math:`p`, linear between the knots of the model and constant beyond them.

    Parameters
    ----------
    fractions, view_spread : (N, 37) np.ndarray
        Predicted vote fractions and their standard deviations over the views.
    error_model : mapping
        What `fit_error_model` gave.

    Returns
    -------
    (N, 37) np.ndarray
        Half-widths in [0, 1]. The interval is fraction ± half-width, cut at 0 and 1.

    Raises
    ------
    ValueError
        When the shapes do not match, a number is not finite or negative, or the model is not one.
    """
    fractions, view_spread = _checked(fractions=fractions, view_spread=view_spread)
    knots, errors = _knots_and_errors(error_model)
    return np.minimum(np.hypot(view_spread, _own_errors(fractions, knots, errors)), 1.0)


def coverage(
    fractions: np.ndarray, spread: np.ndarray, volunteers: np.ndarray, weights: np.ndarray | None = None
) -> dict[str, Any]:
    """Count which share of the volunteers' fractions lies within the intervals: an honest spread gives 0.68.

    Parameters
    ----------
    fractions, spread : (N, 37) np.ndarray
        Predicted vote fractions and the half-widths of their intervals.
    volunteers : (N, 37) np.ndarray
        The volunteers' vote fractions, NaN where unknown.
    weights : (N,) np.ndarray, optional
        How much each galaxy counts.

    Returns
    -------
    dict
        Plain types, for a card: the share of ``all`` known votes, and ``by_question`` of each question (its
        number as text) of which any is known.

    Raises
    ------
    ValueError
        As `fit_error_model`.
    """
    fractions, spread, volunteers = _checked(
        fractions=fractions, spread=spread, volunteers=volunteers, may_lack="volunteers", dtype=None
    )
    each = _weights(weights, len(volunteers))
    known, within = np.zeros(len(COLUMNS)), np.zeros(len(COLUMNS))
    # Answer by answer: in float64 three tables of 240,000 galaxies would take 200 MB.
    for index, (ours, half_width, theirs) in enumerate(zip(fractions.T, spread.T, volunteers.T, strict=True)):
        known[index] = each[np.isfinite(theirs)].sum()
        apart = np.abs(np.subtract(ours, theirs, dtype=float))
        within[index] = each[apart <= half_width.astype(float) + _ROUNDING].sum()
    return {
        "all": round(float(within.sum() / known.sum()), 6),
        "by_question": {
            str(number): round(float(within[where].sum() / known[where].sum()), 6)
            for number, where in SLICES.items()
            if known[where].any()
        },
    }


def coverage_in_halves(
    predicted: np.ndarray, view_spread: np.ndarray, volunteers: np.ndarray, weights: np.ndarray | None = None
) -> dict[str, Any]:
    """Give the coverage of galaxies by error models that did not see them: each half by the other half's.

    Parameters
    ----------
    predicted, view_spread, volunteers, weights
        As in `fit_error_model`. The halves are every second galaxy, so that none of them is of one kind.

    Returns
    -------
    dict
        As `coverage`.

    Raises
    ------
    ValueError
        As `fit_error_model`; a half without any known vote is refused as well.
    """
    spread, each = np.empty(np.shape(predicted)), _weights(weights, len(volunteers))
    for one, other in ((slice(0, None, 2), slice(1, None, 2)), (slice(1, None, 2), slice(0, None, 2))):
        model = fit_error_model(predicted[one], view_spread[one], volunteers[one], each[one])
        spread[other] = spread_of(predicted[other], view_spread[other], model)
    return coverage(predicted, spread, volunteers, each)


def _weights(weights: np.ndarray | None, galaxies: int) -> np.ndarray:
    """Take how much each galaxy counts, all the same where nothing is said."""
    each = np.ones(galaxies) if weights is None else np.asarray(weights, dtype=float)
    if each.shape != (galaxies,) or not (each > 0).all() or not np.isfinite(each).all():
        raise ValueError(
            f"weights has the shape {each.shape}; for {galaxies} galaxies as many numbers above 0 are wanted"
        )
    return each


def _percentile(values: np.ndarray, weights: np.ndarray) -> float:
    """Give the value within which 68 % of the weight lies: `numpy.quantile`, where all weigh the same."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(np.interp(LEVEL * reached[-1] + (1 - LEVEL) * weights.mean(), reached, values[order]))


def _own_errors(fractions: np.ndarray, knots: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Give the errors at ``(N, C)`` fractions by curves of ``(C, K)`` errors at the knots."""
    own = np.empty(fractions.shape)
    for column, curve in enumerate(errors):
        own[:, column] = np.interp(fractions[:, column], knots, curve)
    return own


def _factors(scaled: np.ndarray, predicted: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Give the factor for each bin's errors by which 68 % of its votes are within, as far as it has galaxies to tell."""
    bin_of = np.clip(np.searchsorted(EDGES, predicted, side="right") - 1, 0, len(_KNOTS) - 1)
    factors = np.ones(len(_KNOTS))
    for number in range(len(factors)):
        inside = (bin_of == number) & np.isfinite(scaled)
        if inside.any():
            found = max(_percentile(scaled[inside], weights[inside]), 0.0) ** 0.5
            seen = weights[inside].sum()
            factors[number] = (seen * found + PRIOR_GALAXIES) / (seen + PRIOR_GALAXIES)
    return factors


def _knots_and_errors(error_model: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Take the knots, ``(K,)``, and the errors, ``(37, K)``, of a model."""
    try:
        knots = np.array(error_model["knots"], dtype=float)
        errors = np.array([error_model["errors"][name] for name in COLUMNS], dtype=float)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"this is no error model ({error}); it must hold knots and, for each of the {len(COLUMNS)} columns "
            f"{COLUMNS[0]} to {COLUMNS[-1]}, as many errors: take it from the network's card, or fit it again"
        ) from error
    increasing = knots.ndim == 1 and knots.size > 0 and bool((np.diff(knots) > 0).all())
    if not increasing or errors.shape != (len(COLUMNS), knots.size) or not (errors >= 0).all():
        raise ValueError(
            f"the error model has knots of the shape {knots.shape} and errors of {errors.shape}; increasing knots and "
            f"{len(COLUMNS)} rows of as many errors, none of them negative or NaN, are wanted: fit it again"
        )
    return knots, errors


def _checked(*, may_lack: str = "", dtype: type | None = float, **tables: np.ndarray) -> list[np.ndarray]:
    """Take tables as float64, or for None as they are, all ``(N, 37)`` with one N; only the one that may lack some has NaN, and not alone."""
    arrays = {name: np.asarray(table, dtype=dtype) for name, table in tables.items()}
    galaxies = len(next(iter(arrays.values())))
    for name, array in arrays.items():
        if array.shape != (galaxies, len(COLUMNS)):
            raise ValueError(
                f"{name} has the shape {array.shape}; a row for each of the {galaxies} galaxies and the "
                f"{len(COLUMNS)} columns {COLUMNS[0]} to {COLUMNS[-1]} are wanted"
            )
        good = array >= 0
        if name == may_lack:
            good |= np.isnan(array)
            if np.isnan(array).all():
                raise ValueError(
                    f"none of the {galaxies} galaxies has a known vote fraction; give galaxies that volunteers voted on"
                )
        if not (good & ~np.isinf(array)).all():
            row = int(np.flatnonzero(~(good & ~np.isinf(array)).all(axis=1))[0])
            raise ValueError(
                f"{name} holds negative numbers or none at all, first in row {row}; "
                "leave out galaxies that could not be predicted"
            )
    return list(arrays.values())
