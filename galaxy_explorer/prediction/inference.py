"""Prediction and embeddings of images, averaged over flips and quarter turns (TTA)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.evaluation import out_of_distribution
from galaxy_explorer.images import DEFAULT_VIEWS
from galaxy_explorer.images import tta_views as views_of

if TYPE_CHECKING:  # torch is imported when a network runs: pages read prediction tables without it
    import torch

    from galaxy_explorer.models import GalaxyNetwork, Model

# Inputs in one forward pass. More do not fit a CPU's cache: DenseNet-121 at 128 pixels took 33 ms of CPU time an input
# in passes of 8 or 32, 58 ms in passes of 64.
INPUTS_PER_PASS = {"cpu": 16, "cuda": 512}


def predict(
    model: "Model", pictures: Sequence[np.ndarray], *, tta_views: int = DEFAULT_VIEWS, field: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Predict the vote fractions of images.

    Parameters
    ----------
    model : Model
        In evaluation mode, as `checkpoints.load` returns it; it stays on its device.
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
    intervals : (N, 2, 37) np.ndarray of float32
        Lower and upper ends of the 68 % prediction intervals, in [0, 1]; NaN if the model card has no interval models.

    Raises
    ------
    ValueError
        If there are not 1 to 8 views, an image is not (H, W, 3) uint8, the network is in training mode, or it
        returns NaN or inf.
    """
    if not len(pictures):
        return np.empty((0, len(COLUMNS)), np.float32), np.empty((0, 2, len(COLUMNS)), np.float32)
    inputs = np.stack([model.inputs(picture, field) for picture in pictures])
    fractions, _ = predict_inputs(model.network, inputs, tta_views)
    return fractions, intervals_of(model, fractions, tta_views)


def intervals_of(model: "Model", fractions: np.ndarray, tta_views: int) -> np.ndarray:
    """Return the ends of the intervals as `predict` does."""
    interval_model = model.card.interval_model(tta_views)
    if interval_model is None:
        return np.full((len(fractions), 2, len(COLUMNS)), np.nan, np.float32)
    return interval_model.intervals(fractions).astype(np.float32)


def predict_inputs(network: "GalaxyNetwork", inputs: np.ndarray, tta_views: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean prediction over the TTA views, and ``(V, N, D)`` embeddings of each."""
    import torch

    if network.training:
        raise ValueError("the network is in training mode, in which dropout changes every prediction; call its eval()")
    seen = views_of(inputs, tta_views)
    flat = torch.from_numpy(seen.reshape(-1, *seen.shape[2:]))  # (V, N, 3, S, S) → (V·N, 3, S, S)
    device = next(network.parameters()).device
    with torch.inference_mode():
        # Channels last: a tenth less CPU time than channels first, in both networks.
        passes = flat.split(INPUTS_PER_PASS.get(device.type, INPUTS_PER_PASS["cpu"]))
        parts = [network.predict_and_embed(part.to(device, memory_format=torch.channels_last)) for part in passes]
        outputs, embeddings = (
            torch.cat(part).unflatten(0, (tta_views, len(inputs))) for part in zip(*parts, strict=True)
        )
    return _mean_over_views(outputs), embeddings.float().cpu().numpy()


def predict_features(network: "GalaxyNetwork", features: "Sequence[torch.Tensor]") -> tuple[np.ndarray, np.ndarray]:
    """Predict as `predict_inputs` from the ``(V, C, h, w)`` feature maps of each image."""
    import torch

    with torch.inference_mode():
        maps = network.last_maps(torch.cat([*features]))
        outputs, embeddings = network.head(network.logits_from_last_maps(maps)), maps.mean(dim=(2, 3))
    by_view = [each.unflatten(0, (len(features), -1)).transpose(0, 1) for each in (outputs, embeddings)]
    return _mean_over_views(by_view[0]), by_view[1].float().cpu().numpy()


def _mean_over_views(outputs: "torch.Tensor") -> np.ndarray:
    """Return the mean of ``(V, N, 37)`` outputs over the TTA views."""
    fractions = outputs.cpu().numpy().astype(float)
    if not np.isfinite(fractions).all():
        raise ValueError("the network returns NaN or inf; its weights are damaged: train it again")
    return fractions.mean(axis=0).astype(np.float32)


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
