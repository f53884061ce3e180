"""Pictures of any mode of Pillow as RGB, a band of rows at a time."""

from collections.abc import Iterator

import numpy as np
from PIL import Image

from galaxy_explorer.images.formats.tiff import finite_range, scaled

BAND_SAMPLES = 1_000_000  # pixels converted at a time


def to_rgb(picture: Image.Image) -> np.ndarray:
    """Convert a picture to (H, W, 3) uint8."""
    width, height = picture.size
    darkest, brightest = 0.0, 65535.0
    if picture.mode in ("I", "F"):
        low, high = finite_range(np.asarray(band) for _, band in _bands(picture))
        if picture.mode == "F" or low < darkest or high > brightest:
            darkest, brightest = low, high
    levels = np.empty((height, width, 3), np.uint8)
    for rows, band in _bands(picture):
        if band.mode in ("I", "F") or band.mode.startswith("I;16"):
            levels[rows] = np.rint(scaled(np.asarray(band)[..., np.newaxis], darkest, brightest))
        else:
            levels[rows] = _band_to_rgb(band)
    return levels


def _bands(picture: Image.Image) -> Iterator[tuple[slice, Image.Image]]:
    """Yield some rows at a time of a picture; all of them if it is small."""
    width, height = picture.size
    at_once = max(1, BAND_SAMPLES // width)
    if height <= at_once:
        yield slice(height), picture
        return
    for top in range(0, height, at_once):
        end = min(top + at_once, height)
        yield slice(top, end), picture.crop((0, top, width, end))


def _band_to_rgb(band: Image.Image) -> np.ndarray:
    """Convert some rows of 8 bits to RGB, laid on black."""
    if "transparency" in band.info or band.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        if band.mode == "La":
            band = band.convert("LA")
        band = band.convert("RGBA")
        band = Image.alpha_composite(Image.new("RGBA", band.size, (0, 0, 0, 255)), band)
    return np.asarray(band if band.mode == "RGB" else band.convert("RGB"))
