"""From the bytes of a picture to a checked RGB array."""

import io
import os
import struct
import zlib
from dataclasses import dataclass
from os import PathLike
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

MAX_PIXELS = 50_000_000  # decoded, 50 Mpx take 150 MB; Galaxy Zoo's pictures have 0.18 Mpx
MAX_FITS_PIXELS = 400_000_000  # of all planes together; they are averaged strip by strip, never held at once
MIN_SIDE = 16  # pixels; below it nothing of a galaxy's shape is left

# The formats that are tried, by the first bytes of the file. Pillow's own `Image.open` is not used: it
# warns of large pictures through the process-wide `warnings`, which threads cannot catch safely.
_FORMATS: tuple[tuple[bytes, type[ImageFile]], ...] = (
    (b"\xff\xd8\xff", JpegImageFile),
    (b"\x89PNG\r\n\x1a\n", PngImageFile),
    (b"II\x2a\x00", TiffImageFile),
    (b"MM\x00\x2a", TiffImageFile),
    (b"II\x2b\x00", TiffImageFile),  # BigTIFF
    (b"MM\x00\x2b", TiffImageFile),
)

# What people take for pictures, in words.
_OTHERS = (
    (b"%PDF", "a PDF document"),
    (b"GIF8", "a GIF"),
    (b"BM", "a Windows bitmap"),
    (b"PK\x03\x04", "a zip file or an office document"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000"),
)

FITS_ENDINGS = (
    *(".fits", ".fit", ".fts", ".fz", ".fits.fz", ".fit.fz", ".fts.fz", ".fits.gz", ".fit.gz", ".fts.gz"),
    *(".fits.bz2", ".fit.bz2", ".fts.bz2"),  # SDSS packs its frames so
)

# The note on a picture of one band, and on one without colours.
GREY = "shown in grey; the networks learnt colours, so take their answers with care"

# FITS as it is, and packed by gzip or bzip2. Tile-compressed FITS (.fz) begins as FITS does.
FITS_STARTS = (b"SIMPLE  =", b"\x1f\x8b", b"BZh")

# What Pillow's decoders raise on damaged files. Warning: where a caller has turned warnings into errors.
DAMAGED = (
    *(OSError, SyntaxError, ValueError, LookupError, TypeError, ArithmeticError, EOFError, MemoryError),
    *(struct.error, zlib.error, Warning),
)


class ImageError(ValueError):
    """The bytes hold no picture that can be shown to a network; the message says why and what to do."""


@dataclass(frozen=True)
class Position:
    """Where on the sky the middle of a picture lies, and how fine its pixels are."""

    ra_deg: float  # ICRS, [0, 360)
    dec_deg: float  # ICRS, [-90, 90]
    pixel_scale_arcsec: float  # of the pixels that are given, which may be means of several of the file


@dataclass(frozen=True)
class Exposure:
    """A picture and what else its file says.

    Parameters
    ----------
    picture : (H, W, 3) np.ndarray of uint8
        The picture in RGB; in one from FITS, north is up where the file follows that custom.
    name : str
        Which of the file's images it is; empty where a file has but one.
    choices : tuple of str
        The names of all images of a FITS file that can be shown.
    notes : tuple of str
        What had to be done to show it, each a clause that can stand in a list.
    position : Position or None
        Where it lies on the sky, if the file says so.
    """

    picture: np.ndarray
    name: str = ""
    choices: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    position: Position | None = None


Source = bytes | str | PathLike[str] | BinaryIO


def read_image(source: Source, *, shortest: int | None = None) -> np.ndarray:
    """Read a JPEG, PNG, TIFF, WebP or FITS picture of any mode as RGB.

    16-bit pictures are scaled so that 65535 becomes 255, pictures of floats by their own finite range
    (NaN becomes black); 32-bit integers count as 16-bit where they fit, else go by their own range.
    Transparency is laid on black, and the orientation noted by a camera is applied. Of a file with
    several pictures the first is read; of a FITS file the one that `read_exposure` takes, stretched as
    it says there. Any number of threads may read at once.

    Parameters
    ----------
    source : bytes, path or binary file
        The picture's bytes, its path, or a file opened for reading in binary.
    shortest : int, optional
        How many pixels of the shorter side are enough. A JPEG picture is then decoded at a half, a quarter or
        an eighth of its size where that leaves so many, which is much faster.

    Returns
    -------
    (H, W, 3) np.ndarray of uint8
        The picture in RGB, 0 to 255.

    Raises
    ------
    ImageError
        If there is no such file, it is none of these formats, it is damaged, too small
        (a side below `MIN_SIDE` pixels) or too large (more than `MAX_PIXELS` pixels, of FITS
        `MAX_FITS_PIXELS`; this is read from the header, before anything is decoded).
    """
    return _read(source, None, located=False, shortest=shortest).picture


def read_exposure(source: Source, image: str | None = None, *, located: bool = True) -> Exposure:
    """Read a picture with what its file says of it: the images to choose from, notes, the place on the sky.

    A FITS image is stretched by `images.stretch` and turned so that its first row is at the bottom. Three
    images of different bands make one in colour; of a file with several, that one is taken unless
    another is named, and else the first that is no map of errors, weights or flags.

    Parameters
    ----------
    source : bytes, path or binary file
        As for `read_image`. Of a FITS file under a path only what is shown is read.
    image : str, optional
        Which image of a FITS file, by its name among the `choices`.
    located : bool, optional
        Whether to work out its place on the sky, which takes longer than a small picture.

    Returns
    -------
    Exposure
        The picture and what is known of it; of other formats than FITS, the picture, and whether it is grey.

    Raises
    ------
    ImageError
        As of `read_image`, or when the file has no such image.
    """
    return _read(source, image, located=located)


def _read(source: Source, image: str | None, *, located: bool, shortest: int | None = None) -> Exposure:
    """Read a picture, and turn everything that a damaged file raises into words."""
    try:
        if isinstance(source, str | PathLike):
            with open(source, "rb") as file:
                return _decode(file, image, located, shortest)
        content = io.BytesIO(source) if isinstance(source, bytes | bytearray | memoryview) else source
        return _decode(content, image, located, shortest)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:  # Pillow refuses a large WebP by itself, from the header
        raise ImageError(_too_large(str(error).partition(")")[0].partition("(")[2])) from error
    except DAMAGED as error:
        raise ImageError(
            f"the picture cannot be read ({error}); the file is missing, damaged or cut short: fetch or save it again"
        ) from error


def _decode(file: BinaryIO, image: str | None, located: bool, shortest: int | None) -> Exposure:
    """Decode an open file after checking its first bytes and the size in its header."""
    start = file.read(16)
    file.seek(0)
    if start.startswith(FITS_STARTS):
        from galaxy_explorer.images.fits import read_fits

        return read_fits(file, image, located=located)
    plugin = next((plugin for magic, plugin in _FORMATS if start.startswith(magic)), None)
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        plugin = WebPImageFile
    if plugin is None:
        raise ImageError(
            f"{_in_words(start)} is not a picture in JPEG, PNG, TIFF, WebP or FITS: save the picture as one of these"
        )
    with plugin(file) as picture:
        width, height = picture.size
        if width * height > MAX_PIXELS:
            raise ImageError(_too_large(f"{width}×{height} pixels"))
        if min(width, height) < MIN_SIDE:
            raise ImageError(
                f"the picture has {width}×{height} pixels, too small to hold a galaxy: "
                f"give one with at least {MIN_SIDE} pixels a side"
            )
        if shortest and isinstance(picture, JpegImageFile):
            picture.draft(picture.mode, (shortest, shortest))
        levels = _to_rgb(ImageOps.exif_transpose(picture))
        is_grey = np.array_equal(levels[..., 0], levels[..., 1]) and np.array_equal(levels[..., 1], levels[..., 2])
        return Exposure(levels, notes=(GREY,) if is_grey else ())


def _in_words(start: bytes) -> str:
    """Say what a file is that begins so."""
    if not start:
        return "an empty file"
    known = next((words for magic, words in _OTHERS if start.startswith(magic)), "")
    if known:
        return known
    is_text = start.lstrip()[:1] == b"<" or all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in start)
    return "a file of text" if is_text else "a file of a kind that is not known here"


def _too_large(found: str) -> str:
    """Say that a picture has too many pixels."""
    return (
        f"the picture has {found}, more than the {MAX_PIXELS // 10**6} million that are read: "
        "cut out the galaxy or scale the picture down"
    )


def _to_rgb(picture: Image.Image) -> np.ndarray:
    """Turn a decoded picture of any mode into RGB with its values right."""
    if picture.mode.startswith("I;16"):
        return _grey_to_rgb(_scaled(np.asarray(picture, dtype=float), 0, 65535))
    if picture.mode == "I":
        values = np.asarray(picture, dtype=float)
        in_16_bits = values.min() >= 0 and values.max() <= 65535
        return _grey_to_rgb(_scaled(values, *((0, 65535) if in_16_bits else (values.min(), values.max()))))
    if picture.mode == "F":
        with np.errstate(invalid="ignore"):  # of a signalling NaN
            values = np.asarray(picture, dtype=float)
        finite = values[np.isfinite(values)]
        if finite.size == 0:
            raise ImageError("no pixel of the picture holds a finite number: save it again with its values")
        return _grey_to_rgb(_scaled(values, finite.min(), finite.max()))
    if "transparency" in picture.info or picture.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        if picture.mode == "La":
            picture = picture.convert("LA")
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, (0, 0, 0, 255)), picture)
    return np.array(picture.convert("RGB"))


def _scaled(values: np.ndarray, darkest: float, brightest: float) -> np.ndarray:
    """Scale values so that darkest becomes 0 and brightest 255; NaN and a picture of one value become 0."""
    span = brightest - darkest
    grey = (values - darkest) * (255.0 / span) if span > 0 else np.zeros(values.shape)
    return np.rint(np.clip(np.nan_to_num(grey, nan=0.0, posinf=255.0, neginf=0.0), 0, 255)).astype(np.uint8)


def _grey_to_rgb(grey: np.ndarray) -> np.ndarray:
    """Repeat one channel three times."""
    return np.repeat(grey[..., np.newaxis], 3, axis=-1)


def stem_of(name: str) -> str:
    """Take the ending off the name of a picture's file; ``.fits.gz`` and its like are one ending."""
    doubled = next((ending for ending in FITS_ENDINGS if ending.count(".") == 2 and is_named(name, ending)), None)
    return name[: -len(doubled)] if doubled else os.path.splitext(name)[0]


def is_named(name: str, *endings: str) -> bool:
    """Tell whether a file's name has one of some endings, in capitals or not."""
    return name.lower().endswith(endings)


def check_picture(image: np.ndarray) -> None:
    """Refuse an array that is not an RGB picture.

    Parameters
    ----------
    image : np.ndarray
        What should be (H, W, 3) of uint8.

    Raises
    ------
    ValueError
        If it is not.
    """
    if image.ndim != 3 or image.shape[-1] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise ValueError(f"an array {image.shape} of {image.dtype} was given; a picture is (H, W, 3) of uint8")
