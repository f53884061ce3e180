"""Detection of the galaxy in a picture, and the square that shows it at Galaxy Zoo's scale."""

import math
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from galaxy_explorer.images.exposure import MAX_PIXELS, MIN_SIDE, check_picture

# Galaxy Zoo 2's pictures, as the volunteers saw them: 424 pixels a side, each of 0.02 petroR90_r (Willett et al. 2013,
# MNRAS 435, 2835, section 2).
FIELD_PX, R90_PER_PIXEL = 424, 0.02

# The radius of 90 % of a galaxy's light, as measured here in a picture stretched for the eye, in units of its
# petroR90_r: the median of 400 galaxies of the challenge, whose petroR90_r is 50 pixels. Two thirds lie within 15 %.
R90_AS_MEASURED = 1.06

# Detection
WORKING_SIDE = 320  # pixels of the longer side: the sky of a stretched picture needs averaging
SAMPLED = 20_000  # pixels that the sky is measured in
CLIP = 3.0  # standard deviations beyond which a pixel is not sky
LEAST_NOISE = 1.2  # grey levels: a cleaner sky must not enlarge the galaxy
ABOVE_SKY = 4.0  # standard deviations of the sky above it from which a pixel belongs to an object
OF_PEAK = 0.06  # of its peak, the same: a galaxy in a cleaner sky, as of a reduced picture, must not be larger
LEAST_AREA = 9  # pixels of an object, at the working side
STEPS = 6  # doublings of the threshold until an object ends before the picture does
BRIGHTEST = 8  # peaks that are measured
CELLS, DARKER = 10, 40  # of the background along the shorter side; percentile of a cell's pixels
WIDEST = 5  # cells: a wider glow is background

# Choice
NEAR_THE_MIDDLE = 0.24  # width of the Gaussian weight on an object's light, in halves of the shorter side
WIDE = 0.45  # the same for the choice of the peaks that are measured
STAR = 2.0  # radius of 15 % by that of 70 % of the peak: a star's edge is steeper than a galaxy's
STAR_WEIGHT = 0.01  # on the light of a star

# Measurement
WITHIN_HALF_LIGHT = 2.5  # radii of half the light within which 90 % is measured: farther out are neighbours
WIDER = 2.5  # than the first square is the part in which the galaxy is measured again

# The square
NOT_SQUARE = 1.02  # longer side by shorter
LARGEST_SIDE = math.isqrt(MAX_PIXELS)  # pixels: as many in a square as a picture may have


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


@dataclass(frozen=True)
class SkyObject:
    """A galaxy or star in a picture; lengths are in pixels of the picture."""

    x: float
    y: float
    r90: float  # petroR90_r
    off_centre: float  # distance from the middle, as a fraction of the shorter side
    light: float
    is_star: bool

    @property
    def square(self) -> Square:
        """The square in which the object is as large as galaxies are in Galaxy Zoo's pictures."""
        return Square(round(self.x), round(self.y), max(MIN_SIDE, round(FIELD_PX * R90_PER_PIXEL * self.r90)))

    @property
    def weight(self) -> float:
        """Logarithm of the root of its light, less for stars and by the distance from the middle."""
        from_middle = 2 * self.off_centre / NEAR_THE_MIDDLE
        return 0.5 * (math.log(self.light * (STAR_WEIGHT if self.is_star else 1.0)) - from_middle**2)


def find_objects(picture: np.ndarray) -> list[SkyObject]:
    """Find the galaxies and stars of a picture and measure them, the likeliest target first.

    Each object is measured in the light that is symmetric under a half turn about its peak, so that neighbours do not
    count.

    Parameters
    ----------
    picture : (H, W, 3) np.ndarray of uint8
        An RGB picture.

    Returns
    -------
    list of SkyObject
        At most `BRIGHTEST`; empty if nothing stands out from the sky.

    References
    ----------
    Lupton et al. 2001, ASPC 238, 269: SDSS's deblender, which makes its templates by this symmetry.
    Willett et al. 2013, MNRAS 435, 2835, section 2: the field of view of Galaxy Zoo 2's pictures.
    """
    check_picture(picture)
    brightness = (picture[..., 0].astype(np.float32) + picture[..., 1] + picture[..., 2]) / 3
    found = _measure_all(brightness)
    if not found:
        return []
    first, *others = sorted(found, key=lambda one: -one.weight)
    return [_measured_again(brightness, _measured_again(brightness, first)), *others]


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
    step = max(1, min(height, width) // 300)
    cut[:] = [round(_sky_of(picture[::step, ::step, channel].astype(np.float32))[0]) for channel in range(3)]
    cut[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = part
    return cut


def _measured_again(brightness: np.ndarray, found: SkyObject) -> SkyObject:
    """Measure an object in finer pixels and nearer sky, if it is small."""
    around = Square(round(found.x), round(found.y), round(WIDER * found.square.side))
    top, left = max(0, around.top), max(0, around.left)
    part = brightness[top : around.top + around.side, left : around.left + around.side]
    if min(part.shape) < 2 * MIN_SIDE or part.size > 0.5 * brightness.size:
        return found
    again = [
        one for one in _measure_all(part) if math.hypot(one.x + left - found.x, one.y + top - found.y) < found.r90 / 2
    ]
    if not again:
        return found
    finer = max(again, key=lambda one: one.light)
    return replace(found, x=finer.x + left, y=finer.y + top, r90=finer.r90)


def _measure_all(brightness: np.ndarray) -> list[SkyObject]:
    """Measure the brightest peaks of an ``(H, W)`` picture, those near the middle first."""
    from scipy import ndimage  # deferred: it takes 0.2 s, and a machine for training may lack it

    small, scale = _shrunk(brightness)
    smooth = ndimage.gaussian_filter(small, 1.0)
    smooth -= _background(smooth)
    sky, noise = _sky_of(smooth)
    light = np.clip(smooth - sky, 0.0, None)
    peaks = ndimage.gaussian_filter(smooth, 1.0) - sky
    threshold = ABOVE_SKY * noise
    rows, columns = np.nonzero((peaks == ndimage.maximum_filter(peaks, 7)) & (np.minimum(peaks, light) > threshold))
    height, width = light.shape
    off = np.hypot(rows - (height - 1) / 2, columns - (width - 1) / 2) / min(height, width)
    order = np.argsort(0.5 * (2 * off / WIDE) ** 2 - np.log(peaks[rows, columns]), kind="stable")[:BRIGHTEST]
    found = []
    for k in order:
        measured = _measure(light, threshold, rows[k], columns[k])
        if measured is not None:
            x, y = (columns[k] + 0.5) * brightness.shape[1] / width, (rows[k] + 0.5) * brightness.shape[0] / height
            total, r90, is_star = measured
            found.append(SkyObject(x, y, r90 * scale / R90_AS_MEASURED, float(off[k]), total, is_star))
    return found


def _measure(light: np.ndarray, threshold: float, row: int, column: int) -> tuple[float, float, bool] | None:
    """Return the light of an object, its R90, and whether it is a star; None if too small."""
    from scipy import ndimage

    height, width = light.shape
    up, left = min(row, height - 1 - row), min(column, width - 1 - column)
    around = light[row - up : row + up + 1, column - left : column + left + 1]
    symmetric = np.minimum(around, around[::-1, ::-1])
    threshold = max(threshold, OF_PEAK * float(light[row, column]))
    for level in threshold * 2.0 ** np.arange(STEPS):
        labels, _ = ndimage.label(symmetric > level)
        one = labels == labels[up, left]
        if not labels[up, left]:
            return None
        if min(around.shape) < LEAST_AREA or not (one[0].any() or one[:, 0].any()):
            break  # it ends within the part, and is not glare or the frame of a screen
    rows, columns = np.nonzero(one)
    if len(rows) < LEAST_AREA:
        return None
    values, distance = symmetric[rows, columns], np.hypot(rows - up, columns - left)
    values = values - level + threshold
    inner = distance < WITHIN_HALF_LIGHT * _radius_of(0.5, distance, values)
    is_star = _is_star(around, up, left, float(values.max()))
    return float(values.sum()), _radius_of(0.9, distance[inner], values[inner]), is_star


def _is_star(light: np.ndarray, row: int, column: int, peak: float) -> bool:
    """Return whether an object is round with the steep edge of a star, spikes aside."""
    reach = min(row, column, 40)
    near = light[row - reach : row + reach + 1, column - reach : column + reach + 1]
    peak = min(peak, float(near.max()))  # of an object with a brighter rim
    rows, columns = np.indices(near.shape) - reach
    ring = np.rint(np.hypot(rows, columns)).astype(int).ravel()
    profile = np.bincount(ring, (near > 0.15 * peak).ravel())[: reach + 1] / np.bincount(ring)[: reach + 1]
    edge = int(np.argmax(profile < 0.5)) if (profile < 0.5).any() else reach
    core = near > 0.7 * peak
    area = np.count_nonzero(core)
    across = np.ptp(np.nonzero(core.any(axis=0))[0]) + 1, np.ptp(np.nonzero(core.any(axis=1))[0]) + 1
    is_round = min(across) >= 0.7 * max(across) and area > 0.6 * across[0] * across[1]
    return bool(is_round and edge < STAR * math.sqrt(area / math.pi))


def _background(brightness: np.ndarray) -> np.ndarray:
    """Return what is wider than `WIDEST` cells in an ``(H, W)`` picture, such as glare."""
    from scipy import ndimage

    height, width = brightness.shape
    cell = max(8, round(min(height, width) / CELLS))
    down, across = max(1, height // cell), max(1, width // cell)
    blocks = brightness[: down * cell, : across * cell]
    if blocks.size < down * cell * across * cell:  # a picture lower or narrower than a cell
        return np.zeros_like(brightness)
    blocks = blocks.reshape(down, cell, across, cell)[:, ::2, :, ::2].swapaxes(1, 2).reshape(down, across, -1)
    coarse = np.percentile(blocks, DARKER, axis=2).astype(np.float32)
    coarse = ndimage.gaussian_filter(ndimage.grey_opening(coarse, WIDEST, mode="nearest"), 1.0, mode="nearest")
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BILINEAR))


def _shrunk(brightness: np.ndarray) -> tuple[np.ndarray, float]:
    """Shrink an ``(H, W)`` picture to `WORKING_SIDE`, if it is larger; return it and the factor."""
    height, width = brightness.shape
    scale = max(1.0, max(height, width) / WORKING_SIDE)
    size = max(1, round(width / scale)), max(1, round(height / scale))
    return np.asarray(Image.fromarray(brightness).resize(size, Image.Resampling.BOX)), scale


def _sky_of(values: np.ndarray) -> tuple[float, float]:
    """Measure the sky's level and standard deviation by clipping around the median."""
    sky = values.ravel()[:: max(1, values.size // SAMPLED)]
    while True:
        level = float(np.median(sky))
        noise = 1.4826 * float(np.median(np.abs(sky - level)))  # of a normal distribution
        noise = max(noise, LEAST_NOISE)
        near = sky[np.abs(sky - level) <= CLIP * noise]
        if len(near) == len(sky):
            return level, noise
        sky = near


def _radius_of(part: float, distance: np.ndarray, light: np.ndarray) -> float:
    """Return the radius that holds a part of the light, at least half a pixel."""
    order = np.argsort(distance)
    held = np.cumsum(light[order])
    return max(0.5, float(distance[order][np.searchsorted(held, part * held[-1])]))
