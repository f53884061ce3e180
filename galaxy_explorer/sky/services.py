"""Table of the services: no other host is contacted."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlencode, urlsplit

from galaxy_explorer.sky.errors import SkyError
from galaxy_explorer.sky.http_client import HttpClient

# Environment variable with the base URL of a fake server, for tests. It must be on this machine, so that it cannot
# send visitors' requests elsewhere.
FAKE_SERVER = "GALAXY_EXPLORER_SKY"
_DAY_S = 86_400.0
_MIB = 2**20


@dataclass(frozen=True)
class Service:
    """HTTP endpoint with its limits.

    Parameters
    ----------
    name : str
        Shown on pages.
    endpoint : str
        URL without parameters.
    timeout_s : float
        For a complete response with retries.
    cache_ttl_s : float
    max_bytes : int
        Largest response.
    """

    name: str
    endpoint: str
    timeout_s: float
    cache_ttl_s: float
    max_bytes: int

    @property
    def host(self) -> str:
        """Host name."""
        return str(urlsplit(self.endpoint).hostname)

    def url(self, query: Mapping[str, str] | str) -> str:
        """Return the URL of a query: parameters by name, or a single text."""
        if isinstance(query, str):
            return f"{self.endpoint}?{quote(query, safe='')}"
        return f"{self.endpoint}?{urlencode(query, quote_via=quote, safe='/,()*')}"


# Right ascension and declination (degrees), arcsec per pixel, pixels per side.
CutoutParameters = Callable[[float, float, float, int], dict[str, str]]


@dataclass(frozen=True)
class CutoutSource(Service):
    """Service that cuts square colour images out of a survey.

    Parameters
    ----------
    parameters : callable
        Returns the query for right ascension, declination (degrees), arcsec per pixel and pixels per side.
    """

    parameters: CutoutParameters


def _skyserver(ra_deg: float, dec_deg: float, scale_arcsec: float, side_px: int) -> dict[str, str]:
    return _position(ra_deg, dec_deg) | {
        "scale": f"{scale_arcsec:.5f}",
        "width": str(side_px),
        "height": str(side_px),
    }


def _legacy_surveys(ra_deg: float, dec_deg: float, scale_arcsec: float, side_px: int) -> dict[str, str]:
    return _position(ra_deg, dec_deg) | {"layer": "sdss", "pixscale": f"{scale_arcsec:.5f}", "size": str(side_px)}


def _hips2fits(ra_deg: float, dec_deg: float, scale_arcsec: float, side_px: int) -> dict[str, str]:
    return _position(ra_deg, dec_deg) | {
        "hips": "CDS/P/SDSS9/color",
        "fov": f"{scale_arcsec * side_px / 3600.0:.7f}",  # degrees
        "width": str(side_px),
        "height": str(side_px),
        "format": "jpg",
        "projection": "TAN",
    }


def _position(ra_deg: float, dec_deg: float) -> dict[str, str]:
    return {"ra": f"{ra_deg:.6f}", "dec": f"{dec_deg:.6f}"}  # 1e-6 degrees are 0.004 arcsec


_SKYSERVER = "https://skyserver.sdss.org/dr18/SkyServerWS"
_LEGACY_SURVEYS = "https://www.legacysurvey.org/viewer/jpeg-cutout"
_HIPS2FITS = "https://alasky.cds.unistra.fr/hips-image-services/hips2fits"

# In the order in which they are tried.
CUTOUT_SOURCES: tuple[CutoutSource, ...] = (
    CutoutSource("SDSS SkyServer", f"{_SKYSERVER}/ImgCutout/getjpeg", 8.0, 365 * _DAY_S, 4 * _MIB, _skyserver),
    CutoutSource("Legacy Surveys (SDSS layer)", _LEGACY_SURVEYS, 8.0, 365 * _DAY_S, 4 * _MIB, _legacy_surveys),
    CutoutSource("CDS hips2fits (SDSS DR9)", _HIPS2FITS, 10.0, 365 * _DAY_S, 4 * _MIB, _hips2fits),
)
SKYSERVER_SQL = Service("SDSS SkyServer", f"{_SKYSERVER}/SearchTools/SqlSearch", 20.0, 30 * _DAY_S, 16 * _MIB)
# The last part of the path lists the databases in their order: SIMBAD, NED, VizieR.
SESAME = Service("CDS Sesame", "https://cds.unistra.fr/cgi-bin/nph-sesame/SNV", 8.0, 30 * _DAY_S, _MIB)
SERVICES: tuple[Service, ...] = (*CUTOUT_SOURCES, SKYSERVER_SQL, SESAME)
HOSTS = frozenset(service.host for service in SERVICES)


def client() -> HttpClient:
    """Return the HTTP client that all services and visitors share."""
    return _client(os.environ.get(FAKE_SERVER, "").rstrip("/"))


@lru_cache(maxsize=2)
def _client(base_url: str) -> HttpClient:
    if base_url and not re.fullmatch(r"http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?", base_url):
        raise SkyError(f"{FAKE_SERVER} is {base_url!r}; expected a URL on this machine, such as http://127.0.0.1:8000")
    return HttpClient(HOSTS, base_url)


def reset_cool_down() -> None:
    """End the cool-down of services that failed, so that the next request is sent at once."""
    client().reset_cool_down()
