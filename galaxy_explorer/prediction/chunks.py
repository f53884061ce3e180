"""Chunks of a prediction table: predictions and failures as rows, and back."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue import ID
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.prediction.embeddings import to_bytes
from galaxy_explorer.prediction.stream import Batch
from galaxy_explorer.prediction.tables import (
    CROP_COLUMNS,
    EMBEDDING,
    FAILURE,
    LOWER_COLUMNS,
    OOD_SCORE,
    STATE,
    UPPER_COLUMNS,
)

NUMBERS = [*COLUMNS, *LOWER_COLUMNS, *UPPER_COLUMNS, OOD_SCORE, *CROP_COLUMNS]
CHUNK_COLUMNS = [*NUMBERS, STATE, FAILURE]
BLOCK = 60_000  # rows that are sorted at a time: 60 MB


@dataclass(frozen=True)
class Predictions:
    """The predictions of many galaxies.

    Parameters
    ----------
    fractions : pd.DataFrame
        Vote fractions, float32; the index ``GalaxyID`` is text, the columns are the 37 of the decision tree.
    lower, upper : pd.DataFrame
        Ends of their 68 % prediction intervals, of the same form; NaN if the table does not hold them.
    failures : dict of str to str
        The reason for each galaxy that could not be predicted.
    ood_scores : pd.Series
        Out-of-distribution scores by ``GalaxyID``; NaN if the table or the model card does not have them.
    """

    fractions: pd.DataFrame
    lower: pd.DataFrame
    upper: pd.DataFrame
    failures: dict[str, str]
    ood_scores: pd.Series = field(default_factory=lambda: pd.Series(dtype=float))


def collect(batches: Sequence[Batch]) -> Predictions:
    """Join batches in their order."""
    chunk = chunk_of(batches)
    return split(predicted_rows(chunk), failures_of(chunk))


def chunk_of(batches: Sequence[Batch], with_embeddings: bool = False) -> pd.DataFrame:
    """Lay batches out as one table, in which galaxies that failed have a reason and NaN."""
    ids = [galaxy_id for batch in batches for galaxy_id in batch.ids]
    failures = {galaxy_id: reason for batch in batches for galaxy_id, reason in batch.failures.items()}
    index = pd.Index([*ids, *failures], dtype=str, name=ID)
    numbers = np.full((len(index), len(NUMBERS)), np.nan, dtype=np.float32)
    if ids:
        numbers[: len(ids)] = np.concatenate([_numbers(batch) for batch in batches])
    table = pd.DataFrame(numbers, index, NUMBERS)
    states = [state for batch in batches for state in batch.fingerprints or [None] * len(batch.ids)]
    table[STATE] = pd.Series([*states, *[None] * len(failures)], index, dtype=object)
    table[FAILURE] = pd.Series([*[None] * len(ids), *failures.values()], index, dtype=object)
    if with_embeddings:
        embeddings = [row for batch in batches if batch.ids for row in to_bytes(batch.embeddings)]
        table[EMBEDDING] = pd.Series([*embeddings, *[None] * len(failures)], index, dtype=object)
    return table


def _numbers(batch: Batch) -> np.ndarray:
    """Return the columns `NUMBERS` of a batch, (n, 115), NaN where unknown."""
    count = len(batch.ids)
    squares = [(one.x, one.y, one.side) if one else (np.nan,) * 3 for one in batch.squares or [None] * count]
    scores = np.full(count, np.nan) if batch.ood_scores is None else batch.ood_scores
    return np.column_stack(
        [batch.fractions, *np.moveaxis(batch.intervals, 1, 0), scores, np.reshape(squares, (count, 3))]
    )


def predicted_rows(chunk: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a chunk that have predictions."""
    return chunk[chunk[FAILURE].isna()]


def failures_of(chunk: pd.DataFrame) -> dict[str, str]:
    """Return the reasons for the failed galaxies of a chunk."""
    reasons = chunk[FAILURE].dropna()
    return dict(zip(reasons.index, reasons, strict=True))


def each_once(chunks: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Yield the rows of chunks without those of galaxies that an earlier chunk has."""
    done: set[str] = set()
    for chunk in chunks:
        new = chunk[~chunk.index.isin(done)]
        done.update(new.index)
        yield new


def sorted_rows(read_chunks: Callable[[], Iterable[pd.DataFrame]], ids: pd.Index) -> Iterator[pd.DataFrame]:
    """Yield the rows of galaxies in their order; the chunks are read for each block of them."""
    for start in range(0, len(ids), BLOCK):
        block = ids[start : start + BLOCK]
        rows = pd.concat([chunk[chunk.index.isin(block)] for chunk in read_chunks()])
        yield rows[~rows.index.duplicated()].loc[block]


def split(table: pd.DataFrame, failures: dict[str, str]) -> Predictions:
    """Split a table into fractions and the ends of their intervals."""
    lower, upper = (
        table.reindex(columns=list(names)).set_axis(list(COLUMNS), axis=1) for names in (LOWER_COLUMNS, UPPER_COLUMNS)
    )
    scores = table[OOD_SCORE] if OOD_SCORE in table else pd.Series(np.nan, table.index, name=OOD_SCORE)
    return Predictions(table[list(COLUMNS)], lower, upper, failures, scores)
