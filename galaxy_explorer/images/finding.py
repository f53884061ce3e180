"""Search for the galaxy in a picture, without the marks that were drawn over it."""

from dataclasses import dataclass

import numpy as np

from galaxy_explorer.images.centring import Square, cut_square, suggest_square
from galaxy_explorer.images.exposure import check_picture

NEAR = 0.08  # of the shorter side: an object closer to the middle is not off centre
SMALL = 0.62  # of the shorter side: a larger square shows a galaxy about as Galaxy Zoo did


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
        The kinds of marks that were removed, such as "cross-hair", "grid", "label", "border".
    note : str
        One sentence on what was changed; empty if nothing was.
    """

    picture: np.ndarray
    square: Square | None = None
    removed: tuple[str, ...] = ()
    note: str = ""

    @property
    def changed(self) -> bool:
        """Whether the picture differs from the one given."""
        return bool(self.removed) or self.square is not None


def find_galaxy(picture: np.ndarray) -> Finding:
    """Find the galaxy in a picture, and crop to the field of view that Galaxy Zoo shows.

    Parameters
    ----------
    picture : (H, W, 3) np.ndarray of uint8
        An RGB picture.

    Returns
    -------
    Finding
        The very same array and no square if the picture is framed as Galaxy Zoo's are.
    """
    check_picture(picture)
    square = suggest_square(picture)
    if square is None or _is_framed(picture, square):
        return Finding(picture)
    return Finding(cut_square(picture, square), square, note=f"Cropped to the {square.side} pixels around the galaxy.")


def crop_with(picture: np.ndarray, square: Square) -> np.ndarray:
    """Crop a chosen square out of a picture without its drawn marks.

    Parameters
    ----------
    picture : (H, W, 3) np.ndarray of uint8
        An RGB picture, as given to `find_galaxy`.
    square : Square
        The part, which must hold some of the picture.

    Returns
    -------
    (side, side, 3) np.ndarray of uint8

    Raises
    ------
    ValueError
        As in `cut_square`.
    """
    return cut_square(picture, square)


def _is_framed(picture: np.ndarray, square: Square) -> bool:
    """Return whether the galaxy is as large and central as in Galaxy Zoo's pictures."""
    height, width = picture.shape[:2]
    shorter = min(height, width)
    off = np.hypot(square.x - width / 2, square.y - height / 2)
    return bool(off < NEAR * shorter and square.side > SMALL * shorter)
