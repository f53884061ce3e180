"""A network applied to pictures: preprocessing by its card, views, and the mean over them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.evaluation.intervals import model_for, spread_of
from galaxy_explorer.images import for_prediction, tta_views
from galaxy_explorer.models.networks import GalaxyNetwork

# Inputs in one forward pass. More of them fall out of a CPU's cache: DenseNet-121 at 128 pixels took 33 ms of CPU
# time an input by 8 or 32, 58 ms by 64.
INPUTS_PER_PASS = {"cpu": 16, "cuda": 512}

# What of a card decides the numbers that come out, beside the weights.
_DECISIVE = ("model", "arguments", "image_size", "crop", "mean", "std")


def predict(
    network: GalaxyNetwork,
    card: Mapping[str, Any],
    pictures: Sequence[np.ndarray],
    *,
    views: int = 8,
    field: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Predict the vote fractions of pictures.

    Parameters
    ----------
    network : GalaxyNetwork
        In evaluation mode, as `checkpoints.load` gives it; it stays on its device.
    card : mapping
        The network's card, which holds the preprocessing.
    pictures : sequence of (H, W, 3) np.ndarray of uint8
        RGB pictures of any sizes.
    views : int
        Flips and quarter turns that are averaged, 1 to 8.
    field : float
        The fraction of the original field of view that the pictures cover, in (0, 1].

    Returns
    -------
    fractions : (N, 37) np.ndarray of float32
        Vote fractions in [0, 1]: the mean over the views, which obeys the tree as each view does. On
        the CPU a picture gets the same numbers whatever else is in the batch, to 1e-6.
    spread : (N, 37) np.ndarray of float32
        The half-width of the interval that holds 68 % of the volunteers' fractions, when the card has
        ``error_models``. Without them, the standard deviation over the views alone; 0 when there is one view.

    Raises
    ------
    ValueError
        When there are not 1 to 8 views, a picture is not (H, W, 3) uint8, the network is in training
        mode, or it gives numbers that are not finite.
    """
    if not len(pictures):
        return np.empty((0, len(COLUMNS)), np.float32), np.empty((0, len(COLUMNS)), np.float32)
    inputs = np.stack([prepared(picture, card, field) for picture in pictures])
    fractions, over_views = predict_inputs(network, inputs, views)
    return fractions, with_own_error(fractions, over_views, card, views)


def with_own_error(fractions: np.ndarray, over_views: np.ndarray, card: Mapping[str, Any], views: int) -> np.ndarray:
    """Join the spread over so many views with the network's own error, where its card knows that; ``(N, 37) float32``."""
    if "error_models" not in card:
        return over_views
    return spread_of(fractions, over_views, model_for(card["error_models"], views)).astype(np.float32)


def prepared(picture: np.ndarray, card: Mapping[str, Any], field: float) -> np.ndarray:
    """Turn a ``(H, W, 3) uint8`` picture into the ``(3, S, S) float32`` input that a card asks for."""
    return for_prediction(
        picture, size=card["image_size"], crop=card["crop"], mean=card["mean"], std=card["std"], field=field
    )


def predict_inputs(network: GalaxyNetwork, inputs: np.ndarray, views: int) -> tuple[np.ndarray, np.ndarray]:
    """Give mean and spread over the views, each ``(N, 37) float32``, of ``(N, 3, S, S)`` inputs."""
    if network.training:
        raise ValueError(
            "the network is in training mode, in which dropout makes every run differ; call its eval() first"
        )
    seen = tta_views(inputs, views)
    flat = torch.from_numpy(seen.reshape(-1, *seen.shape[2:]))  # (V, N, 3, S, S) → (V·N, 3, S, S)
    device = next(network.parameters()).device
    at_once = INPUTS_PER_PASS.get(device.type, INPUTS_PER_PASS["cpu"])
    with torch.inference_mode():
        # Channels last: a tenth less CPU time than channels first, in both networks.
        parts = (part.to(device, memory_format=torch.channels_last) for part in flat.split(at_once))
        answers = torch.cat([network(part) for part in parts])
    fractions = answers.cpu().numpy().astype(float).reshape(views, len(inputs), len(COLUMNS))
    if not np.isfinite(fractions).all():
        raise ValueError("the network gives numbers that are not finite; its weights are damaged: train it again")
    return fractions.mean(axis=0).astype(np.float32), fractions.std(axis=0).astype(np.float32)


def prediction_key(network: GalaxyNetwork, card: Mapping[str, Any], views: int) -> str:
    """Name what decides a prediction beside the picture, for caches and for going on with a table.

    Parameters
    ----------
    network, card, views
        As in `predict`.

    Returns
    -------
    str
        16 hexadecimal digits, which change with the weights, the preprocessing, the views and the error model.
    """
    decisive = [*(card[name] for name in _DECISIVE), views]
    if "error_models" in card:
        decisive.append(model_for(card["error_models"], views))
    digest = hashlib.sha256(json.dumps(decisive).encode())
    for name, value in network.state_dict().items():
        digest.update(name.encode())
        digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
