"""Where a FITS image lies on the sky, by the world coordinates in its header."""

from itertools import islice
from typing import Any

import numpy as np

from galaxy_explorer.images.fits_files import MAX_UNITS, Plane
from galaxy_explorer.images.reading import DAMAGED, Position

TURNED_DEG = 10.0  # north may be this far from up before it is said
SENSELESS = (*DAMAGED, AttributeError, RuntimeError, AssertionError)  # what astropy raises of bad coordinates
MOST_CORRECTIONS = 10_000_000  # numbers in a file's table of distortions, which is read whole; HST's have thousands


def position_of(header: Any, shape: tuple[int, int], averaging: int, units: Any) -> tuple[Position | None, list[str]]:
    """Work out where the middle of an image lies.

    Parameters
    ----------
    header : astropy.io.fits.Header
        Of the image.
    shape : (int, int)
        Its rows and columns in the file.
    averaging : int
        How many pixels a side were averaged into one.
    units : astropy.io.fits.HDUList
        The file, in which a header such as those of HST has its tables of distortions.

    Returns
    -------
    Position or None
        None where the header does not say, or makes no sense.
    list of str
        Notes: coordinates that make no sense, a picture that is mirrored or turned.
    """
    from astropy.wcs import WCS
    from astropy.wcs.utils import proj_plane_pixel_scales

    try:
        coordinates = WCS(header, fobj=_with_corrections(units))
        if not coordinates.has_celestial:
            return None, []
        rows, columns = shape
        column, row = (columns - 1) / 2, (rows - 1) / 2
        # The middle, and a pixel to the right of it and above.
        places = coordinates.celestial.pixel_to_world([column, column + 1, column], [row, row, row + 1]).icrs
        directions = _steps(places.ra.rad, places.dec.rad)
        # The side of a square as large as the pixel is on the sky, not in the plane of the projection.
        scale = 3600 * float(np.degrees(np.sqrt(abs(np.linalg.det(directions))))) * averaging
        found = Position(float(places.ra.deg[0]) % 360.0, float(places.dec.deg[0]), scale)
        leads_somewhere = np.isfinite([found.ra_deg, found.dec_deg]).all() and 0 < abs(np.linalg.det(directions)) < 1
        in_plane = np.prod(proj_plane_pixel_scales(coordinates.celestial))  # 1° by 1° where the header has no steps
        if not (leads_somewhere and 0 < in_plane < 1):
            raise ValueError("they lead nowhere")
    except SENSELESS as error:
        said = str(error).strip().splitlines()
        return None, [
            f"its sky coordinates make no sense ({said[0] if said else type(error).__name__}) and are left out"
        ]
    return found, _orientation(directions)


def bands_apart(planes: tuple[Plane, ...], position: Position, units: Any) -> list[str]:
    """Say how far apart the bands of a picture lie on the sky.

    Parameters
    ----------
    planes : tuple of Plane
        Of one shape. Those of one unit lie on one another; of bands without coordinates nothing is known.
    position : Position
        Of the picture.
    units : astropy.io.fits.HDUList
        The file.

    Returns
    -------
    list of str
        A note where the middle or a corner of a band is more than a pixel of the picture from that of the first.
    """
    headers = {plane.unit.number: plane.unit.header for plane in planes}
    first, *others = (_outline(header, planes[0].shape, units) for header in headers.values())
    apart = [first.separation(other).arcsec for other in others if first is not None and other is not None]
    pixels = float(np.nan_to_num(apart).max(initial=0.0)) / position.pixel_scale_arcsec
    if pixels <= 1:
        return []
    return [f"its bands lie up to {pixels:,.1f} pixels apart on the sky, so its colours are false"]


def _outline(header: Any, shape: tuple[int, int], units: Any) -> Any:
    """Place the middle and the corners of an image, as a SkyCoord; None where its header does not lead to the sky."""
    from astropy.wcs import WCS

    right, top = shape[1] - 1, shape[0] - 1
    try:
        coordinates = WCS(header, fobj=_with_corrections(units))
        if not coordinates.has_celestial:
            return None
        return coordinates.celestial.pixel_to_world([right / 2, 0, right, 0, right], [top / 2, 0, 0, top, top]).icrs
    except SENSELESS:
        return None


def _with_corrections(units: Any) -> Any:
    """List the units that are looked at, without tables of distortions so large that they would fill the memory."""
    from astropy.io.fits import HDUList

    found = list(islice(units, MAX_UNITS))
    for unit in found:
        name, size = getattr(unit, "name", ""), np.prod([float(length) for length in getattr(unit, "shape", ())])
        if name in ("WCSDVARR", "D2IMARR") and size > MOST_CORRECTIONS:  # packed, it may be far larger than the file
            raise ValueError(f"the table {name} has {size:,.0f} numbers")
    return HDUList(found)


def _steps(ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """Measure the steps from a place to two others near it.

    Parameters
    ----------
    ra, dec : (3,) np.ndarray
        The place and the two others, in radians.

    Returns
    -------
    (2, 2) np.ndarray
        Radians to the east and to the north, a column for each of the others. Unit vectors serve at the poles
        and across 0 h as well.
    """
    towards = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    east = [-np.sin(ra[0]), np.cos(ra[0]), 0.0]
    north = [-np.sin(dec[0]) * np.cos(ra[0]), -np.sin(dec[0]) * np.sin(ra[0]), np.cos(dec[0])]
    return np.array([east, north]) @ (towards[:, 1:] - towards[:, :1])


def _orientation(directions: np.ndarray) -> list[str]:
    """Say where a picture is mirrored, with east to the right of north, or turned.

    Parameters
    ----------
    directions : (2, 2) np.ndarray
        From steps in columns and rows, upwards, to steps to the east and to the north.
    """
    notes = []
    if np.linalg.det(directions) > 0:
        notes.append("it is mirrored: with north up, east is on the right")
    right, up = np.linalg.solve(directions, [0.0, 1.0])
    angle = np.degrees(np.arctan2(right, up))
    if abs(angle) > TURNED_DEG:
        notes.append(f"north is {abs(angle):.0f}° to the {'right' if angle > 0 else 'left'} of up")
    return notes
