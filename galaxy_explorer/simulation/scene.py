"""The light of a simulated galaxy and its surroundings in g, r and i, before the camera."""

import math
from dataclasses import dataclass

import numpy as np

from galaxy_explorer.simulation import profiles, surroundings
from galaxy_explorer.simulation.disk import disk_layers, thicken
from galaxy_explorer.simulation.frame import Frame, turned
from galaxy_explorer.simulation.parameters import Parameters

_CORE = 7  # pixels around the middle of the bulge that are divided
_DIVISION = 9
YOUNG = frozenset({"arms", "ring", "clumps"})
# Of the g, r and i light that a lane takes: the galactic extinction law over that in r (Schlegel et al. 1998, table 6).
EXTINCTION = np.array([1.38, 1.0, 0.76], np.float32)
_DEEPEST = 4.5  # optical depth in r of the darkest lane


@dataclass(frozen=True)
class Component:
    """Part of a galaxy: its share of the light in r, (n, n), and its colour g - r in mag."""

    name: str
    light: np.ndarray
    colour: float


def components(parameters: Parameters, frame: Frame) -> list[Component]:
    """Return the components of a galaxy that have light, before dust."""
    p = parameters
    colours = {"disk": p.disk_colour, "bar": p.bulge_colour}
    layers = disk_layers(p, frame)
    found = [
        Component(name, light, colours.get(name, p.arm_colour)) for name, light in _thick(layers, p, frame).items()
    ]
    if p.bulge_fraction and p.star_fraction < 1:
        found.append(Component("bulge", bulge(p, frame), p.bulge_colour))
    for name, fraction, painter, colour in (
        ("companion", p.companion, surroundings.companion, p.companion_colour),
        ("tails", p.tails, surroundings.tails, 0.5 * (p.disk_colour + p.arm_colour)),
        ("lens", p.arc_fraction, surroundings.arc, p.arm_colour),
    ):
        if fraction:
            found.append(Component(name, painter(p, frame), colour))
    return found


def _thick(layers: dict[str, np.ndarray], p: Parameters, frame: Frame) -> dict[str, np.ndarray]:
    """Convolve the layers with the height of the disk, two at a time."""
    names = list(layers)
    thick: dict[str, np.ndarray] = {}
    for first in range(0, len(names), 2):
        pair = names[first : first + 2]
        planes = np.stack([layers[name] for name in pair] + [np.zeros_like(layers[pair[0]])] * (2 - len(pair)))
        thick.update(zip(pair, thicken(planes, p, frame), strict=False))
    return thick


def bulge(p: Parameters, frame: Frame) -> np.ndarray:
    """Return the share of light in the bulge, (n, n); pixels near its middle are divided."""
    along, across = frame.aligned(p.position_angle)
    light = _bulge_at(p, along, across)
    middle = frame.n // 2
    core = slice(middle - _CORE, middle + _CORE)
    offsets = (np.arange(_DIVISION, dtype=np.float32) - (_DIVISION - 1) / 2) / _DIVISION * np.float32(frame.scale)
    shift = turned(offsets[:, np.newaxis], offsets[np.newaxis], p.position_angle)
    fine_along = along[core, core, np.newaxis, np.newaxis] + shift[0]
    fine_across = across[core, core, np.newaxis, np.newaxis] + shift[1]
    light[core, core] = _bulge_at(p, fine_along, fine_across).mean(axis=(2, 3))
    return light * np.float32(p.bulge_fraction * frame.scale**2)


def _bulge_at(p: Parameters, along: np.ndarray, across: np.ndarray) -> np.ndarray:
    radius = profiles.boxy_radius(along, across, 1 - p.bulge_ellipticity, p.boxiness)
    light: np.ndarray = profiles.sersic(
        radius, p.bulge_radius * p.radius, p.bulge_sersic, 1 - p.bulge_ellipticity, p.boxiness
    )
    return light


def dust(parameters: Parameters, frame: Frame) -> np.ndarray:
    """Return the optical depth in r of the dust lane, (n, n): a thin disk seen from the side.

    The lane follows the long axis, exponential along it and sech² across (Xilouris et al. 1999, A&A 344, 868: about
    half as thick as the stars and 1.4 times as long). It crosses the middle where the disk is seen edge-on, and
    moves to the near side as the inclination falls.
    """
    p = parameters
    along, across = frame.aligned(p.position_angle)
    angle = math.radians(p.inclination)
    height = 0.5 * p.thickness * math.sin(angle) + 0.12 * math.cos(angle)
    near = 0.5 * math.cos(angle)
    length = 1.4 / profiles.SCALES_IN_HALF_LIGHT
    x, y = along / np.float32(p.radius), across / np.float32(p.radius)
    curved = y - np.float32(near) * np.sqrt(np.maximum(1 - (x / 2) ** 2, 0))
    profile = np.cosh(np.clip(curved / height, -20, 20)) ** -2 * np.exp(-np.abs(x) / length)
    depth: np.ndarray = np.float32(_DEEPEST * p.dust_lane) * profile
    return depth


def bands(parameters: Parameters, frame: Frame) -> np.ndarray:
    """Return the light in g, r and i, (3, n, n) float32, in nanomaggies per pixel."""
    p = parameters
    total = 10 ** (0.4 * (surroundings.ZERO_POINT - p.magnitude))
    planes = np.zeros((3, frame.n, frame.n), np.float32)
    beside = np.zeros_like(planes)
    for component in components(p, frame):
        target = beside if component.name in {"companion", "tails", "lens"} else planes
        for plane, factor in zip(target, total * surroundings.band_fluxes(component.colour), strict=True):
            plane += np.float32(factor) * component.light
    if p.dust_lane:
        depth = dust(p, frame)
        for plane, extinction in zip(planes, EXTINCTION, strict=True):
            plane *= np.exp(-extinction * depth)
    planes += beside
    if p.star_fraction:
        surroundings.add_star(planes, p.star_fraction * total * surroundings.band_fluxes(p.disk_colour), frame)
    surroundings.add_stars(planes, p, frame)
    surroundings.add_galaxies(planes, p, frame)
    if p.trail:
        surroundings.add_trail(planes, p, frame)
    return planes
