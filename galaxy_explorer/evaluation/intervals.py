"""68 % prediction intervals: 16th and 84th percentiles of the votes given the prediction."""

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
        ends = np.empty((len(predicted), 2, len(COLUMNS)))
        for index, column in enumerate(COLUMNS):
            ends[..., index] = self.ends_of(column, *(part[:, index] for part in (predicted, fractions, masses))).T
        return ends

    def ends_of(self, column: str, predicted: np.ndarray, fractions: np.ndarray, masses: np.ndarray) -> np.ndarray:
        """Compute the ends of one column, ``(2, N)``, from arrays of ``(N,)`` each."""
        knots, mass_knots, curves, steps = self._arrays
        at, at_mass = _cells(predicted, knots), _cells(_log(masses), np.log(mass_knots))
        lower, upper = (_interpolate(curve, *at, *at_mass) for curve in curves[:, INDEX[column]])
        lower_is_0, upper_is_0, upper_is_1 = steps[INDEX[column]]
        lower[fractions <= lower_is_0] = 0.0
        upper[fractions <= upper_is_0] = 0.0
        upper[masses - fractions <= upper_is_1] = 1.0
        return np.stack([lower, np.maximum(lower, upper)]).clip(0.0, 1.0)

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
        fractions = check_fractions(fractions, "fractions", len(fractions)).astype(float)
        ends = self.fractions.ends(fractions, fractions, masses_of(fractions))
        for name in COLUMNS:  # a question comes after the answer that gives it its mass
            mass_column = MASS_COLUMN[QUESTION_OF[name].number]
            if mass_column:
                ends[..., INDEX[name]] = np.minimum(ends[..., INDEX[name]], ends[..., INDEX[mass_column]])
        return ends

    def share_intervals(self, fractions: np.ndarray) -> np.ndarray:
        """Compute the ends of the 68 % prediction intervals of answer shares.

        Parameters and errors are those of `intervals`.

        Returns
        -------
        (N, 2, 37) np.ndarray
            The 16th and the 84th percentile of the volunteers' answer shares where any of them was asked, in [0, 1];
            NaN where the network predicts no votes on the question.
        """
        fractions = check_fractions(fractions, "fractions", len(fractions)).astype(float)
        shares = shares_from_fractions(fractions)
        ends = self.shares.ends(np.nan_to_num(shares), fractions, masses_of(fractions))
        return np.where(np.isnan(shares)[:, np.newaxis], np.nan, ends)

    def share_ends(self, column: str, shares: np.ndarray, fractions: np.ndarray, masses: np.ndarray) -> np.ndarray:
        """Compute the ends of the intervals of one answer's share, as `share_intervals` does.

        Parameters
        ----------
        column : str
            Score column of the answer.
        shares, fractions, masses : (N,) np.ndarray
            Its predicted answer shares and vote fractions, and the mass of its question; NaN where unknown.

        Returns
        -------
        (2, N) np.ndarray of float32
            The lower and the upper ends, NaN where the share is.
        """
        known = np.isfinite(shares)
        ends = np.full((2, len(shares)), np.nan, dtype=np.float32)
        ends[:, known] = self.shares.ends_of(column, *(part[known] for part in (shares, fractions, masses)))
        return ends


@dataclass(frozen=True)
class Coverage:
    """Empirical coverage of the intervals: the fraction of the known votes inside."""

    all: float
    by_question: Mapping[int, float] = field(default_factory=dict)  # of the questions with any vote


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
        If the shapes do not match, a value is out of [0, 1], or no vote is known.
    """
    count = len(volunteers)
    volunteers = check_fractions(volunteers, "volunteers", count, allow_nan=True)
    lower, upper = (check_fractions(end, "ends", count) for end in (lower, upper))
    check_any_vote(volunteers)
    each = check_weights(weights, count)
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


def hats(values: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Return ``(N, K)`` weights of linear interpolation between knots, constant outside them."""
    return np.stack([np.interp(values, knots, unit) for unit in np.eye(len(knots))], axis=1)


def mass_hats(masses: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Return ``(N, M)`` weights of linear interpolation in the logarithm of the mass."""
    return hats(_log(masses), np.log(knots))


def _log(masses: np.ndarray) -> np.ndarray:
    """Return the logarithm of masses, of the smallest one for 0."""
    return np.log(np.maximum(masses, ROUNDING))


def _cells(values: np.ndarray, knots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the knot before each value, (N,) int, and its part of the way to the next one."""
    before = np.searchsorted(knots[1:-1], values, side="right")
    if len(knots) == 1:
        return before, np.zeros(len(values))
    return before, ((values - knots[before]) / np.diff(knots)[before]).clip(0.0, 1.0)


def _interpolate(
    curve: np.ndarray, knot: np.ndarray, part: np.ndarray, mass_knot: np.ndarray, mass_part: np.ndarray
) -> np.ndarray:
    """Interpolate a ``(K, M)`` curve as ``hats`` do, in both directions, but from four values."""
    corners = np.pad(curve, ((0, 0), (0, curve.shape[1] == 1)), mode="edge")
    cell = knot * corners.shape[1] + mass_knot
    flat = corners.ravel()
    low, high = (
        flat[cell + step] * (1 - mass_part) + flat[cell + step + 1] * mass_part for step in (0, corners.shape[1])
    )
    return low * (1 - part) + high * part


def masses_of(fractions: np.ndarray) -> np.ndarray:
    """Return the mass of each answer's question, (N, 37)."""
    return np.stack([mass_of(QUESTION_OF[name].number, fractions) for name in COLUMNS], axis=-1)


def check_fractions(table: np.ndarray, name: str, count: int, *, allow_nan: bool = False) -> np.ndarray:
    """Return a table; raise ValueError unless it is (count, 37) in [0, 1]."""
    return check_scores(table, name, leading=(count,), bounds=(0.0, 1.0), tolerance=ROUNDING, allow_nan=allow_nan)


def check_weights(weights: np.ndarray | None, count: int) -> np.ndarray:
    """Return importance weights, 1 by default; raise ValueError if they are invalid."""
    each = np.ones(count) if weights is None else np.asarray(weights, dtype=float)
    if each.shape != (count,) or not (each > 0).all() or not np.isfinite(each).all():
        raise ValueError(f"weights has the shape {each.shape}; expected {count} values above 0, one for each galaxy")
    return each
