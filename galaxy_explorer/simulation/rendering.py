"""A simulated galaxy as a picture, and the places of its components in it."""

import numpy as np
from PIL import Image

from galaxy_explorer.simulation import camera, scene
from galaxy_explorer.simulation.frame import SDSS_PIXEL, SIDE, Frame
from galaxy_explorer.simulation.parameters import Parameters

_FRAME_QUALITY, _CUTOUT_QUALITY = (89, 62), (75, 75)
_LEAST_PART = 0.25  # of the light at a place, from which a component counts as being there
_LEAST_LIGHT = 0.015  # nanomaggies per 0.396 arcsec pixel: about half the noise of the sky in r
_LEAST_DEPTH = 0.35  # optical depth, from which dust shows


def render(parameters: Parameters, size: int = SIDE) -> np.ndarray:
    """Return the picture of a galaxy, as the Galaxy Zoo 2 showed SDSS galaxies.

    The light is painted on the camera's pixels of 0.396 arcsec, blurred by the air, and noise is added. The frame
    becomes a JPEG file in asinh colours; a cutout of it is magnified to 424 pixels, and is a JPEG file again.

    Parameters
    ----------
    parameters : Parameters
    size : int
        Pixels a side; the field of view is the same for all.

    Returns
    -------
    ndarray
        ``(size, size, 3) uint8``, RGB.
    """
    random = np.random.default_rng([parameters.seed, 0])
    frame = Frame(
        parameters.pixel_scale * SIDE / 2, max(SDSS_PIXEL, parameters.pixel_scale), float(random.uniform(-45, 45))
    )
    planes = camera.blurred(scene.bands(parameters, frame), parameters.seeing, frame)
    planes = camera.noisy(planes, parameters.sky_noise, frame, random)
    picture = camera.through_jpeg(Image.fromarray(camera.in_colours(planes, frame)), _FRAME_QUALITY)
    picture = camera.through_jpeg(camera.resampled(picture, frame), _CUTOUT_QUALITY)
    if size != SIDE:
        picture = picture.resize((size, size), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def component_masks(parameters: Parameters, size: int = SIDE) -> dict[str, np.ndarray]:
    """Return where each component of a galaxy stands out in its picture.

    Parameters
    ----------
    parameters : Parameters
    size : int
        Pixels a side, as of `render`.

    Returns
    -------
    dict of str to ndarray
        ``(size, size) bool`` for each component that the galaxy has, of "bulge", "disk", "bar", "arms", "ring",
        "clumps", "dust lane", "companion", "tails" and "lens": where the blurred component has at least a quarter of
        the light there and half the noise of the sky. Components that nothing shows of are left out.
    """
    p = parameters
    frame = Frame(p.pixel_scale * SIDE / 2, max(SDSS_PIXEL, p.pixel_scale))
    total = 10 ** (0.4 * (22.5 - p.magnitude)) * (SDSS_PIXEL / frame.scale) ** 2
    lights = {
        component.name: total * _blurred(component.light, p.seeing, frame) for component in scene.components(p, frame)
    }
    everything = sum(lights.values(), np.zeros((frame.n, frame.n)))
    parts = {
        name: np.where(light > _LEAST_LIGHT, light / np.maximum(everything, _LEAST_LIGHT), 0) / _LEAST_PART
        for name, light in lights.items()
    }
    if p.dust_lane:
        parts["dust lane"] = np.where(everything > _LEAST_LIGHT, scene.dust(p, frame), 0) / _LEAST_DEPTH
    masks = {name: _shown(part, frame, size) for name, part in parts.items()}
    return {name: mask for name, mask in masks.items() if mask.any()}


def _blurred(light: np.ndarray, seeing: float, frame: Frame) -> np.ndarray:
    return camera.blurred(light.astype(np.float32), seeing, frame)


def _shown(part: np.ndarray, frame: Frame, size: int) -> np.ndarray:
    """Return where a plane is at least 1, in the pixels of the picture."""
    levels = Image.fromarray(np.minimum(part, 2).astype(np.float32))
    shown = np.asarray(camera.resampled(levels, frame).resize((size, size), Image.Resampling.BILINEAR))
    return shown >= 1
