"""Parts of a catalogue: filtered, sorted, split for training."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue.catalogue import Catalogue, CatalogueError
from galaxy_explorer.catalogue.score_tables import id_of
from galaxy_explorer.decision_tree import INDEX


@dataclass(frozen=True)
class VoteRange:
    """A condition on one answer: its share or its vote fraction lies between two bounds, both included.

    Parameters
    ----------
    column : str
        The answer, by its score column.
    low, high : float
        The bounds, in [0, 1].
    as_share : bool, optional
        Whether they are bounds of the answer's share rather than of its vote fraction.
    """

    column: str
    low: float = 0.0
    high: float = 1.0
    as_share: bool = True

    def __post_init__(self) -> None:
        _check_column(self.column)
        if not 0 <= self.low <= self.high <= 1:
            raise CatalogueError(f"a range from {self.low:g} to {self.high:g} was given; it must rise within 0 to 1")

    def holds(self, catalogue: Catalogue, least_asked: float = 0.0) -> np.ndarray:
        """Say which galaxies fulfil it.

        Parameters
        ----------
        catalogue : Catalogue
            Galaxies.
        least_asked : float, optional
            Of a share: the mass of votes, in [0, 1], that must have reached the question for it to count.

        Returns
        -------
        (N,) np.ndarray of bool
            Unknown scores never do.
        """
        return catalogue.votes.within(self.column, self.low, self.high, as_share=self.as_share, least_asked=least_asked)


def sorted_rows(
    catalogue: Catalogue,
    by: str,
    *,
    as_share: bool = False,
    descending: bool = True,
    least_asked: float = 0.0,
    seed: int | None = None,
) -> np.ndarray:
    """Order the rows of a catalogue.

    Parameters
    ----------
    catalogue : Catalogue
        Galaxies.
    by : str
        A score column, ``"GalaxyID"`` or ``"random"``.
    as_share : bool, optional
        Whether a score column is sorted by its answer shares rather than by its vote fractions.
    descending : bool, optional
        Whether the largest come first. Unknown scores come last either way.
    least_asked : float, optional
        Of shares: as in `VoteRange.holds`; where less reached the question, the share counts as unknown.
    seed : int, optional
        Of the random order: the same seed gives the same order.

    Returns
    -------
    (N,) np.ndarray of int
        All rows; equal ones stay in their order. Not to be written to.

    Raises
    ------
    CatalogueError
        If there is no such column.
    """
    if by == "random":
        return np.random.default_rng(seed).permutation(len(catalogue))
    if by == catalogue.table.index.name:
        return _rows_by_id(catalogue.table.index, descending)
    _check_column(by)
    return catalogue.votes.order(by, as_share, descending, least_asked)


def _rows_by_id(ids: pd.Index, descending: bool) -> np.ndarray:
    """Order rows by their ids as text."""
    rising = np.arange(len(ids)) if ids.is_monotonic_increasing else np.asarray(ids.argsort())
    return rising[::-1] if descending else rising


def find_ids(catalogue: Catalogue, text: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Look for galaxies by their ids.

    Parameters
    ----------
    catalogue : Catalogue
        Galaxies.
    text : str
        An id or a part of one, or several parted by commas, semicolons or white space. An id that holds
        a space itself is found when it is all that is asked for.

    Returns
    -------
    exact : (n,) np.ndarray of int
        The rows of the ids that were given in full, in the order given.
    others : (m,) np.ndarray of int
        The rows of further ids that hold one of the texts, in the order of the catalogue.
    not_found : list of str
        The texts that no id holds.
    """
    ids = catalogue.table.index
    whole = id_of(text)
    lengths = np.asarray(ids.str.len(), dtype=int)
    is_one = whole in ids or len(_holding(ids, lengths, whole)) > 0
    parts = [part for part in ([whole] if is_one else dict.fromkeys(re.split(r"[\s,;]+", whole))) if part]
    exact: list[int] = []
    not_found: list[str] = []
    holding = np.zeros(len(ids), dtype=bool)
    for part, row in zip(parts, ids.get_indexer(pd.Index(parts, dtype=ids.dtype)), strict=True):
        longer = _holding(ids, lengths, part)
        holding[longer] = True
        if row >= 0:
            exact.append(int(row))
        elif not len(longer):
            not_found.append(part)
    holding[exact] = False
    return np.array(exact, dtype=int), np.flatnonzero(holding), not_found


def _holding(ids: pd.Index, lengths: np.ndarray, text: str) -> np.ndarray:
    """Give the rows of the ids that hold a text and more. Only longer ones can: whole ids cost no look through all of them."""
    rows = np.flatnonzero(lengths > len(text))
    return rows[np.asarray(ids[rows].str.contains(text, regex=False), dtype=bool)] if len(rows) else rows


def split(
    catalogue: Catalogue,
    *,
    validation_ids: Iterable[str] | None = None,
    fraction: float | None = None,
    seed: int = 0,
) -> tuple[Catalogue, Catalogue]:
    """Split galaxies into those to train on and those to validate on.

    Parameters
    ----------
    catalogue : Catalogue
        Galaxies.
    validation_ids : iterable of str, optional
        The galaxies to validate on. Ids that are not in the catalogue are passed over.
    fraction : float, optional
        Instead of the ids: the part of the galaxies to validate on, in (0, 1), drawn at random.
    seed : int, optional
        Of the draw, which does not depend on the order of the catalogue.

    Returns
    -------
    training, validation : Catalogue
        Together all galaxies, none in both, each in the order of the catalogue.

    Raises
    ------
    CatalogueError
        If none of the ids is in the catalogue, or the fraction leaves one side empty.
    ValueError
        If not exactly one of ids and fraction is given.
    """
    if (validation_ids is None) == (fraction is None):
        raise ValueError("split takes either validation_ids or a fraction, and one of them must be given")
    if validation_ids is not None:
        chosen = list(validation_ids)
        validating = catalogue.table.index.isin(chosen)
        if not validating.any():
            raise CatalogueError(
                f"none of the {len(chosen)} galaxies to validate on is in {catalogue.name}: check that the list belongs to it"
            )
    else:
        validating = _drawn(catalogue, float(fraction or 0), seed)
    return catalogue.rows(np.flatnonzero(~validating)), catalogue.rows(np.flatnonzero(validating))


def _drawn(catalogue: Catalogue, fraction: float, seed: int) -> np.ndarray:
    """Draw galaxies to validate on, as a mask over the catalogue."""
    count = round(fraction * len(catalogue))
    if not 0 < count < len(catalogue):
        raise CatalogueError(
            f"a validation fraction of {fraction} of {len(catalogue)} galaxies is {count}; "
            "at least one galaxy is needed to train on and one to validate on"
        )
    by_id = np.argsort(np.array(catalogue.ids))
    validating = np.zeros(len(catalogue), dtype=bool)
    validating[by_id[np.random.default_rng(seed).permutation(len(catalogue))[:count]]] = True
    return validating


def _check_column(column: str) -> None:
    """Refuse what is no score column."""
    if column not in INDEX:
        raise CatalogueError(f"{column!r} is not a score column; they are {', '.join(pd.Index(INDEX)[:3])}, …")
