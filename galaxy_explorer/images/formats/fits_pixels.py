"""Pixels of FITS images: planes and parts of them, read in strips as floats."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from galaxy_explorer.images.exposure import ImageError
from galaxy_explorer.images.formats.fits_files import Plane, Unit, value_of

MAX_TILE_PIXELS = 20_000_000  # of one tile of a compressed image, which is unpacked at once: up to 0.5 GB
STRIP_PIXELS = 1_000_000  # read at a time
SHOWN_PIXELS = 2_100_000  # a plane with more, some 1,450 a side, is averaged: networks see 128 a side
BEYOND = 1e100  # an absolute value above it is as good as infinite: its square would be


def averaging_of(shape: tuple[int, int]) -> int:
    """Return how many pixels a side to average so that a plane is not too large; often 1."""
    return int(np.ceil(np.sqrt(shape[0] * shape[1] / SHOWN_PIXELS)))


def read_plane(plane: Plane, averaging: int, fills: Sequence[float] = ()) -> np.ndarray:
    """Read a plane in strips as floats, averaged over squares of pixels.

    The values are physical (BZERO + BSCALE × stored value), in the file's order of rows; NaN where a pixel, or all
    of a square, is blank, infinite or one of the `fills`. An incomplete square at the ends is left out.
    """
    height, width = (length // averaging * averaging for length in plane.shape)
    step = _strip(plane, averaging, width)
    tops, columns = range(0, height, step), slice(0, width)
    strips = (_values(plane, slice(top, min(top + step, height)), columns, fills) for top in tops)
    return np.concatenate([averaged(strip, averaging) for strip in strips])


def read_section(plane: Plane, rows: slice, columns: slice, averaging: int = 1) -> np.ndarray:
    """Read a part of a plane as `read_plane` reads all of it, without the rest of the file.

    Parameters
    ----------
    plane : Plane
    rows, columns : slice
        Of the plane, with start and stop; a multiple of `averaging` pixels.
    averaging : int, optional
        Pixels a side that become one.

    Returns
    -------
    (H, W) np.ndarray of float
        NaN where a pixel, or all of a square, is blank or infinite.
    """
    step = _strip(plane, averaging, columns.stop - columns.start)
    tops = range(rows.start, rows.stop, step)
    strips = (_values(plane, slice(top, min(top + step, rows.stop)), columns) for top in tops)
    return np.concatenate([averaged(strip, averaging) for strip in strips])


def _strip(plane: Plane, averaging: int, width: int) -> int:
    """Return the rows of a strip: whole squares, and whole tiles of a compressed image."""
    tile = getattr(plane.unit.hdu, "tile_shape", None)
    if tile and np.prod([float(length) for length in tile]) > MAX_TILE_PIXELS:
        raise ImageError(
            f"the FITS image is compressed in tiles of {np.prod(tile):,} pixels, more than the "
            f"{MAX_TILE_PIXELS // 10**6} million that are unpacked at once: save it in smaller tiles, or uncompressed"
        )
    tall = int(tile[plane.axes[0] - len(plane.unit.shape)]) if tile else 1
    together = int(np.lcm(tall, averaging))
    return max(1, STRIP_PIXELS // (width * together)) * together


def _values(plane: Plane, rows: slice, columns: slice, fills: Sequence[float] = ()) -> np.ndarray:
    """Read a part of a plane as float32, or as float64 if the file has 8 bytes."""
    along_rows, along_columns = plane.axes
    chosen: list[int | slice] = [slice(None)] * len(plane.unit.shape)
    chosen[along_rows], chosen[along_columns] = rows, columns
    if plane.index is not None and along_rows == 1:
        chosen[0] = plane.index
    along = iter(chosen)
    section = tuple(0 if length == 1 else next(along) for length in plane.unit.hdu.shape)
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.asarray(_stored(plane.unit, section))
        if plane.index is not None and along_rows == 0:  # astropy reads such a plane pixel by pixel: read all of them
            values = values[..., plane.index]
        known = values != _blank(plane.unit.header, values.dtype)
        values = values.astype(np.float64 if values.dtype.itemsize == 8 else np.float32)
        known &= np.abs(values) < BEYOND
        for fill in fills:  # the average of equal values may differ from them in the last digit
            known &= np.abs(values - fill) > 1e-12 * abs(fill)
    return np.where(known, values, values.dtype.type(np.nan))


def _stored(unit: Unit, section: tuple[int | slice, ...]) -> np.ndarray:
    """Return a section of a unit's values; floats of a file on disk are mapped.

    astropy reads each row of a section by itself, which takes 60 times as long.
    """
    location, header = unit.hdu.fileinfo(), unit.header
    path = getattr(location["file"], "name", None)
    is_plain = (
        not hasattr(unit.hdu, "tile_shape") and header["BITPIX"] < 0 and not {"BSCALE", "BZERO"}.intersection(header)
    )
    if not (is_plain and unit.hdu.shape == unit.shape and isinstance(path, str) and os.path.isfile(path)):
        return unit.hdu.section[section]
    first = section[0]
    top, bottom = (first.start, first.stop) if isinstance(first, slice) else (first, first + 1)
    kind = np.dtype(f">f{-header['BITPIX'] // 8}")
    offset = location["datLoc"] + top * int(np.prod(unit.shape[1:])) * kind.itemsize
    mapped = np.memmap(path, kind, "r", offset, (bottom - top, *unit.shape[1:]))
    return mapped[slice(None) if isinstance(first, slice) else 0, *section[1:]]


def _blank(header: Any, kind: np.dtype) -> Any:
    """Return the value of blank pixels, which astropy ignores for 0 and unsigned integers."""
    stored = value_of(header, "BLANK")
    if header["BITPIX"] < 0 or type(stored) is not int:
        return np.nan  # which equals nothing
    zero, scale = header.get("BZERO", 0), header.get("BSCALE", 1)
    # In the type that astropy computes with, or the last digit would differ.
    return np.array([stored], kind) * scale + zero if kind.kind == "f" else stored + int(zero)


def averaged(values: np.ndarray, side: int) -> np.ndarray:
    """Average squares of pixels, (H, W) to (H // side, W // side), over the finite ones."""
    if side == 1:
        return values
    squares = values.reshape(values.shape[0] // side, side, values.shape[1] // side, side)
    known = np.isfinite(squares).sum(axis=(1, 3))
    with np.errstate(invalid="ignore", over="ignore"):
        return (np.nansum(squares, axis=(1, 3), dtype=np.float64) / np.where(known, known, np.nan)).astype(values.dtype)
