"""Captions of the gallery's tiles: the kind in words, and what the query goes by."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from galaxy_explorer.app.query.filters.filter import Caption
from galaxy_explorer.app.query.filters.ood import ood_caption
from galaxy_explorer.app.query.filters.rmse import rmse_caption
from galaxy_explorer.app.query.matching import Matches
from galaxy_explorer.app.query.query import AGAINST_VOLUNTEERS, BY_CLASS, BY_OOD, BrowseQuery, labels_of
from galaxy_explorer.app.services.answers import VOLUNTEERS, Answers, answers_of
from galaxy_explorer.catalogue import Catalogue, Measure
from galaxy_explorer.decision_tree import COLUMNS, kind_of
from galaxy_explorer.prediction import cached

NO_VOTES, NOT_PREDICTED = "no votes", "not predicted"
MAX_VALUES = 2  # on a tile, after the kind


@dataclass(frozen=True)
class Kinds:
    """The kinds of some galaxies in words."""

    words: tuple[str, ...]  # empty if nothing is known
    network: str = ""  # the one whose predictions name galaxies without votes


def kinds_of(catalogue: Catalogue, rows: np.ndarray, answers: Answers) -> Kinds:
    """Return the kinds of some galaxies by the answers; without votes by predictions."""
    fractions, network = answers.fractions_of(rows), ""
    unvoted = ~np.isfinite(fractions).any(axis=1)
    if not answers.network and unvoted.any() and (tables := cached.tables_of(catalogue)):
        fractions[unvoted] = predicted = answers_of(catalogue, tables[0].network).fractions_of(rows[unvoted])
        network = tables[0].network if np.isfinite(predicted).any() else ""
    # An own picture keeps its name if nothing is known of any.
    unknown = (NOT_PREDICTED if answers.network else NO_VOTES) if answers.predicted else ""
    return Kinds(tuple(kind_of(values) or unknown for values in fractions), network)


def captions_of(rows: np.ndarray, kinds: Kinds, values: Sequence[Caption]) -> list[str]:
    """Return a caption in Markdown for each row: the kind, and in italics each value."""
    return [
        " ".join(filter(None, [kind, *(f"*{value(row)}*" for value in values)]))
        for kind, row in zip(kinds.words, rows, strict=True)
    ]


def values_of(catalogue: Catalogue, query: BrowseQuery, matches: Matches) -> list[Caption]:
    """Return functions that write the values that a query sorts or filters by."""
    others = [condition.caption(catalogue, matches.network) for condition in query.filters]
    conditions = [caption for caption in others if caption]
    if matches.sorted_by is not None and query.sort != BY_CLASS:  # its filter has a caption
        return [_value_of_sort(catalogue, query, matches), *conditions][:MAX_VALUES]
    shown: list[tuple[tuple[str, ...], Measure]] = [((query.sort,), query.measure)] if query.sort in COLUMNS else []
    # What a filter excludes is near 0 on every tile.
    shown += [(wanted.columns, wanted.measure) for wanted in query.ranges if wanted.low or not shown]
    values = [_value(matches.answers, *pair) for pair in list(dict.fromkeys(shown))[:MAX_VALUES]]
    return [*values[: max(0, MAX_VALUES - len(conditions))], *conditions][:MAX_VALUES]


def _value_of_sort(catalogue: Catalogue, query: BrowseQuery, matches: Matches) -> Caption:
    """Return a function that writes the value of a sort by predictions."""
    if query.sort == BY_OOD and matches.sorted_by is not None:
        return ood_caption(matches.sorted_by)
    if query.sort == AGAINST_VOLUNTEERS:
        return rmse_caption(catalogue, matches.network, VOLUNTEERS)
    return rmse_caption(catalogue, *matches.networks[:2])


def _value(answers: Answers, columns: tuple[str, ...], measure: Measure) -> Caption:
    """Return a function that writes a measure of answers; of an end, the whole interval."""
    name, fractions = labels_of(columns), answers.votes.fractions(columns[0])
    shown = (Measure.LOWER, Measure.UPPER) if measure in (Measure.LOWER, Measure.UPPER) else (measure,)
    values = [answers.votes.added(columns, one) for one in shown]

    def write(row: int) -> str:
        if all(np.isfinite(one[row]) for one in values):
            return f"{name} {' to '.join(f'{100 * one[row]:.0f}' for one in values)}\u00a0%"
        if answers.network:
            return f"{name}: {'unknown' if np.isfinite(fractions[row]) else NOT_PREDICTED}"
        return f"{name}: {'not asked' if np.isfinite(fractions[row]) else 'no votes known'}"

    return write
