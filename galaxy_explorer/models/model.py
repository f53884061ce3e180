"""Model: a network with its model card."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from galaxy_explorer.images import DEFAULT_VIEWS, for_prediction
from galaxy_explorer.models.card import Card, plain
from galaxy_explorer.models.networks import GalaxyNetwork
from galaxy_explorer.models.placements import DECISIVE, fingerprint_of


@dataclass(frozen=True)
class Model:
    """A network, frozen and ready to predict, with its model card."""

    network: GalaxyNetwork
    card: Card
    placement: Mapping[str, Any] | None = None  # of its embeddings on the map, as `checkpoints.read_placement` has it

    @property
    def device(self) -> torch.device:
        """The device of the network."""
        return next(self.network.parameters()).device

    @property
    def fingerprint(self) -> str:
        """Fingerprint of all that decides an embedding or a prediction except image and TTA views."""
        return fingerprint_of(self.network.state_dict(), self.card)

    def inputs(self, picture: np.ndarray, field_of_view: float = 1.0) -> np.ndarray:
        """Preprocess an image: ``(H, W, 3) uint8`` to ``(3, S, S) float32``.

        Parameters
        ----------
        picture : (H, W, 3) np.ndarray of uint8
            RGB.
        field_of_view : float
            Fraction of the original field of view that the image covers, in (0, 1].
        """
        card = self.card
        size, crop = card.image_size, card.crop
        return for_prediction(picture, size=size, crop=crop, mean=card.mean, std=card.std, field=field_of_view)

    def key(self, tta_views: int = DEFAULT_VIEWS) -> str:
        """Return the fingerprint of all that decides a prediction except the image, as a cache key.

        Returns
        -------
        str
            16 hexadecimal digits, which change with weights, preprocessing, TTA views and interval model.
        """
        decisive = [*(plain(getattr(self.card, name)) for name in DECISIVE), tta_views]
        if interval_model := self.card.interval_model(tta_views):
            decisive.append(plain(interval_model))
        digest = hashlib.sha256(json.dumps(decisive).encode())
        for name, value in self.network.state_dict().items():
            digest.update(name.encode())
            digest.update(value.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]
