"""Reading of picture files: from bytes to a checked RGB array."""

import io
import os
from os import PathLike
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from galaxy_explorer.images.exposure import DAMAGED, GREY, MAX_PIXELS, MIN_SIDE, Exposure, ImageError
from galaxy_explorer.images.fits import read_fits

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

# What is often uploaded instead of a picture.
_OTHERS = (
    (b"%PDF", "a PDF document"),
    (b"GIF8", "a GIF"),
    (b"BM", "a Windows bitmap"),
    (b"PK\x03\x04", "a zip file or an office document"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000"),
)

# SDSS packs its frames with bzip2; .fz is tile compression.
FITS_ENDINGS = (
    ".fz",
    *(f".{name}{packed}" for name in ("fits", "fit", "fts") for packed in ("", ".fz", ".gz", ".bz2")),
)

# FITS as it is, and packed by gzip or bzip2. Tile-compressed FITS (.fz) begins as FITS does.
FITS_STARTS = (b"SIMPLE  =", b"\x1f\x8b", b"BZh")

PictureSource = bytes | str | PathLike[str] | BinaryIO


def read_image(source: PictureSource, *, shortest: int | None = None) -> np.ndarray:
    """Read a JPEG, PNG, TIFF, WebP or FITS picture of any mode as RGB.

    16-bit pictures are scaled so that 65535 becomes 255, pictures of floats by their own finite range
    (NaN becomes black); 32-bit integers count as 16-bit if they fit, else they are scaled by their own range.
    Transparency is laid on black, and the camera's orientation is applied. Of a file with several pictures
    the first is read; of a FITS file the one that `read_exposure` reads, with the same stretch. Thread-safe.

    Parameters
    ----------
    source : bytes, path or binary file
        The picture's bytes, its path, or a file opened for reading in binary.
    shortest : int, optional
        How many pixels of the shorter side are enough. A JPEG picture is then decoded at a half, a quarter or
        an eighth of its size if that leaves so many, which is much faster.

    Returns
    -------
    (H, W, 3) np.ndarray of uint8
        The picture in RGB, 0 to 255.

    Raises
    ------
    ImageError
        If the file does not exist, has another format, is damaged, too small (a side below `MIN_SIDE` pixels)
        or too large (more than `MAX_PIXELS` pixels, of FITS `MAX_FITS_PIXELS`; this is read from the header,
        before anything is decoded).
    """
    return _read(source, None, located=False, shortest=shortest).picture


def read_exposure(source: PictureSource, image: str | None = None, *, located: bool = True) -> Exposure:
    """Read a picture with its notes, its position on the sky and the images to choose from.

    A FITS image is stretched by `images.stretch` and flipped so that its first row is at the bottom. Three
    images of different bands make one in colour, which is read unless another is named; without one, the
    first image that does not hold errors, weights or flags.

    Parameters
    ----------
    source : bytes, path or binary file
        As for `read_image`. Of a FITS file under a path only what is shown is read.
    image : str, optional
        Which image of a FITS file, by its name among the `choices`.
    located : bool, optional
        Whether to compute its position on the sky, which takes longer than a small picture.

    Returns
    -------
    Exposure
        Of other formats than FITS, the picture and whether it is grey.

    Raises
    ------
    ImageError
        As for `read_image`, or if the file does not have such an image.
    """
    return _read(source, image, located=located)


def _read(source: PictureSource, image: str | None, *, located: bool, shortest: int | None = None) -> Exposure:
    """Read a picture; raise ImageError for everything that a damaged file raises."""
    try:
        if isinstance(source, str | PathLike):
            with open(source, "rb") as file:
                return _decode(file, image, located, shortest)
        content = io.BytesIO(source) if isinstance(source, bytes | bytearray | memoryview) else source
        return _decode(content, image, located, shortest)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:  # Pillow rejects a large WebP by itself, from the header
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
        return read_fits(file, image, located=located)
    plugin = next((plugin for magic, plugin in _FORMATS if start.startswith(magic)), None)
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        plugin = WebPImageFile
    if plugin is None:
        raise ImageError(
            f"{_kind_of(start)} is not a picture in JPEG, PNG, TIFF, WebP or FITS: save the picture as one of these"
        )
    with plugin(file) as picture:
        width, height = picture.size
        if width * height > MAX_PIXELS:
            raise ImageError(_too_large(f"{width}×{height} pixels"))
        if min(width, height) < MIN_SIDE:
            raise ImageError(
                f"the picture has {width}×{height} pixels, too small to hold a galaxy: "
                f"use one with at least {MIN_SIDE} pixels a side"
            )
        if shortest and isinstance(picture, JpegImageFile):
            picture.draft(picture.mode, (shortest, shortest))
        levels = _to_rgb(ImageOps.exif_transpose(picture))
        is_grey = np.array_equal(levels[..., 0], levels[..., 1]) and np.array_equal(levels[..., 1], levels[..., 2])
        return Exposure(levels, notes=(GREY,) if is_grey else ())


def _kind_of(start: bytes) -> str:
    """Return in words what a file with these first bytes is."""
    if not start:
        return "an empty file"
    for magic, words in _OTHERS:
        if start.startswith(magic):
            return words
    is_text = start.lstrip()[:1] == b"<" or all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in start)
    return "a file of text" if is_text else "a file of an unknown kind"


def _too_large(size: str) -> str:
    """Return the message on a picture with too many pixels."""
    return (
        f"the picture has {size}, more than the {MAX_PIXELS // 10**6} million that are read: "
        "cut out the galaxy or scale the picture down"
    )


def _to_rgb(picture: Image.Image) -> np.ndarray:
    """Convert a decoded picture of any mode to RGB."""
    if picture.mode.startswith("I;16"):
        return _scaled(np.asarray(picture, dtype=float), 0, 65535)
    if picture.mode == "I":
        values = np.asarray(picture, dtype=float)
        low, high = values.min(), values.max()
        return _scaled(values, 0, 65535) if low >= 0 and high <= 65535 else _scaled(values, low, high)
    if picture.mode == "F":
        with np.errstate(invalid="ignore"):  # of a signalling NaN
            values = np.asarray(picture, dtype=float)
        finite = values[np.isfinite(values)]
        if finite.size == 0:
            raise ImageError("every pixel of the picture is NaN or infinite: save it again with its values")
        return _scaled(values, finite.min(), finite.max())
    if "transparency" in picture.info or picture.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        if picture.mode == "La":
            picture = picture.convert("LA")
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, (0, 0, 0, 255)), picture)
    return np.array(picture.convert("RGB"))


def _scaled(values: np.ndarray, darkest: float, brightest: float) -> np.ndarray:
    """Scale grey values to RGB levels; NaN and a picture of one value become 0."""
    span = brightest - darkest
    grey = (values - darkest) * (255.0 / span) if span > 0 else np.zeros(values.shape)
    grey = np.rint(np.clip(np.nan_to_num(grey, nan=0.0, posinf=255.0, neginf=0.0), 0, 255)).astype(np.uint8)
    return np.repeat(grey[..., np.newaxis], 3, axis=-1)


def stem_of(name: str) -> str:
    """Return a picture file's name without its ending; ``.fits.gz`` and its like are one ending."""
    doubled = next((ending for ending in FITS_ENDINGS if ending.count(".") == 2 and is_named(name, ending)), None)
    return name[: -len(doubled)] if doubled else os.path.splitext(name)[0]


def is_named(name: str, *endings: str) -> bool:
    """Return whether a file's name has one of some endings, in any case."""
    return name.lower().endswith(endings)
