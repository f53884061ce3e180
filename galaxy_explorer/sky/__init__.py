"""Positions, cutouts and galaxies from SDSS and its fall-back services.

All requests go through one HTTP client and a disk cache, to the services of the table in `services` only. The errors
are drawn as a tree in `errors`.
"""

from galaxy_explorer.sky.cutouts import Cutout, cutout, galaxy_zoo_scale
from galaxy_explorer.sky.errors import (
    DeadlineExceeded,
    InvalidResponse,
    NoConnection,
    NotFound,
    NotUnderstood,
    OutsideFootprint,
    Rejected,
    ServiceError,
    SkyError,
    Timeout,
    Unavailable,
)
from galaxy_explorer.sky.galaxies import SkyGalaxy, galaxies_of_gz2, galaxy_at, query
from galaxy_explorer.sky.http_client import MAX_CONCURRENT_REQUESTS, HttpClient, Limits, deadline
from galaxy_explorer.sky.positions import Position, resolve
from galaxy_explorer.sky.services import CUTOUT_SOURCES, SESAME, SKYSERVER_SQL, CutoutSource, reset_cool_down

__all__ = [
    "CUTOUT_SOURCES",
    "MAX_CONCURRENT_REQUESTS",
    "SESAME",
    "SKYSERVER_SQL",
    "Cutout",
    "CutoutSource",
    "DeadlineExceeded",
    "HttpClient",
    "InvalidResponse",
    "Limits",
    "NoConnection",
    "NotFound",
    "NotUnderstood",
    "OutsideFootprint",
    "Position",
    "Rejected",
    "ServiceError",
    "SkyError",
    "SkyGalaxy",
    "Timeout",
    "Unavailable",
    "cutout",
    "deadline",
    "galaxies_of_gz2",
    "galaxy_at",
    "galaxy_zoo_scale",
    "query",
    "reset_cool_down",
    "resolve",
]
