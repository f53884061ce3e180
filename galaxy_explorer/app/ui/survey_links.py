"""Links to other sites about a position on the sky."""

import math

SITES = {
    "SkyServer": "https://skyserver.sdss.org/dr18/VisualTools/explore/summary?ra={ra}&dec={dec}",
    "SIMBAD": "https://simbad.cds.unistra.fr/simbad/sim-coo?Coord={ra}d{signed}d&CooFrame=ICRS&Radius=2"
    "&Radius.unit=arcmin",
    "NED": "https://ned.ipac.caltech.edu/conesearch?search_type=Near%20Position%20Search&ra={ra}d&dec={dec}d"
    "&radius=0.5&in_csys=Equatorial&in_equinox=J2000",
    "Legacy Surveys": "https://www.legacysurvey.org/viewer?ra={ra}&dec={dec}&layer=ls-dr10&zoom=16",
}


def links_out(ra_deg: float | None, dec_deg: float | None) -> str:
    """Return a J2000 position with its links as a line of Markdown; empty for None or NaN."""
    if ra_deg is None or dec_deg is None or math.isnan(ra_deg) or math.isnan(dec_deg):
        return ""
    values = {"ra": f"{ra_deg:.6f}", "dec": f"{dec_deg:.6f}", "signed": f"{dec_deg:+.6f}".replace("+", "%2B")}
    links = [f"[{site}]({url.format(**values)})" for site, url in SITES.items()]
    return " · ".join([f"RA {ra_deg:.5f}°, Dec {dec_deg:+.5f}°", *links])
