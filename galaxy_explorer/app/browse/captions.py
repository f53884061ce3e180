"""Captions of the gallery's tiles: the kind in words, and what the query goes by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from galaxy_explorer.app.browse.matching import Matches
from galaxy_explorer.app.browse.query import BrowseQuery
from galaxy_explorer.app.services.result_cache import catalogue_result
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import COLUMNS, kind_of, label_of
from galaxy_explorer.prediction import cached

NO_VOTES = "no votes"
MAX_VALUES = 2  # on a tile, after the kind

Caption = Callable[[int], str]  # of a row


@dataclass(frozen=True)
class Kinds:
    """The kinds of some galaxies in words."""

    words: tuple[str, ...]  # empty if nothing is known
    network: str = ""  # the one whose predictions name galaxies without votes


def kinds_of(catalogue: Catalogue, rows: np.ndarray) -> Kinds:
    """Return the kinds of the galaxies in some rows, by their votes, else by predictions."""
    fractions = catalogue.table.iloc[rows][list(COLUMNS)].to_numpy(dtype=float, copy=True)
    unvoted = ~np.isfinite(fractions).any(axis=1)
    network = ""
    if unvoted.any() and (tables := cached.tables_of(catalogue)):
        ids = catalogue.table.index[rows[unvoted]]
        key = ("kinds", tables[0], tuple(ids))
        fractions[unvoted] = predicted = catalogue_result(catalogue, key, lambda: _predicted(ids, tables[0]))
        network = tables[0].network if np.isfinite(predicted).any() else ""
    unknown = NO_VOTES if catalogue.votes.known.any() else ""  # an own picture keeps its name
    return Kinds(tuple(kind_of(values) or unknown for values in fractions), network)


def _predicted(ids: pd.Index, table: cached.Tables) -> np.ndarray:
    """Return the predicted fractions of some galaxies, (n, 37), NaN without a prediction."""
    try:
        column = cached.open_columns(ids, table)
        return np.column_stack([column(name) for name in COLUMNS])
    except (OSError, ValueError):  # a damaged table; Compare replaces it
        return np.full((len(ids), len(COLUMNS)), np.nan)


def captions_of(rows: np.ndarray, kinds: Kinds, values: Sequence[Caption]) -> list[str]:
    """Return a caption in Markdown for each row: the kind, and in italics each value."""
    return [
        " ".join(filter(None, [kind, *(f"*{value(row)}*" for value in values)]))
        for kind, row in zip(kinds.words, rows, strict=True)
    ]


def values_of(catalogue: Catalogue, query: BrowseQuery, matches: Matches) -> list[Caption]:
    """Return functions that write the values that a query sorts or filters by."""
    ood: list[Caption] = [_ood_score(matches.ood.scores)] if matches.ood else []
    if (rmse := matches.rmse) is not None:
        return [lambda row: _rmse(rmse[row], not matches.network or catalogue.votes.known[row]), *ood]
    shown = [(query.sort, query.as_share)] if query.sort in COLUMNS else []
    # What a filter excludes is near 0 on every tile.
    shown += [(wanted.column, wanted.as_share) for wanted in query.ranges if wanted.low or not shown]
    votes = [_share(catalogue, *pair) for pair in list(dict.fromkeys(shown))[:MAX_VALUES]]
    return [*votes[: MAX_VALUES - len(ood)], *ood]


def _share(catalogue: Catalogue, column: str, as_share: bool) -> Caption:
    """Return a function that writes an answer's share or vote fraction."""
    values = catalogue.votes.values(column, as_share=as_share)
    fractions = catalogue.votes.fractions(column)

    def write(row: int) -> str:
        if np.isfinite(values[row]):
            return f"{label_of(column)} {100 * values[row]:.0f}\u00a0%"
        return f"{label_of(column)}: {'not asked' if np.isfinite(fractions[row]) else 'no votes known'}"

    return write


def _ood_score(scores: np.ndarray) -> Caption:
    """Return a function that writes an out-of-distribution score, never 1.00 for one near 1."""

    def write(row: int) -> str:
        rounded = f"{scores[row]:.2f}"
        return f"OOD score {rounded if rounded != '1.00' or scores[row] == 1 else f'{scores[row]:.4f}'}"

    return write


def _rmse(rmse: float, has_votes: bool) -> str:
    """Return the RMSE between two sides, or which of them is missing."""
    if np.isfinite(rmse):
        return f"RMSE {rmse:.2f}"
    return "not predicted" if has_votes else "no votes known"
