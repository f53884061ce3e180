"""The two networks, their output head, checkpoints and the trace of their layers."""

from galaxy_explorer.models.networks import GalaxyNetwork, build

__all__ = ["GalaxyNetwork", "build"]
