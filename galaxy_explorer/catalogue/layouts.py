"""Layouts of galaxies on disk, and how each is opened."""

import json
import os
from pathlib import Path

import pandas as pd

from galaxy_explorer.catalogue.catalogue import UNREADABLE, Catalogue, CatalogueError
from galaxy_explorer.catalogue.gz2 import DEBIASED, IMAGES, MAPPING, TABLES, looks_like_gz2, open_gz2
from galaxy_explorer.catalogue.image_files import SUFFIXES, count_picture_folders, list_files, pictures_by_id
from galaxy_explorer.catalogue.live_sdss import draw_named, open_live
from galaxy_explorer.catalogue.score_tables import read_scores
from galaxy_explorer.catalogue.zip_files import MAX_TABLE_BYTES, open_zip, read_member
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import is_named

SAMPLE = "sample"  # name of the bundled galaxies
SCORES_FILE = "scores.csv"
FIELD_FILE = "field.json"
KAGGLE_PICTURES = ("images_training_rev1", "images_test_rev1")
KAGGLE_SCORES = ("training_solutions_rev1.csv", "training_solutions_partial.csv")
FOLDER_TABLES = (*KAGGLE_SCORES, MAPPING, *TABLES)  # tables of the layouts that are folders only
VOTE_FILES = (SCORES_FILE, *FOLDER_TABLES)  # names of tables with votes, next to pictures


def open_catalogue(location: str | Path, *, votes: str = DEBIASED) -> Catalogue:
    """Open a catalogue of galaxies.

    Parameters
    ----------
    location : str or Path
        The text ``"sample"`` for the bundled galaxies; the name of a `LiveDraw`, such as ``"Live SDSS"``, for a
        query to SDSS; or the path of

        - the folder of the challenge: ``images_training_rev1/`` and, if present, ``images_test_rev1/``,
          ``training_solutions_rev1.csv``, ``training_solutions_partial.csv``;
        - the folder of Galaxy Zoo 2: ``images/``, ``gz2_filename_mapping.csv`` and ``gz2_hart16.csv`` (or
          the same as ``.csv.gz``);
        - a folder of pictures whose names, without the ending, are the galaxies' ids, with or without a
          ``scores.csv``;
        - a zip file of such a plain folder.

        A ``field.json`` such as ``{"centre": 288, "of": 424}`` describes pictures that were cropped before.
    votes : {"debiased", "weighted"}, optional
        Kind of the votes of Galaxy Zoo 2. The other layouts have no choice.

    Returns
    -------
    Catalogue
        The galaxies that have a picture, in the order of their ids. Those without a row in the score
        table have NaN for scores.

    Raises
    ------
    CatalogueError
        If there is no catalogue, a table of it is malformed, or it has no choice of votes.
    """
    catalogue = _open(location, votes)
    if votes != (catalogue.vote_kind or DEBIASED):
        raise CatalogueError(
            f"{votes} votes were requested, but {catalogue.name} has one kind of scores: "
            "only the Galaxy Zoo 2 layout has a choice; leave it out"
        )
    return catalogue


def _open(location: str | Path, votes: str) -> Catalogue:
    if location == SAMPLE:
        note = "Nine bundled galaxies. Pictures: Sloan Digital Sky Survey; votes: the volunteers of Galaxy Zoo."
        return _open_folder(Path(__file__).parent.parent / "sample", SAMPLE, note)
    if draw := draw_named(str(location)):
        return open_live(draw)
    path = _expanded(location)
    try:
        if _is_kaggle(path):
            return _open_kaggle(path)
        if looks_like_gz2(path):
            return _open_gz2(path, votes)
        if path.is_dir():
            return _open_folder(path)
        if path.is_file() and path.suffix.lower() == ".zip":
            return _open_zip(path)
        exists = path.exists()
    except UNREADABLE as error:
        raise CatalogueError(f"{path} cannot be read ({error}): check the file or its permissions") from error
    if not exists and is_named(path.name, *SUFFIXES):
        raise CatalogueError(f"there is no picture {path}: check its name")
    problem = "is a file, but not a zip file" if exists else "does not exist"
    raise CatalogueError(f"{path} {problem}: give a folder or a zip file of pictures, or {SAMPLE!r}")


def _expanded(location: str | Path) -> Path:
    return Path(os.path.expanduser(location))  # Path.expanduser raises if there is no such user


def _is_kaggle(path: Path) -> bool:
    return (path / KAGGLE_PICTURES[0]).is_dir()


def _open_kaggle(path: Path) -> Catalogue:
    folders = [folder for folder in KAGGLE_PICTURES if (path / folder).is_dir()]
    names = [f"{folder}/{name}" for folder in folders for name in list_files(path / folder)]
    tables = [read_scores(path / name, str(path / name)) for name in KAGGLE_SCORES if (path / name).is_file()]
    scores = pd.concat(tables) if tables else None
    if scores is not None and scores.index.has_duplicates:
        galaxy_id = scores.index[scores.index.duplicated()][0]
        raise CatalogueError(
            f"galaxy {galaxy_id} is in both {' and '.join(KAGGLE_SCORES)} of {path}; keep it in one of the two"
        )
    note = (
        "Galaxy Zoo - The Galaxy Challenge (Kaggle). Pictures: Sloan Digital Sky Survey; "
        "votes: the volunteers of Galaxy Zoo; the challenge's terms apply."
    )
    return _assemble(path.resolve().name, path, pictures_by_id(names, path), scores, _field_of_folder(path), note)


def _open_gz2(path: Path, votes: str) -> Catalogue:
    images = next((name for name in IMAGES if (path / name).is_dir()), None)
    if images is None:
        raise CatalogueError(
            f"there is no folder {path / IMAGES[0]}: unpack images_gz2.zip, so that it holds the pictures"
        )
    pictures, skipped = pictures_by_id([f"{images}/{name}" for name in list_files(path / images)], path / images)
    return open_gz2(path, pictures, votes=votes, field_of_view=_field_of_folder(path), note=skipped)


def _open_folder(path: Path, name: str = "", note: str = "") -> Catalogue:
    scores = read_scores(path / SCORES_FILE, str(path / SCORES_FILE)) if (path / SCORES_FILE).is_file() else None
    name = name or path.resolve().name
    folders = _unscanned(path.resolve())
    pictures = pictures_by_id(list_files(path), path, folders)
    note = f"{note or f'Pictures of the folder {name}.'} {folders}".strip()
    return _assemble(name, path, pictures, scores, _field_of_folder(path), note)


def _unscanned(folder: Path) -> str:
    """Return a sentence on the subfolders that hold pictures; empty if none does."""
    count = count_picture_folders(folder)
    return f"Subfolders of {folder.name} with pictures, not scanned: {count:,}. Open each by its path." if count else ""


def _open_zip(path: Path) -> Catalogue:
    """Open a zip file of pictures; its folders are not part of the ids."""
    archive = open_zip(path)
    names = [name for name in archive.namelist() if not name.startswith("__MACOSX/")]
    extras = _extra_files(names, path)
    members = [file for file in (SCORES_FILE, FIELD_FILE) if file in extras]
    content = {file: read_member(archive, extras[file], MAX_TABLE_BYTES) for file in members}
    scores = read_scores(content[SCORES_FILE], f"{path}: {extras[SCORES_FILE]}") if SCORES_FILE in content else None
    field_of_view = _parse_field(content[FIELD_FILE], f"{path}: {FIELD_FILE}") if FIELD_FILE in content else 1.0
    note = f"Pictures of the file {path.name}."
    return _assemble(path.stem, path, pictures_by_id(names, path), scores, field_of_view, note)


def _extra_files(names: list[str], path: Path) -> dict[str, str]:
    """Return the members of a zip file that are not pictures, by file name without folder."""
    extras: dict[str, str] = {}
    for name in names:
        file = name.rpartition("/")[2]
        if file in extras:
            raise CatalogueError(f"{path} holds {file} twice, as {extras[file]} and {name}: keep one, with all rows")
        if file in (*VOTE_FILES, FIELD_FILE):
            extras[file] = name
    tables = [name for file, name in extras.items() if file in FOLDER_TABLES]
    if tables and SCORES_FILE not in extras:
        raise CatalogueError(
            f"{path} holds {tables[0]}, a layout that only opens as a folder: unpack it and open the folder "
            "(the command pack makes a zip file of it)"
        )
    return extras


def subfolders_note(location: str | Path) -> str:
    """Return a sentence on the subfolders that a plain folder's catalogue leaves out.

    Parameters
    ----------
    location : str or Path
        As in `open_catalogue`.

    Returns
    -------
    str
        Number of subfolders that hold pictures; empty if none does, and for the other layouts.
    """
    path = _expanded(location)
    is_plain = path.is_dir() and not _is_kaggle(path) and not looks_like_gz2(path)
    return _unscanned(path.resolve()) if is_plain else ""


def _assemble(
    name: str, root: Path, pictures: tuple[pd.Series, str], scores: pd.DataFrame | None, field_of_view: float, note: str
) -> Catalogue:
    """Join pictures and scores; galaxies without a picture are left out and counted."""
    names, skipped = pictures
    if scores is None:
        scores = pd.DataFrame(index=names.index[:0], columns=list(COLUMNS), dtype="float32")
    table = scores.reindex(names.index)
    table["picture"] = names
    missing = int((names.index.get_indexer(scores.index) < 0).sum())
    return Catalogue(name, table, root, field_of_view, missing, f"{note} {skipped}".strip())


def field_of_view_of(folder: Path) -> float:
    """Return the fraction of the original field of view that the pictures in a folder cover.

    Parameters
    ----------
    folder : Path
        The folder of the pictures: a plain one, or the challenge's or Galaxy Zoo 2's, whose ``field.json`` is
        next to the tables.

    Returns
    -------
    float
        As `Catalogue.field_of_view`. Only the ``field.json`` is read.

    Raises
    ------
    CatalogueError
        If it is malformed or cannot be read.
    """
    try:
        return _field_of_folder(_root_of(folder.absolute()))
    except OSError as error:
        raise CatalogueError(f"{FIELD_FILE} of {folder} cannot be read ({error}): check its permissions") from error


def has_known_field(location: str | Path) -> bool:
    """Return whether pictures are known to show Galaxy Zoo's field of view, or a part of it.

    Parameters
    ----------
    location : str or Path
        As in `open_catalogue`, or the path of a picture.

    Returns
    -------
    bool
        True for the bundled and live galaxies, the folders of the challenge and of Galaxy Zoo 2, and a folder or
        zip file with a ``field.json``.
    """
    path = _expanded(location)
    if location == SAMPLE or draw_named(str(location)):
        return True
    if path.is_file() and path.suffix.lower() == ".zip":
        return any(name.rpartition("/")[2] == FIELD_FILE for name in open_zip(path).namelist())
    root = _root_of(path.absolute() if path.is_dir() else path.absolute().parent)
    return _is_kaggle(root) or looks_like_gz2(root) or (root / FIELD_FILE).is_file()


def _root_of(folder: Path) -> Path:
    """Return the folder of the catalogue that holds a folder of pictures: usually the same one."""
    for parent in list(folder.parents)[:2]:
        name = folder.relative_to(parent).as_posix()
        if (name in KAGGLE_PICTURES and _is_kaggle(parent)) or (name in IMAGES and looks_like_gz2(parent)):
            return parent
    return folder


def _field_of_folder(folder: Path) -> float:
    path = folder / FIELD_FILE
    return _parse_field(path.read_bytes(), str(path)) if path.is_file() else 1.0


def _parse_field(content: bytes, name: str) -> float:
    """Return the fraction of the original field of view in a field.json."""
    try:
        field = json.loads(content)
        fraction = field["centre"] / field["of"]
    except (ValueError, KeyError, TypeError, ZeroDivisionError) as error:
        raise CatalogueError(f'{name}: expected {{"centre": 288, "of": 424}}, but reading it gave {error!r}') from error
    if not 0 < fraction <= 1:
        raise CatalogueError(f"{name}: centre is {field['centre']}; expected more than 0 and at most {field['of']}")
    return fraction
