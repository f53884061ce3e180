"""Model: a network with its model card."""

import hashlib
import json
from dataclasses import dataclass

import numpy as np
import torch

from galaxy_explorer.images import DEFAULT_VIEWS
from galaxy_explorer.models.card import Card, plain
from galaxy_explorer.models.networks import GalaxyNetwork

# Card entries that decide the predictions, in addition to the weights.
_DECISIVE = ("model", "arguments", "image_size", "crop", "mean", "std")


@dataclass(frozen=True)
class Model:
    """A network with its model card, as `checkpoints.load` returns it: frozen and ready to predict."""

    network: GalaxyNetwork
    card: Card

    @property
    def device(self) -> torch.device:
        """The device of the network."""
        return next(self.network.parameters()).device

    def inputs(self, picture: np.ndarray, field_of_view: float = 1.0) -> np.ndarray:
        """Preprocess an image, as `Card.inputs`."""
        return self.card.inputs(picture, field_of_view)

    def key(self, tta_views: int = DEFAULT_VIEWS) -> str:
        """Return the fingerprint of all that decides a prediction except the image, as a cache key.

        Returns
        -------
        str
            16 hexadecimal digits, which change with weights, preprocessing, TTA views and error model.
        """
        decisive = [*(plain(getattr(self.card, name)) for name in _DECISIVE), tta_views]
        if error_model := self.card.error_model(tta_views):
            decisive.append(plain(error_model))
        digest = hashlib.sha256(json.dumps(decisive).encode())
        for name, value in self.network.state_dict().items():
            digest.update(name.encode())
            digest.update(value.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]
