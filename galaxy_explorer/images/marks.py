"""Detection and removal of marks that were drawn over a picture: lines, outlines, boxes, text."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

# A mark is narrow, stands out everywhere by about as much, has one colour and sharp ends.
WIDTH = 7  # pixels: narrower parts are candidates
CONTRAST, IN_NOISE = 40.0, 8.0  # grey levels, and standard deviations of the noise, above what lies around
LEAST_LENGTH = 12.0  # pixels: smaller marks are known by the colour of a larger one
STRONG, RIDGE = 0.5, 0.35  # of a part's strongest contrast: its core, and the least on its ridge

# Logistic regression on parts of pictures with and without marks, by benchmarks/studies/overlays.py: logarithms of
# length, contrast, scatter of the colour, ridge pixels per length, scatter of the contrast, width, and area within the
# outline; fill of the box, saturation of the colour.
WEIGHTS = (4.31, 4.96, -1.41, -0.15, 1.5, -4.09, 4.37, 9.17, 0.02)
INTERCEPT, CERTAIN = -33.92, 2.5

# SDSS leaves black lines, one pixel wide and straight, at the seams of its frames: they are part of the picture.
BLACK = 90.0  # grey levels
SEAM_WIDTH, SEAM_SCATTER = 2.5, 1.6  # pixels
TURNED = 0.5  # radians between two lines that are no seam

ROUND, SHORT = 2.0, 0.1  # areas within an outline; of the longer side, a label
LEAST_SMALL, MOST_SMALL = 4.0, 500  # pixels, parts
SAME_COLOUR = 45.0  # grey levels between marks of one colour
ALIKE = 60.0  # grey levels of contrast of a small mark
HALO = 12.0  # grey levels of contrast next to a mark that belong to its blurred edge

# Screens
PAGE_SIDE, PAGE_SCATTER = 256, 14.0  # pixels of the smaller copy; grey levels about the colour of a page
LEAST_PART, MOST_PART = 0.02, 0.98  # of the page covered by the picture on it
FILLED = 0.93  # of its box is filled by a rectangle; an ellipse fills 0.79
BLURRED = 2  # pixels of the smaller copy by which the edge of the picture is blurred
FLAT = 6  # grey levels within 3 × 3 pixels of a bar
LEAST_BAR, LEAST_BAR_AREA = 4, 60  # pixels of the shorter side, and of the area

SMOOTHINGS = 12  # steps of relaxation towards the membrane through the known pixels


@dataclass(frozen=True)
class Part:
    """A narrow part of a picture that stands out, and what tells a drawn mark from the sky."""

    box: tuple[slice, ...]
    mask: np.ndarray  # within the box
    colour: np.ndarray  # (3,) median along the ridge
    contrast: float  # grey levels, the same
    width: float  # pixels, of a straight line
    enclosed: float  # area within the outline, in areas of the part
    features: tuple[float, ...]

    @property
    def score(self) -> float:
        """Logit of the probability that the part was drawn."""
        return float(np.dot(WEIGHTS, self.features)) + INTERCEPT


def find_marks(picture: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Find the marks that were drawn over a picture.

    Parameters
    ----------
    picture : (H, W, 3) np.ndarray of uint8
        An RGB picture, in which marks are narrower than `WIDTH` pixels.

    Returns
    -------
    mask : (H, W) np.ndarray of bool
        The marks with their blurred edges.
    words : tuple of str
        The kinds of marks; empty if there are none.
    """
    from scipy import ndimage  # deferred: it takes 0.2 s

    contrast, mask = thin_parts(picture), _bars(picture)
    words = {"bar"} if mask.any() else set()
    contrast[mask] = 0
    labels, boxes = _narrow_parts(picture, contrast)
    long = [n for n, box in enumerate(boxes) if _length(box) >= LEAST_LENGTH]
    parts = [_measured(picture, contrast, labels, n + 1, boxes[n]) for n in long]
    drawn = _without_seams([part for part in parts if part.score > CERTAIN])
    if not drawn:
        return mask, tuple(words)
    taken = [*drawn, *(part for part in parts if _is_alike(part, drawn))]
    small = [n for n, box in enumerate(boxes) if LEAST_SMALL <= _length(box) < LEAST_LENGTH]
    others = (_measured(picture, contrast, labels, n + 1, boxes[n]) for n in small[:MOST_SMALL])
    taken += [part for part in others if _is_alike(part, drawn)]
    for part in taken:
        mask[part.box] |= part.mask
    near = ndimage.binary_dilation(mask, np.ones((3, 3)))
    mask = near | (ndimage.binary_dilation(near, np.ones((3, 3))) & (contrast >= HALO))
    return mask, tuple(sorted(words | {_word(part, contrast.shape) for part in drawn}))


def picture_on_page(picture: np.ndarray) -> tuple[slice, slice] | None:
    """Find a picture that is surrounded by a page of one colour, as on a screen.

    Parameters
    ----------
    picture : (H, W, 3) np.ndarray of uint8
        An RGB picture.

    Returns
    -------
    tuple of two slices, or None
        Its rows and columns; None if the whole is not a page.
    """
    from scipy import ndimage

    scale = max(1.0, max(picture.shape[:2]) / PAGE_SIDE)
    height, width = (max(1, round(side / scale)) for side in picture.shape[:2])
    small = np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BOX)).astype(np.int16)
    rim = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    colour = np.median(rim, axis=0)
    labels, _ = ndimage.label(np.abs(small - colour).max(axis=2) > PAGE_SCATTER)
    boxes = ndimage.find_objects(labels)
    if not boxes:
        return None
    largest = int(np.argmax([(box[0].stop - box[0].start) * (box[1].stop - box[1].start) for box in boxes]))
    box = boxes[largest]
    inside = ndimage.binary_fill_holes(labels[box] == largest + 1)
    if inside.size < LEAST_PART * height * width or inside.mean() < FILLED or inside.size > MOST_PART * height * width:
        return None
    rows, columns = (slice(round((p.start + BLURRED) * scale), round((p.stop - BLURRED) * scale)) for p in box)
    return rows, columns


def _bars(picture: np.ndarray) -> np.ndarray:
    """Return the mask of filled rectangles of one colour, such as bars, buttons and the ground of a label."""
    from scipy import ndimage

    flat = (moving(np.maximum, picture, 3) - moving(np.minimum, picture, 3)).max(axis=2) <= FLAT
    sky = np.median(picture[::4, ::4].reshape(-1, 3), axis=0)
    labels, _ = ndimage.label(flat & (np.abs(picture - sky).max(axis=2) > CONTRAST))
    mask = np.zeros(flat.shape, bool)
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        if min(part.stop - part.start for part in box) >= LEAST_BAR:
            inside = ndimage.binary_fill_holes(labels[box] == number)
            if inside.size >= LEAST_BAR_AREA and inside.mean() > FILLED:
                mask[box] = True
    return ndimage.binary_dilation(mask, np.ones((5, 5))) if mask.any() else mask


def thin_parts(picture: np.ndarray) -> np.ndarray:
    """Return by how much each pixel stands out as part of something narrow: ``(H, W) uint8``."""
    lower, upper = moving(np.minimum, picture), moving(np.maximum, picture)
    bright, dark = picture - moving(np.maximum, lower), moving(np.minimum, upper) - picture
    return np.maximum(bright, dark).max(axis=2)


def moving(extreme: np.ufunc, image: np.ndarray, width: int = WIDTH) -> np.ndarray:
    """Return the moving minimum or maximum of an ``(H, W, …)`` image over odd squares."""
    half = width // 2
    for axis in (0, 1):
        margins = [(half, half) if k == axis else (0, 0) for k in range(image.ndim)]
        image = np.moveaxis(np.pad(image, margins, mode="edge"), axis, 0)
        span = 1
        while span < width:  # each step widens the span by at most itself
            step = min(span, width - span)
            image = extreme(image[:-step], image[step:])
            span += step
        image = np.moveaxis(image, 0, axis)
    return image


def _narrow_parts(picture: np.ndarray, contrast: np.ndarray) -> tuple[np.ndarray, list[tuple[slice, ...]]]:
    """Label the connected parts that stand out from the noise; return the labels and each box."""
    from scipy import ndimage

    steps = np.abs(picture[::2, 2::2].astype(np.int16) - picture[::2, :-2:2])
    noise = 1.4826 * float(np.median(steps.reshape(-1, 3), axis=0).max()) / 2**0.5
    labels, _ = ndimage.label(contrast >= max(CONTRAST, IN_NOISE * noise), np.ones((3, 3)))
    return labels, ndimage.find_objects(labels)


def _length(box: tuple[slice, ...]) -> float:
    """Return the diagonal of a box in pixels."""
    return float(np.hypot(*(part.stop - part.start for part in box)))


def _measured(
    picture: np.ndarray, contrast: np.ndarray, labels: np.ndarray, number: int, box: tuple[slice, ...]
) -> Part:
    """Measure one labelled part."""
    from scipy import ndimage

    mask, height, length = labels[box] == number, contrast[box], _length(box)
    strong = np.quantile(height[mask], 0.9)
    wider = tuple(slice(max(0, part.start - 1), part.stop + 1) for part in box)
    peaks = contrast[wider] >= moving(np.maximum, contrast[wider], 3)
    peaks = peaks[tuple(slice(b.start - w.start, b.stop - w.start) for b, w in zip(box, wider, strict=True))]
    ridge = mask & peaks & (height >= RIDGE * strong)
    low, middle, high = np.quantile(height[ridge], (0.15, 0.5, 0.85))
    colours = picture[box][ridge].astype(np.float32)
    colour = np.median(colours, axis=0)
    scatter = np.quantile(np.abs(colours - colour).max(axis=1), 0.7)
    core = mask & (height >= STRONG * strong)
    area, count = np.count_nonzero(core), np.count_nonzero(ridge)
    enclosed = np.count_nonzero(ndimage.binary_fill_holes(core)) / area
    features = (
        *(np.log(length), np.log(middle), np.log(scatter / middle + 0.02), np.log(count / length)),
        *(np.log((high - low) / middle + 0.05), np.log(area / count), np.log(enclosed)),
        *(area / core.size, float(np.ptp(colour))),
    )
    return Part(box, mask, colour, float(middle), area / length, enclosed, tuple(map(float, features)))


def _is_alike(part: Part, drawn: list[Part]) -> bool:
    """Return whether a part has the colour of a mark and stands out as much."""
    return part.contrast >= ALIKE and any(
        np.abs(part.colour - other.colour).max() < SAME_COLOUR and part.contrast > 0.5 * other.contrast
        for other in drawn
    )


def _without_seams(drawn: list[Part]) -> list[Part]:
    """Return the parts without black straight lines, unless two of them cross."""
    lines = {id(part): _line(part) for part in drawn if part.colour.max() < BLACK and part.width < SEAM_WIDTH}
    angles = [angle for angle, scatter in lines.values() if scatter < SEAM_SCATTER]
    crossed = any(abs(np.sin(one - other)) > TURNED for one in angles for other in angles)
    return [part for part in drawn if crossed or lines.get(id(part), (0.0, np.inf))[1] >= SEAM_SCATTER]


def _line(part: Part) -> tuple[float, float]:
    """Return the angle in radians of the straight line through a part, and the scatter about it in pixels."""
    rows, columns = np.nonzero(part.mask)
    values, vectors = np.linalg.eigh(np.cov(rows, columns))
    return float(np.arctan2(vectors[0, 1], vectors[1, 1])), float(max(values[0], 0.0) ** 0.5)


def _word(part: Part, shape: tuple[int, ...]) -> str:
    """Return the kind of a mark in a picture of a shape."""
    height, width = (side.stop - side.start for side in part.box)
    if part.enclosed > ROUND:
        return "grid" if height > 0.9 * shape[0] and width > 0.9 * shape[1] else "outline"
    if max(height, width) < SHORT * max(shape):
        return "label"
    return "line" if min(height, width) <= 2 * WIDTH or _line(part)[1] < 2 * WIDTH else "cross-hair"


def fill(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Fill the masked pixels of a picture smoothly from the pixels around them."""
    filled = _pulled(picture.astype(np.float32), (~mask).astype(np.float32))
    height, width = mask.shape
    rows, columns = np.nonzero(mask)
    around = [
        (np.clip(rows + down, 0, height - 1), np.clip(columns + right, 0, width - 1))
        for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1))
    ]
    for _ in range(SMOOTHINGS):
        filled[rows, columns] = sum(filled[at] for at in around) / 4
    result = picture.copy()
    result[mask] = np.rint(filled[mask]).clip(0, 255)
    return result


def _pulled(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Replace unknown pixels by the means of known ones in the smallest block of 2, 4, 8, … pixels."""
    if known.all() or max(known.shape) == 1:
        return values
    height, width = known.shape
    margins = (0, height % 2), (0, width % 2)
    weighted = np.pad(values * known[..., np.newaxis], (*margins, (0, 0)))
    weights = np.pad(known, margins)
    sums = sum(weighted[i::2, j::2] for i in (0, 1) for j in (0, 1))
    counts = sum(weights[i::2, j::2] for i in (0, 1) for j in (0, 1))
    coarse = _pulled(sums / np.maximum(counts, 1)[..., np.newaxis], (counts > 0).astype(np.float32))
    finer = coarse.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]
    return np.where(known[..., np.newaxis] > 0, values, finer)
