"""Embeddings of images, and their out-of-distribution (OOD) score."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from galaxy_explorer.evaluation import out_of_distribution
from galaxy_explorer.prediction.inference import INPUTS_PER_PASS, inputs_of

if TYPE_CHECKING:
    import torch

    from galaxy_explorer.models import GalaxyNetwork


def embed(network: "GalaxyNetwork", inputs: "torch.Tensor") -> np.ndarray:
    """Compute the embeddings of network inputs.

    Parameters
    ----------
    network : GalaxyNetwork
        In evaluation mode.
    inputs : (N, 3, S, S) torch.Tensor of float32
        Normalised as the model card says.

    Returns
    -------
    (N, D) np.ndarray of float32
    """
    import torch

    device = next(network.parameters()).device
    passes = inputs.split(INPUTS_PER_PASS.get(device.type, INPUTS_PER_PASS["cpu"]))
    with torch.inference_mode():
        return torch.cat([network.embedding(part.to(device)) for part in passes]).float().cpu().numpy()


def ood_score(network: "GalaxyNetwork", card: Mapping[str, Any], pictures: Sequence[np.ndarray]) -> np.ndarray | None:
    """Compute the out-of-distribution score of images of the whole field of view, without TTA.

    Parameters
    ----------
    network, card, pictures
        As in `predict`.

    Returns
    -------
    (N,) np.ndarray of float or None
        Distance from the training galaxies divided by the OOD threshold: above 1 is out of distribution.
        None if the card has no reference for it.
    """
    import torch

    reference = card.get("familiarity")  # wording: quote (key of the card)
    if reference is None:
        return None
    if not len(pictures):
        return np.empty(0)
    inputs = torch.from_numpy(np.stack([inputs_of(picture, card) for picture in pictures]))
    return out_of_distribution.strangeness(embed(network, inputs), reference)
