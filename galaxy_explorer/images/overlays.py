"""From a picture and a map over it to a picture for the page."""

import io

import numpy as np
from PIL import Image

from galaxy_explorer.images.reading import check_picture

# Heat from 0 to 1: each colour is lighter than the one before it, in steps of about equal lightness
# (CIE L* 12, 28, 44, 60, 76, 92), so that the map reads the same in grey and to the colour-blind.
HEAT_COLOURS = np.array(
    [(50, 10, 80), (115, 20, 105), (190, 45, 85), (232, 104, 45), (250, 170, 40), (252, 236, 150)], dtype=float
)


def heat_colours(heat: np.ndarray) -> np.ndarray:
    """Colour a map.

    Parameters
    ----------
    heat : (...) np.ndarray of float
        Values in [0, 1].

    Returns
    -------
    (..., 3) np.ndarray of float
        RGB colours, 0 to 255, lighter where the value is higher.
    """
    places = np.linspace(0, 1, len(HEAT_COLOURS))
    return np.stack([np.interp(heat, places, channel) for channel in HEAT_COLOURS.T], axis=-1)


def overlay(image: np.ndarray, heat: np.ndarray, opacity: float = 0.5) -> np.ndarray:
    """Lay a map over a picture, the more opaque the higher its value, so that the galaxy stays visible.

    Parameters
    ----------
    image : (H, W, 3) np.ndarray of uint8
        An RGB picture.
    heat : (h, w) np.ndarray of float
        The map over the same field, in [0, 1]; it is resized bilinearly. Where it is 0, the picture
        stays as it is.
    opacity : float, optional
        The opacity where the map is 1, in [0, 1].

    Returns
    -------
    (H, W, 3) np.ndarray of uint8
        The picture with the map over it.

    Raises
    ------
    ValueError
        If the picture is not (H, W, 3) uint8, or a value of the map or the opacity is not in [0, 1].
    """
    check_picture(image)
    if heat.ndim != 2 or not (heat.min() >= 0 and heat.max() <= 1):  # written so that NaN fails as well
        raise ValueError(f"a map of shape {heat.shape} was given; it must be (h, w) with every value in [0, 1]")
    if not 0 <= opacity <= 1:
        raise ValueError(f"an opacity of {opacity} was given; it must lie in [0, 1]")
    height, width = image.shape[:2]
    resized = Image.fromarray(heat.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    heat = np.clip(np.asarray(resized, dtype=float), 0, 1)
    weight = (opacity * heat)[..., np.newaxis]
    return np.rint(image * (1 - weight) + heat_colours(heat) * weight).astype(np.uint8)


def to_png(image: np.ndarray) -> bytes:
    """Write a picture as PNG.

    Parameters
    ----------
    image : (H, W, 3) np.ndarray of uint8
        An RGB picture.

    Returns
    -------
    bytes
        The PNG file; reading it gives the same pixels.
    """
    check_picture(image)
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def thumbnail(image: np.ndarray, side: int) -> np.ndarray:
    """Scale a picture down so that it fits into a square; a smaller picture stays as it is.

    Parameters
    ----------
    image : (H, W, 3) np.ndarray of uint8
        An RGB picture.
    side : int
        The side of the square in pixels.

    Returns
    -------
    (h, w, 3) np.ndarray of uint8
        The small picture, in the same proportions.
    """
    check_picture(image)
    small = Image.fromarray(image)
    small.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=None)
    return np.array(small)
