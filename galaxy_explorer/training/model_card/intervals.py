"""What a card says of a network's uncertainty: measured on the hold-out."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from galaxy_explorer.decision_tree import QUESTIONS, columns_of
from galaxy_explorer.evaluation.intervals import coverage, coverage_in_halves, fit_error_model, model_for, spread_of
from galaxy_explorer.evaluation.metrics import calibration, score
from galaxy_explorer.prediction import Predictions

SPOT_CHECK = 60  # validation galaxies whose RMSE a test measures again from the shipped weights


def add_uncertainty(
    card: dict[str, Any],
    predicted: Mapping[int, Predictions],
    volunteers: np.ndarray,
    weights: np.ndarray | None = None,
) -> None:
    """Fit a network's error models to the hold-out, and put them on the card with coverage and calibration.

    Parameters
    ----------
    card : dict
        Gets the entries ``error_models`` (by number of views, as text) and, of the most views, ``calibration`` (by
        question, its number as text) and ``hold_out``.
    predicted : mapping of int to Predictions
        Of the galaxies held out, by the number of views that were averaged and by a card without error models: their
        spread is that over the views.
    volunteers : (N, 37) np.ndarray
        The volunteers' fractions of the galaxies in `predicted`.
    weights : (N,) np.ndarray, optional
        How much each galaxy counts, in the RMSE, the error models and the coverage.

    Notes
    -----
    The epoch was chosen by the same galaxies, a choice among some tens that their 30,000 votes hardly notice. The
    coverage is that of each half of them by the model of the other; the model on the card is fitted to all.
    """
    card["error_models"] = {}
    for views, found in sorted(predicted.items()):
        fractions, view_spread = found.fractions.to_numpy(float), found.spread.to_numpy(float)
        card["error_models"][str(views)] = fit_error_model(fractions, view_spread, volunteers, weights)
    card["calibration"] = {
        str(question.number): _in_bins(fractions, volunteers, question.number) for question in QUESTIONS
    }
    measured = score(fractions, volunteers, weights=weights)
    card["hold_out"] = {"galaxies": measured.galaxies, "views": views, "rmse": measured.rmse}
    if len(fractions) > 1:
        card["hold_out"]["coverage"] = coverage_in_halves(fractions, view_spread, volunteers, weights)


def add_to_validation(card: dict[str, Any], predicted: Predictions, volunteers: np.ndarray) -> None:
    """Put on a card which share of the validation votes its intervals hold, and the RMSE of the spot check.

    Parameters
    ----------
    card : dict
        Its ``validation``, which says of how many ``views``, gets the entries ``spot_check`` and, if the card has error
        models, ``coverage``.
    predicted : Predictions
        Of the validation galaxies, by a card without error models.
    volunteers : (N, 37) np.ndarray
        The volunteers' fractions of them.
    """
    fractions = predicted.fractions.to_numpy(float)
    ids = predicted.fractions.index
    rows = np.flatnonzero(ids.isin(spot_check_ids(ids)))
    card["validation"]["spot_check"] = {
        "galaxies": len(rows),
        "rule": f"the first {SPOT_CHECK} validation galaxies, their ids sorted as text",
        "rmse": score(fractions[rows], volunteers[rows]).rmse,
    }
    if "error_models" in card:
        model = model_for(card["error_models"], card["validation"]["views"])
        spread = spread_of(fractions, predicted.spread.to_numpy(float), model)
        card["validation"]["coverage"] = coverage(fractions, spread, volunteers)


def spot_check_ids(validation_ids: Iterable[str]) -> list[str]:
    """Choose the few validation galaxies whose RMSE is quick to measure again: always the same."""
    return sorted(validation_ids)[:SPOT_CHECK]


def _in_bins(fractions: np.ndarray, volunteers: np.ndarray, question: int) -> dict[str, list[float]]:
    """Give the calibration of one question as plain lists, an entry per bin that holds anything."""
    table = calibration(fractions, volunteers, columns_of(question)).round(5)
    return {name: table[name].tolist() for name in table.columns}
