"""From a query to the rows of a catalogue, as arrays of row numbers; no table is copied."""

from dataclasses import dataclass, field, replace

import numpy as np

from galaxy_explorer.app.browse.filters.ood import OodScores, ood_scores
from galaxy_explorer.app.browse.query import AGAINST_VOLUNTEERS, AT_RANDOM, BETWEEN_NETWORKS, BY_ID, BrowseQuery
from galaxy_explorer.app.services.result_cache import catalogue_result
from galaxy_explorer.catalogue import Catalogue, argsort_nan_last, find_ids, sorted_rows
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.prediction import cached


@dataclass(frozen=True)
class Matches:
    """The galaxies that match a query."""

    rows: np.ndarray  # (n,) int, in the order of the query
    networks: tuple[str, ...] = ()  # those with predictions of the catalogue, for sorts that need them
    network: str = ""  # the one compared with the volunteers
    rmse: np.ndarray | None = None  # (N,) between the two sides of a disagreement, NaN where unknown
    predicted: int = 0  # galaxies of the catalogue with predictions by all networks of the sort
    ood: OodScores | None = None  # for a filter by them
    unknown_ids: list[str] = field(default_factory=list)  # texts of the search that no id contains


@dataclass(frozen=True)
class RelaxedQuery:
    """A query without one of its conditions, and how many galaxies match it."""

    condition: str
    query: BrowseQuery
    galaxies: int


def match_galaxies(catalogue: Catalogue, query: BrowseQuery) -> Matches:
    """Filter and sort a catalogue; ids that the search names in full come first.

    A sort by disagreement without predictions keeps the order of the ids.
    """
    matches = _sorted(catalogue, query)
    rows = filtered_rows(catalogue, query, matches.rows)
    if query.ood:
        matches = replace(matches, ood=(found := ood_scores(catalogue, query.network)))
        rows = rows[query.ood.mask(found.scores)[rows]]
    if not query.search:
        return replace(matches, rows=rows)
    exact, partial, unknown_ids = find_ids(catalogue, query.search)
    exact = exact[np.isin(exact, rows)]
    return replace(matches, rows=np.concatenate([exact, rows[np.isin(rows, partial)]]), unknown_ids=unknown_ids)


def filtered_rows(catalogue: Catalogue, query: BrowseQuery, rows: np.ndarray) -> np.ndarray:
    """Return those of some rows that match the filters on votes, in their order."""
    for wanted in query.ranges:
        rows = rows[wanted.mask(catalogue, query.min_asked / 100)[rows]]
    return rows


def relaxed_queries(catalogue: Catalogue, query: BrowseQuery) -> list[RelaxedQuery]:
    """Return the queries without one condition that match galaxies, the most galaxies first."""
    found = [
        RelaxedQuery(condition, relaxed, len(match_galaxies(catalogue, replace(relaxed, sort=BY_ID)).rows))
        for condition, relaxed in query.relaxations()
    ]
    return sorted((relaxed for relaxed in found if relaxed.galaxies), key=lambda relaxed: -relaxed.galaxies)


def _sorted(catalogue: Catalogue, query: BrowseQuery) -> Matches:
    """Sort all rows of a catalogue."""
    if query.sort in (AGAINST_VOLUNTEERS, BETWEEN_NETWORKS):
        return _sorted_by_disagreement(catalogue, query)
    if query.sort == AT_RANDOM:
        return Matches(sorted_rows(catalogue, "random", seed=query.seed))
    if query.sort in COLUMNS:
        bound = query.min_asked / 100 if query.as_share else 0.0
        rows = sorted_rows(catalogue, query.sort, as_share=query.as_share, descending=query.descending, min_mass=bound)
        return Matches(rows)
    return Matches(sorted_rows(catalogue, "GalaxyID", descending=query.descending))


def _sorted_by_disagreement(catalogue: Catalogue, query: BrowseQuery) -> Matches:
    """Sort all rows by the RMSE between two networks, or between a network and the volunteers."""
    tables = {table.network: table for table in cached.tables_of(catalogue)}
    networks = tuple(tables)
    by_id = sorted_rows(catalogue, "GalaxyID", descending=False)
    between = query.sort == BETWEEN_NETWORKS
    if len(networks) < (2 if between else 1):
        return Matches(by_id, networks)
    network = query.network if query.network in networks else networks[0]
    sides = tuple(tables[name] for name in networks[:2]) if between else (tables[network],)
    try:
        rmse, predicted = _rmse(catalogue, sides)
    except (OSError, ValueError):  # a damaged table; Compare replaces it
        return Matches(by_id)
    rows = argsort_nan_last(rmse, descending=query.descending)
    return Matches(rows, networks, "" if between else network, rmse, predicted)


def _rmse(catalogue: Catalogue, sides: tuple[cached.Tables, ...]) -> tuple[np.ndarray, int]:
    """Return the RMSE between two sides, and for how many galaxies it is known."""

    def compute() -> tuple[np.ndarray, int]:
        first, *second = (cached.open_columns(catalogue.table.index, side) for side in sides)
        # A network has all answers for a galaxy or none.
        known = [np.isfinite(side(COLUMNS[0])) for side in (first, *second)]
        other = second[0] if second else catalogue.votes.fractions
        return cached.rms_difference(first, other), int(np.logical_and.reduce(known).sum())

    return catalogue_result(catalogue, ("difference", *sides), compute)
