"""``fetch``: whole data sets from the internet, in the layouts that the catalogue opens."""

import argparse
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from galaxy_explorer.commands.downloads import FetchError, Remote, check_room, download, needed_megabytes
from galaxy_explorer.commands.kaggle import fetch_kaggle
from galaxy_explorer.commands.unpacking import forget_unfinished, is_there, unpack
from galaxy_explorer.storage import try_lock

_ZENODO = "https://zenodo.org/records/3565489/files"
GZ2_PICTURES = Remote(
    "images_gz2.zip", f"{_ZENODO}/images_gz2.zip?download=1", 3400, "bc647032d31e50c798770cf4430525c7"
)
GZ2_TABLES = (
    Remote(
        "gz2_filename_mapping.csv",
        f"{_ZENODO}/gz2_filename_mapping.csv?download=1", 15, "7e28465e6dfbf96c0d828c595a5bbd80",
    ),
    Remote("gz2_hart16.csv.gz", "https://gz2hart.s3.amazonaws.com/gz2_hart16.csv.gz", 100),
)  # fmt: skip
GZ2_FOLDERS = ("images", "images_gz2/images")  # where pictures may lie that were unpacked before
GZ2_UNPACKED_MEGABYTES = 4600  # 243,000 pictures of 14 KB, each with what is left over of its last block
GZ2_MOST_GIGABYTES = 12.0
LOCK = ".fetch.lock"


def fetch(options: argparse.Namespace) -> int:
    """Fetch a data set into ``--to``, and give the exit status.

    Raises
    ------
    ValueError
        When it cannot be fetched; the message says why and what to do.
    """
    folder: Path = options.to.expanduser()
    if folder.exists() and not folder.is_dir():
        raise FetchError(f"{folder} is a file; name a folder with --to")
    try:
        return _fetch_into(folder, options)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise FetchError(
            f"{error.filename or folder} cannot be written ({error.strerror or error}); make room there, or name another folder "
            "of yours with --to, and run the same command again"
        ) from error


def _fetch_into(folder: Path, options: argparse.Namespace) -> int:
    """Fetch a data set into a folder, which is made where there is none."""
    if options.what == "sdss":
        from galaxy_explorer.commands.sdss import check_draw, fetch_sdss  # pandas takes a second to import

        check_draw(options.count, options.seed)
        with _alone_in(folder):
            return fetch_sdss(folder, options.count, options.seed)
    with _alone_in(folder):
        did_something = {"gz2": fetch_gz2, "kaggle": fetch_kaggle}[options.what](folder)
    from galaxy_explorer.catalogue import CatalogueError, open_catalogue  # a second to import

    try:
        galaxies = open_catalogue(folder)
    except CatalogueError as error:
        raise FetchError(f"{error}. What is in {folder} is left as it is: delete what is wrong before") from error
    if not did_something:
        print(f"all of it is in {folder} already")
    print(f"{len(galaxies):,} galaxies are in {folder}. {galaxies.note}")
    print(f"To see them: GALAXY_EXPLORER_DATA={shlex.quote(str(folder.resolve()))} make app")
    return 0


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Make a folder where there is none, and keep a second fetch out of it: both would write the same files."""
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):  # where all may be there already
        yield
        return
    with try_lock(folder / LOCK) as ours:
        if not ours:
            raise FetchError(
                f"another fetch is at work in {folder}; wait until it has ended, or name another folder with --to"
            )
        yield


def fetch_gz2(folder: Path) -> bool:
    """Fetch Galaxy Zoo 2: the pictures and the list of which is which from Zenodo, the votes of Hart et al. 2016.

    Parameters
    ----------
    folder : Path
        Where it goes. What is there already is left as it is.

    Returns
    -------
    bool
        Whether anything was missing.

    Raises
    ------
    FetchError
        If something cannot be fetched.
    """
    absent = [remote for remote in GZ2_TABLES if not _has_table(folder / remote.name)]
    unpacked = any((folder / name).is_dir() and is_there(folder / name) for name in GZ2_FOLDERS)
    if not absent and unpacked:
        return False
    megabytes = sum(needed_megabytes(remote, folder) for remote in absent)
    if not unpacked:
        forget_unfinished(folder / GZ2_FOLDERS[0])
        megabytes += needed_megabytes(GZ2_PICTURES, folder) + GZ2_UNPACKED_MEGABYTES
    check_room(folder, megabytes)
    for remote in absent:
        download(remote, folder)
    if not unpacked:
        archive = download(GZ2_PICTURES, folder)
        unpack(archive, folder / GZ2_FOLDERS[0], (".jpg",), GZ2_MOST_GIGABYTES)
        archive.unlink()
    return True


def _has_table(path: Path) -> bool:
    """Tell whether a table is there, packed or not."""
    return path.is_file() or (path.with_suffix("").is_file() and path.suffix == ".gz")
