"""Embeddings of images, and their out-of-distribution (OOD) score."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from galaxy_explorer.evaluation import out_of_distribution
from galaxy_explorer.prediction.inference import INPUTS_PER_PASS

if TYPE_CHECKING:
    import torch

    from galaxy_explorer.models import Model


def embed(model: "Model", inputs: "torch.Tensor") -> np.ndarray:
    """Compute the embeddings of network inputs.

    Parameters
    ----------
    model : Model
        In evaluation mode.
    inputs : (N, 3, S, S) torch.Tensor of float32
        Normalised as the model card says.

    Returns
    -------
    (N, D) np.ndarray of float32
    """
    import torch

    device = model.device
    passes = inputs.split(INPUTS_PER_PASS.get(device.type, INPUTS_PER_PASS["cpu"]))
    with torch.inference_mode():
        return torch.cat([model.network.embedding(part.to(device)) for part in passes]).float().cpu().numpy()


def ood_score(model: "Model", pictures: Sequence[np.ndarray], *, field: float = 1.0) -> np.ndarray | None:
    """Compute the out-of-distribution score of images, without TTA.

    Parameters
    ----------
    model, pictures, field
        As in `predict`.

    Returns
    -------
    (N,) np.ndarray of float or None
        Distance from the training galaxies divided by the OOD threshold: above 1 is out of distribution.
        None if the card has no reference for it.
    """
    import torch

    reference = model.card.ood_reference
    if reference is None:
        return None
    if not len(pictures):
        return np.empty(0)
    inputs = torch.from_numpy(np.stack([model.inputs(picture, field) for picture in pictures]))
    return out_of_distribution.ood_score(embed(model, inputs), reference)
