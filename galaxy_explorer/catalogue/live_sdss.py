"""Galaxies of Galaxy Zoo 2 from SDSS SkyServer: one query for the table, cutouts on demand."""

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from galaxy_explorer.catalogue.catalogue import Catalogue
from galaxy_explorer.catalogue.errors import CatalogueError
from galaxy_explorer.catalogue.tables.score_tables import ID, scores_from_votes
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import ImageError
from galaxy_explorer.sky import SkyError, SkyGalaxy, cutout, deadline, galaxies_of_gz2, galaxy_zoo_scale
from galaxy_explorer.sky.galaxies import MOST_GALAXIES, VOTE_COLUMNS

LIVE = "Live SDSS"
TABLE_DEADLINE_S = 40.0  # for the table of a draw, with the wait for a free connection
PICTURE_DEADLINE_S = 20.0  # for one cutout, over all sources
_NAME = re.compile(rf"{LIVE}(?: (\d{{1,4}}) seed (\d{{1,6}})(?: (Class\d+\.\d+) (\d{{1,3}}))?)?")


@dataclass(frozen=True)
class LiveDraw:
    """A random draw from SDSS; its name holds all parameters, so that links reproduce it.

    Parameters
    ----------
    count : int
        Number of galaxies, 1 to `MOST_GALAXIES`.
    seed : int
        Random seed, 0 to 999,999.
    column : str
        Score column of an answer; only galaxies with a large share of it are drawn. Empty: no condition.
    min_percent : int
        Minimum answer share in per cent.
    """

    count: int = 100
    seed: int = 1
    column: str = ""
    min_percent: int = 0

    @property
    def name(self) -> str:
        """Source name: ``Live SDSS`` or, for example, ``Live SDSS 500 seed 3 Class4.1 80``."""
        if self == LiveDraw():
            return LIVE
        condition = f" {self.column} {self.min_percent}" if self.column else ""
        return f"{LIVE} {self.count} seed {self.seed}{condition}"


def draw_named(name: str) -> LiveDraw | None:
    """Parse the name of a `LiveDraw`; return None for any other name."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    count, seed, column, percent = match.groups()
    draw = LiveDraw(int(count), int(seed), column or "", int(percent or 0)) if count else LiveDraw()
    in_range = 1 <= draw.count <= MOST_GALAXIES and draw.min_percent <= 100 and draw.column in {"", *COLUMNS}
    return draw if in_range and draw.name == name else None


def open_live(draw: LiveDraw) -> Catalogue:
    """Query SDSS for galaxies.

    Parameters
    ----------
    draw : LiveDraw

    Returns
    -------
    Catalogue
        Galaxies with their debiased votes and positions, by their `dr7objid`. Those without a Petrosian radius
        are left out and counted, because a cutout needs it for its scale.

    Raises
    ------
    CatalogueError
        If SkyServer fails, or no galaxy fits.
    """
    try:
        with deadline(TABLE_DEADLINE_S):
            answer = galaxies_of_gz2(draw.count, draw.seed, draw.column, draw.min_percent / 100)
    except SkyError as error:
        raise CatalogueError(f"SDSS returned no galaxies: {error}") from error
    galaxies = {galaxy.gz2id: galaxy for galaxy in answer.value if galaxy.radius_arcsec is not None}
    if not galaxies:
        raise CatalogueError(f"no galaxy of Galaxy Zoo 2 fits {draw.name}: choose a smaller share, or any answer")
    age = " SDSS does not respond; this is an earlier response." if answer.stale else ""
    note = (
        "Galaxies of Galaxy Zoo 2 from SDSS SkyServer; cutouts are downloaded when shown. Votes: debiased as in "
        "Willett et al. 2013; they may differ from those of the table of Hart et al. 2016. Pictures: Sloan Digital "
        f"Sky Survey. Galaxies without a Petrosian radius in SDSS are left out.{age}"
    )
    missing = sum(galaxy.radius_arcsec is None for galaxy in answer.value)
    table = _table(galaxies)
    return Catalogue(draw.name, table, Path(LIVE), 1.0, missing, note, fetch=fetch_cutout, stale=answer.stale)


def _table(galaxies: dict[str, SkyGalaxy]) -> pd.DataFrame:
    """Return a catalogue's table; a picture's name is its position and scale."""
    ids = pd.Index(list(galaxies), dtype=str, name=ID)
    votes = pd.DataFrame([galaxy.votes for galaxy in galaxies.values()], index=ids, columns=list(VOTE_COLUMNS))
    table = pd.DataFrame(scores_from_votes(votes), index=ids, columns=list(COLUMNS)).astype("float32")
    table["picture"] = [
        f"{galaxy.ra_deg:.6f} {galaxy.dec_deg:.6f} {galaxy_zoo_scale(galaxy.radius_arcsec or 0.0):.5f}"
        for galaxy in galaxies.values()
    ]
    table["ra_deg"] = [galaxy.ra_deg for galaxy in galaxies.values()]
    table["dec_deg"] = [galaxy.dec_deg for galaxy in galaxies.values()]
    return table


def fetch_cutout(name: str) -> bytes:
    """Download a galaxy's cutout, a JPEG file of 424×424 pixels, through the cache.

    `name` is the picture's name in the table: right ascension, declination (degrees) and arcsec per pixel.
    """
    ra_deg, dec_deg, scale_arcsec = (float(number) for number in name.split())
    try:
        with deadline(PICTURE_DEADLINE_S):
            return cutout(ra_deg, dec_deg, scale_arcsec).content
    except SkyError as error:
        raise ImageError(str(error)) from error
