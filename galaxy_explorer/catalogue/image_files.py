"""Files of a folder or zip: pictures by galaxy id, tables, and files that are not read."""

import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from galaxy_explorer.catalogue.catalogue import PARAMETERS_FILE
from galaxy_explorer.catalogue.errors import CatalogueError, shortened
from galaxy_explorer.catalogue.gz2 import MAPPING, TABLES
from galaxy_explorer.catalogue.tables.score_tables import ID, normalise_id
from galaxy_explorer.images import FITS_ENDINGS, is_named, stem_of

SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".webp", ".avif", *FITS_ENDINGS)
SAMPLE = "sample"  # name of the bundled galaxies
SIMULATED = "simulated"  # name of the bundled survey of simulated galaxies
SCORES_FILE = "scores.csv"
SCORES_FILES = (SCORES_FILE, "scores.tsv")
FIELD_FILE = "field.json"
POSITIONS_FILE = "positions.csv"  # of a plain folder or zip: where its galaxies are on the sky
VALIDATION_FILE = "validation.txt"  # next to a data set's pictures or in their zip: galaxies that are never trained on
KAGGLE_PICTURES = ("images_training_rev1", "images_test_rev1")
KAGGLE_SCORES = ("training_solutions_rev1.csv", "training_solutions_partial.csv")
FOLDER_TABLES = (*KAGGLE_SCORES, MAPPING, *TABLES)  # tables of the layouts that are folders only
VOTE_FILES = (*SCORES_FILES, *FOLDER_TABLES)  # names of tables with votes, next to pictures
_KNOWN = (*VOTE_FILES, FIELD_FILE, VALIDATION_FILE, POSITIONS_FILE, PARAMETERS_FILE)
_OF_SYSTEMS = ("thumbs.db", "desktop.ini")  # Windows adds these
_MAYBE_SCORES = re.compile(r"(score|training_solutions).*\.(csv|tsv|txt|xlsx?|ods|numbers|parquet|gz)", re.IGNORECASE)
_NAMED = 5  # of endings or tables in a sentence
_SURROGATE = re.compile("[\ud800-\udfff]")  # a byte of a file name that is not valid UTF-8


def expanded(location: str | Path) -> Path:
    """Return a path without ``~``; Path.expanduser raises if there is no such user."""
    return Path(os.path.expanduser(location))


def is_kaggle(folder: Path) -> bool:
    """Return whether a folder holds the challenge."""
    return (folder / KAGGLE_PICTURES[0]).is_dir()


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


def file_of(name: str) -> str:
    """Return the name of a zip file's member without its folder."""
    return name.rpartition("/")[2]


def known_files(names: Iterable[str], location: Path) -> dict[str, str]:
    """Return the tables and lists among file names by their names in small letters.

    Raises CatalogueError if there are two of a kind.
    """
    found: dict[str, str] = {}
    for name in names:
        usual = file_of(name).lower()
        if usual not in _KNOWN:
            continue
        if usual in found:
            raise CatalogueError(
                f"{location} holds {usual} twice, as {found[usual]} and {name}: keep one, with all rows"
            )
        found[usual] = name
    return found


def describe_skipped(names: Iterable[str], used: Iterable[str] = _KNOWN) -> str:
    """Return sentences on files that are not pictures, and on tables like scores.csv.

    `used` are the usual names of the files that are read.
    """
    files = [file for name in names if not (file := file_of(name)).startswith(".") and file]
    others = [file for file in files if not _is_picture(file) and file.lower() not in (*used, *_OF_SYSTEMS)]
    tables = [file for file in others if _MAYBE_SCORES.search(file) or file.lower() in VOTE_FILES]
    sentences = []
    if others:
        endings = Counter(os.path.splitext(file)[1].lower() or "no ending" for file in others).most_common()
        listed = ", ".join(f"{shortened(ending)}: {count:,}" for ending, count in endings[:_NAMED])
        more = ", …" if endings[_NAMED:] else ""
        sentences.append(f"Files that are not pictures by their names: {len(others):,} ({listed}{more}).")
    if tables:
        listed = ", ".join(map(shortened, tables[:_NAMED])) + (", …" if tables[_NAMED:] else "")
        sentences.append(f"Tables that are not read: {listed}. If one holds votes, save it as {SCORES_FILE}.")
    return " ".join(sentences)


def pictures_by_id(names: Iterable[str], location: Path, hint: str = "") -> tuple[pd.Series, str]:
    """Return the pictures by sorted id, and a sentence on those without a valid id.

    The error for a location without pictures ends with `hint`.
    """
    pictures: dict[str, str] = {}
    skipped = 0
    for name in names:
        file = file_of(name)
        if not _is_picture(file):
            continue
        galaxy_id = normalise_id(stem_of(file))
        if not galaxy_id or _SURROGATE.search(file):
            skipped += 1
            continue
        if galaxy_id in pictures:
            raise CatalogueError(
                f"{location} holds two pictures of galaxy {shortened(galaxy_id)}, {shortened(pictures[galaxy_id])} and "
                f"{shortened(name)}: keep one"
            )
        pictures[galaxy_id] = name
    note = f"Pictures skipped, because their names are not valid ids: {skipped:,}. Rename them." if skipped else ""
    if not pictures:
        raise CatalogueError(
            f"there are no pictures in {location}: give the folder or zip file that holds them (zip files inside are "
            f"not scanned). {' '.join(filter(None, (note, hint)))} Their names end in {', '.join(SUFFIXES)}"
        )
    ids = sorted(pictures)
    index = pd.Index(ids, dtype=str, name=ID)
    return pd.Series([pictures[galaxy_id] for galaxy_id in ids], index=index, dtype=str), note
