"""FITS images as pictures in the look of SDSS: choice of image, bands and colours."""

import re
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from galaxy_explorer.images import stretch
from galaxy_explorer.images.exposure import GREY, IN_COLOUR, MAX_FITS_PIXELS, MIN_SIDE, Exposure, ImageError
from galaxy_explorer.images.fits_files import (
    Plane,
    Unit,
    averaging_of,
    label_of,
    opened,
    read_plane,
    text_of,
    units_of,
    value_of,
)
from galaxy_explorer.images.fits_position import bands_apart, pixel_aspect, position_of

# Bands by their wavelength in nanometres, so that the longest becomes red. Small letters stand for the filters of SDSS
# and for Johnson's and Cousins's alike: their order is the same.
WAVELENGTHS = dict(zip("ubgvrizyjhk", (354, 440, 477, 551, 623, 762, 913, 1004, 1250, 1650, 2200), strict=True))
COLOURS = {"red": "r", "green": "g", "blue": "b", "ks": "k"}
# Which three make the picture if there are more, the first that are all there. SDSS pictures are made of i, r, g.
TRIPLETS = ("irg", "zrg", "zig", "yrg", "izr", "rgb", "irv", "ivb", "rvb", "khj")
NOT_SQUARE, MOST_RESAMPLED = 1.1, 4.0  # a pixel's longer side over its shorter one, from and to which it is resampled
MOST_BANDS = 12  # in one cube; one with more is a spectrum at every pixel

# Images of these names describe another image and are not read first.
COMPANION = re.compile(
    r"err|dq|wht|wgt|weight|var|mask|msk|flag|flg|unc|sigma|rms|bkg|background|psf|exp|model|seg|nsamp|time|sky$|"
    r"resid|noise|chi2|chisq|cover|context|depth|maglim|nim(?:age|g)|qual|confid|disp(?!lay)|"
    r"(?<![a-z])(?:ctx|con|cov|stat|std|stdev|stddev|snr|bpm|bad|num|cr|beam|pb)(?![a-z])"
)
MAIN = re.compile(r"(?<![a-z])(?:sci|science|image|img|primary|data|flux)(?![a-z])")  # names of the image itself
FILTER_KEYS = (
    *("FILTER", "BAND", "FILTNAM", "FILTER1", "FILTER2", "FILTER01", "FILTNAM1", "FPA.FILTERID", "ESO INS FILT1 NAME"),
    *("FILTERID", "FILT", "WFFBAND"),
)
BAND_LISTS = ("BANDS", "FILTERS", "BAND", "FILTER")  # of a cube: 'grz', 'g,r,z', "['g', 'r', 'z']"
NUMBERED_BANDS = ("BAND", "FILTER", "FILT", "FILTNAM", "PLANE", "CHANNEL")  # BAND0, BAND_1, …
# Surveys and other words that are written together with a band: gSDSS, bokr, R-band, zd of DECaLS, rp of LCO.
_AROUND_BAND = re.compile(
    r"(?:sdss|decam|des|lsst|hsc|ps1?|bok|cfht|ztf|nir|nisp|img|image|sci)*"
    r"(?:([a-z]|ks|red|green|blue)(?:sdss|decam|des|lsst|hsc|ps1|jplus|splus|prime|band|img|image|filter)*"
    r"|([grizy])\d|([grz])d|([ugriz])p)"
)


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
        images = [one for one in candidates if not _is_companion(one.unit)] or candidates
        main = next((one for one in images if MAIN.search(one.unit.name)), None)
        main = main or next((one for one in images if one.unit.number == 0), None)
        in_grey = main or next((one for one in images if len(one.planes) == 1), images[0])
        return next((one for one in images if _is_in_colour(one, images, main)), in_grey)
    for candidate in candidates:
        if candidate.name == image:
            return candidate
    names = ", ".join(f"“{candidate.name}”" for candidate in candidates)
    raise ImageError(f"the FITS file has no image “{image}”; it has {names}")


def _is_companion(unit: Unit) -> bool:
    """Return whether a unit describes another image: its errors, weights, flags, exposure, …"""
    kinds = (text_of(unit.header, key).lower() for key in ("EXTTYPE", "HDUCLAS2"))
    return any(COMPANION.search(text) for text in (unit.name, *kinds))


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
    return bool(_triplet_of(_bands_of(candidate.unit))) and len(units) == 1


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
        if (band := _band_of(plane.unit)) and not _is_companion(plane.unit):
            sizes.setdefault(plane.shape, {}).setdefault(band, plane)
            bands.setdefault(band, plane)
    for of_one_size in sizes.values():
        if triplet := _triplet_of(list(of_one_size)):
            name = IN_COLOUR + ", ".join(triplet)
            return Candidate(name, tuple(of_one_size[band] for band in triplet)), ""
    if triplet := _triplet_of(list(bands)):
        planes = ", ".join(f"{band} has {bands[band].shape[1]:,}×{bands[band].shape[0]:,}" for band in triplet)
        return None, f"its bands {', '.join(triplet)} make no colour picture, since their sizes differ: {planes} pixels"
    unknown = [name for plane in flat if (name := _filter_of(plane.unit.header)) and not _band_in(name)]
    if len(unknown) > 2:
        return None, f"the filters {', '.join(unknown)} are not known here, so one of them is shown alone"
    return None, ""


def _reason_against(unit: Unit) -> str:
    """Return why a unit cannot be shown; empty if it can."""
    if len(unit.shape) < 2:
        return f"one row of {unit.size() or 'one'} numbers, as of a spectrum"
    if len(unit.shape) > 3:
        return f"{len(unit.shape)} axes of {unit.size()}"
    if len(unit.shape) == 3 and not (3 in (unit.shape[0], unit.shape[-1]) or _triplet_of(_bands_of(unit))):
        many = min(unit.shape) > MOST_BANDS
        why = f"with more planes than {MOST_BANDS} bands" if many else "whose planes are not known to be bands"
        return f"a cube of {unit.size()}, {why}"
    return ""


def _of_cube(unit: Unit, name: str) -> Candidate:
    """Choose red, green and blue among the planes of a cube, by their bands if known."""
    bands = _bands_of(unit)
    if triplet := _triplet_of(bands):
        planes = tuple(Plane(unit, bands.index(band)) for band in triplet)
        return Candidate(name, planes, f"its colours are {', '.join(triplet)}")
    note = "its header does not name the bands, and its first plane was taken for the reddest"
    return Candidate(name, tuple(Plane(unit, index) for index in range(3)), note)


def _filter_of(header: Any) -> str:
    """Return the filter in a header, known or not."""
    return next((name for key in FILTER_KEYS if (name := text_of(header, key))), "")


def _bands_of(unit: Unit) -> list[str]:
    """List the bands of a cube: ``BANDS = 'grz'`` of the Legacy Surveys, or BAND0, BAND1, …"""
    count = min(unit.shape)
    if count > MOST_BANDS:
        return []
    for key in BAND_LISTS:
        text = text_of(unit.header, key).lower().strip("[](){} ")
        for parts in (list(text), re.split(r"[,;|/]", text), text.split(), re.findall(r"[a-z0-9]+", text)):
            if len(parts) == count and _triplet_of(bands := [_band_in(part) for part in parts]):
                return bands
    for prefix in NUMBERED_BANDS:
        for first in (0, 1):
            numbers = range(first, first + count)
            texts = [text_of(unit.header, f"{prefix}{n}") or text_of(unit.header, f"{prefix}_{n}") for n in numbers]
            if texts[0] and _triplet_of(bands := [_band_in(text) for text in texts]):
                return bands
    return []


def _band_of(unit: Unit) -> str:
    """Return the band of a unit by its header or its name; empty if unknown."""
    return next((band for key in (*FILTER_KEYS, "EXTNAME") if (band := _band_in(text_of(unit.header, key)))), "")


def _band_in(text: str) -> str:
    """Return the one band in ``sdss g``, ``r.MP9601``, ``HSC-R2`` or ``RED``; else empty."""
    words = set(re.findall(r"[a-z0-9]+", text.lower()))
    if words & {"alpha", "beta"}:  # a line of hydrogen, not the H band
        return ""
    words |= {found[found.lastindex or 0] for word in words if (found := _AROUND_BAND.fullmatch(word))}
    known = {COLOURS.get(word, word) for word in words} & WAVELENGTHS.keys()
    return known.pop() if len(known) == 1 else ""


def _triplet_of(bands: list[str]) -> tuple[str, ...]:
    """Return three of the bands for red, green and blue; empty if fewer than three are known."""
    known = sorted(set(bands) & WAVELENGTHS.keys(), key=WAVELENGTHS.__getitem__, reverse=True)
    if len(known) < 3:
        return ()
    return tuple(next((triplet for triplet in TRIPLETS if set(triplet) <= set(known)), known[:3]))


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
