"""Search for the galaxy in a picture, without the marks that were drawn over it."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from galaxy_explorer.images.centring import NOT_SQUARE, Square, cut_square, find_objects
from galaxy_explorer.images.exposure import MIN_SIDE, check_picture
from galaxy_explorer.images.filling import fill
from galaxy_explorer.images.marks import FILLED, find_marks
from galaxy_explorer.images.morphology import largest

SEARCHED_SIDE = 512  # pixels of the longer side: marks and objects are searched in a smaller copy
LIGHT_SKY = 128.0  # grey levels of an inverted picture's sky

# Of the challenge's 12,549 pictures, which are framed well, 1 in 250 seems to be framed worse.
CENTRAL = 0.07  # of the shorter side: an object nearer to the middle is not off centre
FAR = 0.2  # of the shorter side: a galaxy farther from the middle is not the one that was meant
FAINT = 0.05  # of the brightest galaxy's light: a fainter one off the middle is not the one that was meant
SMALL, LARGE = 0.58, 3.0  # of the shorter side: between them a square shows a galaxy about as Galaxy Zoo did
SMALL_MARKED, SMALL_OBLONG = 0.75, 0.9  # the same where there were marks or no square: Galaxy Zoo's have no marks
LARGEST = 1.7  # of the shorter side: a larger square is glare or the frame of a screen
LEAST_SIDE = 32  # pixels of a square in the smaller copy: what is smaller may be a star
LEAST_KEPT = 0.5  # of its side must lie within the picture on a page
FITTED = 0.88  # of its side: a square that is smaller by less is made to lie within the picture

# A screen adds light, which moves the vote fractions more than perspective, moiré and noise together.
SKY_PART = 25  # percentile of the pixels in the middle of a picture, which a galaxy does not cover
SKY, USUAL_EXCESS = np.array([4, 4, 2]), 4  # grey levels: its median in the challenge's pictures; nine in ten have less

# Pages, as on a screen
PAGE_SIDE, PAGE_SCATTER = 256, 14.0  # pixels of the smaller copy; grey levels about the colour of a page
LEAST_PART, MOST_PART = 0.02, 0.98  # of the page covered by the picture on it
BLURRED = 2  # pixels of the smaller copy by which the edge of the picture is blurred
LEAST_SHOWN_SIDE = 0.2  # of the page's shorter side: a narrower part is a bar
LEAST_SHOWN = 0.8  # of the picture on a page differs from the page; less is a box drawn on a picture


@dataclass(frozen=True)
class Finding:
    """What the networks should see of a picture.

    Parameters
    ----------
    picture : (h, w, 3) np.ndarray of uint8
        The picture without drawn marks, cropped to Galaxy Zoo's field of view; the array given if nothing was changed.
    square : Square or None
        The crop, in pixels of the picture given; None for the whole picture.
    removed : tuple of str
        What was removed: "bar", "cross-hair", "grid", "inverted colours", "label", "line", "outline", "page",
        "sky background".
    added_light : tuple of int
        Grey levels of red, green and blue that a screen or glare had added; they are subtracted.
    """

    picture: np.ndarray
    square: Square | None = None
    removed: tuple[str, ...] = ()
    added_light: tuple[int, ...] = (0, 0, 0)

    @property
    def changed(self) -> bool:
        """Whether the picture differs from the one given."""
        return bool(self.removed) or self.square is not None

    @property
    def note(self) -> str:
        """One sentence on what was changed; empty if nothing was."""
        done = [f"removed: {', '.join(self.removed)}"] if self.removed else []
        if self.square:
            done.append(f"cropped to {self.square.side} × {self.square.side} pixels around the galaxy")
        return "; ".join(done).capitalize() + "." if done else ""


def find_galaxy(picture: np.ndarray) -> Finding:
    """Find the galaxy in a picture, and crop to the field of view that Galaxy Zoo shows.

    The galaxy is the object nearest to the middle, not the brightest, and rather a galaxy than a star.

    Parameters
    ----------
    picture : (H, W, 3) np.ndarray of uint8
        An RGB picture.

    Returns
    -------
    Finding
        The very same array and no square if the picture is framed as Galaxy Zoo's are. A square lies within the
        picture, unless the galaxy is too near an edge; the part beyond is filled with sky.
    """
    check_picture(picture)
    page = _on_page(picture)
    shown = picture if page is None else picture[page]
    inverted = _is_inverted(shown)
    upright = 255 - shown if inverted else shown
    removed = {"page": page is not None, "inverted colours": inverted}
    clean, words, square = _search(upright)
    if page is not None:
        square = _within(square or Square(shown.shape[1] // 2, shown.shape[0] // 2, min(shown.shape[:2])), shown)
    kinds = tuple(sorted({*words, *(word for word, found in removed.items() if found)}))
    if square is None:
        return Finding(clean if kinds else picture, None, kinds)
    cut, more = _cut(clean, square)
    light = _added_light(cut)
    kinds = tuple(sorted({*kinds, *more, *(("sky background",) if any(light) else ())}))
    left, top = (0, 0) if page is None else (page[1].start, page[0].start)
    return Finding(_darker(cut, light), Square(square.x + left, square.y + top, square.side), kinds, light)


def crop_with(picture: np.ndarray, square: Square, added_light: tuple[int, ...] = (0, 0, 0)) -> np.ndarray:
    """Crop a chosen square out of a picture without its drawn marks.

    Parameters
    ----------
    picture, square
        As in `cut_square`, which also raises the errors; the picture as given to `find_galaxy`.
    added_light : tuple of int, optional
        That of the picture's `Finding`: it is subtracted. A square within a galaxy has no sky to measure it by.

    Returns
    -------
    (side, side, 3) np.ndarray of uint8
    """
    check_picture(picture)
    clean, *_ = _without_marks(255 - picture if _is_inverted(picture) else picture)
    return _darker(_cut(clean, square)[0], added_light)


def _cut(clean: np.ndarray, square: Square) -> tuple[np.ndarray, tuple[str, ...]]:
    """Cut a square, and remove marks that were too thin in the smaller copy; return their kinds."""
    cut = cut_square(clean, square)
    return _without_marks(cut)[:2] if max(clean.shape) > SEARCHED_SIDE else (cut, ())


def _added_light(cut: np.ndarray) -> tuple[int, ...]:
    """Return the light that a screen or glare added to a picture of Galaxy Zoo's field."""
    height, width = cut.shape[:2]
    step = max(1, height // 200)
    middle = cut[height // 4 : height - height // 4 : step, width // 4 : width - width // 4 : step].reshape(-1, 3)
    excess = (np.percentile(middle, SKY_PART, axis=0) - SKY).clip(0).astype(np.uint8)
    return tuple(excess.tolist()) if excess.max() > USUAL_EXCESS else (0, 0, 0)


def _darker(picture: np.ndarray, light: tuple[int, ...]) -> np.ndarray:
    """Subtract a light from a picture; the very same array without any."""
    levels = np.array(light, np.uint8)
    return np.maximum(picture, levels) - levels if levels.any() else picture


def _on_page(picture: np.ndarray) -> tuple[slice, slice] | None:
    """Return the rows and columns of a picture that is surrounded by a page of one colour."""
    from scipy import ndimage

    scale = max(1.0, max(picture.shape[:2]) / PAGE_SIDE)
    height, width = (max(1, round(side / scale)) for side in picture.shape[:2])
    small = np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BOX)).astype(np.int16)
    rim = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    colour = np.median(rim, axis=0).astype(np.int16)
    labels, _ = ndimage.label(largest(np.abs(small - colour)) > PAGE_SCATTER)
    boxes = ndimage.find_objects(labels)
    if not boxes:
        return None
    biggest = int(np.argmax([(box[0].stop - box[0].start) * (box[1].stop - box[1].start) for box in boxes]))
    box = boxes[biggest]
    part = labels[box] == biggest + 1
    if min(part.shape) < LEAST_SHOWN_SIDE * min(height, width):
        return None
    filled = ndimage.binary_fill_holes(part).mean()
    if not LEAST_PART < part.size / (height * width) < MOST_PART or filled < FILLED or part.mean() < LEAST_SHOWN:
        return None
    rows, columns = (slice(round((p.start + BLURRED) * scale), round((p.stop - BLURRED) * scale)) for p in box)
    return rows, columns


def _is_inverted(picture: np.ndarray) -> bool:
    """Return whether a picture shows dark galaxies on a light sky."""
    step = max(1, min(picture.shape[:2]) // 100)
    return bool(np.median(picture[::step, ::step].mean(axis=2)) > LIGHT_SKY)


def _search(picture: np.ndarray) -> tuple[np.ndarray, tuple[str, ...], Square | None]:
    """Return a picture without marks, their kinds, and the square if it is framed badly."""
    clean, words, small = _without_marks(picture)
    scale = max(picture.shape) / max(small.shape)
    found = find_objects(small)
    longer, shorter = max(small.shape[:2]), min(small.shape[:2])
    least = SMALL_OBLONG if longer > NOT_SQUARE * shorter else SMALL_MARKED if words else SMALL
    framed = any(one.off_centre < CENTRAL and least * shorter < one.square.side < LARGE * shorter for one in found)
    sized = [one for one in found if LEAST_SIDE <= one.square.side <= LARGEST * shorter]
    galaxies = [one for one in sized if not one.is_star]
    if galaxies and galaxies[0].off_centre > FAR:  # then a compact galaxy in the middle was taken for a star
        galaxies = [one for one in sized if one.off_centre < CENTRAL] or galaxies
    if framed or not galaxies:
        return clean, words, None
    faintest = FAINT * max(one.light for one in galaxies)
    best = next(one for one in galaxies if one.off_centre < CENTRAL or one.light >= faintest)
    square = Square(round(best.x * scale), round(best.y * scale), round(best.square.side * scale))
    return clean, words, _fitted(square, picture)


def _fitted(square: Square, picture: np.ndarray) -> Square:
    """Return a square that lies within a picture, if it is then not much smaller."""
    fitting = _fitting(square, picture)
    return Square(square.x, square.y, fitting) if FITTED * square.side <= fitting < square.side else square


def _within(square: Square, picture: np.ndarray) -> Square | None:
    """Return a square that lies within a picture on a page; None if too little would be left."""
    fitting = min(square.side, _fitting(square, picture))
    return Square(square.x, square.y, fitting) if fitting >= max(MIN_SIDE, LEAST_KEPT * square.side) else None


def _fitting(square: Square, picture: np.ndarray) -> int:
    """Return the side of the largest square around the same centre that lies within a picture."""
    height, width = picture.shape[:2]
    return 2 * min(square.x, square.y, width - square.x, height - square.y)


def _without_marks(picture: np.ndarray) -> tuple[np.ndarray, tuple[str, ...], np.ndarray]:
    """Return a picture without marks (the same if it has none), their kinds, a reduced copy."""
    small = _reduced(picture)
    mask, words = find_marks(small)
    if not words:
        return picture, (), small
    filled = fill(small, mask)
    if small.shape == picture.shape:
        return filled, words, filled
    size = picture.shape[1], picture.shape[0]
    marked = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
    larger = np.asarray(Image.fromarray(filled).resize(size, Image.Resampling.BILINEAR))
    clean = picture.copy()
    clean[marked] = larger[marked]
    return clean, words, filled


def _reduced(picture: np.ndarray) -> np.ndarray:
    """Reduce a picture to `SEARCHED_SIDE`, if it is larger."""
    height, width = picture.shape[:2]
    scale = max(height, width) / SEARCHED_SIDE
    if scale <= 1:
        return picture
    size = max(1, round(width / scale)), max(1, round(height / scale))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX, reducing_gap=None))
