"""What Compare shows, gathered from the predictions on disk and kept in memory: scores, densities, disagreements."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from galaxy_explorer.app.services import prediction_jobs
from galaxy_explorer.app.services.result_cache import Memo
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS, SLICES, columns_of
from galaxy_explorer.evaluation.intervals import Coverage, coverage
from galaxy_explorer.evaluation.metrics import Score, calibration, density, disagreements, score
from galaxy_explorer.prediction.cached import Column, Tables, files_of, open_columns

SAMPLE_SIZE = 1000
WORST = 60  # galaxies of a list of disagreements
SAMPLE_SEED = 0  # the same galaxies for every visitor, so that their predictions are shared


@dataclass(frozen=True)
class Origin:
    """Where a network's predictions are: in the worker's store, or in a finished table that was opened."""

    network: str
    path: Path
    key: str | None  # of weights and views, which the store must have; None for an opened table

    @property
    def tables(self) -> Tables:
        """Its files in their state of this moment: other ones when there are more predictions."""
        return Tables(self.network, files_of(self.path))


@dataclass(frozen=True, eq=False)
class Comparison:
    """Some galaxies with the predictions of one or more networks and, where there are any, the volunteers' votes.

    Parameters
    ----------
    ids : pd.Index
        Those of the galaxies asked for that every network has predicted, in the catalogue's order.
    volunteers : (N, 37) np.ndarray of float32
        Vote fractions, NaN where unknown. In all tables the numbers of an answer lie side by side.
    predicted : dict of str to (N, 37) np.ndarray of float32
        Vote fractions by network.
    coverage : dict of str to Coverage
        Of each network that gave intervals, the part of the votes within them, as `uncertainty.coverage` gives it.
    missing : dict of str to list of str
        Of each network, the galaxies asked for that it has not predicted yet.
    failures : dict of str to str
        The reason for each galaxy asked for that could not be predicted.
    """

    ids: pd.Index
    volunteers: np.ndarray
    predicted: dict[str, np.ndarray]
    coverage: dict[str, Coverage]
    missing: dict[str, list[str]]
    failures: dict[str, str]
    memo: Memo = field(default_factory=lambda: Memo(limit=200))

    def __len__(self) -> int:
        """Count the galaxies."""
        return len(self.ids)

    @property
    def voted(self) -> bool:
        """Whether volunteers voted on any of the galaxies."""
        return bool(np.isfinite(self.volunteers).any())

    @property
    def scores(self) -> dict[str, Score]:
        """The errors of each network against the volunteers, beside those of the mean of these galaxies."""
        return self.memo.recall("scores", self._score_all)

    def prepare(self) -> None:
        """Work out what Compare opens with, so that it does not come piece by piece."""
        if len(self) and self.voted:
            for network in self.scores:
                self.disagreements(network, None, None)

    def between(self, one: str, other: str) -> Score:
        """Measure how far two networks are apart, as if the second were the volunteers."""
        return self.memo.recall(("between", one, other), lambda: score(self.predicted[one], self.predicted[other]))

    def density(self, across: str, up: str | None, columns: Sequence[str]) -> np.ndarray:
        """Count fractions of one network against those of another, or for None against the volunteers' votes."""
        return self.memo.recall(
            ("density", across, up, tuple(columns)),
            lambda: density(self.predicted[across], self._side(up), columns),
        )

    def calibration(self, network: str, columns: Sequence[str]) -> pd.DataFrame:
        """Give the mean vote in bins of a network's prediction."""
        return self.memo.recall(
            ("calibration", network, tuple(columns)),
            lambda: calibration(self.predicted[network], self.volunteers, columns),
        )

    def disagreements(self, network: str, other: str | None, question: int | None) -> pd.DataFrame:
        """List the `WORST` galaxies over which a network is furthest from another, or for None from the volunteers.

        Parameters
        ----------
        network, other : str
            The two sides; None stands for the volunteers.
        question : int, optional
            The one question that counts; without it all of them do.

        Returns
        -------
        pd.DataFrame
            As `comparison.disagreements`, indexed by ``GalaxyID``, the furthest first.
        """
        return self.memo.recall(
            ("disagreements", network, other, question), lambda: self._disagreements(network, other, question)
        )

    def _side(self, name: str | None) -> np.ndarray:
        """Give the fractions of a network, or for None the volunteers'."""
        return self.volunteers if name is None else self.predicted[name]

    def _score_all(self) -> dict[str, Score]:
        """Score every network."""
        known = np.isfinite(self.volunteers)
        votes = np.where(known, self.volunteers, 0.0).sum(axis=0, dtype=float)
        mean = np.where(known.any(axis=0), votes / np.maximum(known.sum(axis=0), 1), np.nan)
        return {name: score(fractions, self.volunteers, mean) for name, fractions in self.predicted.items()}

    def _disagreements(self, network: str, other: str | None, question: int | None) -> pd.DataFrame:
        """Work out `disagreements`."""
        theirs = self._side(other)
        if question is not None:
            asked = np.full_like(theirs, np.nan)
            asked[:, SLICES[question]] = theirs[:, SLICES[question]]
            theirs = asked
        found = disagreements(self.predicted[network], theirs)
        order = np.argsort(-found["rmse"].to_numpy(), kind="stable")[:WORST]
        return found.iloc[order].set_index(self.ids[order]).dropna(subset=["rmse"])


def rows_with_votes(catalogue: Catalogue) -> np.ndarray:
    """Give the rows of a catalogue that volunteers voted on, or all rows where they voted on none."""
    return _rows_with_votes(catalogue.fingerprint, catalogue)


@st.cache_resource(max_entries=8, show_spinner=False)
def _rows_with_votes(fingerprint: str, _catalogue: Catalogue) -> np.ndarray:
    """Look for `rows_with_votes` once in a catalogue."""
    voted = np.flatnonzero(_catalogue.votes.known)
    return voted if len(voted) else np.arange(len(_catalogue))


def sample_of(rows: np.ndarray) -> np.ndarray:
    """Draw the sample of galaxies that is offered first, in their order."""
    return np.sort(np.random.default_rng(SAMPLE_SEED).permutation(rows)[:SAMPLE_SIZE])


def origins_of(catalogue: Catalogue, networks: Sequence[str], tables: dict[str, Path]) -> list[Origin]:
    """Say where the predictions of each network are, or will be."""
    return [
        Origin(name, tables[name], None)
        if name in tables
        else Origin(name, prediction_jobs.store_of(catalogue, name), prediction_jobs.network_key(name))
        for name in networks
    ]


def compare(catalogue: Catalogue, rows: np.ndarray, origins: Sequence[Origin]) -> Comparison:
    """Gather what is known of some rows of a catalogue; made anew only when there are more predictions.

    Raises
    ------
    PredictionError
        When a table of predictions cannot be read.
    """
    digest = hashlib.blake2b(rows.tobytes(), digest_size=10).hexdigest()
    states = tuple((origin, origin.tables) for origin in origins)
    return _compare(catalogue.fingerprint, digest, states, catalogue, rows)


# 240,000 galaxies and two networks take some 70 MB beside the votes, which are the catalogue's own.
@st.cache_resource(max_entries=3, show_spinner=False)
def _compare(
    fingerprint: str, digest: str, states: tuple[tuple[Origin, Tables], ...], _catalogue: Catalogue, _rows: np.ndarray
) -> Comparison:
    """Read the predictions and join them."""
    wanted = _catalogue.table.index[_rows]
    sides = {origin.network: _read(origin, tables, wanted) for origin, tables in states}
    done = {name: np.isfinite(side.fractions(COLUMNS[0])) for name, side in sides.items()}
    missing: dict[str, list[str]] = {}
    failures: dict[str, str] = {}
    for name, side in sides.items():
        failed = wanted.isin(list(side.failures)) & ~done[name]
        failures |= {galaxy_id: side.failures[galaxy_id] for galaxy_id in wanted[failed]}
        missing[name] = wanted[~done[name] & (_catalogue.fetch is not None or ~failed)].tolist()
    known = np.logical_and.reduce(list(done.values()))
    volunteers = _catalogue.volunteer_fractions
    if not known.all() or len(known) < len(_catalogue):
        volunteers = volunteers.T[:, _rows[known]].T
    predictions = {name: _table(side.fractions, known) for name, side in sides.items()}
    within = {}
    for name, side in sides.items():
        if side.half_widths and known.any() and np.isfinite(volunteers).any():
            half_widths = _table(side.half_widths, known)
            if np.isfinite(half_widths).all():
                within[name] = coverage(predictions[name], half_widths, volunteers)
    return Comparison(wanted[known], volunteers, predictions, within, missing, failures)


@dataclass(frozen=True)
class _Side:
    """A network's predictions of the galaxies asked for."""

    fractions: Column
    half_widths: Column | None  # of their intervals, by the answer's column
    failures: dict[str, str]


def _read(origin: Origin, tables: Tables, ids: pd.Index) -> _Side:
    """Open a network's predictions of some galaxies."""
    if origin.key is None:
        from galaxy_explorer.app.compare.external_tables import opened_table

        fractions, spread, _ = opened_table(origin.path)
        return _Side(_columns(fractions, ids), _columns(spread, ids) if spread is not None else None, {})
    from galaxy_explorer.prediction import PredictionStore
    from galaxy_explorer.prediction.tables import SPREAD_COLUMNS

    column = open_columns(ids, tables, [*COLUMNS, *SPREAD_COLUMNS])
    spread_of = dict(zip(COLUMNS, SPREAD_COLUMNS, strict=True))
    return _Side(column, lambda name: column(spread_of[name]), PredictionStore(origin.path, origin.key).failures())


def _columns(table: pd.DataFrame, ids: pd.Index) -> Column:
    """Give the columns of a table for some galaxies, NaN where it does not have them."""
    found = table.reindex(ids)
    return lambda name: found[name].to_numpy()


def _table(column: Column, rows: np.ndarray) -> np.ndarray:
    """Put the columns of some rows together, (n, 37) np.ndarray of float32; the numbers of each lie side by side."""
    table = np.empty((len(COLUMNS), np.count_nonzero(rows)), dtype=np.float32)
    for place, name in zip(table, COLUMNS, strict=True):
        np.compress(rows, column(name), out=place)
    return table.T


def columns_asked(question: int | None, column: str | None = None) -> tuple[str, ...]:
    """Name the columns of one answer, of one question, or for None of all."""
    if column is not None:
        return (column,)
    return COLUMNS if question is None else columns_of(question)
