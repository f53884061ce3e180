"""Links to what other sites know of a place on the sky: a room of its own, since two pages show them."""

import math


def links_out(ra_deg: float | None, dec_deg: float | None) -> str:
    """Write a position and the links to it in Markdown.

    Parameters
    ----------
    ra_deg, dec_deg : float or None
        The position in degrees, J2000; None or NaN where it is unknown.

    Returns
    -------
    str
        One line, empty where the position is unknown.
    """
    if ra_deg is None or dec_deg is None or math.isnan(ra_deg) or math.isnan(dec_deg):
        return ""
    ra, dec = f"{ra_deg:.6f}", f"{dec_deg:.6f}"
    signed = f"{dec_deg:+.6f}".replace("+", "%2B")
    explore = f"https://skyserver.sdss.org/dr18/VisualTools/explore/summary?ra={ra}&dec={dec}"
    simbad = (
        f"https://simbad.cds.unistra.fr/simbad/sim-coo?Coord={ra}d{signed}d&CooFrame=ICRS&Radius=2&Radius.unit=arcmin"
    )
    ned = (
        f"https://ned.ipac.caltech.edu/conesearch?search_type=Near%20Position%20Search&ra={ra}d&dec={dec}d"
        "&radius=0.5&in_csys=Equatorial&in_equinox=J2000"
    )
    viewer = f"https://www.legacysurvey.org/viewer?ra={ra}&dec={dec}&layer=ls-dr10&zoom=16"
    return (
        f"RA {ra_deg:.5f}°, Dec {dec_deg:+.5f}° · [SkyServer]({explore}) · [SIMBAD]({simbad}) · [NED]({ned}) · "
        f"[Legacy Surveys]({viewer})"
    )
