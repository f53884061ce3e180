"""What a card says of finished weights: measured on the galaxies held out, and on the validation galaxies."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.evaluation.intervals import MEASURED_VIEWS
from galaxy_explorer.evaluation.metrics import score
from galaxy_explorer.images import DEFAULT_VIEWS
from galaxy_explorer.models.networks import GalaxyNetwork
from galaxy_explorer.prediction import PredictOptions, predict_catalogue
from galaxy_explorer.training.data.dataset import TrainingSet
from galaxy_explorer.training.model_card.card import add_validation
from galaxy_explorer.training.model_card.intervals import add_to_validation, add_uncertainty
from galaxy_explorer.training.model_card.out_of_distribution import add_familiarity


def describe(
    network: GalaxyNetwork, card: dict[str, Any], catalogue: Catalogue, galaxies: TrainingSet
) -> dict[str, str]:
    """Put on a card where the galaxies learnt from lie in the network's embedding, and its errors on those held out.

    Parameters
    ----------
    network : GalaxyNetwork
        Ready to predict.
    card : dict
        Its card. What it says of the validation galaxies stays, but for what its error models of before held.
    catalogue : Catalogue
        Where the galaxies' pictures are.
    galaxies : TrainingSet
        What it learnt from.

    Returns
    -------
    dict of str to str
        Galaxies held out whose picture cannot be read any more, with the reasons.
    """
    add_familiarity(card, network, galaxies)
    card.get("validation", {}).pop("coverage", None)
    card.pop("error_models", None)  # the spread is to be that over the views
    held_out, failures = catalogue.subset(galaxies.hold_out_ids), dict[str, str]()
    predicted = {views: predict_catalogue(network, card, held_out, PredictOptions(views)) for views in MEASURED_VIEWS}
    for found in predicted.values():
        failures |= found.failures
    read = ~held_out.table.index.isin(failures)
    if read.any():
        weights = None if galaxies.hold_out_weights is None else galaxies.hold_out_weights[read]
        held_out = held_out.rows(read)
        readable = {
            views: replace(found, fractions=found.fractions.loc[held_out.ids], spread=found.spread.loc[held_out.ids])
            for views, found in predicted.items()
        }
        add_uncertainty(card, readable, held_out.volunteer_fractions, weights)
    return failures


def validate(network: GalaxyNetwork, card: dict[str, Any], catalogue: Catalogue, ids: Sequence[str]) -> dict[str, str]:
    """Put on a card how the network does on the validation galaxies.

    Parameters
    ----------
    network, card, catalogue
        As in `describe`, which comes first.
    ids : sequence of str
        The validation galaxies. Those that are not in the catalogue are passed over.

    Returns
    -------
    dict of str to str
        Galaxies whose picture cannot be read, with the reasons. Where none can be read, the card stays as it is.
    """
    galaxies = catalogue.subset([galaxy for galaxy in ids if galaxy in catalogue])
    over_views = {name: value for name, value in card.items() if name != "error_models"}
    predicted = predict_catalogue(network, over_views, galaxies)
    if len(predicted.fractions):
        volunteers = galaxies.subset(predicted.fractions.index).volunteer_fractions
        mean = np.array(card["training_mean"], dtype=float)
        add_validation(card, score(predicted.fractions.to_numpy(), volunteers, mean), views=DEFAULT_VIEWS)
        add_to_validation(card, predicted, volunteers)
    return dict(predicted.failures)
