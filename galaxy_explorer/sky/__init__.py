"""Positions, names, cutouts and catalogue rows from SDSS and its fall-backs, with a cache on disk.

Only the services of the table in `hosts` are ever asked. An answer is checked before it is believed, and what
failed is one of these:

    SkyError(ValueError)
    ├── NotUnderstood       the text is no position, name or address that can be read
    ├── NotFound            no object of that name or id
    ├── OutsideFootprint    the survey has no picture of that place
    └── Unavailable         a service gave nothing that can be used; it or another one may later
        ├── Offline         no connection to it
        ├── Slow            no whole answer in time
        │   └── Hurried     we ourselves had no time for it, or no turn to ask
        ├── Refused         an HTTP status that says no, or a way that leads to another host
        │   └── Busy        it asks to come back later (429), or has a fault of its own (5xx)
        └── Malformed       an answer that is not what was asked for
"""

from galaxy_explorer.sky.cutouts import Cutout, cutout, galaxy_zoo_scale
from galaxy_explorer.sky.errors import (
    Busy,
    Hurried,
    Malformed,
    NotFound,
    NotUnderstood,
    Offline,
    OutsideFootprint,
    Refused,
    SkyError,
    Slow,
    Unavailable,
)
from galaxy_explorer.sky.galaxies import SkyGalaxy, galaxies_of_gz2, galaxy_at, query
from galaxy_explorer.sky.hosts import CUTOUT_SOURCES, SESAME, SKYSERVER_SQL, CutoutSource
from galaxy_explorer.sky.positions import Position, resolve
from galaxy_explorer.sky.wire import AT_ONCE, ask_again, within

__all__ = [
    "AT_ONCE",
    "CUTOUT_SOURCES",
    "SESAME",
    "SKYSERVER_SQL",
    "Busy",
    "Cutout",
    "CutoutSource",
    "Hurried",
    "Malformed",
    "NotFound",
    "NotUnderstood",
    "Offline",
    "OutsideFootprint",
    "Position",
    "Refused",
    "SkyError",
    "SkyGalaxy",
    "Slow",
    "Unavailable",
    "ask_again",
    "cutout",
    "galaxies_of_gz2",
    "galaxy_at",
    "galaxy_zoo_scale",
    "query",
    "resolve",
    "within",
]
