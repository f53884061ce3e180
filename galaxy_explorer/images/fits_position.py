"""Where a FITS image lies on the sky, by the world coordinates in its header."""

from typing import Any

import numpy as np

from galaxy_explorer.images.reading import DAMAGED, Position

TURNED_DEG = 10.0  # north may be this far from up before it is said


def position_of(header: Any, shape: tuple[int, int], averaging: int) -> tuple[Position | None, list[str]]:
    """Work out where the middle of an image lies.

    Parameters
    ----------
    header : astropy.io.fits.Header
        Of the image.
    shape : (int, int)
        Its rows and columns in the file.
    averaging : int
        How many pixels a side were averaged into one.

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
        coordinates = WCS(header)
        if not coordinates.has_celestial:
            return None, []
        celestial = coordinates.celestial
        rows, columns = shape
        middle = celestial.pixel_to_world((columns - 1) / 2, (rows - 1) / 2).icrs
        scale = 3600 * float(np.sqrt(np.prod(proj_plane_pixel_scales(celestial)))) * averaging
        found = Position(float(middle.ra.deg) % 360.0, float(middle.dec.deg), scale)
        directions = celestial.pixel_scale_matrix
        if not (np.isfinite([found.ra_deg, found.dec_deg]).all() and 0 < scale < 3600):
            raise ValueError("they lead nowhere")
    except (*DAMAGED, AttributeError, RuntimeError) as error:
        said = str(error).strip().splitlines()
        return None, [
            f"its sky coordinates make no sense ({said[0] if said else type(error).__name__}) and are left out"
        ]
    return found, _orientation(directions)


def _orientation(directions: np.ndarray) -> list[str]:
    """Say where a picture is mirrored, with east to the right of north, or turned.

    Parameters
    ----------
    directions : (2, 2) np.ndarray
        From steps in columns and rows, upwards, to steps in right ascension and declination.
    """
    notes = []
    if np.linalg.det(directions) > 0:
        notes.append("it is mirrored: with north up, east is on the right")
    right, up = np.linalg.solve(directions, [0.0, 1.0])
    angle = np.degrees(np.arctan2(right, up))
    if abs(angle) > TURNED_DEG:
        notes.append(f"north is {abs(angle):.0f}° to the {'right' if angle > 0 else 'left'} of up")
    return notes
