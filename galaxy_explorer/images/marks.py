"""Detection and removal of marks drawn over a picture: lines, outlines, boxes, text."""

from dataclasses import dataclass

import numpy as np

from galaxy_explorer.images.morphology import WIDTH, largest, moving, thin_parts

# A mark is narrow, stands out everywhere by about as much, has one colour and sharp ends.
CONTRAST, IN_NOISE = 25.0, 8.0  # grey levels, and standard deviations of the noise, above what lies around
LONG, LEAST_GROUP = 24.0, 3  # pixels: a shorter mark must be one of several in its colour
SHORT_CONTRAST = 40.0  # grey levels: the least of such a mark
LEAST_LENGTH = 12.0  # pixels: smaller marks are known by the colour of a larger one
STRONG, RIDGE = 0.5, 0.35  # of a part's strongest contrast: its core, and the least on its ridge

# Logistic regression on parts of 1,500 pictures with and without marks, by benchmarks/studies/overlays.py --fit:
# logarithms of length, contrast, scatter of the colour, ridge pixels per length, scatter of the contrast, width, and
# area within the outline; fill of the box, saturation of the colour.
WEIGHTS = (-0.65, 2.78, -0.77, 1.55, 0.88, -2.52, 1.61, 1.29, 0.02)
INTERCEPT = -3.99
CERTAIN, CERTAIN_LONG, CERTAIN_DARK = 2.5, 0.5, -1.0  # long or dark narrow parts are rare in the sky
VERY_LONG = 60.0  # pixels: of 1,500 pictures of the challenge, none has a bright part of this length above CERTAIN_LONG

# SDSS leaves black lines, one pixel wide and straight, at the seams of its frames: they are part of the picture.
BLACK = 90.0  # grey levels
SEAM_WIDTH, SEAM_SCATTER = 3.2, 1.6  # pixels
TURNED = 0.5  # radians between two lines that cross, as seams do not

ROUND, SHORT = 2.0, 0.1  # areas within an outline; of the longer side, a label
EDGE = 3  # pixels
LEAST_SMALL, MOST_SMALL = 4.0, 200  # pixels, parts
LEAST_DASHES = 6  # of a line
HOLLOW, RING = 1.4, 5.0  # areas within a lone small outline, and its score
SAME_COLOUR = 45.0  # grey levels between marks of one colour
OFF_COLOUR = 0.6  # of a mark's contrast by which its pixels differ from its colour
ALIKE, LEAST_ALIKE = 60.0, 0.25  # grey levels of contrast of a small mark; of a known mark's, over a bright nucleus
FAINT = 0.6  # of a known mark's contrast, if that is faint
PLAIN, WIDEST = 20.0, 2 * WIDTH + 1  # grey levels within a mark; pixels across lines that overlap
MIDDLE = 0.1  # of the shorter side: a radius around the middle
HALO = 12.0  # grey levels of contrast next to a mark that belong to its blurred edge

# Bars and buttons
FILLED = 0.93  # of its box is filled by a rectangle; an ellipse fills 0.79
FLAT = 6  # grey levels within 3 × 3 pixels of a bar
ONE_COLOUR = 10  # grey levels between the pixels of a bar
LEAST_BAR, LEAST_BAR_AREA = 4, 100  # pixels of the shorter side, and of the area
LEAST_FLAT = 0.5  # of a bar's area, the rest is text; less is the outline of a box


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
    def is_drawn(self) -> bool:
        """Whether the part was drawn, with certainty."""
        length = _length(self.box)
        if length < LONG and self.contrast < SHORT_CONTRAST:
            return False
        if self.colour.max() < BLACK:
            return self.score > CERTAIN_DARK
        return self.score > (CERTAIN_LONG if length > VERY_LONG else CERTAIN)

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
    mask = _bars(picture)
    words = {"bar"} if mask.any() else set()
    contrasts = thin_parts(picture)
    long, small = narrow_parts(picture, contrasts, mask)
    drawn = _without_stars(_without_seams([part for part in long if part.is_drawn]))
    drawn = [*_without_galaxy(drawn, mask.shape), *_dashes(small)]
    if drawn:
        words |= {_word(part, mask.shape) for part in drawn}
        alike = [part for part in (*long, *small) if _is_alike(part, drawn)]
        mask |= _covered(picture, [*drawn, *alike], np.maximum(*contrasts))
    return mask, tuple(sorted(words))


def narrow_parts(
    picture: np.ndarray, contrasts: tuple[np.ndarray, np.ndarray], mask: np.ndarray
) -> tuple[list[Part], list[Part]]:
    """Measure the long narrow parts outside a mask, and some of the small ones."""
    long: list[Part] = []
    small: list[Part] = []
    for contrast in contrasts:
        contrast[mask] = 0
        labels, boxes = _labelled(picture, contrast)
        for number, box in enumerate(boxes):
            length = _length(box)
            if length >= LEAST_LENGTH and not _on_edge(box, mask.shape):
                long.append(_measured(picture, contrast, labels, number, box))
            elif (
                LEAST_SMALL <= length < LEAST_LENGTH
                and len(small) < MOST_SMALL
                and contrast[box].max() >= SHORT_CONTRAST  # not noise
            ):
                small.append(_measured(picture, contrast, labels, number, box))
    return long, small


def _covered(picture: np.ndarray, drawn: list[Part], contrast: np.ndarray) -> np.ndarray:
    """Return the mask of marks and their blurred edges, without what they enclose."""
    from scipy import ndimage

    mask = np.zeros(contrast.shape, bool)
    for part in drawn:
        off = largest(np.abs(picture[part.box] - part.colour))
        inside = part.mask & (off < OFF_COLOUR * part.contrast)
        crossing = (off < SAME_COLOUR) & (part.contrast > SAME_COLOUR)  # of wide lines is wider than they are
        inside = ndimage.binary_dilation(inside, iterations=WIDTH // 2, mask=inside | crossing)
        if part.contrast > SAME_COLOUR:  # lines that overlap are wider than a candidate
            plain = off < PLAIN
            wide = moving(np.maximum, moving(np.minimum, plain, WIDEST), WIDEST)
            inside = ndimage.binary_propagation(inside, mask=inside | (plain & ~wide))
        mask[part.box] |= inside
    near = ndimage.binary_dilation(mask, np.ones((3, 3)))
    return near | (ndimage.binary_dilation(near, np.ones((3, 3))) & (contrast >= HALO))


def _bars(picture: np.ndarray) -> np.ndarray:
    """Return the mask of filled rectangles of one colour, such as bars and buttons."""
    from scipy import ndimage

    flat = largest(moving(np.maximum, picture, 3) - moving(np.minimum, picture, 3)) <= FLAT
    sky = np.median(picture[::4, ::4].reshape(-1, 3), axis=0).astype(np.int16)
    labels, _ = ndimage.label(flat & (largest(np.abs(picture - sky)) > CONTRAST))
    mask = np.zeros(flat.shape, bool)
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        if min(part.stop - part.start for part in box) >= LEAST_BAR:
            part = labels[box] == number
            inside = ndimage.binary_fill_holes(part)
            colours = np.percentile(picture[box][part], (5, 95), axis=0)
            one_colour = np.ptp(colours, axis=0).max() <= ONE_COLOUR
            if inside.size >= LEAST_BAR_AREA and inside.mean() > FILLED and part.mean() > LEAST_FLAT and one_colour:
                mask[box] = True
    return ndimage.binary_dilation(mask, np.ones((5, 5))) if mask.any() else mask


def _labelled(picture: np.ndarray, contrast: np.ndarray) -> tuple[np.ndarray, list[tuple[slice, ...]]]:
    """Label the connected parts that stand out from the noise; return the labels and each box."""
    from scipy import ndimage

    steps = np.abs(picture[::2, 2::2].astype(np.int16) - picture[::2, :-2:2])
    noise = 1.4826 * float(np.median(steps[::2, ::2].reshape(-1, 3), axis=0).max()) / 2**0.5
    labels, _ = ndimage.label(contrast >= max(CONTRAST, IN_NOISE * noise), np.ones((3, 3)))
    return labels, ndimage.find_objects(labels)


def _on_edge(box: tuple[slice, ...], shape: tuple[int, ...]) -> bool:
    """Return whether a part lies along an edge of the picture, which may cut through a star."""
    return any(side.stop <= EDGE or side.start >= length - EDGE for side, length in zip(box, shape, strict=True))


def _length(box: tuple[slice, ...]) -> float:
    """Return the diagonal of a box in pixels."""
    return float(np.hypot(*(part.stop - part.start for part in box)))


def _measured(
    picture: np.ndarray, contrast: np.ndarray, labels: np.ndarray, number: int, box: tuple[slice, ...]
) -> Part:
    """Measure one labelled part."""
    from scipy import ndimage

    mask, height, length = labels[box] == number + 1, contrast[box], _length(box)
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
    return any(
        np.abs(part.colour - other.colour).max() < SAME_COLOUR
        and part.contrast > max(min(ALIKE, FAINT * other.contrast), LEAST_ALIKE * other.contrast)
        for other in drawn
    )


def _dashes(small: list[Part]) -> list[Part]:
    """Return the small parts of one colour in a row or column: the dashes of a line."""
    small = [part for part in small if part.contrast >= SHORT_CONTRAST]
    if len(small) < LEAST_DASHES:
        return []
    colours = np.array([part.colour for part in small])
    alike = np.abs(colours[:, np.newaxis] - colours).max(axis=2) < SAME_COLOUR
    in_line = np.zeros(len(small), bool)
    for axis in (0, 1):
        centres = np.array([part.box[axis].start + part.box[axis].stop for part in small]) / 2
        in_line |= (alike & (np.abs(centres[:, np.newaxis] - centres) <= 1)).sum(axis=1) >= LEAST_DASHES
    return [part for part, is_dash in zip(small, in_line, strict=True) if is_dash]


def _without_stars(drawn: list[Part]) -> list[Part]:
    """Return the parts without small ones of a colour of their own, such as stars."""

    def alike(part: Part) -> list[Part]:
        return [other for other in drawn if np.abs(part.colour - other.colour).max() < SAME_COLOUR]

    return [
        part
        for part in drawn
        if (part.enclosed > HOLLOW and part.score > RING)
        or len(alike(part)) >= LEAST_GROUP
        or any(_length(other.box) >= LONG for other in alike(part))
    ]


def _without_galaxy(drawn: list[Part], shape: tuple[int, ...]) -> list[Part]:
    """Return the parts without those in the middle alone: knots and arms of a small galaxy."""

    def reach(part: Part) -> float:
        sides = zip(part.box, shape, strict=True)
        return float(np.hypot(*(max(abs(side.start - all_ / 2), abs(side.stop - all_ / 2)) for side, all_ in sides)))

    is_outer = [reach(part) > MIDDLE * min(shape) for part in drawn]
    outer = [part for part, reaches in zip(drawn, is_outer, strict=True) if reaches]
    return [part for part, reaches in zip(drawn, is_outer, strict=True) if reaches or _has_colour_of(part, outer)]


def _has_colour_of(part: Part, others: list[Part]) -> bool:
    """Return whether a part has the colour of one of some others."""
    return any(np.abs(part.colour - other.colour).max() < SAME_COLOUR for other in others)


def _without_seams(drawn: list[Part]) -> list[Part]:
    """Return the parts without black straight lines, unless two of them cross."""
    lines = {id(part): _line(part) for part in drawn if part.colour.max() < BLACK and part.width < SEAM_WIDTH}
    angles = [angle for angle, scatter in lines.values() if scatter < SEAM_SCATTER]
    crossed = any(abs(np.sin(one - other)) > TURNED for one in angles for other in angles)
    return [part for part in drawn if crossed or lines.get(id(part), (0.0, np.inf))[1] >= SEAM_SCATTER]


def _line(part: Part) -> tuple[float, float]:
    """Return the angle (radians) of the line through a part, and the scatter (pixels)."""
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
