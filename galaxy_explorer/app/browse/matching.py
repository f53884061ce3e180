"""From what a visitor asks for to the rows of a catalogue. No table is copied: all of it is arrays of row numbers."""

from dataclasses import dataclass, field, replace

import numpy as np

from galaxy_explorer.app.browse.query import (
    AGAINST_VOLUNTEERS,
    AT_RANDOM,
    BETWEEN_NETWORKS,
    LEAST_ASKED,
    View,
    range_in_words,
)
from galaxy_explorer.app.services.result_cache import memo_of
from galaxy_explorer.catalogue import Catalogue, VoteRange, argsort_nan_last, find_ids, sorted_rows
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.prediction import cached


@dataclass(frozen=True)
class Picked:
    """The galaxies of a view, and what there is to say about them."""

    rows: np.ndarray  # (n,) int, in their order
    networks: tuple[str, ...] = ()  # those with predictions of these galaxies, where the sort needs any
    network: str = ""  # whose disagreement with the volunteers was sorted by
    apart: np.ndarray | None = None  # (N,) how far the two sides of a disagreement are apart, NaN where unknown
    predicted: int = 0  # galaxies of the catalogue that all networks in question have looked at
    not_found: list[str] = field(default_factory=list)  # texts of the search that no id holds


@dataclass(frozen=True)
class WayOut:
    """A condition that can be given up, and how many galaxies there are then."""

    condition: str
    view: View
    galaxies: int


def pick(catalogue: Catalogue, view: View) -> Picked:
    """Filter and sort a catalogue's galaxies.

    Parameters
    ----------
    catalogue : Catalogue
        The galaxies.
    view : View
        What is asked for.

    Returns
    -------
    Picked
        Ids that the search gives in full come first; then the sort decides. A sort by a disagreement that cannot
        be told, for want of predictions, leaves the order of the ids.
    """
    picked = _in_order(catalogue, view)
    rows = picked.rows
    for wanted in view.ranges:
        rows = rows[wanted.mask(catalogue, view.asked / 100)[rows]]
    if not view.search:
        return replace(picked, rows=rows)
    exact, others, not_found = find_ids(catalogue, view.search)
    held = np.zeros(len(catalogue), dtype=bool)
    held[rows] = True
    wanted_others = np.zeros(len(catalogue), dtype=bool)
    wanted_others[others] = True
    return replace(picked, rows=np.concatenate([exact[held[exact]], rows[wanted_others[rows]]]), not_found=not_found)


def ways_out(catalogue: Catalogue, view: View) -> list[WayOut]:
    """Say which of a view's conditions could be given up to find galaxies again, the most galaxies first."""
    found = []
    for wanted in view.ranges:
        without = view.without_range(wanted)
        found.append(WayOut(range_in_words(wanted), without, _count(catalogue, without)))
    if view.search:
        without = replace(view, search="", page=1)
        found.append(WayOut(f"search for “{view.search}”", without, _count(catalogue, without)))
    if view.asked != LEAST_ASKED:
        without = view.without_bound()
        found.append(WayOut(view.bound_in_words, without, _count(catalogue, without)))
    return sorted((way for way in found if way.galaxies), key=lambda way: -way.galaxies)


def _count(catalogue: Catalogue, view: View) -> int:
    """Count the galaxies of a view, whatever their order."""
    return len(pick(catalogue, replace(view, sort="id")).rows)


def counts_shares(view: View) -> bool:
    """Tell whether the least asked part decides anything of a view."""
    ranges = (*view.ranges, *([VoteRange(view.sort, as_share=view.as_share)] if view.sort in COLUMNS else []))
    return any(wanted.as_share for wanted in ranges)


def _in_order(catalogue: Catalogue, view: View) -> Picked:
    """Put all rows of a catalogue in the order of a view."""
    if view.sort in (AGAINST_VOLUNTEERS, BETWEEN_NETWORKS):
        return _by_disagreement(catalogue, view)
    if view.sort == AT_RANDOM:
        return Picked(sorted_rows(catalogue, "random", seed=view.seed))
    if view.sort in COLUMNS:
        least = view.asked / 100 if view.as_share else 0.0
        rows = sorted_rows(catalogue, view.sort, as_share=view.as_share, descending=view.descending, min_mass=least)
        return Picked(rows)
    return Picked(sorted_rows(catalogue, "GalaxyID", descending=view.descending))


def _by_disagreement(catalogue: Catalogue, view: View) -> Picked:
    """Put all rows in the order of a disagreement, as far as there are predictions on disk."""
    tables = {found.network: found for found in cached.tables_of(catalogue)}
    names = tuple(tables)
    between = view.sort == BETWEEN_NETWORKS
    if len(names) < (2 if between else 1):
        return Picked(sorted_rows(catalogue, "GalaxyID", descending=False), names)
    network = view.network if view.network in names else names[0]
    sides = tuple(tables[name] for name in names[:2]) if between else (tables[network],)
    try:
        apart, count = _apart(catalogue, sides)
    except (OSError, ValueError):  # a table is damaged; Compare, where a sort without predictions leads, makes it anew
        return Picked(sorted_rows(catalogue, "GalaxyID", descending=False))
    return Picked(argsort_nan_last(apart, descending=view.descending), names, "" if between else network, apart, count)


def _apart(catalogue: Catalogue, sides: tuple[cached.Tables, ...]) -> tuple[np.ndarray, int]:
    """Tell how far apart two networks, or one and the volunteers, are; and of how many galaxies that is known."""

    def work_out() -> tuple[np.ndarray, int]:
        first, *second = (cached.open_columns(catalogue.table.index, side) for side in sides)
        # A network has all answers about a galaxy or none.
        known = [np.isfinite(side(COLUMNS[0])) for side in (first, *second)]
        other = second[0] if second else catalogue.votes.fractions
        return cached.rms_difference(first, other), int(np.logical_and.reduce(known).sum())

    return memo_of(catalogue, "apart", limit=4).recall(sides, work_out)
