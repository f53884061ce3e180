"""The borders of a screenshot: bars along its edges, and the light page round a dark picture."""

import numpy as np

from galaxy_explorer.images.detection import ABOVE_SKY, objects, shrunk, sky_of, smoothed

LIGHT_PAGE = 128.0  # grey levels of the sky, from which on it is a page with a picture on it
DARKER = 60.0  # grey levels by which that picture is darker than its page, at least
LEAST_PART = 0.02  # of the page that is such a picture: not a line of text, nor an icon
FILLED = 0.8  # of its bounding box is dark: the rest is the galaxy. An inverted galaxy, as dark as it is, fills less
BAR = 0.8  # of a row at the edge is brighter than the sky in a bar; the rest are its words
BLURRED = 2  # pixels of the shrunken picture over which an edge is spread


def within_borders(brightness: np.ndarray) -> tuple[slice, slice]:
    """Give the part of a picture that lies within the borders of a screenshot.

    Parameters
    ----------
    brightness : (H, W) np.ndarray
        Grey levels from 0 to 255.

    Returns
    -------
    tuple of slice
        Its rows and columns: all, where there are no borders. A border is a run of rows or columns at an edge of
        which four fifths are brighter than the sky, or a light page round one dark rectangle.
    """
    small, scale = shrunk(brightness)
    rows, columns = _on_a_light_page(small)
    inner = _without_bars(smoothed(small[rows, columns]))
    high, wide = (
        _enlarged(slice(outer.start + part.start, outer.start + part.stop), scale, length, whole)
        for outer, part, length, whole in zip((rows, columns), inner, brightness.shape, small.shape, strict=True)
    )
    return high, wide


def _on_a_light_page(small: np.ndarray) -> tuple[slice, slice]:
    """Find the dark rectangle on a light page; all, where there is none."""
    whole = slice(0, small.shape[0]), slice(0, small.shape[1])
    sky, _ = sky_of(small)
    if sky < LIGHT_PAGE:
        return whole
    numbers = objects(small < sky - DARKER)
    areas = np.bincount(numbers.ravel())
    areas[0] = 0
    rows, columns = np.nonzero(numbers == int(areas.argmax()))
    box = slice(int(rows.min()), int(rows.max()) + 1), slice(int(columns.min()), int(columns.max()) + 1)
    size = small[box].size
    if areas.max() < max(LEAST_PART * small.size, FILLED * size):
        return whole
    return box


def _without_bars(small: np.ndarray) -> tuple[slice, slice]:
    """Leave out rows and columns at the edges that are brighter than the sky for most of their length."""
    sky, noise = sky_of(small)
    bright = small > sky + ABOVE_SKY * noise
    rows, columns = (_inner(bright.mean(axis=axis) > BAR) for axis in (1, 0))
    return rows, columns


def _inner(bars: np.ndarray) -> slice:
    """Give what lies between the bars at both ends; all, where there is nothing between."""
    between = np.flatnonzero(~bars)
    return slice(int(between[0]), int(between[-1]) + 1) if len(between) else slice(0, len(bars))


def _enlarged(part: slice, scale: float, length: int, whole: int) -> slice:
    """Give a part of the shrunken picture in the picture's own pixels, without the blurred edge of what is left out."""
    start = 0 if part.start == 0 else round((part.start + BLURRED) * scale)
    stop = length if part.stop == whole else round((part.stop - BLURRED) * scale)
    return slice(start, max(start + 1, stop))
