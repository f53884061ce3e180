"""``fetch sdss``: a random sample of Galaxy Zoo 2 from SDSS, as a plain folder."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from galaxy_explorer.catalogue import FIELD_FILE, ID, MOST_GALAXIES, SCORES_FILE, Catalogue, LiveDraw, open_live
from galaxy_explorer.commands.fetching.downloads import FetchError, check_disk_space
from galaxy_explorer.commands.reporting import report
from galaxy_explorer.images import FIELD_PX, ImageError
from galaxy_explorer.sky import MAX_CONCURRENT_REQUESTS
from galaxy_explorer.storage import write_atomic

MEGABYTES_EACH = 0.1  # a picture in the folder and its copy in the response cache


def check_draw(count: int, seed: int) -> None:
    """Raise FetchError if the size or the seed of a draw is out of range."""
    if not 1 <= count <= MOST_GALAXIES:
        raise FetchError(
            f"--count {count} was given; one draw has 1 to {MOST_GALAXIES:,} galaxies: draw several times, each with "
            "another --seed, into the same folder"
        )
    if seed < 0:
        raise FetchError(f"--seed {seed} was given; it must be 0 or more")


def fetch_sdss(folder: Path, count: int, seed: int) -> int:
    """Fetch a sample with votes and positions; return the exit status, 1 if pictures failed.

    Galaxies of earlier draws stay, and their pictures are not fetched again. Those of unknown size are left out.
    """
    check_disk_space(folder, count * MEGABYTES_EACH)
    galaxies = open_live(LiveDraw(count, seed))
    _add_scores(galaxies.table.drop(columns="picture"), folder / SCORES_FILE)
    # The pictures show Galaxy Zoo's whole field of view: no command has to find the galaxy in them.
    write_atomic(folder / FIELD_FILE, json.dumps({"centre": FIELD_PX, "of": FIELD_PX}).encode())
    wanted = [galaxy_id for galaxy_id in galaxies.ids if not _picture_of(galaxy_id, folder).is_file()]
    failures = _fetch_pictures(galaxies, wanted, folder)
    left_out = f"; {galaxies.missing_pictures:,} of unknown size were left out" if galaxies.missing_pictures else ""
    print(
        f"{len(galaxies) - len(failures):,} of {len(galaxies):,} galaxies are in {folder}, "
        f"{len(wanted) - len(failures):,} of them new{left_out}"
    )
    return report(failures, "run the same command again to fetch these")


def _picture_of(galaxy_id: str, folder: Path) -> Path:
    return folder / f"{galaxy_id}.jpg"


def _add_scores(table: pd.DataFrame, path: Path) -> None:
    """Add the galaxies' scores to those of earlier draws; atomic write."""
    if path.is_file():
        try:
            old = pd.read_csv(path, dtype={ID: str}).set_index(ID)
        except (ValueError, KeyError, OSError) as error:
            raise FetchError(f"{path} cannot be read as scores ({error}); choose another folder with --to") from error
        if old.columns.tolist() != table.columns.tolist():
            raise FetchError(f"{path} was not written by this command; choose another folder with --to")
        table = pd.concat([table, old[~old.index.isin(table.index)]]).sort_index()
    write_atomic(path, table.to_csv(index_label=ID, float_format="%.6f").encode())


def _fetch_pictures(galaxies: Catalogue, wanted: list[str], folder: Path) -> dict[str, str]:
    """Fetch pictures concurrently; return the reasons of those that failed."""

    def fetch(galaxy_id: str) -> str:
        try:
            content = galaxies.picture_bytes(galaxy_id)
        except ImageError as error:
            return str(error)
        write_atomic(_picture_of(galaxy_id, folder), content)
        return ""

    with ThreadPoolExecutor(MAX_CONCURRENT_REQUESTS) as pool:
        try:
            reasons = list(tqdm(pool.map(fetch, wanted), total=len(wanted), unit=" galaxies", disable=None))
        except BaseException:
            pool.shutdown(cancel_futures=True)  # Ctrl-C does not wait for the rest
            raise
    return {galaxy_id: reason for galaxy_id, reason in zip(wanted, reasons, strict=True) if reason}
