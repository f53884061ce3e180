"""Models: the two networks, their model card, and checkpoints."""

from galaxy_explorer.models.card import Card
from galaxy_explorer.models.model import Model
from galaxy_explorer.models.networks import GalaxyNetwork, build

__all__ = ["Card", "GalaxyNetwork", "Model", "build"]
