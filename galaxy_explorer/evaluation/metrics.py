"""Metrics of predicted vote fractions: RMSE, calibration, density, largest differences."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from galaxy_explorer.decision_tree import COLUMNS, INDEX, SLICES, check_scores

RESAMPLES = 400  # of a bootstrap: its standard errors are known to 4 %


@dataclass(frozen=True)
class Score:
    """RMSE of predicted vote fractions, and of predicting the training mean.

    A question without any vote has no entry. Without a training mean its figures are None and empty, as are the
    standard errors unless they were requested.
    """

    galaxies: int  # with any vote
    rmse: float
    rmse_by_question: Mapping[int, float]
    mean_rmse: float | None = None
    mean_rmse_by_question: Mapping[int, float] = field(default_factory=dict)
    rmse_standard_error: float | None = None
    standard_error_by_question: Mapping[int, float] = field(default_factory=dict)


def rms(differences: Iterable[np.ndarray]) -> np.ndarray:
    """Compute the root mean square (RMS) of several arrays, element by element, without NaN.

    Parameters
    ----------
    differences : iterable of np.ndarray of float
        For example one array per score column. Read one at a time: for 240,000 galaxies each takes 1 MB.

    Returns
    -------
    np.ndarray
        Of the same shape and dtype; NaN if no array is finite there.
    """
    return _root_mean(*_square_sums(differences))


def score(
    predicted: np.ndarray,
    volunteers: np.ndarray,
    training_mean: np.ndarray | None = None,
    *,
    weights: np.ndarray | None = None,
    standard_errors: bool = False,
) -> Score:
    """Compute the RMSE of predicted vote fractions, overall and by question.

    Parameters
    ----------
    predicted : (N, 37) np.ndarray
        Predicted vote fractions in the order of `decision_tree.COLUMNS`, in [0, 1].
    volunteers : (N, 37) np.ndarray
        The volunteers' vote fractions, NaN where unknown.
    training_mean : (37,) np.ndarray, optional
        Mean vote fractions of the training galaxies, as a baseline. NaN where unknown.
    weights : (N,) np.ndarray, optional
        Importance weights of the galaxies.
    standard_errors : bool, optional
        Compute the standard errors by a bootstrap over the galaxies, seeded: `RESAMPLES` draws with replacement.

    Raises
    ------
    ValueError
        If the shapes do not match, a prediction is NaN, or no vote is known.
    """
    predicted, volunteers = check_pair(predicted, volunteers)
    galaxies = check_any_vote(volunteers)
    weights = np.ones(len(volunteers)) if weights is None else np.asarray(weights, dtype=float)
    sums = _sums_by_question(predicted, volunteers)
    result = Score(galaxies, *_rmse(sums, weights))
    if standard_errors:
        error, by_question = _standard_errors(sums, weights)
        result = replace(result, rmse_standard_error=error, standard_error_by_question=by_question)
    if training_mean is not None:
        mean = check_scores(np.asarray(training_mean, dtype=float), "training mean", leading=())
        if np.isfinite(mean[np.isfinite(volunteers).any(axis=0)]).all():
            baseline = _rmse(_sums_by_question(np.broadcast_to(mean, volunteers.shape), volunteers), weights)
            result = replace(result, mean_rmse=baseline[0], mean_rmse_by_question=baseline[1])
    return result


def disagreements(predicted: np.ndarray, volunteers: np.ndarray) -> pd.DataFrame:
    """Compute each galaxy's RMSE and the answer with the largest difference.

    Parameters
    ----------
    predicted, volunteers : (N, 37) np.ndarray
        As in `score`.

    Returns
    -------
    pd.DataFrame
        A row per galaxy, in the order given: ``rmse`` over its known fractions, the ``column`` of the largest
        difference, and both fractions there, ``predicted`` and ``voted``. Missing for galaxies without votes.

    Raises
    ------
    ValueError
        If the shapes do not match or a prediction is NaN.
    """
    predicted, volunteers = check_pair(predicted, volunteers)
    largest, worst = np.full(len(predicted), -1.0), np.full(len(predicted), len(COLUMNS))
    for index, difference in enumerate(_differences(predicted, volunteers)):
        larger = np.abs(difference) > largest  # False for NaN
        largest[larger] = np.abs(difference[larger])
        worst[larger] = index
    known, rows = worst < len(COLUMNS), np.arange(len(predicted))
    at = np.where(known, worst, 0)
    return pd.DataFrame(
        {
            "rmse": rms(_differences(predicted, volunteers)),
            "column": np.array([*COLUMNS, None], dtype=object)[worst],
            "predicted": np.where(known, predicted[rows, at], np.nan),
            "voted": np.where(known, volunteers[rows, at], np.nan),
        }
    )


def calibration(
    predicted: np.ndarray, volunteers: np.ndarray, columns: Sequence[str] = COLUMNS, bins: int = 10
) -> pd.DataFrame:
    """Compute the mean voted fraction in bins of the predicted one.

    Parameters
    ----------
    predicted, volunteers : (N, 37) np.ndarray
        As in `score`.
    columns : sequence of str
        Answers that are pooled, such as ``decision_tree.columns_of(4)``.
    bins : int
        Number of equal bins over [0, 1].

    Returns
    -------
    pd.DataFrame
        A row per bin that is not empty: its edges ``lower`` and ``upper``, the mean ``predicted`` and ``voted``
        fraction, and ``count``, the number of pairs of galaxy and answer.

    Raises
    ------
    ValueError
        If the shapes do not match, a prediction is NaN, or a column or the number of bins is invalid.
    """
    unknown = [name for name in columns if name not in INDEX]
    if unknown or not len(columns):
        found = ", ".join(unknown) or "none"
        raise ValueError(f"the columns are {found}; expected some of {COLUMNS[0]} to {COLUMNS[-1]}")
    if bins < 1:
        raise ValueError(f"the number of bins is {bins}; expected 1 or more")
    predicted, volunteers = check_pair(predicted, volunteers)
    count, sums = np.zeros(bins, dtype=int), np.zeros((2, bins))
    for index in (INDEX[name] for name in columns):
        known = np.isfinite(volunteers[:, index])
        pair = predicted[known, index], volunteers[known, index]
        bin_of = _bins(pair[0], bins)
        count += np.bincount(bin_of, minlength=bins)
        sums += [np.bincount(bin_of, weights=values, minlength=bins) for values in pair]
    table = pd.DataFrame({"lower": np.arange(bins) / bins, "upper": np.arange(1, bins + 1) / bins})
    table["predicted"], table["voted"] = sums / np.maximum(count, 1)
    table["count"] = count
    return table[table["count"] > 0].reset_index(drop=True)


def density(x: np.ndarray, y: np.ndarray, columns: Sequence[str] = COLUMNS, bins: int = 40) -> np.ndarray:
    """Compute the two-dimensional histogram of two tables of vote fractions.

    Parameters
    ----------
    x, y : (N, 37) np.ndarray
        Vote fractions in the order of `decision_tree.COLUMNS`, in [0, 1]; NaN where unknown.
    columns : sequence of str
        Answers that are pooled.
    bins : int
        Number of equal bins over [0, 1] on each axis.

    Returns
    -------
    (bins, bins) np.ndarray of int
        Pairs of galaxy and answer known in both, by the bin of ``y`` and then by that of ``x``.
    """
    counts = np.zeros(bins * bins, dtype=int)
    for index in (INDEX[name] for name in columns):
        known = np.isfinite(x[:, index]) & np.isfinite(y[:, index])
        row, column = (_bins(values[known, index], bins) for values in (y, x))
        counts += np.bincount(row * bins + column, minlength=bins * bins)
    return counts.reshape(bins, bins)


def largest_differences(predicted: np.ndarray, volunteers: np.ndarray, count: int) -> list[str]:
    """Return the answers with the largest differences of one galaxy, at most one per question.

    Parameters
    ----------
    predicted, volunteers : (37,) np.ndarray
        Vote fractions in the order of `decision_tree.COLUMNS`, NaN where unknown.
    count : int
        Largest number of answers.

    Returns
    -------
    list of str
        Their columns, the largest difference first.
    """
    differences = np.abs(np.asarray(predicted, dtype=float) - np.asarray(volunteers, dtype=float))
    worst = {
        columns.start + int(np.nanargmax(differences[columns])): float(np.nanmax(differences[columns]))
        for columns in SLICES.values()
        if np.isfinite(differences[columns]).any()
    }
    return [COLUMNS[index] for index in sorted(worst, key=worst.__getitem__, reverse=True)[:count]]


def check_any_vote(volunteers: np.ndarray) -> int:
    """Return the number of galaxies with votes; raise ValueError if there is none."""
    galaxies = int(np.isfinite(volunteers).any(axis=1).sum())
    if not galaxies:
        raise ValueError(f"none of the {len(volunteers)} galaxies has a known vote fraction; add galaxies with votes")
    return galaxies


def check_pair(predicted: np.ndarray, volunteers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both tables; raise ValueError unless they are (N, 37), `predicted` without NaN."""
    volunteers = check_scores(volunteers, "volunteers", leading=(len(volunteers),))
    predicted = check_scores(predicted, "predicted", leading=(len(volunteers),), allow_nan=False)
    return predicted, volunteers


def _bins(fractions: np.ndarray, bins: int) -> np.ndarray:
    """Return the bin of each fraction, among equal bins over [0, 1]; 1 belongs to the last."""
    return np.minimum((fractions * bins).astype(np.intp), bins - 1)


def _differences(predicted: np.ndarray, volunteers: np.ndarray) -> Iterator[np.ndarray]:
    """Compute the differences in float64, column by column: a table may have 240,000 rows."""
    for ours, theirs in zip(predicted.T, volunteers.T, strict=True):
        yield np.subtract(ours, theirs, dtype=float)


def _square_sums(differences: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return each galaxy's sum of squares of the known differences, and their number."""
    total: Any = 0.0
    count: Any = 0
    for difference in differences:
        known = np.isfinite(difference)
        count = count + known
        total = total + np.where(known, difference, 0) ** 2
    return total, count


def _root_mean(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return the root of ``total / count``; NaN if the count is 0."""
    return np.sqrt(np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0))


def _sums_by_question(predicted: np.ndarray, volunteers: np.ndarray) -> dict[int, np.ndarray]:
    """Return ``(N, 2)`` for each question: sum of squares and number of the known differences."""
    return {
        number: np.stack(_square_sums(_differences(predicted[:, columns], volunteers[:, columns])), axis=1)
        for number, columns in SLICES.items()
    }


def _rmse(sums: Mapping[int, np.ndarray], weights: np.ndarray) -> tuple[float, dict[int, float]]:
    """Return the weighted RMSE over all known pairs, and by question."""
    totals = {number: weights @ pair for number, pair in sums.items()}
    overall = np.sum(list(totals.values()), axis=0)
    by_question = {number: float(_root_mean(*pair)) for number, pair in totals.items() if pair[1]}
    return float(_root_mean(*overall)), by_question


def _standard_errors(sums: Mapping[int, np.ndarray], weights: np.ndarray) -> tuple[float | None, dict[int, float]]:
    """Return the bootstrap standard errors of `_rmse`; None and empty for one galaxy."""
    count, random = len(weights), np.random.default_rng(0)
    draws = [
        _rmse(sums, weights * np.bincount(random.integers(count, size=count), minlength=count))
        for _ in range(RESAMPLES if count > 1 else 0)
    ]
    if not draws:
        return None, {}
    numbers = sorted({number for _, found in draws for number in found})
    by_question = {n: float(np.std([found[n] for _, found in draws if n in found])) for n in numbers}
    return float(np.std([overall for overall, _ in draws])), by_question
