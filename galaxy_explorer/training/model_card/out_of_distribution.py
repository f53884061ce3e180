"""Out-of-distribution reference of a model, from its training galaxies and its hold-out."""

import numpy as np
import torch

from galaxy_explorer.evaluation.out_of_distribution import OODReference, fit_reference
from galaxy_explorer.models import Model
from galaxy_explorer.prediction import embed
from galaxy_explorer.training.data.augmentation import crop_centre
from galaxy_explorer.training.data.batches import read_batches
from galaxy_explorer.training.data.dataset import TrainingSet

MAX_GALAXIES = 4096  # for the reference; the threshold hardly changes with more
AT_ONCE = 256


def fit_ood_reference(model: Model, galaxies: TrainingSet) -> OODReference | None:
    """Fit the OOD reference to training galaxies and hold-out; None if they are too few."""
    rows = galaxies.training_rows[galaxies.training_rows < len(galaxies.pictures)]
    rows = rows[:: -(-len(rows) // MAX_GALAXIES) or 1]
    training, hold_out = (_embeddings(model, galaxies, part) for part in (rows, galaxies.hold_out_rows))
    return fit_reference(training, hold_out) if len(training) and len(hold_out) else None


def _embeddings(model: Model, galaxies: TrainingSet, rows: np.ndarray) -> np.ndarray:
    """Embed the decoded pictures of rows without augmentation; ``(len(rows), D)``."""
    card, device = model.card, model.device
    mean, std = (torch.tensor(values, device=device).view(3, 1, 1) for values in (card.mean, card.std))
    parts = [
        embed(model, (crop_centre(batch.pictures, card.image_size) - mean) / std)
        for batch in read_batches(galaxies, rows, AT_ONCE, device)
    ]
    return np.concatenate(parts) if parts else np.empty((0, 1))
