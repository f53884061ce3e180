"""Galaxies of Galaxy Zoo 2 straight from SDSS: one query for all of them, pictures when they are looked at."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from galaxy_explorer.catalogue.galaxies import Catalogue, CatalogueError
from galaxy_explorer.catalogue.scores import ID, scores_from_votes
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import ImageError
from galaxy_explorer.sky import SkyError, SkyGalaxy, cutout, deadline, galaxies_of_gz2, galaxy_zoo_scale
from galaxy_explorer.sky.galaxies import MOST_GALAXIES, VOTE_COLUMNS

LIVE = "Live SDSS"
TABLE_SECONDS = 40.0  # for the table of a draw, with waiting for our turn
PICTURE_SECONDS = 20.0  # for one picture from whichever source has it
_NAME = re.compile(rf"{LIVE}(?: (\d{{1,4}}) seed (\d{{1,6}})(?: (Class\d+\.\d+) (\d{{1,3}}))?)?")


@dataclass(frozen=True)
class LiveDraw:
    """What SDSS is asked for. Its name says all of it, so that an address leads others to the same galaxies.

    Parameters
    ----------
    count : int
        How many galaxies, 1 to `MOST_GALAXIES`.
    seed : int
        The same seed draws the same galaxies, 0 to 999,999.
    column : str
        Draw only galaxies on which this answer, by its score column, has a large share; any where empty.
    least_percent : int
        How large, in per cent of its question's votes.
    """

    count: int = 100
    seed: int = 1
    column: str = ""
    least_percent: int = 0

    @property
    def name(self) -> str:
        """Name the source: ``Live SDSS``, ``Live SDSS 500 seed 3`` or ``Live SDSS 500 seed 3 Class4.1 80``."""
        if self == LiveDraw():
            return LIVE
        wanted = f" {self.column} {self.least_percent}" if self.column else ""
        return f"{LIVE} {self.count} seed {self.seed}{wanted}"


def draw_named(name: str) -> LiveDraw | None:
    """Read the name of a `LiveDraw`; None where it is the name of none."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    count, seed, column, least = match.groups()
    if count is None:
        return LiveDraw()
    draw = LiveDraw(int(count), int(seed), column or "", int(least or 0))
    in_range = 1 <= draw.count <= MOST_GALAXIES and draw.least_percent <= 100 and draw.column in {"", *COLUMNS}
    return draw if in_range and draw.name == name else None


class _View(NamedTuple):
    """What a cutout is asked for with; its text is the picture's name."""

    ra_deg: float
    dec_deg: float
    scale_arcsec: float

    def __str__(self) -> str:
        return f"{self.ra_deg:.6f} {self.dec_deg:.6f} {self.scale_arcsec:.5f}"


def open_live(draw: LiveDraw) -> Catalogue:
    """Ask SDSS for galaxies.

    Parameters
    ----------
    draw : LiveDraw
        Which ones.

    Returns
    -------
    Catalogue
        Galaxies with their debiased votes and positions, by their `dr7objid`. Those whose size is unknown are
        left out and counted, since no picture at Galaxy Zoo's scale can be cut out.

    Raises
    ------
    CatalogueError
        If SkyServer gives no answer, or no galaxy fits.
    """
    try:
        with deadline(TABLE_SECONDS):
            answer = galaxies_of_gz2(draw.count, draw.seed, draw.column, draw.least_percent / 100)
    except SkyError as error:
        raise CatalogueError(f"SDSS gives no galaxies just now: {error}") from error
    galaxies = {galaxy.gz2id: galaxy for galaxy in answer.value if galaxy.radius_arcsec is not None}
    if not galaxies:
        raise CatalogueError(f"no galaxy of Galaxy Zoo 2 fits {draw.name}: ask for a smaller share, or any answer")
    age = " SDSS does not answer now; this is what it said before." if answer.stale else ""
    note = (
        "Galaxies of Galaxy Zoo 2, asked from SDSS SkyServer; pictures are cut out as you look at them. Votes: debiased as "
        "in Willett et al. 2013; they may differ from those of the table of Hart et al. 2016. Pictures: Sloan Digital Sky "
        f"Survey. Galaxies whose size SDSS could not measure are left out.{age}"
    )
    missing = sum(galaxy.radius_arcsec is None for galaxy in answer.value)
    return Catalogue(
        draw.name, _table(galaxies), Path(LIVE), 1.0, missing, note, fetch=fetch_cutout, stale=answer.stale
    )


def _table(galaxies: dict[str, SkyGalaxy]) -> pd.DataFrame:
    """Lay galaxies out as a catalogue's table."""
    ids = pd.Index(list(galaxies), dtype=str, name=ID)
    votes = pd.DataFrame([galaxy.votes for galaxy in galaxies.values()], index=ids, columns=list(VOTE_COLUMNS))
    table = pd.DataFrame(scores_from_votes(votes), index=ids, columns=list(COLUMNS)).astype("float32")
    table["picture"] = [
        str(_View(galaxy.ra_deg, galaxy.dec_deg, galaxy_zoo_scale(galaxy.radius_arcsec or 0.0)))
        for galaxy in galaxies.values()
    ]
    table["ra_deg"] = [galaxy.ra_deg for galaxy in galaxies.values()]
    table["dec_deg"] = [galaxy.dec_deg for galaxy in galaxies.values()]
    return table


def fetch_cutout(name: str) -> bytes:
    """Fetch a galaxy's picture, or take it from the cache.

    Parameters
    ----------
    name : str
        The picture's name in the table: right ascension, declination (degrees) and arcsec per pixel.

    Returns
    -------
    bytes
        A JPEG file of 424×424 pixels.

    Raises
    ------
    ImageError
        If no source gives one.
    """
    view = _View(*(float(number) for number in name.split()))
    try:
        with deadline(PICTURE_SECONDS):
            return cutout(*view).content
    except SkyError as error:
        raise ImageError(str(error)) from error
