"""Small networks and pictures for the tests of saliency."""

from typing import Any

import numpy as np
import torch

from galaxy_explorer.decision_tree import columns_of
from galaxy_explorer.models.networks import GalaxyNetwork, build
from galaxy_explorer.saliency import AnswerLogOdds, SaliencyMap, saliency_map

BAR, NO_BAR = columns_of(3)
NETWORKS: dict[str, dict[str, Any]] = {
    "fcn": {"widths": (8, 16, 16, 16)},
    "densenet": {"growth_rate": 4, "blocks": (2, 2, 2, 2), "initial_features": 8, "stem_stride": 2},
}


def small_network(name: str) -> GalaxyNetwork:
    """Build a small frozen network with the batch statistics of random pictures."""
    torch.manual_seed(3)
    network = build(name, **NETWORKS[name])
    with torch.no_grad():
        for _ in range(3):
            network.train()(torch.randn(8, 3, 64, 64))
    return network.eval().requires_grad_(False)


def random_picture(height: int = 64, width: int = 64, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(3, height, width)).astype(np.float32)


def explain(network: GalaxyNetwork, inputs: Any, column: str, against: bool = False, **options: Any) -> SaliencyMap:
    """Compute a map of an answer by its column."""
    return saliency_map(network, inputs, AnswerLogOdds(column, against), **options)
