"""Marks as chart tools, viewers and people draw them over pictures of galaxies."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

Colour = tuple[int, int, int]

COLOURS: tuple[Colour, ...] = (
    *((152, 251, 152), (0, 255, 0), (255, 255, 255), (0, 0, 0), (255, 0, 0)),
    *((255, 255, 0), (0, 255, 255), (255, 0, 255), (80, 140, 255), (255, 160, 0)),
)
SMOOTH = 4  # subpixels per pixel of an antialiased drawing


@dataclass(frozen=True)
class Pen:
    """How marks are drawn."""

    colour: Colour
    width: int  # pixels
    smooth: bool  # antialiased
    dash: int = 0  # pixels of a dash and of the gap after it; 0 for solid lines


def any_pen(random: np.random.Generator, dashes: bool = True) -> Pen:
    """Draw a pen at random."""
    colour = COLOURS[random.integers(len(COLOURS))]
    dash = int(random.integers(4, 13)) if dashes and random.random() < 0.2 else 0
    return Pen(colour, int(random.choice([1, 1, 2, 3, 4])), bool(random.random() < 0.4), dash)


class Canvas:
    """A picture on which lines, ellipses and text are drawn with one pen."""

    def __init__(self, picture: np.ndarray, pen: Pen) -> None:
        self.picture, self.pen = picture, pen
        self.height, self.width = picture.shape[:2]
        self.scale = SMOOTH if pen.smooth else 1
        self.mask = Image.new("L", (self.width * self.scale, self.height * self.scale))
        self.draw = ImageDraw.Draw(self.mask)
        if not pen.smooth:
            self.draw.fontmode = "1"

    def line(self, *points: tuple[float, float]) -> None:
        """Draw a path through points (x, y), in dashes if the pen has them."""
        scaled = [(self.scale * x, self.scale * y) for x, y in points]
        for start, end in pairwise(scaled):
            length = float(np.hypot(end[0] - start[0], end[1] - start[1]))
            dash = self.pen.dash * self.scale or max(1.0, length)
            for first in np.arange(0, max(length, 1.0), 2 * dash):
                along = [start[k] + (end[k] - start[k]) * first / max(length, 1e-6) for k in (0, 1)]
                last = min(1.0, (first + dash) / max(length, 1e-6))
                to = [start[k] + (end[k] - start[k]) * last for k in (0, 1)]
                self.draw.line([*along, *to], fill=255, width=self.pen.width * self.scale)

    def ellipse(self, x: float, y: float, a: float, b: float) -> None:
        """Draw an ellipse with half axes a and b."""
        box = [self.scale * value for value in (x - a, y - b, x + a, y + b)]
        self.draw.ellipse(box, outline=255, width=self.pen.width * self.scale)

    def box(self, x: float, y: float, a: float, b: float) -> None:
        """Draw a box with half sides a and b."""
        self.line((x - a, y - b), (x + a, y - b), (x + a, y + b), (x - a, y + b), (x - a, y - b))

    def text(self, x: float, y: float, words: str, size: float) -> None:
        """Write words with their upper left corner at (x, y)."""
        self.draw.text(
            (self.scale * x, self.scale * y), words, fill=255, font=ImageFont.load_default(self.scale * size)
        )

    def done(self) -> np.ndarray:
        """Return the picture with the marks."""
        alpha = np.asarray(self.mask.resize((self.width, self.height), Image.Resampling.BOX)) / 255.0
        drawn = self.picture + alpha[..., np.newaxis] * (np.array(self.pen.colour) - self.picture.astype(float))
        return np.rint(drawn).astype(np.uint8)


def cross(canvas: Canvas, random: np.random.Generator) -> None:
    """Draw a cross-hair, with or without a gap, over part of the frame or all of it."""
    w, h = canvas.width, canvas.height
    x, y = w / 2 + random.normal(0, 2), h / 2 + random.normal(0, 2)
    gap, reach = random.choice([0, 0, 0.05, 0.1]), random.choice([0.125, 0.0, 0.25])
    canvas.line((reach * w, y), (x - gap / 2 * w, y))
    canvas.line((x + gap / 2 * w, y), ((1 - reach) * w - 1, y))
    canvas.line((x, reach * h), (x, y - gap / 2 * h))
    canvas.line((x, y + gap / 2 * h), (x, (1 - reach) * h - 1))


def chart(canvas: Canvas, random: np.random.Generator) -> None:
    """Draw what option G of SDSS's chart tool does: cross, ticks, scale bar, compass letters."""
    w, h = canvas.width, canvas.height
    for a, b in ((0.125, 0.45), (0.55, 0.875)):
        canvas.line((a * w, h / 2), (b * w, h / 2))
        canvas.line((w / 2, a * h), (w / 2, b * h))
    for part in np.arange(0.05, 1, random.choice([0.05, 0.1])):
        for x, y, dx, dy in (
            (part * w, 0, 0, 8),
            (part * w, h - 9, 0, 8),
            (0, part * h, 8, 0),
            (w - 9, part * h, 8, 0),
        ):
            canvas.line((x, y), (x + dx, y + dy))
    canvas.line((20, 34), (20 + 0.15 * w, 34))
    canvas.line((20, 30), (20, 38))
    canvas.line((20 + 0.15 * w, 30), (20 + 0.15 * w, 38))
    canvas.text(24, 14, f'{random.choice([5, 10, 20, 30])}"', 12)
    for letter, x, y in (("N", w / 2, 12), ("S", w / 2, h - 24), ("E", 12, h / 2), ("W", w - 24, h / 2)):
        canvas.text(x - 4, y - 4, letter, 12)


def grid(canvas: Canvas, random: np.random.Generator) -> None:
    """Draw a grid of lines."""
    step = random.uniform(0.08, 0.3) * canvas.width
    for at in np.arange(random.uniform(0.2, 1) * step, canvas.width, step):
        canvas.line((at, 0), (at, canvas.height - 1))
    for at in np.arange(random.uniform(0.2, 1) * step, canvas.height, step):
        canvas.line((0, at), (canvas.width - 1, at))


def label(canvas: Canvas, random: np.random.Generator) -> None:
    """Write lines of text at the top, and sometimes a name next to the galaxy."""
    size = float(random.choice([9, 12, 16, 22]))
    for row, words in enumerate(("SDSS J123456.78+012345.6", "ra: 188.7366 dec: 1.3960", "scale: 0.1981 arcsec/pix")):
        canvas.text(6, 4 + row * 1.3 * size, words, size)
    if random.random() < 0.6:
        canvas.text(
            canvas.width * random.uniform(0.4, 0.55), canvas.height * random.uniform(0.52, 0.6), "NGC 4321", size
        )


def bright_spots(picture: np.ndarray, count: int) -> list[tuple[float, float]]:
    """Return the brightest peaks of a picture, (x, y), the middle first."""
    smooth = ndimage.gaussian_filter(picture.mean(axis=2), 2)
    peaks = (smooth == ndimage.maximum_filter(smooth, 21)) & (smooth > np.median(smooth) + 12)
    rows, columns = np.nonzero(peaks)
    order = np.argsort(-smooth[rows, columns])[:count]
    middle = (picture.shape[1] / 2, picture.shape[0] / 2)
    return [middle, *((float(columns[k]), float(rows[k])) for k in order)]


def objects(canvas: Canvas, random: np.random.Generator) -> None:
    """Draw small circles, crosses or squares on the objects, as options P, S and T do."""
    size, kind = random.uniform(4, 12), random.integers(4)
    for x, y in bright_spots(canvas.picture, 12):
        if kind == 0:
            canvas.ellipse(x, y, size, size)
        elif kind == 1:
            canvas.box(x, y, size, size)
        else:
            d = 0 if kind == 2 else size
            canvas.line((x - size, y - d), (x + size, y + d))
            canvas.line((x - d, y + size), (x + d, y - size))


def boxes(canvas: Canvas, random: np.random.Generator) -> None:
    """Draw bounding boxes, as option B does."""
    for k, (x, y) in enumerate(bright_spots(canvas.picture, 6)):
        a, b = random.uniform(0.05, 0.25, 2) * canvas.width * (1.0 if k == 0 else 0.4)
        canvas.box(x, y, a, b)


def outline(canvas: Canvas, random: np.random.Generator) -> None:
    """Draw the outline of the brightest part in the middle, as option O does."""
    smooth = ndimage.gaussian_filter(canvas.picture.mean(axis=2), 1.5)
    level = np.median(smooth) + random.uniform(0.12, 0.5) * (smooth.max() - np.median(smooth))
    inside = ndimage.binary_fill_holes(smooth > level)
    edge = inside & ~ndimage.binary_erosion(inside, iterations=max(1, canvas.pen.width))
    mask = np.asarray(canvas.mask.resize((canvas.width, canvas.height))) / 255 + edge
    canvas.mask = Image.fromarray((255 * mask.clip(0, 1)).astype(np.uint8)).resize(
        canvas.mask.size, Image.Resampling.BILINEAR
    )


def long_lines(canvas: Canvas, random: np.random.Generator) -> None:
    """Draw slanted lines and a great arc through the frame, as options F, M and Q do."""
    w, h = canvas.width, canvas.height
    for _ in range(int(random.integers(1, 4))):
        angle, off = random.uniform(0, np.pi), random.uniform(-0.3, 0.3) * w
        x, y = w / 2 - off * np.sin(angle), h / 2 + off * np.cos(angle)
        canvas.line(
            (x - 2 * w * np.cos(angle), y - 2 * w * np.sin(angle)),
            (x + 2 * w * np.cos(angle), y + 2 * w * np.sin(angle)),
        )
    if random.random() < 0.5:
        radius = random.uniform(1, 4) * w
        canvas.ellipse(w / 2 + radius, h / 2 + random.uniform(-0.3, 0.3) * h, radius * random.uniform(0.9, 1.1), radius)


def ellipses(canvas: Canvas, random: np.random.Generator) -> None:
    """Draw apertures around the galaxy."""
    for _ in range(int(random.integers(1, 4))):
        a, b = random.uniform(0.03, 0.45, 2) * canvas.width
        canvas.ellipse(canvas.width / 2, canvas.height / 2, a, b)


def arrow(canvas: Canvas, random: np.random.Generator) -> None:
    """Draw arrows that point at the galaxy, and a compass."""
    for _ in range(int(random.integers(1, 4))):
        angle, near, far = random.uniform(0, 2 * np.pi), random.uniform(0.02, 0.15), random.uniform(0.2, 0.45)
        tip = np.array([0.5 + near * np.cos(angle), 0.5 + near * np.sin(angle)]) * canvas.width
        tail = np.array([0.5 + far * np.cos(angle), 0.5 + far * np.sin(angle)]) * canvas.width
        canvas.line(tuple(tail), tuple(tip))
        for turn in (-0.4, 0.4):
            head = tip + 0.05 * canvas.width * np.array([np.cos(angle + turn), np.sin(angle + turn)])
            canvas.line(tuple(head), tuple(tip))


DRAWINGS: dict[str, Callable[[Canvas, np.random.Generator], None]] = {
    "cross-hair": cross,
    "chart (G)": chart,
    "grid": grid,
    "label (L)": label,
    "objects (P, S, T)": objects,
    "boxes (B)": boxes,
    "outline (O)": outline,
    "lines (F, M, Q)": long_lines,
    "apertures": ellipses,
    "arrows": arrow,
}


def draw(name: str, picture: np.ndarray, random: np.random.Generator, pen: Pen | None = None) -> np.ndarray:
    """Return a picture with marks of one kind, by a pen drawn at random if none is given."""
    canvas = Canvas(
        picture, pen or any_pen(random, dashes=name not in {"label (L)", "outline (O)", "objects (P, S, T)"})
    )
    DRAWINGS[name](canvas, random)
    return canvas.done()


def saved(picture: np.ndarray, quality: int) -> np.ndarray:
    """Return a picture as it is after JPEG compression."""
    file = BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def passed_on(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return a picture as people pass it on: scaled by 0.5 to 2, compressed, or as it is."""
    if random.random() < 0.35:
        factor = random.uniform(0.5, 2)
        size = round(picture.shape[1] * factor), round(picture.shape[0] * factor)
        picture = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))
    if random.random() < 0.7:
        picture = saved(picture, int(random.integers(75, 96)))
    return picture
