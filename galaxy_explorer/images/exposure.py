"""Types and bounds of pictures that every reader shares, and the check of an RGB array."""

import struct
import zlib
from dataclasses import dataclass

import numpy as np

MAX_PIXELS = 50_000_000  # decoded, 50 Mpx take up to 0.4 GB for a moment; Galaxy Zoo's pictures have 0.18 Mpx
MAX_FITS_PIXELS = 400_000_000  # of all planes together; they are averaged strip by strip, never held at once
MIN_SIDE = 16  # pixels; below it nothing of a galaxy's shape is left

# The note on a picture of one band, and on one without colours.
GREY = "shown in grey; the networks were trained on colour pictures, so treat their predictions with care"

NORTH_IS = "north is "  # begins the note on a picture that is rotated
IN_COLOUR = "colour of "  # begins the name of an image that is made of three others of its file

# What Pillow's decoders raise on damaged files. Warning: where a caller has turned warnings into errors.
DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    LookupError,
    TypeError,
    ArithmeticError,
    EOFError,
    MemoryError,
    RuntimeError,  # of the AVIF decoder
    struct.error,
    zlib.error,
    Warning,
)


class ImageError(ValueError):
    """Bytes that hold no picture for a network; the message says why and what to do."""


@dataclass(frozen=True)
class SkyPlacement:
    """Position of a picture's middle on the sky, and the size of its pixels."""

    ra_deg: float  # ICRS, [0, 360)
    dec_deg: float  # ICRS, [-90, 90]
    pixel_scale_arcsec: float  # of the picture's pixels, each the mean of several of the file if it was averaged
    north_deg: float = 0.0  # from up to north, clockwise, (-180, 180]
    mirrored: bool = False  # with north up, east is on the right


@dataclass(frozen=True)
class Exposure:
    """A picture and what else its file holds.

    Parameters
    ----------
    picture : (H, W, 3) np.ndarray of uint8
        The picture in RGB; in one from FITS, north is up if the file follows that custom.
    name : str
        Which of the file's images it is; empty if the file has one.
    choices : tuple of str
        The names of all images of a FITS file that can be shown.
    notes : tuple of str
        What was done to show it, each a clause that can stand in a list.
    position : SkyPlacement or None
        Position and pixel scale, if the file has them.
    """

    picture: np.ndarray
    name: str = ""
    choices: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    position: SkyPlacement | None = None

    @property
    def images(self) -> tuple[str, ...]:
        """The images that the file itself holds."""
        return tuple(name for name in self.choices if not name.startswith(IN_COLOUR))

    @property
    def is_chosen(self) -> bool:
        """Whether the file holds more images than those that are shown."""
        return len(self.images) > (3 if self.name.startswith(IN_COLOUR) else 1)


def check_picture(image: np.ndarray) -> None:
    """Raise ValueError if an array is not an RGB picture, (H, W, 3) of uint8."""
    if image.ndim != 3 or image.shape[-1] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise ValueError(f"an array {image.shape} of {image.dtype} was given; a picture is (H, W, 3) of uint8")


def check_size(width: int, height: int, most: int = MAX_PIXELS) -> None:
    """Raise ImageError if a picture's header claims too many pixels, or too few."""
    if width * height > most:
        raise ImageError(too_large(f"{width}×{height} pixels", most))
    if min(width, height) < MIN_SIDE:
        raise ImageError(
            f"the picture has {width}×{height} pixels, too small to hold a galaxy: "
            f"use one with at least {MIN_SIDE} pixels a side"
        )


def too_large(size: str, most: int = MAX_PIXELS) -> str:
    """Format the message on a picture with too many pixels."""
    return (
        f"the picture has {size}, more than the {most // 10**6} million that are read: "
        "cut out the galaxy or scale the picture down"
    )
