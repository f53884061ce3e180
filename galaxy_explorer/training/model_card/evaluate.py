"""Evaluation of a trained model for its card: hold-out, OOD reference, validation set."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.decision_tree import QUESTIONS, columns_of
from galaxy_explorer.evaluation.answers import plain_answers, score_answers
from galaxy_explorer.evaluation.interval_check import check_intervals, vote_noise
from galaxy_explorer.evaluation.interval_fit import cross_coverage, fit_interval_model
from galaxy_explorer.evaluation.intervals import MEASURED_VIEWS, IntervalModel, coverage
from galaxy_explorer.evaluation.metrics import calibration, score
from galaxy_explorer.images import DEFAULT_VIEWS
from galaxy_explorer.models import Card, Model
from galaxy_explorer.models.card import CalibrationBins, HoldOut, SpotCheck, Validation
from galaxy_explorer.prediction import Predictions, PredictOptions, predict_catalogue
from galaxy_explorer.training.data.dataset import TrainingSet
from galaxy_explorer.training.model_card.out_of_distribution import fit_ood_reference

MIN_GALAXIES = 20  # of a hold-out with intervals: the 16th percentile of fewer is a matter of two votes
SPOT_CHECK = 60  # validation galaxies whose RMSE a test measures again from the bundled weights


def update_card(model: Model, catalogue: Catalogue, galaxies: TrainingSet) -> tuple[Card, dict[str, str]]:
    """Recompute a card's OOD reference and the evaluation on the hold-out.

    Parameters
    ----------
    model : Model
        The coverage of the validation set on its card is dropped, as it was that of the former interval models.
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
    validation = replace(model.card.validation, interval_coverage=None) if model.card.validation else None
    reference = fit_ood_reference(model, galaxies)
    card = replace(
        model.card,
        ood_reference=reference,
        validation=validation,
        interval_models={},
        interval_checks={},
        vote_noise={},
    )
    model, hold_out = replace(model, card=card), catalogue.subset(galaxies.hold_out_ids)
    predictions = {views: predict_catalogue(model, hold_out, PredictOptions(views)) for views in MEASURED_VIEWS}
    failures = {galaxy: reason for one in predictions.values() for galaxy, reason in one.failures.items()}
    readable = ~hold_out.table.index.isin(failures)
    if readable.any():
        weights = None if galaxies.hold_out_weights is None else galaxies.hold_out_weights[readable]
        hold_out = hold_out.rows(readable)
        tables = {views: one.fractions.loc[hold_out.ids].to_numpy(float) for views, one in predictions.items()}
        card = replace(card, **evaluate_hold_out(tables, hold_out.volunteer_fractions, weights))
    return card, failures


def validate(model: Model, catalogue: Catalogue, ids: Sequence[str]) -> tuple[Card, dict[str, str]]:
    """Evaluate a model on the validation set.

    Parameters
    ----------
    model : Model
        With the interval models of `update_card` on its card.
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
    predictions = {views: predict_catalogue(model, galaxies, PredictOptions(views)) for views in MEASURED_VIEWS}
    card, predicted = model.card, predictions[DEFAULT_VIEWS]
    if len(predicted.fractions):
        votes = galaxies.subset(predicted.fractions.index).volunteer_fractions
        validation = evaluate_validation(predicted, votes, card.training_mean, card.interval_model(DEFAULT_VIEWS))
        checks = {
            views: check_intervals(own, one.fractions.to_numpy(float), votes)
            for views, one in predictions.items()
            if (own := card.interval_models.get(views))
        }
        card = replace(card, validation=validation, interval_checks=checks, vote_noise=vote_noise(votes))
    return card, dict(predicted.failures)


def evaluate_hold_out(
    predictions: Mapping[int, np.ndarray], votes: np.ndarray, weights: np.ndarray | None = None
) -> dict[str, Any]:
    """Fit interval models to a hold-out that is large enough, and evaluate with most views.

    The epoch was chosen by the same galaxies, a choice among some tens that their 30,000 votes hardly notice. The
    coverage is that of each half by the interval model of the other; the models on the card are fitted to all.

    Parameters
    ----------
    predictions : mapping of int to (N, 37) np.ndarray
        Vote fractions by number of TTA views.
    votes : (N, 37) np.ndarray
    weights : (N,) np.ndarray, optional
        Importance weights.

    Returns
    -------
    dict
        The entries ``interval_models``, ``calibration`` and ``hold_out`` of a card.
    """
    enough = len(votes) >= MIN_GALAXIES
    models = {n: fit_interval_model(one, votes, weights) for n, one in sorted(predictions.items()) if enough}
    views = max(predictions)
    fractions = predictions[views]
    bins = {question.number: calibration(fractions, votes, columns_of(question.number)) for question in QUESTIONS}
    measured = score(fractions, votes, weights=weights)
    halves = cross_coverage(fractions, votes, weights) if enough else None
    return {
        "interval_models": models,
        "calibration": {number: _bins(table.round(5)) for number, table in bins.items()},
        "hold_out": HoldOut(measured.galaxies, views, measured.rmse, halves),
    }


def evaluate_validation(
    predicted: Predictions,
    votes: np.ndarray,
    training_mean: Sequence[float] | None,
    interval_model: IntervalModel | None,
) -> Validation:
    """Evaluate predictions of the validation set."""
    fractions = predicted.fractions.to_numpy(float)
    ids = predicted.fractions.index
    rows = np.flatnonzero(ids.isin(spot_check_ids(ids)))
    rule = f"the first {SPOT_CHECK} validation galaxies, their ids sorted as text"
    covered = None
    if interval_model:
        ends = interval_model.intervals(fractions)
        covered = coverage(ends[:, 0], ends[:, 1], votes)
    mean = None if training_mean is None else np.array(training_mean, dtype=float)
    return Validation(
        **vars(score(fractions, votes, mean, standard_errors=True)),
        tta_views=DEFAULT_VIEWS,
        spot_check=SpotCheck(len(rows), rule, score(fractions[rows], votes[rows]).rmse),
        interval_coverage=covered,
        answers=plain_answers(score_answers(fractions, votes)),
    )


def _bins(table: pd.DataFrame) -> CalibrationBins:
    """Return a table of `calibration` as plain lists."""
    return CalibrationBins(**{str(name): table[name].tolist() for name in table.columns})


def spot_check_ids(validation_ids: Iterable[str]) -> list[str]:
    """Return the few validation galaxies that are quick to measure again: always the same."""
    return sorted(validation_ids)[:SPOT_CHECK]
