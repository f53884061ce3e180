"""Votes on each answer, counted or predicted: the values that filters and sorts use."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cached_property

import numpy as np

from galaxy_explorer.decision_tree import COLUMNS, MASS_COLUMN, QUESTION_OF, columns_of, shares_of_question

_ROUNDING = 1e-6  # scores are stored with six decimals: a bound of 0.3 includes a score of 0.3000000119
_MAX_ORDERS = 32  # cached sort orders; one of 240,000 galaxies takes 1 MB
_MAX_ENDS = 8  # cached ends of intervals, by answer; 2 MB each

Column = Callable[[str], np.ndarray]  # returns the vote fractions of a score column, (N,) float32, NaN if unknown
# Returns the ends of the intervals of an answer's share, (2, N), given the answer, its shares, its vote fractions,
# and the mass of its question.
ShareEnds = Callable[[str, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


class Measure(StrEnum):
    """Value of an answer that a filter or a sort uses."""

    SHARE = "share"
    FRACTION = "vote fraction"
    LOWER = "lower end"  # of the 68 % prediction interval of the share
    UPPER = "upper end"

    @property
    def is_share(self) -> bool:
        """Whether it counts only where enough votes reach the question."""
        return self != Measure.FRACTION


class Votes:
    """Votes on each answer, as arrays with one value per galaxy.

    Answer shares, ends of intervals and sort orders are computed once and cached: all shares of 240,000 galaxies take
    some 35 MB.

    Parameters
    ----------
    fractions : callable
        Returns the vote fractions of a score column, (N,) float32 in [0, 1], NaN where unknown.
    share_ends : callable, optional
        Returns the ends of the 68 % prediction intervals of an answer's share; without it they are unknown.
    complete : bool, optional
        Whether the fractions of a galaxy are either all known or all unknown, as those of a network are.
    """

    def __init__(self, fractions: Column, share_ends: ShareEnds | None = None, *, complete: bool = False) -> None:
        self.fractions = fractions
        self._complete = complete
        self._share_ends = share_ends
        self._shares: dict[str, np.ndarray] = {}
        self._ends: OrderedDict[str, np.ndarray] = OrderedDict()
        self._orders: OrderedDict[tuple, np.ndarray] = OrderedDict()  # its single operations are safe in threads

    def values(self, column: str, measure: Measure = Measure.SHARE, min_mass: float = 0.0) -> np.ndarray:
        """Return a measure of an answer.

        Parameters
        ----------
        column : str
            Score column of the answer.
        measure : Measure, optional
            By default the answer share.
        min_mass : float, optional
            Mass of votes, in [0, 1], below which the share of a question counts as unknown.

        Returns
        -------
        (N,) np.ndarray of float32
            In [0, 1], NaN where unknown. Read-only by convention: it is cached.
        """
        if measure == Measure.FRACTION:
            return self.fractions(column)
        values = self._share(column) if measure == Measure.SHARE else self._end(column)[int(measure == Measure.UPPER)]
        mass = MASS_COLUMN[QUESTION_OF[column].number]  # None: asked of every galaxy
        if mass is None or min_mass <= 0:
            return values
        return np.where(self.fractions(mass) >= min_mass - _ROUNDING, values, np.float32(np.nan))

    def added(self, columns: Sequence[str], measure: Measure = Measure.SHARE, min_mass: float = 0.0) -> np.ndarray:
        """Return the sum of `values` over answers of one question."""
        values = [self.values(column, measure, min_mass) for column in columns]
        return values[0] if len(values) == 1 else np.add.reduce(values)

    def in_range(
        self, columns: Sequence[str], low: float, high: float, measure: Measure = Measure.SHARE, min_mass: float = 0.0
    ) -> np.ndarray:
        """Return a mask of the galaxies with `added` values within closed bounds."""
        values = self.added(columns, measure, min_mass)
        return (values >= np.float32(low - _ROUNDING)) & (values <= np.float32(high + _ROUNDING))

    @cached_property
    def known(self) -> np.ndarray:
        """Mask, (N,) bool, of the galaxies with a known vote fraction of any answer."""
        columns = COLUMNS[:1] if self._complete else COLUMNS
        return np.logical_or.reduce([np.isfinite(self.fractions(column)) for column in columns])

    def order(
        self, column: str, measure: Measure = Measure.SHARE, *, descending: bool = True, min_mass: float = 0.0
    ) -> np.ndarray:
        """Return the rows sorted by `values`, NaN last; cached, first in, first out."""
        key = column, measure, descending, min_mass
        rows = self._orders.get(key)
        if rows is None:
            values = self.values(column, measure, min_mass)
            rows = self._orders[key] = argsort_nan_last(values, descending=descending)
            if len(self._orders) > _MAX_ORDERS:
                self._orders.popitem(last=False)
        return rows

    def _share(self, column: str) -> np.ndarray:
        if column not in self._shares:
            columns = list(columns_of(QUESTION_OF[column].number))
            shares = shares_of_question(np.stack([self.fractions(name) for name in columns], axis=1))
            self._shares[column] = shares[:, columns.index(column)].copy()
        return self._shares[column]

    def _end(self, column: str) -> np.ndarray:
        """Return the ends of the intervals of an answer's share, (2, N) float32."""
        ends = self._ends.get(column)
        if ends is None:
            shares = self._share(column)
            if self._share_ends is None:
                return np.full((2, len(shares)), np.nan, dtype=np.float32)
            mass = MASS_COLUMN[QUESTION_OF[column].number]
            masses = np.ones_like(shares) if mass is None else self.fractions(mass)
            ends = self._ends[column] = self._share_ends(column, shares, self.fractions(column), masses)
            if len(self._ends) > _MAX_ENDS:
                self._ends.popitem(last=False)
        return ends


def argsort_nan_last(values: np.ndarray, *, descending: bool) -> np.ndarray:
    """Return the rows sorted by value, NaN last in both directions; ties keep their order.

    Parameters
    ----------
    values : (N,) np.ndarray of float
    descending : bool

    Returns
    -------
    (N,) np.ndarray of int32
    """
    return np.argsort(-values if descending else values, kind="stable").astype(np.int32)
