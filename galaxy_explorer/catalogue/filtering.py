"""Filters by votes, the order of the ids, and id search over a catalogue."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue.catalogue import Catalogue
from galaxy_explorer.catalogue.errors import CatalogueError
from galaxy_explorer.catalogue.tables.score_tables import normalise_id
from galaxy_explorer.catalogue.volunteer_votes import Measure, Votes
from galaxy_explorer.decision_tree import COLUMNS, INDEX, MASS_COLUMN, QUESTION_OF

MAX_PARTIAL = 20  # texts of a search that are looked for in every id: each takes 16 ms in 240,000 galaxies


@dataclass(frozen=True)
class VoteRange:
    """A filter: closed bounds on a measure of an answer, or on its sum over several.

    Parameters
    ----------
    column : str
        Score column of the answer.
    low, high : float
        Bounds in [0, 1], both included.
    measure : Measure, optional
        By default the answer share.
    also : tuple of str, optional
        Further answers of the same question.
    """

    column: str
    low: float = 0.0
    high: float = 1.0
    measure: Measure = Measure.SHARE
    also: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for column in self.columns:
            if column not in INDEX:
                raise CatalogueError(f"{column!r} is not a score column; they are {', '.join(COLUMNS[:3])}, …")
        if len({QUESTION_OF[column].number for column in self.columns}) > 1 or len({*self.columns}) <= len(self.also):
            raise CatalogueError(f"{', '.join(self.columns)} are not different answers of one question")
        if self.also and self.measure not in (Measure.SHARE, Measure.FRACTION):
            raise CatalogueError("the ends of intervals are those of one answer; they cannot be added")
        if not 0 <= self.low <= self.high <= 1:
            raise CatalogueError(f"a range from {self.low:g} to {self.high:g} was given; it must rise within 0 to 1")

    @property
    def columns(self) -> tuple[str, ...]:
        """The score columns of all answers."""
        return (self.column, *self.also)

    def mask(self, votes: Votes, min_mass: float = 0.0) -> np.ndarray:
        """Return a mask of the galaxies inside the bounds.

        Parameters
        ----------
        votes : Votes
            The votes, counted or predicted: `Catalogue.votes`, for example.
        min_mass : float, optional
            Mass of votes, in [0, 1], below which the share of a question counts as unknown.

        Returns
        -------
        (N,) np.ndarray of bool
            False where the value is unknown.
        """
        return votes.in_range(self.columns, self.low, self.high, self.measure, min_mass)


def closeness(ranges: Sequence[VoteRange], votes: Votes) -> np.ndarray:
    """Compute how clearly galaxies match some ranges, to show the clearest first.

    Of each range it is the mass of the votes that speak for it: those for its answers or, if it has an upper bound
    alone, for the other answers. Shares alone would put galaxies first that few volunteers were asked about.

    Parameters
    ----------
    ranges : sequence of VoteRange
    votes : Votes

    Returns
    -------
    (N,) np.ndarray of float32
        The smallest over the ranges, in [0, 1]; NaN where unknown.
    """
    found = [_mass_for(wanted, votes) for wanted in ranges]
    return np.minimum.reduce(found)


def _mass_for(wanted: VoteRange, votes: Votes) -> np.ndarray:
    """Return the mass of the votes that speak for a range, (N,) float32."""
    values = votes.added(wanted.columns, wanted.measure)
    if wanted.low and wanted.high < 1:
        values = 1 - np.abs(values - np.float32((wanted.low + wanted.high) / 2))
    elif not wanted.low:
        values = 1 - values * np.float32(wanted.high < 1)  # of a question that was asked, all votes
    mass = MASS_COLUMN[QUESTION_OF[wanted.column].number]
    return values * votes.fractions(mass) if mass and wanted.measure.is_share else values


def rows_by_id(catalogue: Catalogue, *, descending: bool = False) -> np.ndarray:
    """Return the rows of a catalogue in the order of the ids.

    Parameters
    ----------
    catalogue : Catalogue
    descending : bool, optional

    Returns
    -------
    (N,) np.ndarray of int
    """
    ids = catalogue.table.index
    rows = np.arange(len(ids)) if ids.is_monotonic_increasing else np.asarray(ids.argsort())
    return rows[::-1] if descending else rows


def find_ids(catalogue: Catalogue, text: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Search galaxies by id.

    Parameters
    ----------
    catalogue : Catalogue
    text : str
        An id or a part of one, or several separated by commas, semicolons or white space. An id that contains
        a space is found if it is the whole text. `MAX_PARTIAL` of the texts are looked for as parts of ids, first
        those that are not full ids.

    Returns
    -------
    exact : (n,) np.ndarray of int
        Rows of the ids that were given in full, in the given order.
    others : (m,) np.ndarray of int
        Rows of other ids that contain one of the texts, in the order of the catalogue.
    not_found : list of str
        Texts that no id contains.
    """
    ids = catalogue.table.index
    whole = normalise_id(text)
    lengths = np.asarray(ids.str.len(), dtype=int)
    is_one_id = whole in ids or len(_longer_ids(ids, lengths, whole)) > 0
    parts = [part for part in ([whole] if is_one_id else dict.fromkeys(re.split(r"[\s,;]+", whole))) if part]
    rows = ids.get_indexer(pd.Index(parts, dtype=ids.dtype))
    exact, others = rows[rows >= 0], [part for part, row in zip(parts, rows, strict=True) if row < 0]
    not_found: list[str] = []
    matches = np.zeros(len(ids), dtype=bool)
    for part in [*others, *ids[exact]][:MAX_PARTIAL]:
        longer = _longer_ids(ids, lengths, part)
        matches[longer] = True
        if not len(longer) and part in others:
            not_found.append(part)
    matches[exact] = False
    return exact, np.flatnonzero(matches), not_found + others[MAX_PARTIAL:]


def _longer_ids(ids: pd.Index, lengths: np.ndarray, text: str) -> np.ndarray:
    """Return the rows of longer ids that contain a text; a list of whole ids then scans nothing."""
    rows = np.flatnonzero(lengths > len(text))
    return rows[np.asarray(ids[rows].str.contains(text, regex=False), dtype=bool)] if len(rows) else rows
