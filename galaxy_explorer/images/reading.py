"""Reading of picture files: from bytes to a checked RGB array."""

import io
import os
import re
import threading
from contextlib import AbstractContextManager, nullcontext
from os import PathLike
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, features
from PIL.AvifImagePlugin import AvifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from galaxy_explorer.images.exposure import DAMAGED, GREY, MAX_PIXELS, Exposure, ImageError, check_size, too_large
from galaxy_explorer.images.formats.fits import read_fits
from galaxy_explorer.images.formats.rgb import to_rgb
from galaxy_explorer.images.formats.segments import check_jpeg, check_png, without_texts
from galaxy_explorer.images.formats.tiff import not_read, read_layout, read_samples

MAX_PIXELS_BY_FRAME = 20_000_000  # of WebP and AVIF, whose decoders hold a frame several times: 16 to 18 bytes a pixel
MAX_SCANNED_PIXELS = 1_500_000_000  # of a JPEG picture, times its scans; a progressive one has about 10
MAX_FILE_BYTES = 128 * 2**20  # of a JPEG, WebP or AVIF file, which are held as a whole
LARGE_PIXELS = 10_000_000  # from which on pictures are decoded one at a time: up to 0.4 GB each
DARK = 64  # of 255: deep pictures whose brightest level is below have values of 14 bits or less in 16

_one_large_picture = threading.Lock()

# The formats that are tried, by the first bytes of the file. Pillow's own `Image.open` is not used: it
# warns of large pictures through the process-wide `warnings`, which threads cannot catch safely.
_FORMATS: tuple[tuple[bytes, type[ImageFile]], ...] = (
    (rb"\xff\xd8\xff", JpegImageFile),
    (rb"\x89PNG\r\n\x1a\n", PngImageFile),
    (rb"II[*+]\0|MM\0[*+]", TiffImageFile),  # "+" is BigTIFF
    (rb"RIFF....WEBP", WebPImageFile),
    (rb"....ftyp(avif|avis|(mif1|msf1).{4}(....){0,8}avif)", AvifImageFile),
)

# What is often uploaded instead of a picture.
_OTHERS = (
    (rb"%PDF", "a PDF document"),
    (rb"GIF8", "a GIF"),
    (rb"BM", "a Windows bitmap"),
    (rb"PK\x03\x04", "a zip file or an office document"),
    (rb"\x00\x00\x00\x0cjP  ", "a JPEG 2000"),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", "a JPEG XL"),
    (rb"....ftyp(hei|hev|mif1|msf1)", "an HEIC picture of a phone"),
    (rb"....ftypavi", "an AVIF picture, for which this Pillow was built without a decoder,"),
    (rb"....ftypcrx", "a camera's raw file"),
    (rb"8BPS", "a Photoshop document"),
    (rb"XISF0100", "an XISF picture of PixInsight"),
    (rb"\x89HDF", "an HDF5 file"),
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
    """Read a JPEG, PNG, TIFF, WebP, AVIF or FITS picture of any mode as RGB.

    16-bit pictures are scaled so that 65535 becomes 255, those of 12 bits so that 4095 does, pictures of floats by
    their own finite range (NaN becomes black); signed and 32-bit integers count as 16-bit if they fit, else they are
    scaled by their own range.
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
        or too large: more than `MAX_PIXELS` pixels, of FITS `MAX_FITS_PIXELS`, of WebP and AVIF 20 million; JPEG with
        too many scans; TIFF with more than 400 MB of samples. This is read from the header, before anything is
        decoded.
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
        size = str(error).partition(")")[0].partition("(")[2]
        raise ImageError(too_large(size, MAX_PIXELS_BY_FRAME)) from error
    except DAMAGED as error:
        raise ImageError(
            f"the picture cannot be read ({error}); the file is missing, damaged or cut short: fetch or save it again"
        ) from error


def _decode(file: BinaryIO, image: str | None, located: bool, shortest: int | None) -> Exposure:
    """Decode an open file by its first bytes."""
    start = file.read(64)
    file.seek(0)
    if start.startswith(FITS_STARTS):
        return read_fits(file, image, located=located)
    plugin = next((plugin for magic, plugin in _FORMATS if re.match(magic, start, re.DOTALL)), None)
    if plugin is None or (plugin is AvifImageFile and not features.check("avif")):
        raise ImageError(
            f"{_kind_of(start)} is not a picture in JPEG, PNG, TIFF, WebP, AVIF or FITS: save it as JPEG or PNG"
        )
    if plugin is TiffImageFile:
        return _read_tiff(file)
    if plugin is PngImageFile:
        return _read_png(file)
    content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise ImageError(
            f"the file has more than {MAX_FILE_BYTES // 2**20} MiB: cut out the galaxy, or save it smaller"
        )
    scans = check_jpeg(content) if plugin is JpegImageFile else 1
    with plugin(io.BytesIO(content)) as picture:
        return _exposure(picture, shortest=shortest, scans=scans)


def _read_png(file: BinaryIO) -> Exposure:
    """Read a PNG file, without its texts and profile if Pillow does not accept those."""
    check_png(file)
    try:
        with PngImageFile(file) as picture:
            return _exposure(picture)
    except ImageError:
        raise
    except (ValueError, SyntaxError):  # texts of more than 1 MiB, among others
        with PngImageFile(without_texts(file)) as picture:
            return _exposure(picture)


def _read_tiff(file: BinaryIO) -> Exposure:
    """Read a TIFF file."""
    layout = read_layout(file)
    file.seek(0)
    with _turn(layout.width * layout.height):
        levels = read_samples(file, layout)
    if levels is not None:
        return Exposure(levels, notes=_notes_on(levels, deep=layout.bits > 8))
    file.seek(0)
    try:
        picture = TiffImageFile(file)
    except SyntaxError as error:
        raise not_read(layout) from error
    with picture:
        return _exposure(picture)


def _exposure(picture: ImageFile, *, shortest: int | None = None, scans: int = 1) -> Exposure:
    """Decode a picture after checking the size in its header."""
    width, height = picture.size
    check_size(width, height, MAX_PIXELS_BY_FRAME if isinstance(picture, WebPImageFile | AvifImageFile) else MAX_PIXELS)
    notes: tuple[str, ...] = ()
    if isinstance(picture, JpegImageFile):
        if scans * width * height > MAX_SCANNED_PIXELS:
            raise ImageError(
                f"the JPEG picture has {scans:,} scans of {width:,}×{height:,} pixels, more than are decoded: "
                "save it again"
            )
        if scans > 1 and width * height > MAX_PIXELS / 2 and not shortest:
            shortest = min(width, height) // 2  # libjpeg holds the coefficients of all scans, 6 bytes a pixel
            notes = (f"its {width:,}×{height:,} pixels were averaged 2 by 2",)
        if shortest:
            picture.draft(picture.mode, (shortest, shortest))
    deep = any(";16" in str(tile.args) for tile in picture.tile)
    with _turn(width * height):
        ImageOps.exif_transpose(picture, in_place=True)
        levels = to_rgb(picture)
    return Exposure(levels, notes=notes + _notes_on(levels, deep=deep))


def _turn(pixels: int) -> AbstractContextManager[object]:
    """Return a context that holds the lock for decoding if a picture is large."""
    return _one_large_picture if pixels > LARGE_PIXELS else nullcontext()


def _notes_on(levels: np.ndarray, *, deep: bool) -> tuple[str, ...]:
    """Return the notes on a picture of dark values, and on one without colours."""
    notes = []
    if deep and levels.max() < DARK:
        notes.append(
            f"its values use {max(1, round(levels.max() / 2.55))} % of their range, so that it is dark: "
            "scale them to the whole range, or save it with 8 bits"
        )
    if np.array_equal(levels[..., 0], levels[..., 1]) and np.array_equal(levels[..., 1], levels[..., 2]):
        notes.append(GREY)
    return tuple(notes)


def _kind_of(start: bytes) -> str:
    """Return in words what a file with these first bytes is."""
    if not start:
        return "an empty file"
    for magic, words in _OTHERS:
        if re.match(magic, start, re.DOTALL):
            return words
    is_text = start.lstrip()[:1] == b"<" or all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in start[:16])
    return "a file of text" if is_text else "a file of an unknown kind"


def stem_of(name: str) -> str:
    """Return a picture file's name without its ending; ``.fits.gz`` and its like are one ending."""
    doubled = next((ending for ending in FITS_ENDINGS if ending.count(".") == 2 and is_named(name, ending)), None)
    return name[: -len(doubled)] if doubled else os.path.splitext(name)[0]


def is_named(name: str, *endings: str) -> bool:
    """Return whether a file's name has one of some endings, in any case."""
    return name.lower().endswith(endings)
