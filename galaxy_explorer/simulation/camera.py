"""From light to a picture as SDSS shows it: seeing, noise, asinh colours, JPEG, resampling."""

import io
import math
from functools import lru_cache

import numpy as np
from PIL import Image
from scipy import fft

from galaxy_explorer.simulation.frame import SDSS_PIXEL, SIDE, Frame

# Noise of the sky in a pixel of 0.396 arcsec, in nanomaggies, in g, r and i: within 20 % of what the sky (21.9, 20.9
# and 20.2 mag per square arcsec) and the camera's gains (Gunn et al. 1998, AJ 116, 3040) give, after the
# noise of the pictures of the Galaxy Challenge (benchmarks/studies/realism.py), as are LEVELS, Q and BLACK.
SKY_NOISE = np.array([0.0195, 0.033, 0.0455], np.float32)
PHOTONS = np.array([1000.0, 940.0, 790.0], np.float32)  # electrons per nanomaggy in g, r and i

# The wings of the point spread function. It is the same in all bands: the pictures show no colour gradient in stars.
_WING_SHARE, _WING_WIDTH = 0.12, 2.4

# Weights of i, r and g as red, green and blue, in levels of 255 per nanomaggy at the sky.
LEVELS = np.array([272.0, 327.0, 515.0], np.float32)
Q = 6.4
_NEXT = np.float32(0.13)  # part of a pixel by which the bands are shifted onto one another, bilinearly
BLACK = np.array([-0.6, 0.3, -2.5], np.float32)  # levels of the sky


def blurred(planes: np.ndarray, seeing: float, frame: Frame) -> np.ndarray:
    """Convolve planes (…, n, n) with the point spread function: a sum of two Gaussians.

    SDSS describes its own so (Lupton et al. 2001, ASP 238, 269), with wings like those of a Moffat profile.
    """
    rows, columns = frame.frequencies
    squared = (rows**2 + columns**2).astype(np.float32)
    sigma = seeing / 2.3548 / 1.05  # the wings make it 5 % wider at half maximum
    exponent = np.float32(-2 * (math.pi * sigma) ** 2) * squared
    kernel = (1 - _WING_SHARE) * np.exp(exponent) + _WING_SHARE * np.exp(np.float32(_WING_WIDTH**2) * exponent)
    result: np.ndarray = fft.irfft2(fft.rfft2(planes) * kernel, s=planes.shape[-2:])
    return result


def noisy(planes: np.ndarray, sky_noise: float, frame: Frame, random: np.random.Generator) -> np.ndarray:
    """Add noise of the sky and of photons to g, r and i, and the error of the subtracted sky."""
    if sky_noise == 0:
        return planes
    area = (frame.scale / SDSS_PIXEL) ** 2
    variance = (
        SKY_NOISE[:, np.newaxis, np.newaxis] ** 2 * area + np.maximum(planes, 0) / PHOTONS[:, np.newaxis, np.newaxis]
    )
    noise: np.ndarray = random.standard_normal(planes.shape, np.float32)
    for axis in (1, 2):
        noise = (_NEXT * np.roll(noise, 1, axis) + (1 - _NEXT) * noise) / np.float32(math.hypot(_NEXT, 1 - _NEXT))
    sky = SKY_NOISE * area * (random.normal(0, 0.2) + random.normal(0, 0.15, 3)).astype(np.float32)
    noise *= np.sqrt(variance)
    noise += sky[:, np.newaxis, np.newaxis]
    return planes + np.float32(sky_noise) * noise


def in_colours(planes: np.ndarray, frame: Frame) -> np.ndarray:
    """Return the picture (n, n, 3) uint8 of g, r and i: red is i, green is r, blue is g.

    With I the mean of the three, each becomes c f(I) / I, f(I) = asinh(Q I) / Q, and where one exceeds white
    all three are divided by it, so that a bright object keeps its colour (Lupton et al. 2004, PASP 116, 133).
    """
    weights = LEVELS / 255 / np.float32((frame.scale / SDSS_PIXEL) ** 2)
    colours = planes[::-1] * weights[:, np.newaxis, np.newaxis] + (BLACK / 255)[:, np.newaxis, np.newaxis]
    np.maximum(colours, 0, out=colours)
    mean = np.maximum(colours.mean(axis=0), 1e-6)
    colours *= np.arcsinh(Q * mean) / (Q * mean)
    colours /= np.maximum(colours.max(axis=0), 1)
    return (colours.transpose(1, 2, 0) * 255 + np.float32(0.5)).astype(np.uint8)


def through_jpeg(picture: Image.Image, quality: tuple[int, int]) -> Image.Image:
    """Compress a picture as JPEG, by the qualities of brightness and colour, and read it again."""
    file = io.BytesIO()
    picture.save(
        file, "JPEG", qtables=[_quantization(quality[0])[0], _quantization(quality[1])[1]], subsampling="4:2:0"
    )
    return Image.open(file).convert("RGB")


@lru_cache(maxsize=8)
def _quantization(quality: int) -> list[list[int]]:
    """Return the tables of brightness and colour that a quality from 1 to 95 stands for."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", quality=quality)
    tables: dict[int, list[int]] = Image.open(file).quantization  # type: ignore[attr-defined]
    return [tables[0], tables[1]]


def resampled(picture: Image.Image, frame: Frame) -> Image.Image:
    """Turn a frame upright and resample it to 424 pixels, as the cutout service of SDSS does."""
    cos, sin = math.cos(math.radians(frame.turn)), math.sin(math.radians(frame.turn))
    step = 2 * frame.half_width / SIDE / frame.scale
    a, b, d, e = step * cos, -step * sin, step * sin, step * cos
    middle, half = frame.n / 2, SIDE / 2
    matrix = (a, b, middle - half * (a + b), d, e, middle - half * (d + e))
    return picture.transform((SIDE, SIDE), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
