"""The volunteers' votes of a catalogue, one answer at a time: what filters and sorts look at."""

from collections.abc import Callable
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd

from galaxy_explorer.decision_tree import COLUMNS, MASS_COLUMN, QUESTION_OF, columns_of, shares_of_question

_ROUNDING = 1e-6  # scores are stored with six decimals: a bound of 0.3 includes a score of 0.3000000119
_ORDERS = 32  # orders kept; one of 240,000 galaxies takes 1 MB


class Votes:
    """The votes on each answer, as arrays of one number a galaxy.

    Nothing is copied from the table. Shares and orders are worked out when they are first asked for and
    kept: 240,000 galaxies come to some 70 MB when every answer has been looked at.

    Parameters
    ----------
    table : (N, …) pd.DataFrame
        The table of a `Catalogue`.
    """

    def __init__(self, table: pd.DataFrame) -> None:
        self._table = table
        self._share: Callable[[str], np.ndarray] = lru_cache(maxsize=None)(self._worked_out_share)
        self.order: Callable[..., np.ndarray] = lru_cache(maxsize=_ORDERS)(self._worked_out_order)

    def __len__(self) -> int:
        """Count the galaxies."""
        return len(self._table)

    def fractions(self, column: str) -> np.ndarray:
        """Give the vote fractions of an answer, (N,) np.ndarray of float32 in [0, 1], NaN where unknown."""
        return self._table[column].to_numpy()

    def asked(self, question: int) -> np.ndarray | None:
        """Give the mass of votes that reached a question, (N,) np.ndarray of float32; None where it is 1."""
        name = MASS_COLUMN[question]
        return None if name is None else self.fractions(name)

    def values(self, column: str, *, as_share: bool, least_asked: float = 0.0) -> np.ndarray:
        """Give shares or vote fractions of an answer.

        Parameters
        ----------
        column : str
            The answer, by its score column.
        as_share : bool
            Whether its shares are wanted rather than its vote fractions.
        least_asked : float, optional
            Where less than this mass of votes, in [0, 1], reached the question, a share counts as unknown.

        Returns
        -------
        (N,) np.ndarray of float32
            In [0, 1], NaN where unknown. Not to be written to.
        """
        if not as_share:
            return self.fractions(column)
        asked = self.asked(QUESTION_OF[column].number)
        if asked is None or least_asked <= 0:
            return self._share(column)
        return np.where(asked >= least_asked - _ROUNDING, self._share(column), np.float32(np.nan))

    def within(self, column: str, low: float, high: float, *, as_share: bool, least_asked: float = 0.0) -> np.ndarray:
        """Say where an answer's votes lie in a range, both ends included: (N,) np.ndarray of bool. Unknown ones never do."""
        values = self.values(column, as_share=as_share, least_asked=least_asked)
        return (values >= np.float32(low - _ROUNDING)) & (values <= np.float32(high + _ROUNDING))

    @cached_property
    def known(self) -> np.ndarray:
        """Where the volunteers' answer to any question is known, (N,) np.ndarray of bool."""
        known = np.zeros(len(self), dtype=bool)
        for column in COLUMNS:
            known |= np.isfinite(self.fractions(column))
        return known

    def _worked_out_share(self, column: str) -> np.ndarray:
        """Work out the shares of an answer."""
        columns = list(columns_of(QUESTION_OF[column].number))
        shares = shares_of_question(self._table[columns].to_numpy(dtype=np.float32))
        return shares[:, columns.index(column)].copy()

    def _worked_out_order(self, column: str, as_share: bool, descending: bool, least_asked: float = 0.0) -> np.ndarray:
        """Put the galaxies in the order of an answer's votes: see `rows_by`."""
        return rows_by(self.values(column, as_share=as_share, least_asked=least_asked), descending=descending)


def rows_by(values: np.ndarray, *, descending: bool) -> np.ndarray:
    """Order rows by one number each.

    Parameters
    ----------
    values : (N,) np.ndarray of float
        The numbers; NaN where unknown.
    descending : bool
        Whether the largest come first. Unknown ones come last either way, equal ones stay in their order.

    Returns
    -------
    (N,) np.ndarray of int32
        The rows.
    """
    return np.argsort(-values if descending else values, kind="stable").astype(np.int32)  # NaN sorts last
