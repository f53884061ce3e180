"""The pictures among the names of files, by the ids of their galaxies."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from galaxy_explorer.catalogue.catalogue import CatalogueError
from galaxy_explorer.catalogue.score_tables import ID, id_of
from galaxy_explorer.images import FITS_ENDINGS, is_named, stem_of

SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", *FITS_ENDINGS)


class Pictures(NamedTuple):
    """The pictures that were found."""

    names: pd.Series  # with ids as index, ordered by id
    left_out: tuple[str, ...]  # those whose names are no text, as far as they can be written

    def in_words(self) -> str:
        """Say how many were left out; nothing where none was."""
        if not self.left_out:
            return ""
        return f"Pictures left out, since their names cannot be read as ids: {len(self.left_out):,}. Rename them."


def files_of(folder: Path) -> list[str]:
    """Name the files of a folder, and links that lead nowhere, without asking for anything else about them."""
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries if _is_file(entry)]


def folders_of_pictures(folder: Path) -> int:
    """Count the folders in a folder that hold a picture themselves; those that may not be read count as none."""
    with os.scandir(folder) as entries:
        inner = [entry.path for entry in entries if not entry.name.startswith(".") and _is_folder(entry)]
    return sum(map(_holds_a_picture, inner))


def _holds_a_picture(folder: str) -> bool:
    """Look for one picture in a folder, and no further."""
    try:
        with os.scandir(folder) as entries:
            return any(is_named(entry.name, *SUFFIXES) and not entry.name.startswith(".") for entry in entries)
    except OSError:
        return False


def _is_folder(entry: os.DirEntry) -> bool:
    """Tell folders, and links to such, from the rest; what cannot be asked is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_file(entry: os.DirEntry) -> bool:
    """Tell files, and links that lead to no folder, from the rest; what cannot be asked fails when it is read."""
    try:
        return entry.is_file() or (entry.is_symlink() and not entry.is_dir())
    except OSError:
        return True


def pictures_of(names: Iterable[str], where: Path, beside: str = "") -> Pictures:
    """Find the pictures among file names; where there are none, the error says also what is beside them."""
    found: dict[str, str] = {}
    left_out = []
    for name in names:
        file = name.rpartition("/")[2]
        if not is_named(file, *SUFFIXES) or file.startswith("."):
            continue
        galaxy = id_of(stem_of(file))
        if not galaxy or not is_text(file):
            left_out.append(written(file))
            continue
        if galaxy in found:
            raise CatalogueError(
                f"{where} holds two pictures of galaxy {galaxy}, {found[galaxy]} and {name}: keep one of the two"
            )
        found[galaxy] = name
    ids = sorted(found)
    places = pd.Series([found[galaxy] for galaxy in ids], index=pd.Index(ids, dtype=str, name=ID), dtype=str)
    pictures = Pictures(places, tuple(left_out))
    if not found:
        raise CatalogueError(
            f"there are no pictures in {where}: name the folder or zip file that holds them itself, as {', '.join(SUFFIXES)} "
            f"(zip files within a folder are not looked into: unpack them or name one). {pictures.in_words()} {beside}".strip()
        )
    return pictures


def written(name: str) -> str:
    """Write the name of a file, of which some bytes may be no text, with these as numbers."""
    return os.fsencode(name).decode(errors="backslashreplace")


def is_text(name: str) -> bool:
    """Tell whether a file's name is text: Python keeps other bytes, of names from old systems, as surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
