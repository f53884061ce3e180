"""Network against volunteers: errors per question, calibration, densities, worst disagreements. Arrays in, arrays out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from galaxy_explorer.decision_tree import COLUMNS, INDEX, SLICES


@dataclass(frozen=True)
class Score:
    """Root-mean-square errors of predicted vote fractions, beside those of predicting the training mean.

    Every known pair of galaxy and column counts once. A question of which no vote is known has no
    entry. The figures of the mean are None and empty when no training mean was given, or none of some answer with votes.
    """

    galaxies: int  # those of which any vote is known
    rmse: float
    rmse_by_question: dict[int, float]
    mean_rmse: float | None
    mean_rmse_by_question: dict[int, float]

    def as_dict(self) -> dict[str, Any]:
        """Give the figures as plain types, for a card or for JSON: questions become text."""
        return {
            "galaxies": self.galaxies,
            "rmse": self.rmse,
            "rmse_by_question": {str(number): value for number, value in self.rmse_by_question.items()},
            "mean_rmse": self.mean_rmse,
            "mean_rmse_by_question": {str(number): value for number, value in self.mean_rmse_by_question.items()},
        }


def score(
    predicted: np.ndarray,
    volunteers: np.ndarray,
    training_mean: np.ndarray | None = None,
    *,
    weights: np.ndarray | None = None,
) -> Score:
    """Measure how far predicted vote fractions are from the volunteers'.

    Parameters
    ----------
    predicted : (N, 37) np.ndarray
        Predicted vote fractions in the order of `decision_tree.COLUMNS`, in [0, 1].
    volunteers : (N, 37) np.ndarray
        The volunteers' vote fractions, NaN where unknown.
    training_mean : (37,) np.ndarray, optional
        Mean fractions of the galaxies that were trained on: the yardstick of a network that has
        learnt nothing about a single galaxy. NaN where unknown.
    weights : (N,) np.ndarray, optional
        How much each galaxy counts, where they stand for a sample that was drawn otherwise.

    Raises
    ------
    ValueError
        When the shapes do not match, a prediction is NaN, or no vote is known.
    """
    predicted, volunteers = _checked(predicted, volunteers)
    known = np.isfinite(volunteers)
    galaxies = int(known.any(axis=1).sum())
    if not galaxies:
        raise ValueError(
            f"none of the {len(volunteers)} galaxies has a known vote fraction; give galaxies that volunteers voted on"
        )
    each = np.ones(len(known)) if weights is None else np.asarray(weights, dtype=float)
    rmse, by_question = _errors(predicted, volunteers, each)
    mean_rmse: float | None = None
    mean_by_question: dict[int, float] = {}
    if training_mean is not None:
        mean = _checked_mean(training_mean)
        if np.isfinite(mean[known.any(axis=0)]).all():
            mean_rmse, mean_by_question = _errors(np.broadcast_to(mean, volunteers.shape), volunteers, each)
    return Score(galaxies, rmse, by_question, mean_rmse, mean_by_question)


def disagreements(predicted: np.ndarray, volunteers: np.ndarray) -> pd.DataFrame:
    """Say for each galaxy how far network and volunteers are apart, and over which answer most.

    Parameters
    ----------
    predicted, volunteers : (N, 37) np.ndarray
        As in `score`.

    Returns
    -------
    pd.DataFrame
        A row per galaxy, in the order given: ``rmse`` over its known fractions, the ``column`` of
        the largest difference, and ``predicted`` and ``voted``, its two fractions there. Missing
        where no vote of a galaxy is known.

    Raises
    ------
    ValueError
        When the shapes do not match or a prediction is NaN.
    """
    predicted, volunteers = _checked(predicted, volunteers)
    errors = rms(_differences(predicted, volunteers))
    largest, worst = np.full(len(predicted), -1.0), np.zeros(len(predicted), dtype=int)
    for index, difference in enumerate(_differences(predicted, volunteers)):
        larger = np.abs(difference) > largest
        largest[larger] = np.abs(difference[larger])
        worst[larger] = index
    rows, known, names = np.arange(len(predicted)), largest >= 0, np.array([*COLUMNS, None], dtype=object)
    return pd.DataFrame(
        {
            "rmse": errors,
            "column": names[np.where(known, worst, len(COLUMNS))],
            "predicted": np.where(known, predicted[rows, worst], np.nan),
            "voted": volunteers[rows, worst],
        }
    )


def rms(differences: Iterable[np.ndarray]) -> np.ndarray:
    """Compute the root mean square of arrays of one shape, element by element, over those that are finite.

    Parameters
    ----------
    differences : iterable of np.ndarray of float
        Read one at a time: for 240,000 galaxies each takes 1 MB.

    Returns
    -------
    np.ndarray
        Of the same shape and dtype; NaN if no array is finite there.
    """
    total: Any = 0.0
    count: Any = 0
    for difference in differences:
        known = np.isfinite(difference)
        total = total + np.where(known, difference, 0) ** 2
        count = count + known
    return np.sqrt(np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0))


def calibration(
    predicted: np.ndarray, volunteers: np.ndarray, columns: Sequence[str] = COLUMNS, bins: int = 10
) -> pd.DataFrame:
    """Compare predicted with voted fractions in bins of the predicted one.

    Parameters
    ----------
    predicted, volunteers : (N, 37) np.ndarray
        As in `score`.
    columns : sequence of str
        The answers that are taken together, for instance ``decision_tree.columns_of(4)``.
    bins : int
        Equal bins over [0, 1].

    Returns
    -------
    pd.DataFrame
        A row per bin that holds anything: its edges ``lower`` and ``upper``, the mean ``predicted``
        and ``voted`` fraction, and ``count``, the pairs of galaxy and answer in it.

    Raises
    ------
    ValueError
        When the shapes do not match, a prediction is NaN, a column is unknown or there is no bin.
    """
    unknown = [name for name in columns if name not in INDEX]
    if unknown or not len(columns):
        raise ValueError(
            f"there is no column {', '.join(unknown) or 'given'}; give some of {COLUMNS[0]} to {COLUMNS[-1]}"
        )
    if bins < 1:
        raise ValueError(f"{bins} bins were asked for; give 1 or more")
    predicted, volunteers = _checked(predicted, volunteers)
    count, sums = np.zeros(bins, dtype=int), np.zeros((2, bins))
    for index in (INDEX[name] for name in columns):
        known = np.isfinite(volunteers[:, index])
        sides = predicted[known, index], volunteers[known, index]
        bin_of = _bins(sides[0], bins)
        count += np.bincount(bin_of, minlength=bins)
        sums += [np.bincount(bin_of, weights=side, minlength=bins) for side in sides]
    table = pd.DataFrame({"lower": np.arange(bins) / bins, "upper": np.arange(1, bins + 1) / bins})
    table["predicted"], table["voted"] = sums / np.maximum(count, 1)
    table["count"] = count
    return table[table["count"] > 0].reset_index(drop=True)


def density(across: np.ndarray, up: np.ndarray, columns: Sequence[str] = COLUMNS, bins: int = 40) -> np.ndarray:
    """Count how often two tables of vote fractions go together: a histogram in two dimensions.

    Parameters
    ----------
    across, up : (N, 37) np.ndarray
        Vote fractions in the order of `decision_tree.COLUMNS`, in [0, 1]; NaN where unknown.
    columns : sequence of str
        The answers that are taken together.
    bins : int
        Equal bins over [0, 1], of each of the two.

    Returns
    -------
    (bins, bins) np.ndarray of int
        Pairs of galaxy and answer known in both, by the bin of ``up`` and then by that of ``across``.
    """
    counts = np.zeros(bins * bins, dtype=int)
    for index in (INDEX[name] for name in columns):
        known = np.isfinite(across[:, index]) & np.isfinite(up[:, index])
        row, column = (_bins(side[known, index], bins) for side in (up, across))
        counts += np.bincount(row * bins + column, minlength=bins * bins)
    return counts.reshape(bins, bins)


def _bins(fractions: np.ndarray, bins: int) -> np.ndarray:
    """Say in which of some equal bins over [0, 1] each fraction is; one of exactly 1 belongs to the last."""
    return np.minimum((fractions * bins).astype(np.intp), bins - 1)


def _differences(predicted: np.ndarray, volunteers: np.ndarray) -> Iterator[np.ndarray]:
    """Give the differences answer by answer, in float64: of all at once, 240,000 galaxies would take 70 MB a step."""
    for ours, theirs in zip(predicted.T, volunteers.T, strict=True):
        yield np.subtract(ours, theirs, dtype=float)


def _errors(predicted: np.ndarray, volunteers: np.ndarray, weights: np.ndarray) -> tuple[float, dict[int, float]]:
    """Give the RMSE over all known pairs, and over those of each question that has any."""
    square, count = np.zeros(len(COLUMNS)), np.zeros(len(COLUMNS))
    for index, difference in enumerate(_differences(predicted, volunteers)):
        known = np.isfinite(difference)
        square[index] = (weights * np.where(known, difference, 0.0) ** 2).sum()
        count[index] = (weights * known).sum()
    by_question = {
        number: float(np.sqrt(square[where].sum() / count[where].sum()))
        for number, where in SLICES.items()
        if count[where].any()
    }
    return float(np.sqrt(square.sum() / count.sum())), by_question


def _checked(predicted: np.ndarray, volunteers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Take both tables as they are, of one shape, without a hole in the predicted one."""
    predicted, volunteers = np.asarray(predicted), np.asarray(volunteers)
    for name, table in (("predicted", predicted), ("volunteers'", volunteers)):
        if table.ndim != 2 or table.shape[1] != len(COLUMNS):
            raise ValueError(
                f"the {name} fractions have the shape {table.shape}; "
                f"a row per galaxy and the {len(COLUMNS)} columns {COLUMNS[0]} to {COLUMNS[-1]} are wanted"
            )
    if len(predicted) != len(volunteers):
        raise ValueError(
            f"there are {len(predicted)} predicted galaxies and {len(volunteers)} voted ones; give the same galaxies in both"
        )
    holes = np.flatnonzero(~np.isfinite(predicted).all(axis=1))
    if len(holes):
        raise ValueError(
            f"the predictions of {len(holes)} galaxies are not numbers, the first in row {holes[0]}; "
            "leave out galaxies that could not be predicted, and train a network again that gives NaN"
        )
    return predicted, volunteers


def _checked_mean(training_mean: np.ndarray) -> np.ndarray:
    """Take the training mean as 37 numbers."""
    mean = np.asarray(training_mean, dtype=float)
    if mean.shape != (len(COLUMNS),):
        raise ValueError(f"the training mean has the shape {mean.shape}; {len(COLUMNS)} numbers are wanted")
    return mean


def largest_differences(predicted: np.ndarray, volunteers: np.ndarray, count: int) -> list[str]:
    """Find the answers on which a network and the volunteers are furthest apart about one galaxy.

    Parameters
    ----------
    predicted, volunteers : (37,) np.ndarray
        Vote fractions in the order of `decision_tree.COLUMNS`, NaN where unknown.
    count : int
        How many answers, at most.

    Returns
    -------
    list of str
        Their columns, the largest difference of vote fractions first. One answer a question, since the other answers
        of a question tell the same disagreement again.
    """
    apart = np.abs(np.asarray(predicted, dtype=float) - np.asarray(volunteers, dtype=float))
    worst = {
        where.start + int(np.nanargmax(apart[where])): float(np.nanmax(apart[where]))
        for where in SLICES.values()
        if np.isfinite(apart[where]).any()
    }
    return [COLUMNS[index] for index in sorted(worst, key=worst.__getitem__, reverse=True)[:count]]
