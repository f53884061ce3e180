"""Placement on the map in a checkpoint, kept with the weights that it was fitted to.

It is a dict: ``fingerprint``, the `fingerprint_of` the weights; ``layers``, each with ``weights`` (inputs, outputs) and
``biases`` (outputs,), from an embedding to its place; ``figures``, how well it does, as plain types.
`galaxy_explorer.similarity.Placement` applies it.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from galaxy_explorer.models.card import Card, plain

# Card entries that decide an embedding and a prediction, in addition to the weights.
DECISIVE = ("model", "arguments", "image_size", "crop", "mean", "std")


def fingerprint_of(weights: Mapping[str, torch.Tensor], card: Card) -> str:
    """Return the fingerprint of all that decides an embedding except the image.

    Parameters
    ----------
    weights : mapping of str to torch.Tensor
        State dict of a network, in any precision: it is compared in half, as checkpoints are written.
    card : Card
        Its model card; evaluations and intervals on it do not count.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    digest = hashlib.sha256(json.dumps([plain(getattr(card, name)) for name in DECISIVE]).encode())
    for name, value in sorted(weights.items()):
        digest.update(name.encode())
        stored = value.half() if value.is_floating_point() else value
        digest.update(stored.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def usable_placement(placement: Any, fingerprint: str) -> dict[str, Any] | None:
    """Return a placement with arrays of float32; None if it is not that of these weights."""
    try:
        if placement["fingerprint"] != fingerprint:
            return None
        layers = [{name: _array(layer[name]) for name in ("weights", "biases")} for layer in placement["layers"]]
    except (TypeError, KeyError, ValueError, AttributeError, IndexError):
        return None
    widths = [layer["weights"].shape for layer in layers]
    fits = (
        bool(layers)
        and all(len(shape) == 2 for shape in widths)
        and [shape[1] for shape in widths] == [*(shape[0] for shape in widths[1:]), 2]
        and all(layer["biases"].shape == layer["weights"].shape[1:] for layer in layers)
        and all(np.isfinite(values).all() for layer in layers for values in layer.values())
    )
    return {"fingerprint": fingerprint, "layers": layers, "figures": placement.get("figures", {})} if fits else None


def as_stored(placement: Mapping[str, Any]) -> dict[str, Any]:
    """Return a placement as it is written: tensors in half precision."""
    layers = [{name: torch.tensor(values).half() for name, values in layer.items()} for layer in placement["layers"]]
    return {**placement, "layers": layers}


def _array(values: Any) -> np.ndarray:
    """Return the values of an array or a tensor as an array of float32."""
    return np.asarray(values.numpy() if isinstance(values, torch.Tensor) else values, dtype=np.float32)
