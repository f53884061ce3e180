"""Evaluation of finished weights for their model card: hold-out, OOD reference and validation set."""

from collections.abc import Sequence
from dataclasses import replace

from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.evaluation.intervals import MEASURED_VIEWS
from galaxy_explorer.images import DEFAULT_VIEWS
from galaxy_explorer.models import Card, Model
from galaxy_explorer.prediction import PredictOptions, predict_catalogue
from galaxy_explorer.training.data.dataset import TrainingSet
from galaxy_explorer.training.model_card.intervals import evaluate_hold_out, evaluate_validation
from galaxy_explorer.training.model_card.out_of_distribution import fit_ood_reference


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
