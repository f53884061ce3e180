"""The volunteers' votes of a catalogue by answer: the values that filters and sorts use."""

from collections import OrderedDict
from functools import cached_property

import numpy as np
import pandas as pd

from galaxy_explorer.decision_tree import COLUMNS, MASS_COLUMN, QUESTION_OF, columns_of, shares_of_question

_ROUNDING = 1e-6  # scores are stored with six decimals: a bound of 0.3 includes a score of 0.3000000119
_MAX_ORDERS = 32  # cached sort orders; one of 240,000 galaxies takes 1 MB


class Votes:
    """Votes on each answer, as arrays with one value per galaxy.

    Vote fractions are views of the table. Answer shares and sort orders are computed once and cached: all
    shares of 240,000 galaxies take some 35 MB.

    Parameters
    ----------
    table : (N, …) pd.DataFrame
        The table of a `Catalogue`.
    """

    def __init__(self, table: pd.DataFrame) -> None:
        self._table = table
        self._shares: dict[str, np.ndarray] = {}
        self._orders: OrderedDict[tuple, np.ndarray] = OrderedDict()  # its single operations are safe in threads

    def fractions(self, column: str) -> np.ndarray:
        """Return the vote fractions of an answer, (N,) float32 in [0, 1], NaN where unknown."""
        return self._table[column].to_numpy()

    def values(self, column: str, *, as_share: bool, min_mass: float = 0.0) -> np.ndarray:
        """Return answer shares or vote fractions of an answer.

        Parameters
        ----------
        column : str
            Score column of the answer.
        as_share : bool
            Return answer shares instead of vote fractions.
        min_mass : float, optional
            Mass of votes, in [0, 1], below which the share of a question counts as unknown.

        Returns
        -------
        (N,) np.ndarray of float32
            In [0, 1], NaN where unknown. Read-only by convention: it is cached.
        """
        if not as_share:
            return self.fractions(column)
        mass = MASS_COLUMN[QUESTION_OF[column].number]  # None: asked of every galaxy
        if mass is None or min_mass <= 0:
            return self._share(column)
        return np.where(self.fractions(mass) >= min_mass - _ROUNDING, self._share(column), np.float32(np.nan))

    def in_range(self, column: str, low: float, high: float, *, as_share: bool, min_mass: float = 0.0) -> np.ndarray:
        """Return a mask of the galaxies within closed bounds; False where unknown."""
        values = self.values(column, as_share=as_share, min_mass=min_mass)
        return (values >= np.float32(low - _ROUNDING)) & (values <= np.float32(high + _ROUNDING))

    @cached_property
    def known(self) -> np.ndarray:
        """Mask, (N,) bool, of the galaxies with a known vote fraction of any answer."""
        return np.logical_or.reduce([np.isfinite(self.fractions(column)) for column in COLUMNS])

    def order(self, column: str, as_share: bool, descending: bool, min_mass: float = 0.0) -> np.ndarray:
        """Return the rows sorted by `values`, NaN last; cached, first in, first out."""
        key = column, as_share, descending, min_mass
        rows = self._orders.get(key)
        if rows is None:
            values = self.values(column, as_share=as_share, min_mass=min_mass)
            rows = self._orders[key] = argsort_nan_last(values, descending=descending)
            if len(self._orders) > _MAX_ORDERS:
                self._orders.popitem(last=False)
        return rows

    def _share(self, column: str) -> np.ndarray:
        if column not in self._shares:
            columns = list(columns_of(QUESTION_OF[column].number))
            shares = shares_of_question(self._table[columns].to_numpy(dtype=np.float32))
            self._shares[column] = shares[:, columns.index(column)].copy()
        return self._shares[column]


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
