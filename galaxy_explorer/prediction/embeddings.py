"""A network's own description of pictures, and how strange they are to it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from galaxy_explorer.evaluation.out_of_distribution import strangeness
from galaxy_explorer.models.networks import GalaxyNetwork
from galaxy_explorer.prediction.inference import INPUTS_PER_PASS, prepared


def embed(network: GalaxyNetwork, inputs: torch.Tensor) -> np.ndarray:
    """Describe inputs by a network's embedding.

    Parameters
    ----------
    network : GalaxyNetwork
        In evaluation mode.
    inputs : (N, 3, S, S) torch.Tensor of float32
        Normalised as the network's card says.

    Returns
    -------
    (N, D) np.ndarray of float32
    """
    device = next(network.parameters()).device
    at_once = INPUTS_PER_PASS.get(device.type, INPUTS_PER_PASS["cpu"])
    with torch.inference_mode():
        return torch.cat([network.embedding(part.to(device)) for part in inputs.split(at_once)]).float().cpu().numpy()


def strangeness_of(
    network: GalaxyNetwork, card: Mapping[str, Any], pictures: Sequence[np.ndarray]
) -> np.ndarray | None:
    """Measure how strange pictures of the whole field are to a network, from one view of each.

    Parameters
    ----------
    network, card, pictures
        As in `predict`.

    Returns
    -------
    (N,) np.ndarray of float or None
        Above 1 where a picture lies farther from what the network learnt than 99 % of the galaxies held out;
        None where the card has no ``familiarity``.
    """
    reference = card.get("familiarity")
    if reference is None:
        return None
    if not len(pictures):
        return np.empty(0)
    inputs = torch.from_numpy(np.stack([prepared(picture, card, 1.0) for picture in pictures]))
    return strangeness(embed(network, inputs), reference)
