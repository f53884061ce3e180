"""Saliency maps over pictures, thumbnails and PNG."""

import io

import numpy as np
from PIL import Image

from galaxy_explorer.images.exposure import check_picture

# Heat from 0 to 1: each colour is lighter than the one before it, in steps of about equal lightness
# (CIE L* 12, 28, 44, 60, 76, 92), so that the map reads the same in grey and to the colour-blind.
HEAT_COLOURS = np.array(
    [(50, 10, 80), (115, 20, 105), (190, 45, 85), (232, 104, 45), (250, 170, 40), (252, 236, 150)], dtype=float
)

FRAME_COLOUR = (84, 104, 134)  # quieter than any galaxy


def heat_colours(heat: np.ndarray) -> np.ndarray:
    """Return (..., 3) RGB colours, 0 to 255, of values in [0, 1]; lighter for higher values."""
    stops = np.linspace(0, 1, len(HEAT_COLOURS))
    return np.stack([np.interp(heat, stops, channel) for channel in HEAT_COLOURS.T], axis=-1)


def overlay(
    image: np.ndarray, heat: np.ndarray, *, crop: float, field: float = 1.0, opacity: float = 0.5
) -> np.ndarray:
    """Overlay a saliency map on a whole picture, in the central square that the network saw.

    The higher the map, the more opaque it is, so that the galaxy stays visible.

    Parameters
    ----------
    image : (H, W, 3) np.ndarray of uint8
        The whole picture in RGB, as it was given to `for_prediction`.
    heat : (h, w) np.ndarray of float
        The map of the network's input, in [0, 1]; it is resized bilinearly, and cut off at the picture's edge.
    crop, field : float
        As in `for_prediction`: the crop on the model card, and the part of the field of view that the picture covers.
    opacity : float, optional
        The opacity where the map is 1, in [0, 1].

    Returns
    -------
    (H, W, 3) np.ndarray of uint8
        The picture with the map over it; as it was where the map is 0 and outside the square.

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
    if not (crop > 0 and field > 0):
        raise ValueError(f"crop {crop} and field {field} were given; both must be above 0")
    side = _side(image, crop, field)
    resized = Image.fromarray(heat.astype(np.float32)).resize((side, side), Image.Resampling.BILINEAR)
    inside = _central_square(image, side)
    held = tuple(_middle(side, part.stop - part.start) for part in inside)
    part = np.asarray(resized, dtype=float)[held].clip(0, 1)
    weight = (opacity * part)[..., np.newaxis]
    laid = image.copy()
    laid[inside] = np.rint(image[inside] * (1 - weight) + heat_colours(part) * weight)
    return laid


def frame_field(image: np.ndarray, *, crop: float, field: float = 1.0) -> np.ndarray:
    """Draw a thin frame around the central square of a picture that the network saw.

    Parameters
    ----------
    image, crop, field
        As in `overlay`.

    Returns
    -------
    (H, W, 3) np.ndarray of uint8
    """
    rows, columns = _central_square(image, _side(image, crop, field))
    line = max(1, min(image.shape[:2]) // 300)
    inner = slice(rows.start + line, rows.stop - line), slice(columns.start + line, columns.stop - line)
    framed = image.copy()
    framed[rows, columns] = FRAME_COLOUR
    framed[inner] = image[inner]
    return framed


def _side(image: np.ndarray, crop: float, field: float) -> int:
    """Return the side of the central square in pixels of the picture; it may exceed the picture."""
    return max(1, round(min(image.shape[:2]) * crop / field))


def _central_square(image: np.ndarray, side: int) -> tuple[slice, slice]:
    """Return the rows and columns of a picture that lie in a central square."""
    return _middle(image.shape[0], min(side, image.shape[0])), _middle(image.shape[1], min(side, image.shape[1]))


def _middle(length: int, part: int) -> slice:
    """Return the middle part of a length."""
    return slice((length - part) // 2, (length - part) // 2 + part)


def to_png(image: np.ndarray) -> bytes:
    """Encode a picture, (H, W, 3) np.ndarray of uint8, as PNG.

    Parameters
    ----------
    image : (H, W, 3) np.ndarray of uint8
        An RGB picture.

    Returns
    -------
    bytes
        The PNG file, with the same pixels.
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
