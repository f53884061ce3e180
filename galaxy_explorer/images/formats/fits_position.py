"""Position, pixel scale and orientation of a FITS image, from its world coordinates."""

from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from galaxy_explorer.images.exposure import DAMAGED, NORTH_IS, SkyPlacement
from galaxy_explorer.images.formats.fits_cards import (
    TABLES,
    UnusableCoordinates,
    checked_cards,
    header_of,
    matrix_of,
    plate_solution,
)
from galaxy_explorer.images.formats.fits_files import MAX_UNITS, Plane

TURNED_DEG = 10.0  # north may be this far from up without a note
INVALID = (*DAMAGED, AttributeError, AssertionError)  # what astropy raises on bad coordinates
MOST_CORRECTIONS = 10_000_000  # values in a file's table of distortions, which is read whole; HST's have thousands


def position_of(
    header: Any, shape: tuple[int, int], averaging: float, units: Any
) -> tuple[SkyPlacement | None, list[str]]:
    """Compute the position of an image's middle, and notes on bad coordinates and orientation.

    `shape` is the image's in the file before `averaging` pixels a side became one, on average; `units` is the whole
    file, with the tables of distortions of headers such as those of HST. None if the header has no valid position.
    """
    from astropy.io.fits import VerifyError
    from astropy.wcs.utils import proj_plane_pixel_scales

    try:
        coordinates = celestial_wcs(header, units)
        if coordinates is None:
            return None, []
        column, row = (shape[1] - 1) / 2, (shape[0] - 1) / 2
        # The middle, and a pixel to the right of it and above.
        points = coordinates.pixel_to_world([column, column + 1, column], [row, row, row + 1]).icrs
        directions = _steps(points.ra.rad, points.dec.rad)
        # The side of a square as large as the pixel is on the sky, not in the plane of the projection.
        scale = 3600 * float(np.degrees(np.sqrt(abs(np.linalg.det(directions))))) * averaging
        position = SkyPlacement(float(points.ra.deg[0]) % 360.0, float(points.dec.deg[0]), scale)
        is_finite = np.isfinite([position.ra_deg, position.dec_deg]).all() and 0 < abs(np.linalg.det(directions)) < 1
        in_plane = np.prod(proj_plane_pixel_scales(coordinates))  # 1° by 1° if the header has no steps
        if not (is_finite and 0 < in_plane < 1):
            raise ValueError("they do not lead to the sky")
    except UnusableCoordinates as error:
        return None, [str(error)]
    except (*INVALID, VerifyError) as error:
        # The first line of wcslib's messages is a place in its source.
        lines = [line for line in str(error).strip().splitlines() if not line.startswith("ERROR")]
        reason = lines[0].rstrip(".") if lines else type(error).__name__
        return None, [f"its sky coordinates are invalid ({reason}) and are ignored"]
    position = _oriented(position, directions)
    return position, _orientation(position)


def pixel_aspect(header: Any) -> float:
    """Return the height of a pixel on the sky over its width; 1 if the header does not tell it."""
    try:
        cards = checked_cards(header)
    except ValueError:
        return 1.0
    if not cards or cards.get("CUNIT1") != cards.get("CUNIT2"):
        return 1.0
    with np.errstate(all="ignore"):
        wide, tall = np.hypot(*matrix_of(cards))
        aspect = float(tall / wide)
    return aspect if 0.01 < aspect < 100 else 1.0


def bands_apart(planes: tuple[Plane, ...], position: SkyPlacement, units: Any) -> list[str]:
    """Return a note if bands lie more than a pixel of the picture apart, in middle or corner.

    Planes of one unit coincide; bands without coordinates are not compared.
    """
    headers = {plane.unit.number: plane.unit.header for plane in planes}
    first, *others = (_outline(header, planes[0].shape, units) for header in headers.values())
    apart = [first.separation(other).arcsec for other in others if first is not None and other is not None]
    pixels = float(np.nan_to_num(apart).max(initial=0.0)) / position.pixel_scale_arcsec
    if pixels <= 1:
        return []
    return [f"its bands lie up to {pixels:,.1f} pixels apart on the sky, so its colours are false"]


def _outline(header: Any, shape: tuple[int, int], units: Any) -> Any:
    """Return the middle and corners of an image as a SkyCoord; None without coordinates."""
    right, top = shape[1] - 1, shape[0] - 1
    try:
        coordinates = celestial_wcs(header, units)
        if coordinates is None:
            return None
        return coordinates.pixel_to_world([right / 2, 0, right, 0, right], [top / 2, 0, 0, top, top]).icrs
    except INVALID:
        return None


def celestial_wcs(header: Any, units: Any) -> Any:
    """Return a header's celestial WCS, with the file's tables of distortions, or None."""
    from astropy.io.fits import HDUList
    from astropy.wcs import WCS

    cards = plate_solution(header) or checked_cards(header)
    if not cards:
        return None
    tables = None
    if distortions := {name: cards[name] for name in TABLES if name in cards}:
        if any(kind != 1 and kind != 2 and str(kind).lower() != "lookup" for kind in distortions.values()):
            raise ValueError(f"the distortion {distortions} is not supported")
        read = list(islice(units, MAX_UNITS))
        for unit in read:
            name, size = getattr(unit, "name", ""), np.prod([float(length) for length in getattr(unit, "shape", ())])
            if name in ("WCSDVARR", "D2IMARR") and size > MOST_CORRECTIONS:  # packed, it may be larger than the file
                raise ValueError(f"the table {name} has {size:,.0f} numbers")
        tables = HDUList(read)
    coordinates = WCS(header_of(cards), fobj=tables)
    return coordinates if coordinates.has_celestial else None


def _steps(ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """Return the steps from the first of three positions, in radians, to the two others near it.

    (2, 2): radians to the east and to the north, a column for each. Unit vectors work at the poles and across 0 h.
    """
    towards = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    east = [-np.sin(ra[0]), np.cos(ra[0]), 0.0]
    north = [-np.sin(dec[0]) * np.cos(ra[0]), -np.sin(dec[0]) * np.sin(ra[0]), np.cos(dec[0])]
    return np.array([east, north]) @ (towards[:, 1:] - towards[:, :1])


def _oriented(position: SkyPlacement, directions: np.ndarray) -> SkyPlacement:
    """Return a position with its directions, from the `_steps` to right and up."""
    right, up = np.linalg.solve(directions, [0.0, 1.0])
    north = round(float(np.degrees(np.arctan2(right, up))), 1)
    return replace(position, north_deg=north, mirrored=bool(np.linalg.det(directions) > 0))


def _orientation(position: SkyPlacement) -> list[str]:
    """Return notes if a picture is mirrored or rotated."""
    notes = []
    if position.mirrored:
        notes.append("it is mirrored: with north up, east is on the right")
    if abs(position.north_deg) > TURNED_DEG:
        side = "right" if position.north_deg > 0 else "left"
        notes.append(f"{NORTH_IS}{abs(position.north_deg):.0f}° to the {side} of up")
    return notes
