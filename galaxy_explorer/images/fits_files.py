"""FITS files as they are: opened with bounds, listed, and read plane by plane in strips."""

import bz2
import gzip
import io
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

import numpy as np

from galaxy_explorer.images.reading import ImageError

MAX_UNPACKED_BYTES = 512 * 2**20  # of a packed file: more than any cutout or survey frame has
MAX_UNITS = 500  # headers and data units of a file that are looked at
MAX_TILE_PIXELS = 50_000_000  # of one tile of a compressed image, which is unpacked at once
STRIP_PIXELS = 1_000_000  # read at a time
SHOWN_PIXELS = 2_100_000  # a plane with more, some 1,450 a side, is averaged: networks see 128 a side

CARD = 80  # bytes of a header's line
HEADER_PIECE = 36 * CARD * 16  # bytes of a header that are read at a time

_TOO_MANY = re.compile(rb"(?:NAXIS   |ZNAXIS  |TFIELDS )= *\+?0*[1-9]\d{3}")
_END = b"END".ljust(CARD)
_quieting = threading.Lock()


@dataclass(frozen=True)
class Unit:
    """A header and data unit of a FITS file that holds numbers on a grid."""

    number: int  # in the file, 0 is the primary
    name: str  # EXTNAME in small letters, or nothing
    shape: tuple[int, ...]  # in numpy's order, axes of length 1 left out
    header: Any  # an astropy.io.fits.Header
    hdu: Any

    def size(self) -> str:
        """Give the lengths of the axes in words, width first."""
        return "×".join(f"{length:,}" for length in reversed(self.shape))


@dataclass(frozen=True)
class Plane:
    """Two axes of a unit, rows and columns, at a place along the third, if there is one."""

    unit: Unit
    place: int | None = None

    @property
    def axes(self) -> tuple[int, int]:
        """The axes of rows and columns in the unit's shape."""
        return (0, 1) if self.place is None or self.unit.shape[0] != min(self.unit.shape) else (1, 2)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.axes
        return self.unit.shape[rows], self.unit.shape[columns]


def quiet_astropy() -> None:
    """Have astropy's warnings ignored in this process: what they warn of is checked and told as notes here.

    A filter that stays can be set from any thread, which `warnings.catch_warnings` cannot.
    """
    from astropy.utils.exceptions import AstropyWarning

    ours = ("ignore", None, AstropyWarning, None, 0)
    with _quieting:
        if ours not in warnings.filters:
            warnings.filterwarnings("ignore", category=AstropyWarning)


@contextmanager
def opened(file: BinaryIO) -> Iterator[Any]:
    """Open a FITS file, unpacking it where it is packed, as an astropy HDUList; nothing of the data is read yet."""
    from astropy.io import fits

    quiet_astropy()
    unpacked = _unpacked(file)
    _check_counts(unpacked, 0)
    unpacked.seek(0)
    with fits.open(unpacked, mode="readonly", memmap=False, lazy_load_hdus=True) as units:
        yield units


def _check_counts(file: Any, start: int) -> None:
    """Refuse a header, beginning at a byte of the file, whose numbers of axes or columns astropy would count one by one."""
    file.seek(start)
    seen = b""
    while piece := file.read(HEADER_PIECE):
        seen += piece
        header, end, _ = seen.partition(_END)
        if _TOO_MANY.search(header):
            raise ImageError(
                "the FITS file says that it has 1,000 axes or columns or more; it is damaged: fetch or save it again"
            )
        if end:
            break
        seen = seen[-2 * CARD :]


def _unpacked(file: BinaryIO) -> BinaryIO:
    """Unpack a file that is packed by gzip or bzip2 into memory, within bounds; give another as it is."""
    start = file.read(2)
    file.seek(0)
    if start == b"SI":
        return file
    with gzip.GzipFile(fileobj=file) if start == b"\x1f\x8b" else bz2.BZ2File(file) as unpacking:
        if not unpacking.peek(9).startswith(b"SIMPLE  ="):
            raise ImageError("the file is packed and holds no FITS: unpack it, or give a picture")
        content = unpacking.read(MAX_UNPACKED_BYTES + 1)
    if len(content) > MAX_UNPACKED_BYTES:
        raise ImageError(
            f"the FITS file takes more than {MAX_UNPACKED_BYTES // 2**20} MiB unpacked: cut out the galaxy, or unpack "
            "the file and name it to the command line"
        )
    return io.BytesIO(content)


def units_of(units: Any) -> tuple[list[Unit], list[str]]:
    """List the units that hold numbers on a grid, and say what each of the others is."""
    grids, others = [], []
    for number, hdu in enumerate(islice(units, MAX_UNITS)):
        name = str(hdu.header.get("EXTNAME", "")).strip().lower()
        if hdu.is_image and hdu.shape and 0 not in hdu.shape:
            shape = tuple(int(length) for length in hdu.shape if length > 1)
            grids.append(Unit(number, name, shape, hdu.header, hdu))
        else:
            others.append(f"{called(number, name)} ({_in_words(hdu)})")
        place = hdu.fileinfo()
        _check_counts(place["file"], place["datLoc"] + place["datSpan"])  # before astropy reads the next one
    return grids, others


def called(number: int, name: str) -> str:
    """Name a unit for people, by its place in the file and its EXTNAME."""
    return f"{number} {name or ('primary' if number == 0 else 'without a name')}"


def _in_words(hdu: Any) -> str:
    """Say what a unit without an image is."""
    if hdu.is_image:
        return "empty"
    rows, columns = (hdu.header.get(name, "?") for name in ("NAXIS2", "TFIELDS"))
    return f"a table of {rows} rows and {columns} columns" if "TABLE" in str(hdu.header.get("XTENSION")) else "unknown"


def averaging_of(shape: tuple[int, int]) -> int:
    """Give the side of the squares of pixels that are averaged so that a plane is not too large, 1 for most."""
    return int(np.ceil(np.sqrt(shape[0] * shape[1] / SHOWN_PIXELS)))


def read_plane(plane: Plane, averaging: int) -> np.ndarray:
    """Read a plane in strips.

    Parameters
    ----------
    plane : Plane
        Which one.
    averaging : int
        The side of the squares of pixels that are averaged. What does not fill a square at the ends is left out.

    Returns
    -------
    (H // averaging, W // averaging) np.ndarray of float32
        The file's physical values (BZERO + BSCALE × stored value) in its order of rows; NaN where a pixel is
        blank or infinite, and where all of a square are.
    """
    height, width = (length // averaging * averaging for length in plane.shape)
    strip = _strip(plane, averaging, width)
    read = [
        _averaged(_rows(plane, top, min(top + strip, height))[:, :width], averaging) for top in range(0, height, strip)
    ]
    return np.concatenate(read)


def _strip(plane: Plane, averaging: int, width: int) -> int:
    """Give the rows of a strip: whole squares, and whole tiles of a compressed image."""
    tile = getattr(plane.unit.hdu, "tile_shape", None)
    if tile and np.prod([float(length) for length in tile]) > MAX_TILE_PIXELS:
        raise ImageError(
            f"the FITS image is compressed in tiles of {np.prod(tile):,} pixels, more than the "
            f"{MAX_TILE_PIXELS // 10**6} million that are unpacked at once: save it in smaller tiles, or uncompressed"
        )
    tall = int(tile[plane.axes[0] - len(plane.unit.shape)]) if tile else 1
    together = int(np.lcm(tall, averaging))
    return max(1, STRIP_PIXELS // (width * together)) * together


def _rows(plane: Plane, top: int, end: int) -> np.ndarray:
    """Read some rows of a plane, (end - top, W) of float32."""
    rows, _ = plane.axes
    chosen: list[int | slice] = [slice(None)] * len(plane.unit.shape)
    chosen[rows] = slice(top, end)
    if plane.place is not None and rows == 1:
        chosen[0] = plane.place
    along = iter(chosen)
    index = tuple(0 if length == 1 else next(along) for length in plane.unit.hdu.shape)
    with np.errstate(over="ignore", invalid="ignore"):  # what float32 cannot hold is as good as infinite
        values = np.asarray(plane.unit.hdu.section[index])
        if plane.place is not None and rows == 0:  # astropy reads such a plane pixel by pixel: take all of them
            values = values[..., plane.place]
        known = values != _blank(plane.unit.header, values.dtype)
        values = values.astype(np.float32)
    return np.where(known & np.isfinite(values), values, np.float32(np.nan))


def _blank(header: Any, kind: np.dtype) -> Any:
    """Give the value as which astropy reads blank pixels: it forgets BLANK = 0, and BLANK of unsigned integers."""
    stored = header.get("BLANK")
    if header["BITPIX"] < 0 or type(stored) is not int:
        return np.nan  # which equals nothing
    zero, scale = header.get("BZERO", 0), header.get("BSCALE", 1)
    # In the type that astropy reckons with, or the last digit would differ.
    return np.array([stored], kind) * scale + zero if kind.kind == "f" else stored + int(zero)


def _averaged(values: np.ndarray, side: int) -> np.ndarray:
    """Average squares of pixels, (H, W) to (H // side, W // side), over those that are known."""
    if side == 1:
        return values
    squares = values.reshape(values.shape[0] // side, side, values.shape[1] // side, side)
    known = np.isfinite(squares).sum(axis=(1, 3))
    with np.errstate(invalid="ignore", over="ignore"):
        return (np.nansum(squares, axis=(1, 3), dtype=np.float64) / np.where(known, known, np.nan)).astype(np.float32)
