"""Rendering of a drawing's light as a picture."""

import zlib

import numpy as np

from galaxy_explorer.drawn_galaxies.answers import DRAWINGS, FAMOUS, Drawing
from galaxy_explorer.drawn_galaxies.light import Sky
from galaxy_explorer.drawn_galaxies.oddities import Star

SIDE = 240  # pixels
# A sky bluer and brighter than the survey's: a drawing must not look like a real picture.
GROUND = np.array([12, 19, 36])
TINTS = np.array([[255, 226, 188], [176, 207, 255]])  # old and young stars
_STRETCH = 9.0
_STARS = 4


def draw(column: str, number: int, side: int = SIDE) -> np.ndarray:
    """Draw a galaxy that shows an answer.

    Parameters
    ----------
    column : str
        The answer's score column.
    number : int
        Which of its drawings, from 0, of `len(DRAWINGS[column])`.
    side : int
        Width and height in pixels.

    Returns
    -------
    (side, side, 3) np.ndarray of uint8
        RGB, the same on every call.
    """
    return _paint(DRAWINGS[column][number], f"{column} {number}", side)


def draw_famous(name: str, side: int = SIDE) -> np.ndarray:
    """Draw a famous galaxy.

    Parameters
    ----------
    name : str
        One of the names of `FAMOUS`.
    side : int
        Width and height in pixels.

    Returns
    -------
    (side, side, 3) np.ndarray of uint8
        RGB, the same on every call.
    """
    return _paint(FAMOUS[name], name, side)


def _paint(drawing: Drawing, seed: str, side: int) -> np.ndarray:
    """Render the light of a drawing as RGB."""
    coordinates = (np.arange(side) + 0.5) * 2 / side - 1
    random = np.random.default_rng(zlib.crc32(seed.encode()))
    sky = Sky(*np.meshgrid(coordinates, coordinates), random)
    light = sum((thing.light(sky) for thing in drawing.things), _stars(sky))
    total = light.sum(axis=2, keepdims=True)
    strength = np.clip(np.arcsinh(_STRETCH * total) / np.arcsinh(_STRETCH * 3.0), 0, 1)
    colour = light / np.maximum(total, 1e-9) @ TINTS
    return np.rint(GROUND * (1 - strength) + colour * strength).astype(np.uint8)


def _stars(sky: Sky) -> np.ndarray:
    """Draw a few faint stars, away from the galaxy."""
    angles = sky.random.uniform(0, 2 * np.pi, _STARS)
    radii = sky.random.uniform(0.88, 1.25, _STARS)
    sizes = sky.random.uniform(0.008, 0.014, _STARS)
    stars = zip(radii * np.cos(angles), radii * np.sin(angles), sizes, strict=True)
    return np.sum([Star(x, y, size, 0.7).light(sky) for x, y, size in stars], axis=0)
