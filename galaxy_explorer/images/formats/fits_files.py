"""Bounded reading of FITS files: header and data units, and planes in strips."""

import bz2
import gzip
import re
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

from galaxy_explorer.images.exposure import ImageError

MAX_UNPACKED_BYTES = 512 * 2**20  # of a file packed by gzip: more than any cutout or survey frame has
MAX_UNPACKED_BZIP2_BYTES = 128 * 2**20  # of one packed by bzip2, which takes 5 s; SDSS's frames have 12 MiB
MAX_HEADER_BYTES = 16 * 2**20  # of a packed file, until its first END
UNPACKED_IN_MEMORY = 32 * 2**20  # bytes; more are unpacked to the disk
MAX_UNITS = 500  # headers and data units that are read of a file

CARD = 80  # bytes of a header's line
HEADER_PIECE = 36 * CARD * 16  # bytes of a header that are read at a time

# Cards that place and scale the pixels: nothing can be read if one of them is not a number.
_PIXEL_CARD = re.compile(rb"(?:BITPIX  |NAXIS[ 12]  |BSCALE  |BZERO   |BLANK   )= .{70}", re.DOTALL)
_TOO_MANY = re.compile(rb"(?:NAXIS   |ZNAXIS  |TFIELDS )= *\+?0*[1-9]\d{3}")
_END = b"END".ljust(CARD)
_HEADER_START = re.compile(rb"SIMPLE  =[ -~]{1,2871}")  # as much as there is of the first block, of printed ASCII
_quieting = threading.Lock()


@dataclass(frozen=True)
class Unit:
    """A header and data unit of a FITS file that holds numbers on a grid."""

    number: int  # in the file, 0 is the primary
    name: str  # EXTNAME in small letters, or empty
    shape: tuple[int, ...]  # in numpy's order, without axes of length 1
    header: Any  # an astropy.io.fits.Header
    hdu: Any

    def size(self) -> str:
        """Format the lengths of the axes, width first."""
        return "×".join(f"{length:,}" for length in reversed(self.shape))


@dataclass(frozen=True)
class Plane:
    """Two axes of a unit, rows and columns, at an index along the third, if it has one."""

    unit: Unit
    index: int | None = None

    @property
    def axes(self) -> tuple[int, int]:
        """The axes of rows and columns in the unit's shape."""
        return (0, 1) if self.index is None or self.unit.shape[0] != min(self.unit.shape) else (1, 2)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.axes
        return self.unit.shape[rows], self.unit.shape[columns]


def quiet_astropy() -> None:
    """Ignore astropy's warnings in this process; their causes are checked and become notes.

    A permanent filter is thread-safe, `warnings.catch_warnings` is not.
    """
    from astropy.utils.exceptions import AstropyWarning

    with _quieting:
        if ("ignore", None, AstropyWarning, None, 0) not in warnings.filters:
            warnings.filterwarnings("ignore", category=AstropyWarning)


def value_of(header: Any, keyword: str, default: Any = None) -> Any:
    """Return the value of a header's card; the default if it is missing or cannot be parsed."""
    from astropy.io.fits import VerifyError

    try:
        return header.get(keyword, default)
    except VerifyError:
        return default


def text_of(header: Any, keyword: str) -> str:
    """Return the value of a header's card as text; empty if it is missing or cannot be parsed."""
    return str(value_of(header, keyword, "")).strip()


@contextmanager
def opened(file: BinaryIO) -> Iterator[Any]:
    """Open a FITS file, unpacked if needed, as an astropy HDUList; no data is read yet."""
    from astropy.io import fits

    quiet_astropy()
    with _unpacked(file) as unpacked:
        if odd := _odd_card(unpacked, 0):
            raise ImageError(
                f"the FITS file cannot be read ({odd}): correct or remove the card, or save the file again"
            )
        unpacked.seek(0)
        with fits.open(unpacked, mode="readonly", memmap=False, lazy_load_hdus=True) as units:
            yield units


def _odd_card(file: Any, start: int) -> str:
    """Return in words a card that the pixels need and that cannot be parsed; empty if none.

    ImageError is raised for a header whose many axes or columns astropy would count one by one.
    """
    file.seek(start)
    seen, odd = b"", ""
    while piece := file.read(HEADER_PIECE):
        seen += piece
        header, end, _ = seen.partition(_END)
        cards = (found[0] for found in _PIXEL_CARD.finditer(header) if found.start() % CARD == 0)
        odd = odd or next(filter(None, map(_unparsable, cards)), "")
        if _TOO_MANY.search(header):
            raise ImageError(
                "the FITS file says that it has 1,000 axes or columns or more; it is damaged: fetch or save it again"
            )
        if end:
            break
        seen = seen[-2 * CARD :]
    return odd


def _unparsable(image: bytes) -> str:
    """Return the keyword and the text of a card that astropy cannot parse; empty if it can."""
    from astropy.io.fits import Card, VerifyError

    card = image.decode("latin-1")
    try:
        _ = Card.fromstring(card).value
    except VerifyError:
        return f"its card {card[:8].strip()} is “{card[10:].partition('/')[0].strip()}”, and a number was expected"
    return ""


@contextmanager
def _unpacked(file: BinaryIO) -> Iterator[Any]:
    """Unpack a gzip or bzip2 file piece by piece, within bounds; yield another file as it is."""
    start = file.read(2)
    file.seek(0)
    if start == b"SI":
        yield file
        return
    gzipped = start == b"\x1f\x8b"
    most = MAX_UNPACKED_BYTES if gzipped else MAX_UNPACKED_BZIP2_BYTES
    with (
        gzip.GzipFile(fileobj=file) if gzipped else bz2.BZ2File(file) as unpacking,
        tempfile.SpooledTemporaryFile(UNPACKED_IN_MEMORY) as unpacked,
    ):
        has_end, tail = False, b""
        while piece := unpacking.read(HEADER_PIECE):
            if not unpacked.tell() and not _HEADER_START.match(piece):
                raise ImageError("the file is packed and holds no FITS: unpack it, or use a picture")
            has_end = has_end or _END in tail + piece
            tail = piece[-CARD:]
            unpacked.write(piece)
            if unpacked.tell() > (most if has_end else min(most, MAX_HEADER_BYTES)):
                raise ImageError(
                    f"the FITS file takes more than {most // 2**20} MiB unpacked, or its header does not end: cut out "
                    "the galaxy, or unpack the file and predict it on the command line"
                )
        unpacked.seek(0)
        yield unpacked


def units_of(units: Any) -> tuple[list[Unit], list[str]]:
    """List the units that hold numbers on a grid, and the others in words."""
    grids, others = [], []
    for number, hdu in enumerate(islice(units, MAX_UNITS)):
        name = text_of(hdu.header, "EXTNAME").lower()
        if not hasattr(hdu, "fileinfo"):  # astropy cannot tell what it is, nor where the next one begins
            others.append(f"{label_of(number, name)} (damaged)")
            break
        if hdu.is_image and hdu.shape and 0 not in hdu.shape:
            shape = tuple(int(length) for length in hdu.shape if length > 1)
            grids.append(Unit(number, name, shape, hdu.header, hdu))
        else:
            others.append(f"{label_of(number, name)} ({_kind_of(hdu)})")
        location = hdu.fileinfo()
        # Before astropy reads the next one.
        if odd := _odd_card(location["file"], location["datLoc"] + location["datSpan"]):
            others.append(f"{number + 1} ({odd})")
            break
    return grids, others


def label_of(number: int, name: str) -> str:
    """Format a unit's number and EXTNAME for messages."""
    return f"{number} {name or ('primary' if number == 0 else 'without a name')}"


def _kind_of(hdu: Any) -> str:
    """Return in words what a unit without an image is."""
    if hdu.is_image:
        return "empty"
    rows, columns = (value_of(hdu.header, name, "?") for name in ("NAXIS2", "TFIELDS"))
    return f"a table of {rows} rows and {columns} columns" if "TABLE" in text_of(hdu.header, "XTENSION") else "unknown"
