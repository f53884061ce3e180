"""Comparison of predictions and votes: scores, densities, disagreements, all cached."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
import pandas as pd
import streamlit as st

from galaxy_explorer.app.compare.external_tables import cached_table
from galaxy_explorer.app.services import networks, prediction_jobs
from galaxy_explorer.app.services.result_cache import catalogue_result
from galaxy_explorer.catalogue import Catalogue, read_validation_ids
from galaxy_explorer.decision_tree import COLUMNS, SLICES
from galaxy_explorer.evaluation import metrics
from galaxy_explorer.evaluation.intervals import Coverage, coverage
from galaxy_explorer.evaluation.metrics import Score, score
from galaxy_explorer.prediction.cached import Column, Tables, files_of, open_columns
from galaxy_explorer.prediction.tables import INTERVAL_COLUMNS, LOWER_COLUMNS, UPPER_COLUMNS
from galaxy_explorer.storage import ResultCache

SAMPLE_SIZE = 1000
SAMPLE_SEED = 0  # the same galaxies for every visitor, so that their predictions are shared
WORST = 60  # galaxies of a list of disagreements

Method = TypeVar("Method", bound=Callable[..., Any])


@dataclass(frozen=True)
class Origin:
    """Where a network's predictions are: in the app's cache, or in an external table."""

    network: str
    path: Path
    key: str | None  # fingerprint of the weights and TTA views of a cached table; None for an external one

    @property
    def tables(self) -> Tables:
        """Its files in their present state, which changes as predictions are added."""
        return Tables(self.network, files_of(self.path))


def _cached(method: Method) -> Method:
    """Cache the results of a method of `Comparison` by its arguments."""

    @wraps(method)
    def cached(self: "Comparison", *arguments: Any) -> Any:
        return self.results.get((method.__name__, *arguments), lambda: method(self, *arguments))

    return cast(Method, cached)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Galaxies with the predictions of networks and, if there are any, the volunteers' votes.

    Parameters
    ----------
    ids : pd.Index
        The requested galaxies that every network has predicted, in the catalogue's order.
    volunteers : (N, 37) np.ndarray of float32
        Vote fractions, NaN if unknown. In all tables the values of an answer are contiguous.
    predicted : dict of str to (N, 37) np.ndarray of float32
        Vote fractions by network.
    coverage : dict of str to Coverage
        Empirical coverage of each network with prediction intervals, from `intervals.coverage`.
    missing : dict of str to list of str
        The requested galaxies that each network has not predicted.
    failures : dict of str to str
        The reason for each requested galaxy that could not be predicted.
    """

    ids: pd.Index
    volunteers: np.ndarray
    predicted: dict[str, np.ndarray]
    coverage: dict[str, Coverage]
    missing: dict[str, list[str]]
    failures: dict[str, str]
    results: ResultCache = field(default_factory=lambda: ResultCache(max_size=200))

    def __len__(self) -> int:
        """Count the galaxies."""
        return len(self.ids)

    @property
    def voted(self) -> bool:
        """Whether volunteers voted on any of the galaxies."""
        return bool(np.isfinite(self.volunteers).any())

    def prepare(self) -> None:
        """Compute what Compare opens with, so that it is drawn at once."""
        if len(self) and self.voted:
            for network in self.scores():
                self.disagreements(network, None, None)

    @_cached
    def scores(self) -> dict[str, Score]:
        """Return the errors of each network, and those of the mean of these galaxies."""
        known = np.isfinite(self.volunteers)
        votes = np.where(known, self.volunteers, 0.0).sum(axis=0, dtype=float)
        mean = np.where(known.any(axis=0), votes / np.maximum(known.sum(axis=0), 1), np.nan)
        return {network: score(fractions, self.volunteers, mean) for network, fractions in self.predicted.items()}

    @_cached
    def trained(self) -> dict[str, int]:
        """Return how many of the galaxies each network was trained on, if its model card tells."""
        from galaxy_explorer.training import training_overlap

        prints = {name: card.training_fingerprint for name, card in networks.cards().items()}
        return {name: training_overlap(prints[name], self.ids) for name in self.predicted if prints.get(name)}

    @_cached
    def between(self, one: str, other: str) -> Score:
        """Return the difference of two networks, as if the second were the volunteers."""
        return score(self.predicted[one], self.predicted[other])

    @_cached
    def density(self, across: str, up: str | None, columns: tuple[str, ...]) -> np.ndarray:
        """Return the joint counts of the fractions of two networks; None stands for the volunteers."""
        return metrics.density(self.predicted[across], self._side(up), columns)

    @_cached
    def calibration(self, network: str, columns: tuple[str, ...]) -> pd.DataFrame:
        """Return the mean vote in bins of a network's prediction."""
        return metrics.calibration(self.predicted[network], self.volunteers, columns)

    @_cached
    def disagreements(self, network: str, other: str | None, question: int | None) -> pd.DataFrame:
        """Return the largest disagreements of a network with another; None is the volunteers.

        As `metrics.disagreements`, indexed by ``GalaxyID``, the largest first, over one question or all.
        """
        theirs = self._side(other)
        if question is not None:
            asked = np.full_like(theirs, np.nan)
            asked[:, SLICES[question]] = theirs[:, SLICES[question]]
            theirs = asked
        table = metrics.disagreements(self.predicted[network], theirs)
        order = np.argsort(-table["rmse"].to_numpy(), kind="stable")[:WORST]
        return table.iloc[order].set_index(self.ids[order]).dropna(subset=["rmse"])

    def _side(self, network: str | None) -> np.ndarray:
        """Return the fractions of a network or, for None, of the volunteers."""
        return self.volunteers if network is None else self.predicted[network]


def rows_with_votes(catalogue: Catalogue) -> np.ndarray:
    """Return the rows of a catalogue that have votes; all rows if none has."""
    voted = np.flatnonzero(catalogue.votes.known)
    return voted if len(voted) else np.arange(len(catalogue))


def unseen_rows(catalogue: Catalogue) -> np.ndarray:
    """Return the rows of a catalogue that its list of validation galaxies names.

    Raises
    ------
    CatalogueError
        If the list cannot be read.
    """

    def find() -> np.ndarray:
        ids = [] if catalogue.fetch else read_validation_ids(catalogue.root)
        return np.flatnonzero(catalogue.table.index.isin(ids))

    return catalogue_result(catalogue, ("unseen",), find)


def sample_of(rows: np.ndarray) -> np.ndarray:
    """Return the sample of rows that is offered first, in their order."""
    return np.sort(np.random.default_rng(SAMPLE_SEED).permutation(rows)[:SAMPLE_SIZE])


def origins_of(catalogue: Catalogue, networks: Sequence[str], tables: dict[str, Path]) -> list[Origin]:
    """Return where the predictions of each network are, or will be."""
    store_of, key_of = prediction_jobs.store_of, prediction_jobs.network_key
    computed = {name: Origin(name, store_of(catalogue, name), key_of(name)) for name in networks if name not in tables}
    return [computed.get(name) or Origin(name, tables[name], None) for name in networks]


def compare(catalogue: Catalogue, rows: np.ndarray, origins: Sequence[Origin]) -> Comparison:
    """Return the comparison of some rows; read again only if there are more predictions.

    Raises
    ------
    PredictionError
        If a prediction table cannot be read.
    """
    digest = hashlib.blake2b(rows.tobytes(), digest_size=10).hexdigest()
    states = tuple((origin, origin.tables) for origin in origins)
    return _compare(catalogue.fingerprint, digest, states, catalogue, rows)


# 240,000 galaxies and two networks take some 70 MB in addition to the votes, which are the catalogue's own.
@st.cache_resource(max_entries=3, show_spinner=False)
def _compare(
    fingerprint: str, digest: str, states: tuple[tuple[Origin, Tables], ...], _catalogue: Catalogue, _rows: np.ndarray
) -> Comparison:
    """Read the predictions and join them."""
    wanted = _catalogue.table.index[_rows]
    sides = {origin.network: _read(origin, tables, wanted) for origin, tables in states}
    done = {network: np.isfinite(side.fractions(COLUMNS[0])) for network, side in sides.items()}
    missing: dict[str, list[str]] = {}
    failures: dict[str, str] = {}
    for network, side in sides.items():
        failed = wanted.isin(list(side.failures)) & ~done[network]
        failures |= {galaxy_id: side.failures[galaxy_id] for galaxy_id in wanted[failed]}
        missing[network] = wanted[~done[network] & (_catalogue.fetch is not None or ~failed)].tolist()
    known = np.logical_and.reduce(list(done.values()))
    volunteers = _catalogue.volunteer_fractions
    if not known.all() or len(known) < len(_catalogue):
        volunteers = volunteers.T[:, _rows[known]].T
    predictions = {network: _table(side.fractions, known) for network, side in sides.items()}
    within, voted = {}, known.any() and np.isfinite(volunteers).any()
    for network, side in sides.items():
        if voted and (ends := _intervals(side, known)):
            within[network] = coverage(ends[0], ends[1], volunteers)
    return Comparison(wanted[known], volunteers, predictions, within, missing, failures)


class _Side(NamedTuple):
    """A network's predictions of the requested galaxies."""

    fractions: Column
    ends: Column | None  # of the intervals, by `INTERVAL_COLUMNS`
    failures: dict[str, str]


def _read(origin: Origin, tables: Tables, ids: pd.Index) -> _Side:
    """Open a network's predictions of some galaxies."""
    if origin.key is None:
        fractions, ends, _ = cached_table(origin.path)
        return _Side(_columns(fractions, ids), None if ends is None else _columns(ends, ids), {})
    from galaxy_explorer.prediction import PredictionStore

    column = open_columns(ids, tables, [*COLUMNS, *INTERVAL_COLUMNS])
    return _Side(column, column, PredictionStore(origin.path, origin.key).failures())


def _columns(table: pd.DataFrame, ids: pd.Index) -> Column:
    """Return the columns of a table for some galaxies, NaN for those it lacks."""
    rows = table.reindex(ids)
    return lambda name: rows[name].to_numpy()


def _intervals(side: _Side, rows: np.ndarray) -> list[np.ndarray]:
    """Return the lower and upper ends of some rows, (n, 37) each; none if one is unknown."""
    if side.ends is None:
        return []
    ends = [_table(side.ends, rows, names) for names in (LOWER_COLUMNS, UPPER_COLUMNS)]
    return ends if all(np.isfinite(end).all() for end in ends) else []


def _table(column: Column, rows: np.ndarray, names: Sequence[str] = COLUMNS) -> np.ndarray:
    """Return 37 columns of some rows as (n, 37) float32; the values of each are contiguous."""
    table = np.empty((len(names), np.count_nonzero(rows)), dtype=np.float32)
    for values, name in zip(table, names, strict=True):
        np.compress(rows, column(name), out=values)
    return table.T
