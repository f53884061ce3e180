"""From a query to the rows of a catalogue, as arrays of row numbers; no table is copied."""

from dataclasses import dataclass, field, replace

import numpy as np

from galaxy_explorer.app.query.filters.ood import ood_scores
from galaxy_explorer.app.query.filters.own_class import ClassRange
from galaxy_explorer.app.query.filters.rmse import rmse_between
from galaxy_explorer.app.query.query import (
    AGAINST_VOLUNTEERS,
    AT_RANDOM,
    BETWEEN_NETWORKS,
    BY_CLASS,
    BY_ID,
    BY_MATCH,
    BY_OOD,
    BrowseQuery,
)
from galaxy_explorer.app.services import networks
from galaxy_explorer.app.services.answers import VOLUNTEERS, Answers, answers_of
from galaxy_explorer.catalogue import Catalogue, argsort_nan_last, closeness, find_ids, rows_by_id
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.prediction import cached


@dataclass(frozen=True)
class Matches:
    """The galaxies that match a query."""

    rows: np.ndarray  # (n,) int, in the order of the query
    answers: Answers  # that ranges, sorts and captions use
    network: str = ""  # for filters and sorts that need predictions whatever the answers are
    networks: tuple[str, ...] = ()  # those with predictions of the catalogue, if the query needs any
    sorted_by: np.ndarray | None = None  # (N,) values of a sort by the RMSE or the OOD score, NaN where unknown
    unknown_ids: list[str] = field(default_factory=list)  # texts of the search that no id contains


@dataclass(frozen=True)
class RelaxedQuery:
    """A query without one of its conditions, and how many galaxies match it."""

    condition: str
    query: BrowseQuery
    galaxies: int


def match_galaxies(catalogue: Catalogue, query: BrowseQuery) -> Matches:
    """Filter and sort a catalogue; ids that the search names in full come first.

    A sort by predictions that do not exist keeps the order of the ids.
    """
    matches = _sorted(catalogue, query, _unsorted(catalogue, query))
    rows = filtered_rows(catalogue, query, matches)
    if not query.search:
        return replace(matches, rows=rows)
    exact, partial, unknown_ids = find_ids(catalogue, query.search)
    exact = exact[np.isin(exact, rows)]
    return replace(matches, rows=np.concatenate([exact, rows[np.isin(rows, partial)]]), unknown_ids=unknown_ids)


def filtered_rows(catalogue: Catalogue, query: BrowseQuery, matches: Matches) -> np.ndarray:
    """Return those of the rows that match the filters, in their order."""
    rows = matches.rows
    for wanted in query.ranges:
        rows = rows[wanted.mask(matches.answers.votes, query.min_asked / 100)[rows]]
    for condition in query.filters:
        rows = rows[condition.mask(catalogue, matches.network)[rows]]
    return rows


def relaxed_queries(catalogue: Catalogue, query: BrowseQuery) -> list[RelaxedQuery]:
    """Return the queries without one condition that match galaxies, the most galaxies first."""
    found = [
        RelaxedQuery(condition, relaxed, len(match_galaxies(catalogue, replace(relaxed, sort=BY_ID)).rows))
        for condition, relaxed in query.relaxations()
    ]
    return sorted((relaxed for relaxed in found if relaxed.galaxies), key=lambda relaxed: -relaxed.galaxies)


def _unsorted(catalogue: Catalogue, query: BrowseQuery) -> Matches:
    """Return all rows by id, with the answers and the network that the query uses."""
    rows = rows_by_id(catalogue, descending=query.descending and query.sort == BY_ID)
    between = query.sort == BETWEEN_NETWORKS
    if not (between or query.needs_network):
        return Matches(rows, answers_of(catalogue, query.answers))
    predicted = tuple(tables.network for tables in cached.tables_of(catalogue))
    answers = answers_of(catalogue, query.answers)
    candidates = [answers.network, *[query.network] * (query.network in predicted), *predicted, *networks.names()]
    network = next(filter(None, candidates), "") if query.needs_network else ""
    return Matches(rows, answers, network, predicted)


def _sorted(catalogue: Catalogue, query: BrowseQuery, matches: Matches) -> Matches:
    """Sort all rows of a catalogue."""
    if query.sort == AT_RANDOM:
        return replace(matches, rows=np.random.default_rng(query.seed).permutation(len(catalogue)))
    if query.sort in COLUMNS:
        bound = query.min_asked / 100 if query.measure.is_share else 0.0
        votes = matches.answers.votes
        rows = votes.order(query.sort, query.measure, descending=query.descending, min_mass=bound)
        return replace(matches, rows=rows)
    if query.sort == BY_MATCH and query.ranges:
        clearness = closeness(query.ranges, matches.answers.votes)
        return replace(matches, rows=argsort_nan_last(clearness, descending=query.descending))
    values = _values_of_sort(catalogue, query, matches)
    if values is None or not np.isfinite(values).any():
        return matches
    return replace(matches, rows=argsort_nan_last(values, descending=query.descending), sorted_by=values)


def _values_of_sort(catalogue: Catalogue, query: BrowseQuery, matches: Matches) -> np.ndarray | None:
    """Return the values, (N,), of a sort by predictions; None for another sort."""
    if query.sort == BY_CLASS:
        wanted = query.filter_of(ClassRange)
        return wanted.scores(catalogue, matches.network) if wanted else None
    if query.sort == BY_OOD:
        return ood_scores(catalogue, matches.network)
    if query.sort == AGAINST_VOLUNTEERS:
        return rmse_between(catalogue, matches.network, VOLUNTEERS)
    if query.sort == BETWEEN_NETWORKS and len(matches.networks) > 1:
        return rmse_between(catalogue, *matches.networks[:2])
    return None
