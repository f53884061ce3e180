"""FITS images as pictures in the look of SDSS: choice of image, bands and colours."""

import re
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from galaxy_explorer.images import stretch
from galaxy_explorer.images.exposure import GREY, IN_COLOUR, MAX_FITS_PIXELS, MIN_SIDE, Exposure, ImageError
from galaxy_explorer.images.formats.fits_bands import (
    MOST_BANDS,
    band_in,
    band_of,
    bands_of,
    filter_of,
    is_companion,
    triplet_of,
)
from galaxy_explorer.images.formats.fits_files import (
    Plane,
    Unit,
    label_of,
    opened,
    text_of,
    units_of,
    value_of,
)
from galaxy_explorer.images.formats.fits_pixels import averaging_of, read_plane
from galaxy_explorer.images.formats.fits_position import bands_apart, pixel_aspect, position_of

NOT_SQUARE, MOST_RESAMPLED = 1.1, 4.0  # a pixel's longer side over its shorter one, from and to which it is resampled
MAIN = re.compile(r"(?<![a-z])(?:sci|science|image|img|primary|data|flux)(?![a-z])")  # names of the image itself


@dataclass(frozen=True)
class Candidate:
    """An image of a FITS file that can be shown: one plane, or three with red first."""

    name: str
    planes: tuple[Plane, ...]
    note: str = ""

    @property
    def unit(self) -> Unit:
        """The unit of the first plane, whose header is used for all."""
        return self.planes[0].unit


def read_fits(file: BinaryIO, image: str | None, *, located: bool) -> Exposure:
    """Read an image of a FITS file; raise ImageError if it holds none or is damaged."""
    try:
        with opened(file) as units:
            grids, others = units_of(units)
            candidates = _candidates(grids)
            if not candidates:
                contents = [
                    *(f"{label_of(unit.number, unit.name)} ({_reason_against(unit)})" for unit in grids),
                    *others,
                ]
                raise ImageError(
                    f"the FITS file holds no image of a galaxy, only {'; '.join(contents)}: use one with an image of "
                    "one band, or of three"
                )
            chosen = _choose(candidates, image)
            picture, notes, averaging = _picture(chosen)
            picture, aspect = _in_square_pixels(picture, chosen.unit.header, notes)
            position = None
            if located:
                averaging /= float(np.sqrt(max(aspect, 1 / aspect)))
                position, more = position_of(chosen.unit.header, chosen.planes[0].shape, averaging, units)
                notes += more + (bands_apart(chosen.planes, position, units) if position else [])
            return Exposure(picture, chosen.name, tuple(one.name for one in candidates), tuple(notes), position)
    except ImageError:
        raise
    except Exception as error:  # astropy and cfitsio raise anything on damaged files, bare Exceptions among them
        raise ImageError(
            f"the FITS file cannot be read ({error}); it is damaged or cut short: fetch or save it again"
        ) from error


def _choose(candidates: list[Candidate], image: str | None) -> Candidate:
    """Return the image with a name, else the first in colour, else the main one."""
    if image is None:
        images = [one for one in candidates if not is_companion(one.unit)] or candidates
        main = next((one for one in images if MAIN.search(one.unit.name)), None)
        main = main or next((one for one in images if one.unit.number == 0), None)
        in_grey = main or next((one for one in images if len(one.planes) == 1), images[0])
        return next((one for one in images if _is_in_colour(one, images, main)), in_grey)
    for candidate in candidates:
        if candidate.name == image:
            return candidate
    names = ", ".join(f"“{candidate.name}”" for candidate in candidates)
    raise ImageError(f"the FITS file has no image “{image}”; it has {names}")


def _is_in_colour(candidate: Candidate, images: list[Candidate], main: Candidate | None) -> bool:
    """Return whether three planes are a picture in colour, given the file's main image."""
    if len(candidate.planes) < 3:
        return False
    if len({plane.unit.number for plane in candidate.planes}) == 3 or candidate is main:
        return True
    header = candidate.unit.header
    if header["BITPIX"] > 0 and any(one.unit.header["BITPIX"] < 0 for one in images):
        return False  # counts of images, or bits
    if main is None:
        return True
    units = {text_of(one, "BUNIT").lower() for one in (header, main.unit.header)}
    return bool(triplet_of(bands_of(candidate.unit))) and len(units) == 1


def _candidates(grids: list[Unit]) -> list[Candidate]:
    """List the images that can be shown: first one in colour of several units, then by unit."""
    flat = [Plane(unit) for unit in grids if len(unit.shape) == 2]
    in_colour, note = _in_colour(flat)
    candidates = [in_colour] if in_colour else []
    for unit in grids:
        name = f"{unit.number} {unit.name}".strip() + f" ({unit.size()})"
        if len(unit.shape) == 2:
            candidates.append(Candidate(name, (Plane(unit),), note))
        elif not _reason_against(unit):
            candidates.append(_of_cube(unit, name))
    return [one for one in candidates if min(one.planes[0].shape) >= MIN_SIDE] or candidates


def _in_colour(flat: list[Plane]) -> tuple[Candidate | None, str]:
    """Return three units of known bands and one size as an image; or a note on what is missing."""
    sizes: dict[tuple[int, int], dict[str, Plane]] = {}
    bands: dict[str, Plane] = {}
    for plane in flat:
        if (band := band_of(plane.unit)) and not is_companion(plane.unit):
            sizes.setdefault(plane.shape, {}).setdefault(band, plane)
            bands.setdefault(band, plane)
    for of_one_size in sizes.values():
        if triplet := triplet_of(list(of_one_size)):
            name = IN_COLOUR + ", ".join(triplet)
            return Candidate(name, tuple(of_one_size[band] for band in triplet)), ""
    if triplet := triplet_of(list(bands)):
        planes = ", ".join(f"{band} has {bands[band].shape[1]:,}×{bands[band].shape[0]:,}" for band in triplet)
        return None, f"its bands {', '.join(triplet)} make no colour picture, since their sizes differ: {planes} pixels"
    unknown = [name for plane in flat if (name := filter_of(plane.unit.header)) and not band_in(name)]
    if len(unknown) > 2:
        return None, f"the filters {', '.join(unknown)} are not known here, so one of them is shown alone"
    return None, ""


def _reason_against(unit: Unit) -> str:
    """Return why a unit cannot be shown; empty if it can."""
    if len(unit.shape) < 2:
        return f"one row of {unit.size() or 'one'} numbers, as of a spectrum"
    if len(unit.shape) > 3:
        return f"{len(unit.shape)} axes of {unit.size()}"
    if len(unit.shape) == 3 and not (3 in (unit.shape[0], unit.shape[-1]) or triplet_of(bands_of(unit))):
        many = min(unit.shape) > MOST_BANDS
        why = f"with more planes than {MOST_BANDS} bands" if many else "whose planes are not known to be bands"
        return f"a cube of {unit.size()}, {why}"
    return ""


def _of_cube(unit: Unit, name: str) -> Candidate:
    """Choose red, green and blue among the planes of a cube, by their bands if known."""
    bands = bands_of(unit)
    if triplet := triplet_of(bands):
        planes = tuple(Plane(unit, bands.index(band)) for band in triplet)
        return Candidate(name, planes, f"its colours are {', '.join(triplet)}")
    note = "its header does not name the bands, and its first plane was taken for the reddest"
    return Candidate(name, tuple(Plane(unit, index) for index in range(3)), note)


def _picture(chosen: Candidate) -> tuple[np.ndarray, list[str], float]:
    """Read and stretch an image; return it, notes, and the pixels a side averaged into one."""
    height, width = chosen.planes[0].shape
    if height * width * len(chosen.planes) > MAX_FITS_PIXELS:
        raise ImageError(
            f"the FITS image has {width:,}×{height:,} pixels in {len(chosen.planes)} bands, more than the "
            f"{MAX_FITS_PIXELS // 10**6} million that are read: cut out the galaxy"
        )
    averaging = averaging_of((height, width))
    if min(height, width) // averaging < MIN_SIDE:
        raise ImageError(
            f"the FITS image has {width:,}×{height:,} pixels, too small or too narrow to hold a galaxy: "
            f"use one with at least {MIN_SIDE} pixels a side"
        )
    planes = np.stack([read_plane(plane, averaging) for plane in chosen.planes])
    if not np.isfinite(planes).any(axis=(1, 2)).all():
        raise ImageError("the FITS image has a band without any finite pixel: use one with its values")
    is_finished = _holds_levels(chosen.unit.header, planes)
    if not is_finished:
        planes = _without_fills(chosen.planes, planes, averaging)
    notes = [chosen.note] if chosen.note else []
    if averaging > 1:
        notes.append(f"its {width:,}×{height:,} pixels were averaged {averaging} by {averaging}")
    if blank := 1 - np.isfinite(planes).mean():
        notes.append(f"{_percent(blank)} of its pixels are blank, NaN or infinite and are shown as sky")
    if len(planes) == 1:
        notes.append(GREY)
    if is_finished:
        notes.append("its values, from 0 to 255, were taken for a finished picture and are shown as they are")
        levels = np.rint(np.nan_to_num(np.broadcast_to(planes, (3, *planes.shape[1:])))).astype(np.uint8)
        picture = np.moveaxis(levels, 0, -1)
    else:
        picture = stretch.to_levels(planes)
    return np.ascontiguousarray(picture[::-1]), notes, averaging  # FITS counts rows from the bottom


def _without_fills(shown: tuple[Plane, ...], planes: np.ndarray, averaging: int) -> np.ndarray:
    """Replace fill values by NaN; read averaged planes again, since their edges mix with fills."""
    fills = sorted({fill for plane in planes for fill in stretch.fill_values(plane)})  # of one band, then of all
    for number, plane in enumerate(planes):
        if averaging > 1 and fills:
            planes[number] = read_plane(shown[number], averaging, fills)
        else:
            plane[np.isin(plane, fills)] = np.nan
    return planes


def _in_square_pixels(picture: np.ndarray, header: Any, notes: list[str]) -> tuple[np.ndarray, float]:
    """Resample a picture to square pixels; return it and a pixel's height over its width."""
    aspect = pixel_aspect(header)
    if not NOT_SQUARE < max(aspect, 1 / aspect) < MOST_RESAMPLED:
        return picture, 1.0
    height, width = picture.shape[:2]
    size = (round(width * max(1, 1 / aspect)), round(height * max(1, aspect)))
    notes.append(f"its pixels are {aspect:.2g} times as tall as wide and were resampled to squares")
    return np.array(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC)), aspect


def _holds_levels(header: Any, planes: np.ndarray) -> bool:
    """Return whether a unit holds a finished picture: bytes, or three bands of such numbers."""
    if header["BITPIX"] == 8 and value_of(header, "BSCALE", 1) == 1 and value_of(header, "BZERO", 0) == 0:
        return True
    values = planes[np.isfinite(planes)]
    return len(planes) == 3 and values.min() >= 0 and 128 <= values.max() <= 255 and bool((values % 1 == 0).all())


def _percent(part: float) -> str:
    """Format a part of all in per cent, never as 0 or 100 if it is neither."""
    return f"{100 * part:.0f} %" if 0.005 <= part < 0.995 else f"{'less than 1' if part < 0.5 else 'more than 99'} %"
