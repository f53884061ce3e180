"""``fetch sdss``: some galaxies of Galaxy Zoo 2 from SDSS's live services, as a plain folder."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from galaxy_explorer.catalogue import MOST_GALAXIES, Catalogue
from galaxy_explorer.catalogue.layouts import SCORES_FILE
from galaxy_explorer.catalogue.live_sdss import LiveDraw, open_live
from galaxy_explorer.catalogue.score_tables import ID
from galaxy_explorer.commands.downloads import FetchError, check_room
from galaxy_explorer.commands.reporting import report
from galaxy_explorer.images import ImageError
from galaxy_explorer.sky import AT_ONCE
from galaxy_explorer.storage import write_atomic

MEGABYTES_EACH = 0.1  # a picture in the folder and its copy in the cache of answers


def check_draw(count: int, seed: int) -> None:
    """Refuse a draw that there is none of.

    Raises
    ------
    FetchError
        When there are not as many galaxies in one draw, or the seed is negative.
    """
    if not 1 <= count <= MOST_GALAXIES:
        raise FetchError(
            f"--count {count} was given; one draw has 1 to {MOST_GALAXIES:,} galaxies: draw several times, each with another "
            "--seed, into the same folder"
        )
    if seed < 0:
        raise FetchError(f"--seed {seed} was given; it must be 0 or more")


def fetch_sdss(folder: Path, count: int, seed: int) -> int:
    """Fetch galaxies with their votes and positions, and give the exit status.

    Pictures that are there already are not asked for; galaxies of earlier draws stay.

    Parameters
    ----------
    folder : Path
        Where they go: ``<dr7objid>.jpg``, and ``scores.csv``.
    count : int
        How many to draw, at most 1,000. Those whose size SDSS does not know are left out.
    seed : int
        The same seed draws the same galaxies; a larger count draws more beside them.

    Returns
    -------
    int
        0, or 1 where some pictures could not be had.

    Raises
    ------
    ValueError
        If SDSS gives no galaxies, or the folder's scores are somebody else's.
    """
    check_room(folder, count * MEGABYTES_EACH)
    galaxies = open_live(LiveDraw(count, seed))
    _add_scores(galaxies.table.drop(columns="picture"), folder / SCORES_FILE)
    wanted = [galaxy_id for galaxy_id in galaxies.ids if not _picture_of(galaxy_id, folder).is_file()]
    failures = _fetch_pictures(galaxies, wanted, folder)
    left_out = f"; {galaxies.missing_pictures:,} of unknown size were left out" if galaxies.missing_pictures else ""
    print(
        f"{len(galaxies) - len(failures):,} of {len(galaxies):,} galaxies are in {folder}, "
        f"{len(wanted) - len(failures):,} of them new{left_out}"
    )
    return report(failures, "the same command asks for these again")


def _picture_of(galaxy_id: str, folder: Path) -> Path:
    """Name the file of a galaxy's picture."""
    return folder / f"{galaxy_id}.jpg"


def _add_scores(table: pd.DataFrame, path: Path) -> None:
    """Write the galaxies' scores beside those of earlier draws; the file is replaced in one step."""
    if path.is_file():
        try:
            old = pd.read_csv(path, dtype={ID: str}).set_index(ID)
        except (ValueError, KeyError, OSError) as error:
            raise FetchError(f"{path} cannot be read as scores ({error}); name another folder with --to") from error
        if old.columns.tolist() != table.columns.tolist():
            raise FetchError(f"{path} was not written by this command; name another folder with --to")
        table = pd.concat([table, old[~old.index.isin(table.index)]]).sort_index()
    write_atomic(path, table.to_csv(index_label=ID, float_format="%.6f").encode())


def _fetch_pictures(galaxies: Catalogue, wanted: list[str], folder: Path) -> dict[str, str]:
    """Fetch pictures, a few at a time; give the reasons of those that cannot be had."""

    def fetch(galaxy_id: str) -> str:
        try:
            content = galaxies.picture_bytes(galaxy_id)
        except ImageError as error:
            return str(error)
        write_atomic(_picture_of(galaxy_id, folder), content)
        return ""

    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            reasons = list(tqdm(pool.map(fetch, wanted), total=len(wanted), unit=" galaxies", disable=None))
        except BaseException:
            pool.shutdown(cancel_futures=True)  # after Ctrl-C nobody waits for the rest
            raise
    return {galaxy_id: reason for galaxy_id, reason in zip(wanted, reasons, strict=True) if reason}
