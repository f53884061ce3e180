"""Evaluation of a trained model for its card: hold-out, OOD reference, validation set."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import QUESTIONS, columns_of
from galaxy_explorer.evaluation.answers import plain_answers, score_answers
from galaxy_explorer.evaluation.intervals import (
    MEASURED_VIEWS,
    ErrorModel,
    coverage,
    cross_coverage,
    fit_error_model,
)
from galaxy_explorer.evaluation.metrics import calibration, score
from galaxy_explorer.images import DEFAULT_VIEWS
from galaxy_explorer.models import Card, Model
from galaxy_explorer.models.card import CalibrationBins, HoldOut, SpotCheck, Validation
from galaxy_explorer.prediction import Predictions, PredictOptions, predict_catalogue
from galaxy_explorer.training.data.dataset import TrainingSet
from galaxy_explorer.training.model_card.out_of_distribution import fit_ood_reference

SPOT_CHECK = 60  # validation galaxies whose RMSE a test measures again from the bundled weights


def update_card(model: Model, catalogue: Catalogue, galaxies: TrainingSet) -> tuple[Card, dict[str, str]]:
    """Recompute a card's OOD reference and the evaluation on the hold-out.

    Parameters
    ----------
    model : Model
        The coverage of the validation set on its card is dropped, as it was that of the former error models.
    catalogue : Catalogue
        Source of the pictures.
    galaxies : TrainingSet
        Training galaxies and hold-out.

    Returns
    -------
    card : Card
    failures : dict of str to str
        Galaxies of the hold-out with an unreadable picture, with the reason.
    """
    validation = replace(model.card.validation, coverage=None) if model.card.validation else None
    reference = fit_ood_reference(model, galaxies)
    # Without error models, the spread of a prediction is that over its TTA views.
    card = replace(model.card, ood_reference=reference, validation=validation, error_models={})
    model, hold_out = replace(model, card=card), catalogue.subset(galaxies.hold_out_ids)
    predictions = {views: predict_catalogue(model, hold_out, PredictOptions(views)) for views in MEASURED_VIEWS}
    failures = {galaxy: reason for one in predictions.values() for galaxy, reason in one.failures.items()}
    readable = ~hold_out.table.index.isin(failures)
    if readable.any():
        weights = None if galaxies.hold_out_weights is None else galaxies.hold_out_weights[readable]
        hold_out = hold_out.rows(readable)
        tables = {
            views: (one.fractions.loc[hold_out.ids].to_numpy(float), one.spread.loc[hold_out.ids].to_numpy(float))
            for views, one in predictions.items()
        }
        card = replace(card, **evaluate_hold_out(tables, hold_out.volunteer_fractions, weights))
    return card, failures


def validate(model: Model, catalogue: Catalogue, ids: Sequence[str]) -> tuple[Card, dict[str, str]]:
    """Evaluate a model on the validation set.

    Parameters
    ----------
    model : Model
        With the error models of `update_card` on its card.
    catalogue : Catalogue
        Source of the pictures.
    ids : sequence of str
        The validation set; ids that are not in the catalogue are skipped.

    Returns
    -------
    card : Card
        Unchanged if no picture can be read.
    failures : dict of str to str
        Galaxies with an unreadable picture, with the reason.
    """
    galaxies = catalogue.subset([galaxy for galaxy in ids if galaxy in catalogue])
    bare = replace(model, card=replace(model.card, error_models={}))
    predicted = predict_catalogue(bare, galaxies, PredictOptions(DEFAULT_VIEWS))
    card = model.card
    if len(predicted.fractions):
        votes = galaxies.subset(predicted.fractions.index).volunteer_fractions
        validation = evaluate_validation(predicted, votes, card.training_mean, card.error_model(DEFAULT_VIEWS))
        card = replace(card, validation=validation)
    return card, dict(predicted.failures)


def evaluate_hold_out(
    predictions: Mapping[int, tuple[np.ndarray, np.ndarray]], votes: np.ndarray, weights: np.ndarray | None = None
) -> dict[str, Any]:
    """Fit the error models to the hold-out, and evaluate with the most TTA views.

    The epoch was chosen by the same galaxies, a choice among some tens that their 30,000 votes hardly notice. The
    coverage is that of each half by the error model of the other; the models on the card are fitted to all.

    Parameters
    ----------
    predictions : mapping of int to (fractions, view_spread)
        By number of TTA views, ``(N, 37)`` each.
    votes : (N, 37) np.ndarray
    weights : (N,) np.ndarray, optional
        Importance weights.

    Returns
    -------
    dict
        The entries ``error_models``, ``calibration`` and ``hold_out`` of a card.
    """
    error_models = {views: fit_error_model(*tables, votes, weights) for views, tables in sorted(predictions.items())}
    views = max(predictions)
    fractions, view_spread = predictions[views]
    bins = {question.number: calibration(fractions, votes, columns_of(question.number)) for question in QUESTIONS}
    measured = score(fractions, votes, weights=weights)
    halves = cross_coverage(fractions, view_spread, votes, weights) if len(votes) > 1 else None
    return {
        "error_models": error_models,
        "calibration": {number: _bins(table.round(5)) for number, table in bins.items()},
        "hold_out": HoldOut(measured.galaxies, views, measured.rmse, halves),
    }


def evaluate_validation(
    predicted: Predictions,
    votes: np.ndarray,
    training_mean: Sequence[float] | None,
    error_model: ErrorModel | None,
) -> Validation:
    """Evaluate predictions of the validation set, whose spread is that over the TTA views."""
    fractions = predicted.fractions.to_numpy(float)
    ids = predicted.fractions.index
    rows = np.flatnonzero(ids.isin(spot_check_ids(ids)))
    rule = f"the first {SPOT_CHECK} validation galaxies, their ids sorted as text"
    covered = None
    if error_model:
        half_widths = error_model.half_widths(fractions, predicted.spread.to_numpy(float))
        covered = coverage(fractions, half_widths, votes)
    mean = None if training_mean is None else np.array(training_mean, dtype=float)
    return Validation(
        **vars(score(fractions, votes, mean, standard_errors=True)),
        tta_views=DEFAULT_VIEWS,
        spot_check=SpotCheck(len(rows), rule, score(fractions[rows], votes[rows]).rmse),
        coverage=covered,
        answers=plain_answers(score_answers(fractions, votes)),
    )


def _bins(table: pd.DataFrame) -> CalibrationBins:
    """Return a table of `calibration` as plain lists."""
    return CalibrationBins(**{str(name): table[name].tolist() for name in table.columns})


def spot_check_ids(validation_ids: Iterable[str]) -> list[str]:
    """Return the few validation galaxies that are quick to measure again: always the same."""
    return sorted(validation_ids)[:SPOT_CHECK]
