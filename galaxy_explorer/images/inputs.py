"""Preprocessing of pictures to network input, and views of test-time augmentation."""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image

from galaxy_explorer.images.exposure import check_picture

DEFAULT_VIEWS = 8  # of test-time augmentation: all flips and quarter turns

MIN_FIELD = 0.01  # of the field of view that a picture may cover
MAX_PADDED_SIDE = 4096  # pixels that a picture is padded to by reflection
LANCZOS = 3  # lobes of the filter that resizes
ROWS_AT_ONCE = 16  # of the resized picture: few enough that most of the filter is not zero

# Quarter turns, and whether a flip follows.
_VIEWS = ((0, False), (0, True), (2, False), (2, True), (1, False), (1, True), (3, False), (3, True))


def central_field(image: np.ndarray, crop: float, size: int, field: float = 1.0) -> np.ndarray:
    """Crop the central square of a picture and resize it with antialiasing.

    Parameters
    ----------
    image : (H, W, 3) np.ndarray of uint8
        An RGB picture, whose shorter side covers `field`.
    crop : float
        The side of the square as a fraction of the original field of view, in (0, 1].
    size : int
        The side of the result in pixels.
    field : float, optional
        The fraction of the original field of view that the picture covers, at least `MIN_FIELD`: below 1 if it was
        cropped before, above 1 if it shows more. What a crop needs beyond the picture's edge is filled by reflection.

    Returns
    -------
    (size, size, 3) np.ndarray of uint8
        The central square in RGB.

    Raises
    ------
    ValueError
        If the picture is not (H, W, 3) uint8, or crop, field or size are out of range.
    """
    check_picture(image)
    if not (0 < crop <= 1 and MIN_FIELD <= field < math.inf and size >= 1):
        raise ValueError(
            f"crop {crop}, field {field} and size {size} were given; "
            f"crop must lie in (0, 1], field be at least {MIN_FIELD} and size at least 1"
        )
    side = min(image.shape[:2]) * crop / field  # the square's side in this picture's pixels
    if side > max(MAX_PADDED_SIDE, *image.shape[:2]):  # a large picture of a small part of the field
        height, width = (int(length * MAX_PADDED_SIDE / side) for length in image.shape[:2])
        small = Image.fromarray(image).resize((max(1, width), max(1, height)), Image.Resampling.LANCZOS)
        return central_field(np.array(small), crop, size, field)
    beyond = [max(0, math.ceil((side - length) / 2)) for length in image.shape[:2]]
    if any(beyond):
        image = np.pad(image, ((beyond[0],) * 2, (beyond[1],) * 2, (0, 0)), mode="reflect")
    height, width = image.shape[:2]
    left, top = max(0.0, (width - side) / 2), max(0.0, (height - side) / 2)
    box = (left, top, min(left + side, width), min(top + side, height))
    return _resized(image, box, size)


def _resized(image: np.ndarray, box: tuple[float, float, float, float], size: int) -> np.ndarray:
    """Resize a part of a picture, left to bottom, by a Lanczos filter and round once.

    Pillow rounds to bytes between rows and columns, so that a quarter turn changed the predictions by rms 0.001.
    """
    left, top, right, bottom = box
    down = _lanczos(image.shape[0], top, bottom, size)
    across = _lanczos(image.shape[1], left, right, size)
    first = across[0][0].start
    used = image[:, first : across[-1][0].stop].transpose(2, 0, 1)
    rows = np.concatenate([weights @ used[:, part].astype(np.float32) for part, weights in down], axis=1)
    levels = [rows[:, :, part.start - first : part.stop - first] @ weights.T for part, weights in across]
    return np.ascontiguousarray(
        np.rint(np.concatenate(levels, axis=2).clip(0, 255)).astype(np.uint8).transpose(1, 2, 0)
    )


@lru_cache(maxsize=16)
def _lanczos(length: int, start: float, end: float, size: int) -> list[tuple[slice, np.ndarray]]:
    """Return the pixels of an axis, and their weights, for every few resized pixels."""
    scale = (end - start) / size
    wide = max(scale, 1.0)
    parts = []
    for block in range(0, size, ROWS_AT_ONCE):
        centres = start + (np.arange(block, min(block + ROWS_AT_ONCE, size)) + 0.5) * scale
        part = slice(
            max(0, math.floor(centres[0] - LANCZOS * wide)), min(length, math.ceil(centres[-1] + LANCZOS * wide))
        )
        apart = (np.arange(part.start, part.stop) + 0.5 - centres[:, np.newaxis]) / wide
        weights = np.where(np.abs(apart) < LANCZOS, np.sinc(apart) * np.sinc(apart / LANCZOS), 0.0)
        parts.append((part, (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)))
    return parts


def normalise(pictures: np.ndarray, mean: Sequence[float], std: Sequence[float]) -> np.ndarray:
    """Scale pictures from 0–255 to 0–1, normalise each channel, and put channels first.

    Parameters
    ----------
    pictures : (..., H, W, 3) np.ndarray of uint8
        RGB pictures.
    mean, std : three floats each
        Mean and standard deviation per channel over the training galaxies, on the scale 0 to 1.

    Returns
    -------
    (..., 3, H, W) np.ndarray of float32
        ``(pictures / 255 - mean) / std``, contiguous.
    """
    scale = 1.0 / (255.0 * np.asarray(std, dtype=np.float64))
    offset = np.asarray(mean, dtype=np.float64) / np.asarray(std, dtype=np.float64)
    if scale.shape != (3,) or offset.shape != (3,):
        raise ValueError(f"mean {mean} and std {std} were given; each must be three numbers, for red, green and blue")
    inputs = pictures * scale.astype(np.float32) - offset.astype(np.float32)
    return np.ascontiguousarray(np.moveaxis(inputs, -1, -3))  # (..., H, W, 3) → (..., 3, H, W)


def for_prediction(
    image: np.ndarray, *, size: int, crop: float, mean: Sequence[float], std: Sequence[float], field: float = 1.0
) -> np.ndarray:
    """Prepare a picture as network input: `central_field`, then `normalise`.

    Parameters
    ----------
    image : (H, W, 3) np.ndarray of uint8
        An RGB picture.
    size, crop, field
        As in `central_field`.
    mean, std
        As in `normalise`.

    Returns
    -------
    (3, size, size) np.ndarray of float32
        One input; stack them along a new first axis for a batch.
    """
    return normalise(central_field(image, crop, size, field), mean, std)


def tta_views(inputs: np.ndarray, count: int = DEFAULT_VIEWS) -> np.ndarray:
    """Return the views of test-time augmentation: flips and quarter turns of network inputs.

    Parameters
    ----------
    inputs : (N, 3, H, H) np.ndarray of float32
        Network inputs.
    count : int
        How many of the eight flips and quarter turns, 1 to 8. The first is the input itself. The first two, four
        and eight are groups: the views of a view are the same set.

    Returns
    -------
    (count, N, 3, H, H) np.ndarray of float32
        The views, contiguous.

    Raises
    ------
    ValueError
        If count is not 1 to 8, or the inputs are not square.
    """
    if not 1 <= count <= len(_VIEWS):
        raise ValueError(f"{count} views were requested; a square has 1 to {len(_VIEWS)} flips and quarter turns")
    if inputs.ndim != 4 or inputs.shape[-1] != inputs.shape[-2]:
        raise ValueError(f"inputs of shape {inputs.shape} were given; views are made of square (N, 3, H, H) inputs")
    turned = (np.rot90(inputs, turns, axes=(-2, -1)) for turns, _ in _VIEWS[:count])
    views = [view[..., ::-1] if flip else view for view, (_, flip) in zip(turned, _VIEWS[:count], strict=True)]
    return np.stack(views).astype(np.float32, copy=False)


def undo_tta(maps: np.ndarray) -> np.ndarray:
    """Undo the flips and quarter turns of `tta_views` on maps of the views.

    Parameters
    ----------
    maps : (count, ..., H, H) np.ndarray
        One or several maps of each of the first views.

    Returns
    -------
    (count, ..., H, H) np.ndarray
        The same maps in the orientation of the input.
    """
    views = _VIEWS[: len(maps)]
    unflipped = (one[..., ::-1] if flip else one for one, (_, flip) in zip(maps, views, strict=True))
    return np.stack([np.rot90(one, -turns, axes=(-2, -1)) for one, (turns, _) in zip(unflipped, views, strict=True)])
