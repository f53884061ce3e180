"""Picture files among the files of a folder or zip, by the ids of their galaxies."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from galaxy_explorer.catalogue.catalogue import CatalogueError
from galaxy_explorer.catalogue.score_tables import ID, normalise_id
from galaxy_explorer.images import FITS_ENDINGS, is_named, stem_of

SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".avif", *FITS_ENDINGS)
_SURROGATE = re.compile("[\ud800-\udfff]")  # a byte of a file name that is not valid UTF-8


def list_files(folder: Path) -> list[str]:
    """Return the names of a folder's files and broken links, without a stat call for each."""
    with os.scandir(folder) as entries:
        return [
            entry.name
            for entry in entries
            if entry.is_file(follow_symlinks=False) or (entry.is_symlink() and not os.path.isdir(entry.path))
        ]


def count_picture_folders(folder: Path) -> int:
    """Count the readable subfolders that directly hold a picture."""
    with os.scandir(folder) as entries:
        folders = [
            entry.path
            for entry in entries
            if not entry.name.startswith(".")
            and (entry.is_dir(follow_symlinks=False) or (entry.is_symlink() and os.path.isdir(entry.path)))
        ]
    return sum(map(_holds_picture, folders))


def _holds_picture(folder: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(_is_picture(entry.name) for entry in entries)
    except OSError:
        return False


def _is_picture(name: str) -> bool:
    return is_named(name, *SUFFIXES) and not name.startswith(".")


def pictures_by_id(names: Iterable[str], location: Path, hint: str = "") -> tuple[pd.Series, str]:
    """Return the pictures among file names by sorted id, and a sentence on skipped ones.

    The error for a location without pictures ends with `hint`.
    """
    pictures: dict[str, str] = {}
    skipped = 0
    for name in names:
        file = name.rpartition("/")[2]
        if not _is_picture(file):
            continue
        galaxy_id = normalise_id(stem_of(file))
        if not galaxy_id or _SURROGATE.search(file):
            skipped += 1
            continue
        if galaxy_id in pictures:
            raise CatalogueError(
                f"{location} holds two pictures of galaxy {galaxy_id}, {pictures[galaxy_id]} and {name}: keep one"
            )
        pictures[galaxy_id] = name
    note = f"Pictures skipped, because their names are not valid ids: {skipped:,}. Rename them." if skipped else ""
    if not pictures:
        raise CatalogueError(
            f"there are no pictures in {location}: give the folder or zip file that holds them (zip files in a folder "
            f"are not scanned). {' '.join(filter(None, (note, hint)))} Their names end in {', '.join(SUFFIXES)}"
        )
    ids = sorted(pictures)
    index = pd.Index(ids, dtype=str, name=ID)
    return pd.Series([pictures[galaxy_id] for galaxy_id in ids], index=index, dtype=str), note
