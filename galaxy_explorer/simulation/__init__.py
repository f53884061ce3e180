"""Simulated galaxies: pictures as SDSS shows them, with components that are known."""

from galaxy_explorer.simulation.parameters import FIELDS, Field, Parameters, from_url, to_url
from galaxy_explorer.simulation.presets import PRESETS
from galaxy_explorer.simulation.priors import sample
from galaxy_explorer.simulation.rendering import component_masks, render

__all__ = ["FIELDS", "PRESETS", "Field", "Parameters", "component_masks", "from_url", "render", "sample", "to_url"]
