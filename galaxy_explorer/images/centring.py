"""Detection of the galaxy in a picture, and the square that shows it at Galaxy Zoo's scale."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from galaxy_explorer.images.exposure import MAX_PIXELS, MIN_SIDE, check_picture

# Galaxy Zoo 2's pictures, as the volunteers saw them: 424 pixels a side, each of 0.02 petroR90_r (Willett et al. 2013,
# MNRAS 435, 2835, section 2).
FIELD_PX, R90_PER_PIXEL = 424, 0.02

# The radius of 90 % of a galaxy's light, as measured here in a picture stretched for the eye, in units of its
# petroR90_r: the median of 210 galaxies of the challenge, whose petroR90_r is 50 pixels. Two thirds lie within 17 %
# of it.
R90_AS_MEASURED = 1.17

# Detection
WORKING_SIDE = 160  # pixels of the longer side: the sky of a stretched picture needs averaging
CLIP = 3.0  # standard deviations beyond which a pixel is not sky
LEAST_NOISE = 2.0  # grey levels, the median of the challenge's pictures: a cleaner sky must not enlarge the galaxy
ABOVE_SKY = 4.0  # standard deviations of the sky above it from which a pixel belongs to an object
LEAST_AREA = 9  # pixels of an object, at the working side
NEAR_THE_CENTRE = 0.35  # width of the Gaussian weight on an object's light, in halves of the shorter side

# Drawn by a screen, not by the sky
STRAIGHT = 0.93  # of its box is filled by a bar or button, whose corners are blurred; an ellipse fills 0.79
LEAST_BOX = 5  # pixels of that box's shorter side: smaller objects all look square
LIGHT_PAGE = 128.0  # grey levels of the sky from which it is a page with a picture on it
DARKER = 60.0  # grey levels by which that picture is darker than its page
LEAST_PART = 0.02  # of the page covered by that picture: more than a line of text or an icon
FILLED = 0.8  # of its box is dark; the rest is the galaxy. An inverted galaxy fills less
BLURRED = 2  # pixels of the shrunken page by which the edge of that picture is blurred

# Measurement
WITHIN_HALF_LIGHT = 2.5  # radii of half the light within which 90 % is measured: farther out are neighbours
STEPS = 6  # towards the brightest part, after which the centre has settled to 0.1 pixels
WIDER = 1.5  # than the first square is the part in which the galaxy is measured again

# The square
NOT_SQUARE = 1.02  # longer side by shorter
LARGEST = 1.5  # of a square picture's side: it may show a galaxy as Galaxy Zoo did, and the measured radius scatters
LARGEST_SIDE = math.isqrt(MAX_PIXELS)  # pixels: as many in a square as a picture may have
LEAST_KEPT = 0.5  # of its side must lie within the picture on a page
DIMMED = 0.45  # brightness outside a square
LINE = (240, 190, 70)  # colour of its outline


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
        """Left edge in pixels of the picture; negative beyond it."""
        return self.x - self.side // 2

    @property
    def top(self) -> int:
        """Upper edge in pixels of the picture; negative beyond it."""
        return self.y - self.side // 2


def suggest_square(picture: np.ndarray) -> Square | None:
    """Suggest the square in which the galaxy fills as much as in Galaxy Zoo's pictures.

    The galaxy is the object with the most light, weighted by its distance from the middle. An object is a
    connected part brighter than the sky by `ABOVE_SKY` standard deviations; filled rectangles, such as the bars
    and buttons of a screenshot, do not count. On a light page the picture is its largest dark rectangle.

    Parameters
    ----------
    picture : (H, W, 3) np.ndarray of uint8
        An RGB picture.

    Returns
    -------
    Square or None
        Centred on the galaxy's brightest part, with a side of `FIELD_PX` × `R90_PER_PIXEL` radii of 90 % of the light,
        at least `MIN_SIDE` pixels; None if no object stands out as a galaxy does. On a page it is smaller if needed
        to hold nothing of the page.

    References
    ----------
    Willett et al. 2013, MNRAS 435, 2835, section 2: the field of Galaxy Zoo 2's pictures. The centre is
    computed as SExtractor's windowed positions (Bertin & Arnouts 1996, A&AS 117, 393), an iterated mean
    under a Gaussian.
    """
    check_picture(picture)
    brightness = picture.mean(axis=2, dtype=np.float32)
    rows, columns = _picture_on_page(brightness)
    inner = brightness[rows, columns]
    square = _frame(inner)
    if square is None:
        return None
    if inner.shape == brightness.shape:
        longer, shorter = max(inner.shape), min(inner.shape)
        largest = longer if longer > NOT_SQUARE * shorter else LARGEST * longer
        return square if square.side <= max(MIN_SIDE, min(largest, LARGEST_SIDE)) else None
    fitting = 2 * min(square.x, square.y, inner.shape[1] - square.x, inner.shape[0] - square.y)
    if fitting < max(MIN_SIDE, LEAST_KEPT * square.side):
        return None
    return Square(square.x + columns.start, square.y + rows.start, min(square.side, fitting))


def cut_square(picture: np.ndarray, square: Square) -> np.ndarray:
    """Crop a square out of a picture; beyond the edges it is filled with the picture's sky.

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
        If the square is smaller than `MIN_SIDE`, larger than `LARGEST_SIDE`, or outside the picture.
    """
    check_picture(picture)
    height, width = picture.shape[:2]
    left, top, side = square.left, square.top, square.side
    if not MIN_SIDE <= side <= LARGEST_SIDE:
        raise ValueError(f"a square of {side} pixels was requested; it must have {MIN_SIDE} to {LARGEST_SIDE}")
    rows, columns = slice(max(0, top), min(height, top + side)), slice(max(0, left), min(width, left + side))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        raise ValueError(f"{square} lies outside a picture of {width}×{height} pixels; its centre must lie in it")
    part = picture[rows, columns]
    if part.shape[:2] == (side, side):
        return part.copy()
    cut = np.empty((side, side, 3), np.uint8)
    cut[:] = [round(_sky_of(picture[..., channel].astype(np.float32))[0]) for channel in range(3)]
    cut[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = part
    return cut


def show_square(picture: np.ndarray, square: Square) -> np.ndarray:
    """Draw a square over a picture: the outside is dimmed, and the square has an outline.

    Parameters
    ----------
    picture : (H, W, 3) np.ndarray of uint8
        An RGB picture.
    square : Square
        Its part beyond the picture is not drawn.

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


def _picture_on_page(brightness: np.ndarray) -> tuple[slice, slice]:
    """Return rows and columns of the largest dark rectangle on a light page, else of all."""
    whole = slice(0, brightness.shape[0]), slice(0, brightness.shape[1])
    small, scale = _shrunk(brightness)
    sky, _ = _sky_of(small)
    if sky < LIGHT_PAGE:
        return whole
    _, areas, boxes = _objects(small < sky - DARKER)
    area, box = max(zip(areas.tolist(), boxes, strict=True), key=lambda one: one[0], default=(0, whole))
    if area < max(LEAST_PART * small.size, FILLED * small[box].size):
        return whole
    rows, columns = (slice(round((p.start + BLURRED) * scale), round((p.stop - BLURRED) * scale)) for p in box)
    return rows, columns


def _frame(brightness: np.ndarray) -> Square | None:
    """Return the square around the galaxy in an ``(H, W)`` picture; None without one."""
    measured = _measure(brightness)
    if measured is None:
        return None
    square = _square(*measured)
    around = Square(square.x, square.y, round(WIDER * square.side))
    top, left = max(0, around.top), max(0, around.left)
    part = brightness[top : max(0, around.top + around.side), left : max(0, around.left + around.side)]
    if min(part.shape) >= 2 * MIN_SIDE and part.size <= 0.5 * brightness.size:
        again = _measure(part)  # in finer pixels, and nearer sky
        square = square if again is None else _square(again[0] + left, again[1] + top, again[2])
    return square


def _square(x: float, y: float, r90: float) -> Square:
    """Return the square around a galaxy at Galaxy Zoo's scale."""
    return Square(round(x), round(y), max(MIN_SIDE, round(FIELD_PX * R90_PER_PIXEL * r90)))


def _measure(brightness: np.ndarray) -> tuple[float, float, float] | None:
    """Measure the galaxy in a picture: centre and Petrosian R90 in pixels; None without one."""
    height, width = brightness.shape
    small, scale = _shrunk(brightness)
    padded = np.pad(small, 1, mode="edge")  # averaged by 1:2:1 along both axes, so that noise breaks no object apart
    across = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4
    small = (across[:-2] + 2 * across[1:-1] + across[2:]) / 4
    sky, noise = _sky_of(small)
    light = np.clip(small - sky, 0.0, None)
    chosen = _choose(small > sky + ABOVE_SKY * noise, light)
    if chosen is None:
        return None
    rows, columns = np.nonzero(chosen)
    x, y, r90 = _settle(columns + 0.5, rows + 0.5, light[chosen])
    return x * width / small.shape[1], y * height / small.shape[0], r90 * scale / R90_AS_MEASURED


def _shrunk(brightness: np.ndarray) -> tuple[np.ndarray, float]:
    """Shrink an ``(H, W)`` picture to `WORKING_SIDE`, if it is larger; return it and the factor."""
    height, width = brightness.shape
    scale = max(1.0, max(height, width) / WORKING_SIDE)
    size = max(1, round(width / scale)), max(1, round(height / scale))
    small = Image.fromarray(brightness).resize(size, Image.Resampling.BOX)
    return np.asarray(small, dtype=float), scale


def _sky_of(values: np.ndarray) -> tuple[float, float]:
    """Measure the sky's level and standard deviation by clipping around the median."""
    sky = values.ravel()
    while True:
        level = float(np.median(sky))
        noise = 1.4826 * float(np.median(np.abs(sky - level)))  # of a normal distribution
        noise = max(noise, LEAST_NOISE)
        near = sky[np.abs(sky - level) <= CLIP * noise]
        if len(near) == len(sky):
            return level, noise
        sky = near


def _objects(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[tuple[slice, ...]]]:
    """Label the connected parts of a mask from 1; return labels, and each area and box."""
    from scipy import ndimage  # deferred: it takes 0.2 s, and a machine for training may lack it

    labels, count = ndimage.label(mask)
    return labels, np.bincount(labels.ravel(), minlength=count + 1)[1:], ndimage.find_objects(labels)


def _choose(bright: np.ndarray, light: np.ndarray) -> np.ndarray | None:
    """Return the mask of the object with the most light near the middle; None without one."""
    labels, areas, boxes = _objects(bright)
    if not boxes:
        return None
    heights, widths = np.array([[part.stop - part.start for part in box] for box in boxes]).T
    straight = (np.minimum(heights, widths) >= LEAST_BOX) & (areas > STRAIGHT * heights * widths)
    rows, columns = np.indices(light.shape)
    total, x, y = (np.bincount(labels.ravel(), (light * by).ravel())[1:] for by in (1, columns, rows))
    total[(areas < LEAST_AREA) | straight] = 0.0
    if not total.any():
        return None
    height, width = light.shape
    each = np.maximum(total, 1e-9)
    from_middle = np.hypot(x / each - (width - 1) / 2, y / each - (height - 1) / 2) / (min(height, width) / 2)
    return labels == 1 + int(np.argmax(total * np.exp(-0.5 * (from_middle / NEAR_THE_CENTRE) ** 2)))


def _settle(x: np.ndarray, y: np.ndarray, light: np.ndarray) -> tuple[float, float, float]:
    """Return the centre of an object's brightest part and the radius of 90 % of its light."""
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
    """Return the radius that holds a part of the light, at least half a pixel."""
    order = np.argsort(distance)
    held = np.cumsum(light[order])
    return max(0.5, float(distance[order][np.searchsorted(held, part * held[-1])]))
