"""Where the galaxy is in a picture, and the square that shows it as Galaxy Zoo showed galaxies."""

import math
from dataclasses import dataclass

import numpy as np

from galaxy_explorer.images.borders import within_borders
from galaxy_explorer.images.detection import ABOVE_SKY, are_rectangles, objects, shrunk, sky_of, smoothed
from galaxy_explorer.images.reading import MAX_PIXELS, MIN_SIDE, check_picture

# Galaxy Zoo 2's pictures, as the volunteers saw them: 424 pixels a side, each of 0.02 petroR90_r (Willett et al. 2013,
# MNRAS 435, 2835, section 2).
FIELD_PX, R90_PER_PIXEL = 424, 0.02

# The radius of 90 % of a galaxy's light, as measured here in a picture stretched for the eye, in units of its
# petroR90_r: the median of 210 galaxies of the challenge, whose petroR90_r is 50 pixels. Two thirds lie within 17 % of it.
R90_AS_MEASURED = 1.17

LEAST_AREA = 9  # pixels of an object, at the working side
NEAR_THE_CENTRE = 0.35  # width of the Gaussian weight on an object's light, in halves of the shorter side
WITHIN_HALF_LIGHT = 2.5  # radii of half the light within which 90 % is measured: farther out are neighbours
STEPS = 6  # towards the brightest part, by which the centre has settled to 0.1 pixels
DIMMED = 0.45  # what is left of the light outside a square
LARGEST_SIDE = math.isqrt(MAX_PIXELS)  # of a square: as many pixels as a picture may have
LINE = (240, 190, 70)  # colour of the line round it
LEAST_KEPT = 0.5  # of its side must lie within a screenshot's borders
NOT_SQUARE = 1.02  # longer side by shorter
LARGEST = 1.5  # of a square picture's side: it may show a galaxy as Galaxy Zoo did, where what is measured scatters
WIDER = 1.5  # than the square that was found is the part in which it is measured again


@dataclass(frozen=True)
class Square:
    """A square part of a picture, which may reach beyond its edges.

    Parameters
    ----------
    x, y : int
        Its centre, in pixels from the picture's left and upper edge.
    side : int
        Its side in pixels.
    """

    x: int
    y: int
    side: int

    @property
    def left(self) -> int:
        """Its left edge in pixels of the picture; negative where it reaches beyond."""
        return self.x - self.side // 2

    @property
    def top(self) -> int:
        """Its upper edge, likewise."""
        return self.y - self.side // 2


def suggest_square(picture: np.ndarray) -> Square | None:
    """Suggest the square in which the galaxy fills as much as in Galaxy Zoo's pictures.

    The galaxy is the object with the most light, which counts the less the farther it is from the middle. An
    object is a connected part brighter than the sky by `ABOVE_SKY` of its standard deviations; straight-sided
    rectangles, and what `within_borders` leaves out, are none.

    Parameters
    ----------
    picture : (H, W, 3) np.ndarray of uint8
        An RGB picture.

    Returns
    -------
    Square or None
        Centred on the galaxy's brightest part, `FIELD_PX` × `R90_PER_PIXEL` of its radii with 90 % of the light wide, at least
        `MIN_SIDE` pixels; None where nothing stands out from the sky as a galaxy does. Where there are borders,
        it holds nothing of them, and is smaller for that.

    References
    ----------
    Willett et al. 2013, MNRAS 435, 2835, section 2: the field of Galaxy Zoo 2's pictures. The centre is
    found as SExtractor's windowed positions are (Bertin & Arnouts 1996, A&AS 117, 393): the mean under a Gaussian, over and over.
    """
    check_picture(picture)
    brightness = picture.mean(axis=2, dtype=np.float32)
    rows, columns = within_borders(brightness)
    inner = brightness[rows, columns]
    square = _frame(inner)
    if square is None:
        return None
    if inner.shape == brightness.shape:
        longer, shorter = max(inner.shape), min(inner.shape)
        most = longer if longer > NOT_SQUARE * shorter else LARGEST * longer
        return square if square.side <= max(MIN_SIDE, min(most, LARGEST_SIDE)) else None
    room = 2 * min(square.x, square.y, inner.shape[1] - square.x, inner.shape[0] - square.y)
    if room < max(MIN_SIDE, LEAST_KEPT * square.side):
        return None
    return Square(square.x + columns.start, square.y + rows.start, min(square.side, room))


def cut_square(picture: np.ndarray, square: Square) -> np.ndarray:
    """Cut a square out of a picture; what it asks for beyond the edges is filled with the picture's sky.

    Parameters
    ----------
    picture : (H, W, 3) np.ndarray of uint8
        An RGB picture.
    square : Square
        The part, which must hold some of the picture.

    Returns
    -------
    (side, side, 3) np.ndarray of uint8
        The part in the picture's own pixels.

    Raises
    ------
    ValueError
        If the square is smaller than `MIN_SIDE`, larger than `LARGEST_SIDE`, or lies beside the picture.
    """
    check_picture(picture)
    height, width = picture.shape[:2]
    left, top, side = square.left, square.top, square.side
    if not MIN_SIDE <= side <= LARGEST_SIDE:
        raise ValueError(f"a square of {side} pixels was asked for; it must have {MIN_SIDE} to {LARGEST_SIDE}")
    rows, columns = slice(max(0, top), min(height, top + side)), slice(max(0, left), min(width, left + side))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        raise ValueError(f"{square} lies beside a picture of {width}×{height} pixels; its centre must lie in it")
    part = picture[rows, columns]
    if part.shape[:2] == (side, side):
        return part.copy()
    cut = np.empty((side, side, 3), np.uint8)
    cut[:] = [round(sky_of(picture[..., channel].astype(np.float32))[0]) for channel in range(3)]
    cut[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = part
    return cut


def show_square(picture: np.ndarray, square: Square) -> np.ndarray:
    """Draw a square over a picture: what lies outside is dimmed, and a line goes round it.

    Parameters
    ----------
    picture : (H, W, 3) np.ndarray of uint8
        An RGB picture.
    square : Square
        What reaches beyond the picture is not drawn.

    Returns
    -------
    (H, W, 3) np.ndarray of uint8
    """
    check_picture(picture)
    line = max(1, round(min(picture.shape[:2]) / 200))
    shown = (picture * DIMMED).astype(np.uint8)
    for margin, inner in ((line, None), (0, picture)):
        rows = slice(max(0, square.top - margin), max(0, square.top + square.side + margin))
        columns = slice(max(0, square.left - margin), max(0, square.left + square.side + margin))
        shown[rows, columns] = LINE if inner is None else inner[rows, columns]
    return shown


def _frame(brightness: np.ndarray) -> Square | None:
    """Frame the galaxy in an ``(H, W)`` picture without borders; None without one."""
    found = _measure(brightness)
    if found is None:
        return None
    square = _square(*found)
    around = Square(square.x, square.y, round(WIDER * square.side))
    top, left = max(0, around.top), max(0, around.left)
    part = brightness[top : max(0, around.top + around.side), left : max(0, around.left + around.side)]
    if min(part.shape) >= 2 * MIN_SIDE and part.size <= 0.5 * brightness.size:
        again = _measure(part)  # in finer pixels, and nearer sky
        square = square if again is None else _square(again[0] + left, again[1] + top, again[2])
    return square


def _square(x: float, y: float, r90: float) -> Square:
    """Frame a galaxy at Galaxy Zoo's scale."""
    return Square(round(x), round(y), max(MIN_SIDE, round(FIELD_PX * R90_PER_PIXEL * r90)))


def _measure(brightness: np.ndarray) -> tuple[float, float, float] | None:
    """Find the galaxy in an ``(H, W)`` picture: its centre and its petrosian R90 in pixels; None without one."""
    height, width = brightness.shape
    small, scale = shrunk(brightness)
    small = smoothed(small)
    sky, noise = sky_of(small)
    light = np.clip(small - sky, 0.0, None)
    chosen = _choose(objects(small > sky + ABOVE_SKY * noise), light)
    if chosen is None:
        return None
    rows, columns = np.nonzero(chosen)
    x, y, r90 = _settle(columns + 0.5, rows + 0.5, light[chosen])
    return x * width / small.shape[1], y * height / small.shape[0], r90 * scale / R90_AS_MEASURED


def _choose(numbers: np.ndarray, light: np.ndarray) -> np.ndarray | None:
    """Choose the object with the most light near the middle, as a mask; None where none is large enough."""
    flat, most = numbers.ravel(), int(numbers.max()) + 1
    rows, columns = np.mgrid[: light.shape[0], : light.shape[1]]
    half = min(light.shape) / 2
    area, total = np.bincount(flat, minlength=most), np.bincount(flat, light.ravel(), most)
    total[(area < LEAST_AREA) | (np.arange(most) == 0) | are_rectangles(numbers)] = 0.0
    if not total.any():
        return None
    each = np.maximum(total, 1e-9)
    x, y = (np.bincount(flat, (light * along).ravel(), most) / each for along in (columns, rows))
    from_middle = np.hypot(x - (light.shape[1] - 1) / 2, y - (light.shape[0] - 1) / 2) / half
    return numbers == int(np.argmax(total * np.exp(-0.5 * (from_middle / NEAR_THE_CENTRE) ** 2)))


def _settle(x: np.ndarray, y: np.ndarray, light: np.ndarray) -> tuple[float, float, float]:
    """Give the centre of an object's brightest part and the radius of 90 % of the light around it."""
    centre_x, centre_y = np.average(x, weights=light), np.average(y, weights=light)
    for _ in range(STEPS):
        distance = np.hypot(x - centre_x, y - centre_y)
        half_light = _radius_of(0.5, distance, light)
        weight = light * np.exp(-0.5 * (distance / half_light) ** 2)
        centre_x, centre_y = np.average(x, weights=weight), np.average(y, weights=weight)
    distance = np.hypot(x - centre_x, y - centre_y)
    inner = distance < WITHIN_HALF_LIGHT * _radius_of(0.5, distance, light)
    return float(centre_x), float(centre_y), _radius_of(0.9, distance[inner], light[inner])


def _radius_of(part: float, distance: np.ndarray, light: np.ndarray) -> float:
    """Give the radius that holds a part of the light, at least half a pixel."""
    order = np.argsort(distance)
    held = np.cumsum(light[order])
    return max(0.5, float(distance[order][np.searchsorted(held, part * held[-1])]))
