"""Light to a picture as SDSS shows it: seeing, noise, asinh colours, JPEG, resampling."""

import io
import math

import numpy as np
from PIL import Image
from scipy import fft

from galaxy_explorer.simulation.frame import SIDE, Frame

# Noise of the sky in a pixel of 0.396 arcsec, in nanomaggies, in g, r and i: the sky of a dark site (21.9, 20.9 and
# 20.2 mag per square arcsec) and the camera's gains (Gunn et al. 1998, AJ 116, 3040).
SKY_NOISE = np.array([0.018, 0.026, 0.040], np.float32)
PHOTONS = np.array([1000.0, 940.0, 790.0], np.float32)  # electrons per nanomaggy in g, r and i

# The seeing in g, r and i over that in r, and the wings of the point spread function.
_SEEING = 1.08, 1.0, 0.95
_WING_SHARE, _WING_WIDTH = 0.12, 2.4

# Weights of i, r and g as red, green and blue, in levels of 255 per nanomaggy at the sky.
LEVELS = np.array([112.0, 168.0, 250.0], np.float32)
Q = 5.0
BLACK = np.array([2.0, 2.0, 1.0], np.float32)  # levels of the sky


def blurred(planes: np.ndarray, seeing: float, frame: Frame) -> np.ndarray:
    """Convolve g, r and i with the point spread function: a sum of two Gaussians.

    SDSS describes its own so (Lupton et al. 2001, ASP 238, 269), with wings like those of a Moffat profile.
    """
    rows, columns = frame.frequencies
    squared = (rows**2 + columns**2).astype(np.float32)
    result = np.empty_like(planes)
    for band, factor in enumerate(_SEEING):
        sigma = seeing * factor / 2.3548 / 1.05  # the wings make it 5 % wider at half maximum
        core = np.exp(np.float32(-2 * (math.pi * sigma) ** 2) * squared)
        kernel = (1 - _WING_SHARE) * core + _WING_SHARE * core ** np.float32(_WING_WIDTH**2)
        result[band] = fft.irfft2(fft.rfft2(planes[band]) * kernel, s=planes[band].shape)
    return result


def noisy(planes: np.ndarray, sky_noise: float, frame: Frame, random: np.random.Generator) -> np.ndarray:
    """Add the noise of the sky and of the photons of the objects to g, r and i, in nanomaggies per pixel."""
    if sky_noise == 0:
        return planes
    area = (frame.scale / 0.396) ** 2
    variance = (
        SKY_NOISE[:, np.newaxis, np.newaxis] ** 2 * area + np.maximum(planes, 0) / PHOTONS[:, np.newaxis, np.newaxis]
    )
    noise = random.standard_normal(planes.shape, np.float32)
    return planes + np.float32(sky_noise) * np.sqrt(variance) * noise


def in_colours(planes: np.ndarray, frame: Frame) -> np.ndarray:
    """Return the picture (n, n, 3) uint8 of g, r and i: red is i, green is r, blue is g.

    With I the mean of the three, each becomes c f(I) / I, f(I) = asinh(Q I) / Q, and where one exceeds white
    all three are divided by it, so that a bright object keeps its colour (Lupton et al. 2004, PASP 116, 133).
    """
    weights = LEVELS / 255 / np.float32((frame.scale / 0.396) ** 2)
    colours = planes[::-1] * weights[:, np.newaxis, np.newaxis] + (BLACK / 255)[:, np.newaxis, np.newaxis]
    np.maximum(colours, 0, out=colours)
    mean = np.maximum(colours.mean(axis=0), 1e-6)
    colours *= np.arcsinh(Q * mean) / (Q * mean)
    colours /= np.maximum(colours.max(axis=0), 1)
    return (colours.transpose(1, 2, 0) * 255 + np.float32(0.5)).astype(np.uint8)


def through_jpeg(picture: Image.Image, quality: int) -> Image.Image:
    """Return a picture as it is after JPEG compression."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def resampled(picture: Image.Image, frame: Frame) -> Image.Image:
    """Turn a frame's picture upright and bring it to 424 pixels a side, as the SDSS cutout service does."""
    cos, sin = math.cos(math.radians(frame.turn)), math.sin(math.radians(frame.turn))
    step = 2 * frame.half_width / SIDE / frame.scale
    a, b, d, e = step * cos, -step * sin, step * sin, step * cos
    middle, half = frame.n / 2, SIDE / 2
    matrix = (a, b, middle - half * (a + b), d, e, middle - half * (d + e))
    return picture.transform((SIDE, SIDE), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
