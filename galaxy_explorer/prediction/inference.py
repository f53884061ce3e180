"""Prediction of images: preprocessing, test-time augmentation (TTA), mean over the views."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.evaluation.intervals import model_for, spread_of
from galaxy_explorer.images import DEFAULT_VIEWS, for_prediction
from galaxy_explorer.images import tta_views as views_of

if TYPE_CHECKING:  # torch is imported when a network runs: pages read prediction tables without it
    from galaxy_explorer.models import GalaxyNetwork

# Inputs in one forward pass. More do not fit a CPU's cache: DenseNet-121 at 128 pixels took 33 ms of CPU time an input
# in passes of 8 or 32, 58 ms in passes of 64.
INPUTS_PER_PASS = {"cpu": 16, "cuda": 512}

# Card entries that decide the predictions, in addition to the weights.
_DECISIVE = ("model", "arguments", "image_size", "crop", "mean", "std")


def predict(
    network: "GalaxyNetwork",
    card: Mapping[str, Any],
    pictures: Sequence[np.ndarray],
    *,
    tta_views: int = DEFAULT_VIEWS,
    field: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Predict the vote fractions of images.

    Parameters
    ----------
    network : GalaxyNetwork
        In evaluation mode, as `checkpoints.load` returns it; it stays on its device.
    card : mapping
        The model card, which holds the preprocessing.
    pictures : sequence of (H, W, 3) np.ndarray of uint8
        RGB images of any sizes.
    tta_views : int
        Number of flips and quarter turns that are averaged, 1 to 8.
    field : float
        Fraction of the original field of view that the images cover, in (0, 1].

    Returns
    -------
    fractions : (N, 37) np.ndarray of float32
        Vote fractions in [0, 1]: the mean over the TTA views, which obeys the decision tree as each view does. On
        the CPU an image gets the same numbers in every batch, to 1e-6.
    spread : (N, 37) np.ndarray of float32
        Half-width of the 68 % prediction interval, if the card has ``error_models``. Otherwise the standard
        deviation over the TTA views; 0 for one view.

    Raises
    ------
    ValueError
        If there are not 1 to 8 views, an image is not (H, W, 3) uint8, the network is in training mode, or it
        returns NaN or inf.
    """
    if not len(pictures):
        return np.empty((0, len(COLUMNS)), np.float32), np.empty((0, len(COLUMNS)), np.float32)
    inputs = np.stack([inputs_of(picture, card, field) for picture in pictures])
    fractions, over_views = predict_inputs(network, inputs, tta_views)
    return fractions, add_model_error(fractions, over_views, card, tta_views)


def add_model_error(
    fractions: np.ndarray, over_views: np.ndarray, card: Mapping[str, Any], tta_views: int
) -> np.ndarray:
    """Add the card's error model, if it has one, to the spread over the TTA views."""
    if "error_models" not in card:
        return over_views
    return spread_of(fractions, over_views, model_for(card["error_models"], tta_views)).astype(np.float32)


def inputs_of(picture: np.ndarray, card: Mapping[str, Any], field: float = 1.0) -> np.ndarray:
    """Preprocess an image by a model card: ``(H, W, 3) uint8`` to ``(3, S, S) float32``.

    Parameters
    ----------
    picture, card, field
        As in `predict`.
    """
    return for_prediction(
        picture, size=card["image_size"], crop=card["crop"], mean=card["mean"], std=card["std"], field=field
    )


def predict_inputs(network: "GalaxyNetwork", inputs: np.ndarray, tta_views: int) -> tuple[np.ndarray, np.ndarray]:
    """Predict ``(N, 3, S, S)`` inputs: mean and standard deviation over their TTA views."""
    import torch

    if network.training:
        raise ValueError("the network is in training mode, in which dropout changes every prediction; call its eval()")
    seen = views_of(inputs, tta_views)
    flat = torch.from_numpy(seen.reshape(-1, *seen.shape[2:]))  # (V, N, 3, S, S) → (V·N, 3, S, S)
    device = next(network.parameters()).device
    with torch.inference_mode():
        # Channels last: a tenth less CPU time than channels first, in both networks.
        passes = flat.split(INPUTS_PER_PASS.get(device.type, INPUTS_PER_PASS["cpu"]))
        outputs = torch.cat([network(part.to(device, memory_format=torch.channels_last)) for part in passes])
    fractions = outputs.cpu().numpy().astype(float).reshape(tta_views, len(inputs), len(COLUMNS))
    if not np.isfinite(fractions).all():
        raise ValueError("the network returns NaN or inf; its weights are damaged: train it again")
    return fractions.mean(axis=0).astype(np.float32), fractions.std(axis=0).astype(np.float32)


def prediction_key(network: "GalaxyNetwork", card: Mapping[str, Any], tta_views: int = DEFAULT_VIEWS) -> str:
    """Return the fingerprint of all that decides a prediction except the image, as a cache key.

    Parameters
    ----------
    network, card, tta_views
        As in `predict`.

    Returns
    -------
    str
        16 hexadecimal digits, which change with weights, preprocessing, TTA views and error model.
    """
    decisive = [*(card[name] for name in _DECISIVE), tta_views]
    if "error_models" in card:
        decisive.append(model_for(card["error_models"], tta_views))
    digest = hashlib.sha256(json.dumps(decisive).encode())
    for name, value in network.state_dict().items():
        digest.update(name.encode())
        digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
