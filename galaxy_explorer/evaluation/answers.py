"""Metrics by answer: bias, and the galaxies that a cut in the answer share selects."""

import numpy as np
import pandas as pd

from galaxy_explorer.decision_tree import COLUMNS, INDEX, QUESTION_OF, SLICES, mass_of, shares_of_question
from galaxy_explorer.evaluation.metrics import check_pair

CUTS = (0.5, 0.8)  # in the answer share; the first is a majority
# Mass of votes that has to reach a question: Willett et al. 2013, Table 3, requires 0.43 of "features or disk".
MIN_MASS = 0.43
_ROUNDING = 1e-6  # of scores with six decimals, as float32


def score_answers(predicted: np.ndarray, volunteers: np.ndarray) -> pd.DataFrame:
    """Compute bias, selected galaxies, precision and recall of each answer.

    Parameters
    ----------
    predicted, volunteers : (N, 37) np.ndarray
        As in `metrics.score`.

    Returns
    -------
    pd.DataFrame
        A row per answer with votes, indexed by its column: ``galaxies`` with votes on the question, ``difference``
        (mean of predicted minus voted fraction) and its ``standard_error``, and for each of the `CUTS`, such as 0.5,

        - ``predicted_0.5``, ``voted_0.5``: galaxies whose predicted or voted answer share is 0.5 or more,
        - ``precision_0.5``: part of the former in which the answer has the volunteers' majority,
        - ``recall_0.5``: part of the galaxies with the volunteers' majority that are among the former.

        A galaxy is selected only if a mass of `MIN_MASS` or more reaches the question, by the same votes or
        predictions. NaN where there is nothing to divide by.

    Raises
    ------
    ValueError
        If the shapes do not match or a prediction is NaN.

    References
    ----------
    Willett et al. 2013, MNRAS 435, 2835.
    """
    predicted, volunteers = check_pair(predicted, volunteers)
    rows = {name: _score_answer(name, predicted, volunteers) for name in COLUMNS}
    return pd.DataFrame.from_dict({name: row for name, row in rows.items() if row["galaxies"]}, orient="index")


def plain_answers(table: pd.DataFrame) -> dict[str, dict[str, float | None]]:
    """Return what `score_answers` computes as plain types, by column; None instead of NaN."""
    return {
        str(name): {str(key): None if value != value else value for key, value in row.items()}
        for name, row in table.to_dict("index").items()
    }


def _score_answer(name: str, predicted: np.ndarray, volunteers: np.ndarray) -> dict[str, float]:
    """Compute the row of one answer."""
    question, index = QUESTION_OF[name].number, INDEX[name]
    asked = np.isfinite(volunteers[:, SLICES[question]]).all(axis=1) & np.isfinite(mass_of(question, volunteers))
    ours, theirs = predicted[asked].astype(float), volunteers[asked].astype(float)
    count, difference = len(ours), ours[:, index] - theirs[:, index]
    row: dict[str, float] = {
        "galaxies": count,
        "difference": difference.mean() if count else np.nan,
        "standard_error": difference.std(ddof=1) / np.sqrt(count) if count > 1 else np.nan,
    }
    majority = _selected(theirs, name, CUTS[0])
    for cut in CUTS:
        selected = _selected(ours, name, cut)
        right = int((selected & majority).sum())
        row |= {
            f"predicted_{cut}": int(selected.sum()),
            f"voted_{cut}": int(_selected(theirs, name, cut).sum()),
            f"precision_{cut}": right / selected.sum() if selected.any() else np.nan,
            f"recall_{cut}": right / majority.sum() if majority.any() else np.nan,
        }
    return row


def _selected(fractions: np.ndarray, name: str, cut: float) -> np.ndarray:
    """Return a mask of the galaxies whose share of an answer is at least a cut."""
    question = QUESTION_OF[name].number
    where = SLICES[question]
    share = shares_of_question(fractions[:, where])[:, INDEX[name] - where.start]
    return (share >= cut - _ROUNDING) & (mass_of(question, fractions) >= MIN_MASS - _ROUNDING)
