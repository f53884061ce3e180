"""The table of services: no other host is ever asked.

A text that a visitor types, a page's address and a service's answer can name a position, never a host.

For tests alone, one machine can stand in for all hosts: the environment variable ``GALAXY_EXPLORER_SKY`` of the
app's process, such as ``http://127.0.0.1:8000``. ``https://HOST/PATH`` is then asked for as
``http://127.0.0.1:8000/HOST/PATH``. It must be an address of this same machine, so that it cannot send anybody's
questions elsewhere; nothing on a page can set it.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from galaxy_explorer.sky.errors import SkyError

STAND_IN = "GALAXY_EXPLORER_SKY"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_DAY = 86_400.0
_MIB = 2**20


@dataclass(frozen=True)
class Service:
    """Something that can be asked over the internet.

    Parameters
    ----------
    name : str
        What pages call it.
    address : str
        Its URL up to the question mark.
    patience_seconds : float
        How long a whole answer may take, with retries; waiting for one of our own turns is not counted.
    keep_seconds : float
        How long an answer counts as fresh.
    most_bytes : int
        The largest answer that is taken.
    """

    name: str
    address: str
    patience_seconds: float
    keep_seconds: float
    most_bytes: int

    @property
    def host(self) -> str:
        """Name the machine that is asked."""
        return str(urlsplit(self.address).hostname)

    def url(self, question: Mapping[str, str] | str) -> str:
        """Put a question behind the address: parameters by name, or a single text."""
        if isinstance(question, str):
            return f"{self.address}?{quote(question, safe='')}"
        return f"{self.address}?{urlencode(question, quote_via=quote, safe='/,()*')}"


# From right ascension and declination (degrees), arcsec per pixel and pixels a side to parameters.
Ask = Callable[[float, float, float, int], dict[str, str]]


@dataclass(frozen=True)
class CutoutSource(Service):
    """A service that cuts square colour pictures out of the sky.

    Parameters
    ----------
    parameters : callable
        Gives its parameters for right ascension and declination (degrees), arcsec per pixel and pixels a side.
    """

    parameters: Ask


def _skyserver(ra_deg: float, dec_deg: float, scale: float, pixels: int) -> dict[str, str]:
    """Ask SDSS SkyServer: arcsec per pixel."""
    return _place(ra_deg, dec_deg) | {"scale": f"{scale:.5f}", "width": str(pixels), "height": str(pixels)}


def _legacy(ra_deg: float, dec_deg: float, scale: float, pixels: int) -> dict[str, str]:
    """Ask the Legacy Surveys' viewer for its layer of SDSS: arcsec per pixel."""
    return _place(ra_deg, dec_deg) | {"layer": "sdss", "pixscale": f"{scale:.5f}", "size": str(pixels)}


def _hips2fits(ra_deg: float, dec_deg: float, scale: float, pixels: int) -> dict[str, str]:
    """Ask CDS for SDSS in colour: the whole field in degrees."""
    return {
        "hips": "CDS/P/SDSS9/color",
        **_place(ra_deg, dec_deg),
        "fov": f"{scale * pixels / 3600.0:.7f}",
        "width": str(pixels),
        "height": str(pixels),
        "format": "jpg",
        "projection": "TAN",
    }


def _place(ra_deg: float, dec_deg: float) -> dict[str, str]:
    """Write a position down; 1e-6 degrees are 0.004 arcsec."""
    return {"ra": f"{ra_deg:.6f}", "dec": f"{dec_deg:.6f}"}


_SKYSERVER = "https://skyserver.sdss.org/dr18/SkyServerWS"

# In the order in which they are asked.
CUTOUT_SOURCES: tuple[CutoutSource, ...] = (
    CutoutSource(
        "SDSS SkyServer", f"{_SKYSERVER}/ImgCutout/getjpeg", 8.0, 365 * _DAY, 4 * _MIB, _skyserver
    ),
    CutoutSource(
        "Legacy Surveys (SDSS layer)",
        "https://www.legacysurvey.org/viewer/jpeg-cutout", 8.0, 365 * _DAY, 4 * _MIB, _legacy,
    ),
    CutoutSource(
        "CDS hips2fits (SDSS DR9)",
        "https://alasky.cds.unistra.fr/hips-image-services/hips2fits", 10.0, 365 * _DAY, 4 * _MIB,
        _hips2fits,
    ),
)  # fmt: skip
SKYSERVER_SQL = Service("SDSS SkyServer", f"{_SKYSERVER}/SearchTools/SqlSearch", 20.0, 30 * _DAY, 16 * _MIB)
# The path's last part lists the databases in their order: SIMBAD, NED, VizieR.
SESAME = Service("CDS Sesame", "https://cds.unistra.fr/cgi-bin/nph-sesame/SNV", 8.0, 30 * _DAY, _MIB)
SERVICES: tuple[Service, ...] = (*CUTOUT_SOURCES, SKYSERVER_SQL, SESAME)


def may_be_asked(url: str) -> bool:
    """Tell whether an address leads to a host of the table, by https and its usual port."""
    parts = urlsplit(url)
    return (
        parts.scheme == "https"
        and parts.netloc == parts.hostname  # no port, no user
        and parts.hostname in {service.host for service in SERVICES}
    )


def stand_in() -> str:
    """Give the address of the machine that stands in for all hosts; empty where none does.

    Raises
    ------
    SkyError
        If the one that is set is no address of this same machine.
    """
    address = os.environ.get(STAND_IN, "").rstrip("/")
    if address:
        parts = urlsplit(address)
        if parts.scheme != "http" or parts.hostname not in _LOOPBACK or parts.path or "@" in parts.netloc:
            raise SkyError(f"{STAND_IN} is {address!r}; it must be like http://127.0.0.1:8000, on this same machine")
    return address


def asked(url: str) -> str:
    """Give the address that is really asked for a URL of the table: its own, or that of the stand-in."""
    address = stand_in()
    return f"{address}/{url.removeprefix('https://')}" if address else url
