"""``fetch``: download data sets in the layouts that the catalogue opens."""

import argparse
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from galaxy_explorer.commands.fetching.downloads import (
    FetchError,
    Remote,
    check_disk_space,
    download,
    missing_megabytes,
)
from galaxy_explorer.commands.fetching.kaggle import fetch_kaggle
from galaxy_explorer.commands.fetching.unpacking import exists_with_content, remove_unfinished, unpack
from galaxy_explorer.storage import try_lock

_PICTURES_URL = "https://zenodo.org/records/3565489/files/images_gz2.zip?download=1"
_MAPPING_URL = "https://zenodo.org/records/3565489/files/gz2_filename_mapping.csv?download=1"
_VOTES_URL = "https://gz2hart.s3.amazonaws.com/gz2_hart16.csv.gz"
GZ2_PICTURES = Remote("images_gz2.zip", _PICTURES_URL, 3400, "bc647032d31e50c798770cf4430525c7")
GZ2_TABLES = (
    Remote("gz2_filename_mapping.csv", _MAPPING_URL, 15, "7e28465e6dfbf96c0d828c595a5bbd80"),
    Remote("gz2_hart16.csv.gz", _VOTES_URL, 100),
)
GZ2_FOLDERS = ("images", "images_gz2/images")  # of pictures that were unpacked before
GZ2_UNPACKED_MEGABYTES = 4600  # 243,000 pictures of 14 KB, in whole blocks of the disk
GZ2_MAX_GIGABYTES = 12.0
LOCK = ".fetch.lock"


def fetch(options: argparse.Namespace) -> int:
    """Fetch a data set into ``--to`` and return the exit status; raise FetchError if that fails."""
    folder: Path = options.to.expanduser()
    if folder.exists() and not folder.is_dir():
        raise FetchError(f"{folder} is a file; choose a folder with --to")
    try:
        return _fetch_into(folder, options)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise FetchError(
            f"{error.filename or folder} cannot be written ({error.strerror or error}); make room there, or choose "
            "another folder of yours with --to, and run the same command again"
        ) from error


def _fetch_into(folder: Path, options: argparse.Namespace) -> int:
    if options.what == "sdss":
        from galaxy_explorer.commands.fetching.sdss import check_draw, fetch_sdss  # pandas takes a second to import

        check_draw(options.count, options.seed)
        with _locked(folder):
            return fetch_sdss(folder, options.count, options.seed)
    with _locked(folder):
        was_missing = {"gz2": fetch_gz2, "kaggle": fetch_kaggle}[options.what](folder)
    from galaxy_explorer.catalogue import CatalogueError, open_catalogue  # a second to import

    try:
        galaxies = open_catalogue(folder)
    except CatalogueError as error:
        raise FetchError(
            f"{error}. Nothing in {folder} was changed: delete the damaged file and fetch again"
        ) from error
    if not was_missing:
        print(f"{folder} is complete already")
    print(f"{len(galaxies):,} galaxies are in {folder}. {galaxies.note}")
    print(f"To open them: GALAXY_EXPLORER_DATA={shlex.quote(str(folder.resolve()))} make app")
    return 0


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Make a folder and hold its lock: a second fetch would write the same files."""
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):  # it may be complete already
        yield
        return
    with try_lock(folder / LOCK) as is_locked:
        if not is_locked:
            raise FetchError(
                f"another fetch is running in {folder}; wait for its end, or choose another folder with --to"
            )
        yield


def fetch_gz2(folder: Path) -> bool:
    """Fetch what is missing of Galaxy Zoo 2; return whether anything was."""
    missing = [table for table in GZ2_TABLES if not _has_table(folder / table.name)]
    has_pictures = any((folder / name).is_dir() and exists_with_content(folder / name) for name in GZ2_FOLDERS)
    if not missing and has_pictures:
        return False
    megabytes = sum(missing_megabytes(table, folder) for table in missing)
    if not has_pictures:
        remove_unfinished(folder / GZ2_FOLDERS[0])
        megabytes += missing_megabytes(GZ2_PICTURES, folder) + GZ2_UNPACKED_MEGABYTES
    check_disk_space(folder, megabytes)
    for table in missing:
        download(table, folder)
    if not has_pictures:
        archive = download(GZ2_PICTURES, folder)
        unpack(archive, folder / GZ2_FOLDERS[0], (".jpg",), GZ2_MAX_GIGABYTES)
        archive.unlink()
    return True


def _has_table(path: Path) -> bool:
    """Return whether a table exists, compressed or not."""
    return path.is_file() or (path.with_suffix("").is_file() and path.suffix == ".gz")
