"""What a card says of the pictures a network learnt from, so that others can be told from them."""

from typing import Any

import numpy as np
import torch

from galaxy_explorer.evaluation.out_of_distribution import fit_reference
from galaxy_explorer.models.networks import GalaxyNetwork
from galaxy_explorer.prediction import embed
from galaxy_explorer.training.data.augmentation import crop_centre
from galaxy_explorer.training.data.batches import read_batches
from galaxy_explorer.training.data.dataset import TrainingSet

MOST_GALAXIES = 4096  # to describe what was learnt: the threshold hardly changes with more
AT_ONCE = 256


def add_familiarity(card: dict[str, Any], network: GalaxyNetwork, galaxies: TrainingSet) -> None:
    """Put on a card where the training galaxies lie in the network's embedding.

    Parameters
    ----------
    card : dict
        Gets the entry ``familiarity``, as `fit_reference` makes it, unless the galaxies are too few. One that it had is
        replaced.
    network : GalaxyNetwork
        Ready to predict.
    galaxies : TrainingSet
        What it learnt from. Of the training galaxies with scores every n-th is taken; those held out set the threshold.
    """
    card.pop("familiarity", None)
    rows = galaxies.training_rows[galaxies.training_rows < len(galaxies.pictures)]
    rows = rows[:: -(-len(rows) // MOST_GALAXIES) or 1]
    training, held_out = (_embeddings(card, network, galaxies, part) for part in (rows, galaxies.hold_out_rows))
    reference = fit_reference(training, held_out) if len(training) and len(held_out) else None
    if reference is not None:
        card["familiarity"] = reference


def _embeddings(card: dict[str, Any], network: GalaxyNetwork, galaxies: TrainingSet, rows: np.ndarray) -> np.ndarray:
    """Embed the decoded pictures of rows, as the network sees them without any change; ``(len(rows), D)``."""
    device = next(network.parameters()).device
    mean, std = (torch.tensor(card[name], device=device).view(3, 1, 1) for name in ("mean", "std"))
    parts = [
        embed(network, (crop_centre(batch.pictures, card["image_size"]) - mean) / std)
        for batch in read_batches(galaxies, rows, AT_ONCE, device)
    ]
    return np.concatenate(parts) if parts else np.empty((0, 1))
