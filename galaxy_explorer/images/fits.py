"""From a FITS file to a picture in the look of SDSS: which of its images, in which colours."""

import re
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from galaxy_explorer.images import stretch
from galaxy_explorer.images.fits_files import Plane, Unit, averaging_of, called, opened, read_plane, units_of
from galaxy_explorer.images.reading import GREY, MAX_FITS_PIXELS, MIN_SIDE, Exposure, ImageError, Position

# Bands by their wavelength in nanometres, so that the longest becomes red. Small letters stand for the filters of SDSS
# and for Johnson's and Cousins's alike: their order is the same.
WAVELENGTHS = {
    **{"u": 354, "b": 440, "g": 477, "v": 551, "r": 623, "i": 762, "z": 913, "y": 1004},
    **{"j": 1250, "h": 1650, "k": 2200},
}
COLOURS = {"red": "r", "green": "g", "blue": "b", "ks": "k"}
# Which three make the picture where there are more, the first that are all there. SDSS pictures are made of i, r, g.
TRIPLETS = ("irg", "zrg", "zig", "yrg", "izr", "rgb", "irv", "ivb", "rvb", "khj")
MOST_BANDS = 12  # in one cube; one with more is a spectrum at every pixel

# Images of these names say something of another image and are not taken first.
COMPANION = re.compile(r"err|dq|wht|wgt|weight|var|mask|msk|flag|unc|sigma|rms|bkg|psf|exp|model|seg|nsamp|time|sky$")
FILTER_KEYS = ("FILTER", "BAND", "FILTNAM", "FILTER1", "FILTER2", "FILTNAM1", "FPA.FILTERID")


@dataclass(frozen=True)
class Candidate:
    """An image of a FITS file that can be shown: one plane, or three of which the first is red."""

    name: str
    planes: tuple[Plane, ...]
    note: str = ""

    @property
    def unit(self) -> Unit:
        """The unit of the first plane, whose header speaks for all."""
        return self.planes[0].unit


def read_fits(file: BinaryIO, image: str | None, *, located: bool) -> Exposure:
    """Read an image of a FITS file.

    Parameters
    ----------
    file : binary file
        A FITS file, also tile-compressed, or packed by gzip or bzip2.
    image : str or None
        The name of one of its images; else the first in colour, or the first that is no map of errors or such.
    located : bool
        Whether to work out where it lies on the sky, which takes some time.

    Returns
    -------
    Exposure
        The picture, and what had to be done to show it.

    Raises
    ------
    ImageError
        When it holds no image of a galaxy, or is damaged.
    """
    try:
        with opened(file) as units:
            grids, others = units_of(units)
            chosen, candidates = _choose(grids, others, image)
            picture, notes, averaging = _picture(chosen)
            choices = tuple(candidate.name for candidate in candidates)
            position: Position | None = None
            if located:
                from galaxy_explorer.images.fits_position import bands_apart, position_of

                position, said = position_of(chosen.unit.header, chosen.planes[0].shape, averaging, units)
                notes += said + (bands_apart(chosen.planes, position, units) if position else [])
            return Exposure(picture, chosen.name, choices, tuple(notes), position)
    except ImageError:
        raise
    except Exception as error:  # astropy and cfitsio raise what they like of damaged files, bare Exceptions among them
        raise ImageError(
            f"the FITS file cannot be read ({error}); it is damaged or cut short: fetch or save it again"
        ) from error


def _choose(grids: list[Unit], others: list[str], image: str | None) -> tuple[Candidate, list[Candidate]]:
    """Take the image that was named, or the best there is; give all there are as well."""
    candidates = candidates_of(grids)
    if not candidates:
        found = [*(f"{called(unit.number, unit.name)} ({refusal_of(unit)})" for unit in grids), *others]
        raise ImageError(
            f"the FITS file holds no image of a galaxy, only {'; '.join(found)}: give one with an image of one band, "
            "or of three"
        )
    if image is not None:
        for candidate in candidates:
            if candidate.name == image:
                return candidate, candidates
        names = ", ".join(f"“{candidate.name}”" for candidate in candidates)
        raise ImageError(f"the FITS file has no image “{image}”; it has {names}")
    proper = [found for found in candidates if not COMPANION.search(found.unit.name)] or candidates
    return max(proper, key=lambda found: len(found.planes)), candidates


def candidates_of(grids: list[Unit]) -> list[Candidate]:
    """List the images that can be shown: first one of several units in colour, then those of one unit, in order.

    Parameters
    ----------
    grids : list of Unit
        The units that hold numbers on a grid.

    Returns
    -------
    list of Candidate
        Each with a name of its own.
    """
    flat = [Plane(unit) for unit in grids if len(unit.shape) == 2]
    bands: dict[str, Plane] = {}
    for plane in flat:
        band = band_of(plane.unit)
        if band and not COMPANION.search(plane.unit.name) and plane.shape == next(iter(bands.values()), plane).shape:
            bands.setdefault(band, plane)
    found = []
    unknown = [name for name in map(_filter_of, flat) if name and not band_in(name)]
    apart = f"the filters {', '.join(unknown)} are not known here, so one of them is shown alone"
    note = apart if len(unknown) > 2 else ""
    if triplet := triplet_of(list(bands)):
        found.append(Candidate(f"colour of {', '.join(triplet)}", tuple(bands[band] for band in triplet)))
    for unit in grids:
        name = f"{unit.number} {unit.name}".strip() + f" ({unit.size()})"
        if len(unit.shape) == 2:
            found.append(Candidate(name, (Plane(unit),), note))
        elif len(unit.shape) == 3 and not refusal_of(unit):
            found.append(_of_cube(unit, name))
    return [candidate for candidate in found if min(candidate.planes[0].shape) >= MIN_SIDE] or found


def refusal_of(unit: Unit) -> str:
    """Say why a unit cannot be shown; nothing when it can."""
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
    """Find red, green and blue among the planes of a cube, by their bands where the header has them."""
    bands = bands_of(unit)
    if triplet := triplet_of(bands):
        places = [bands.index(band) for band in triplet]
        return Candidate(name, tuple(Plane(unit, place) for place in places), f"its colours are {', '.join(triplet)}")
    note = "its header does not name the bands, and its first plane was taken for the reddest"
    return Candidate(name, tuple(Plane(unit, place) for place in range(3)), note)


def _filter_of(plane: Plane) -> str:
    """Give what the header calls a plane's filter, whether it is known or not."""
    header = plane.unit.header
    return next((str(header[key]).strip() for key in FILTER_KEYS if key in header), "")


def bands_of(unit: Unit) -> list[str]:
    """Name the bands of a cube's planes, as the cutouts of the Legacy Surveys do: ``BANDS = 'grz'``, or BAND0, BAND1, …"""
    count = min(unit.shape)
    if count > MOST_BANDS:
        return []
    together = str(unit.header.get("BANDS", "")).strip().lower()
    if len(together) == count:
        return list(together)
    return [band_in(str(unit.header.get(f"BAND{number}", ""))) for number in range(count)]


def band_of(unit: Unit) -> str:
    """Find the band of a unit in its header, or in its name; nothing where they do not tell."""
    return next((band for key in (*FILTER_KEYS, "EXTNAME") if (band := band_in(str(unit.header.get(key, ""))))), "")


def band_in(text: str) -> str:
    """Find the one band that a text names, such as ``sdss g``, ``r.MP9601``, ``HSC-R2`` or ``RED``; nothing where none."""
    words = {COLOURS.get(word, word) for word in re.findall(r"[a-z0-9]+", text.lower())}
    words |= {word[0] for word in words if re.fullmatch(r"[grizy]\d", word)}  # a second filter of that band
    known = words & WAVELENGTHS.keys()
    return known.pop() if len(known) == 1 else ""


def triplet_of(bands: list[str]) -> tuple[str, ...]:
    """Choose the three bands for red, green and blue; nothing where there are no three that are known."""
    known = sorted((band for band in set(bands) if band in WAVELENGTHS), key=WAVELENGTHS.__getitem__, reverse=True)
    if len(known) < 3:
        return ()
    chosen = next((triplet for triplet in TRIPLETS if set(triplet) <= set(known)), known[:3])
    return tuple(chosen)


def _picture(chosen: Candidate) -> tuple[np.ndarray, list[str], int]:
    """Read and stretch an image; give notes, and the side of the squares of pixels that were averaged."""
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
            f"give one with at least {MIN_SIDE} pixels a side"
        )
    planes = np.stack([read_plane(plane, averaging) for plane in chosen.planes])
    known = np.isfinite(planes)
    if not known.any(axis=(1, 2)).all():
        raise ImageError("the FITS image has no pixel with a number in one of its bands: give one with its values")
    notes = [chosen.note] if chosen.note else []
    if averaging > 1:
        notes.append(f"its {width:,}×{height:,} pixels were averaged {averaging} by {averaging}")
    if lost := 1 - known.mean():
        notes.append(f"{_percent(lost)} of its pixels hold no number and are shown as sky")
    if len(planes) == 1:
        notes.append(GREY)
    if holds_levels(chosen.unit.header, planes):
        notes.append("its values, from 0 to 255, were taken for a finished picture and are shown as they are")
        levels = np.rint(np.nan_to_num(np.broadcast_to(planes, (3, *planes.shape[1:])))).astype(np.uint8)
        stretched = np.moveaxis(levels, 0, -1)
    else:
        stretched = stretch.to_levels(planes)
    return np.ascontiguousarray(stretched[::-1]), notes, averaging  # FITS counts rows from the bottom


def holds_levels(header: Any, planes: np.ndarray) -> bool:
    """Tell whether a unit holds the 8-bit levels of a finished picture rather than fluxes.

    Parameters
    ----------
    header : astropy.io.fits.Header
        Of the unit.
    planes : (n, H, W) np.ndarray of float32
        Its values; NaN where unknown.

    Returns
    -------
    bool
        Whether it is of bytes, or of three bands whose values are all whole numbers from 0 to 255.
    """
    if header.get("BITPIX") == 8 and header.get("BSCALE", 1) == 1 and header.get("BZERO", 0) == 0:
        return True
    values = planes[np.isfinite(planes)]
    return len(planes) == 3 and values.min() >= 0 and 128 <= values.max() <= 255 and bool((values % 1 == 0).all())


def _percent(part: float) -> str:
    """Write a part of all in per cent, never as 0 or 100 where it is neither."""
    return f"{100 * part:.0f} %" if 0.005 <= part < 0.995 else f"{'less than 1' if part < 0.5 else 'more than 99'} %"
