"""Layouts of galaxies on disk, and how each is opened."""

import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pandas as pd

from galaxy_explorer.catalogue.catalogue import PARAMETERS_FILE, Catalogue
from galaxy_explorer.catalogue.errors import UNREADABLE, CatalogueError, shortened
from galaxy_explorer.catalogue.field_of_view import field_file_of, field_of_folder, parse_field
from galaxy_explorer.catalogue.gz2 import DEBIASED, IMAGES, looks_like_gz2, open_gz2
from galaxy_explorer.catalogue.image_files import (
    FIELD_FILE,
    FOLDER_TABLES,
    KAGGLE_PICTURES,
    KAGGLE_SCORES,
    POSITIONS_FILE,
    SAMPLE,
    SCORES_FILES,
    SIMULATED,
    SUFFIXES,
    VALIDATION_FILE,
    count_picture_folders,
    describe_skipped,
    expanded,
    is_kaggle,
    known_files,
    list_files,
    pictures_by_id,
)
from galaxy_explorer.catalogue.live_sdss import draw_named, open_live
from galaxy_explorer.catalogue.tables.score_tables import POSITION, UNREAD, read_scores
from galaxy_explorer.catalogue.zip_files import (
    MAX_FIELD_BYTES,
    MAX_TABLE_BYTES,
    PackingError,
    member_names,
    open_zip,
    packing_problem,
    read_member,
)
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import is_named

SIMULATED_NOTE = (
    "Simulated galaxies: pictures that this project computed from parameters, with the votes of 44 simulated "
    "volunteers each. None of them exists."
)


def open_catalogue(location: str | Path, *, votes: str = DEBIASED) -> Catalogue:
    """Open a catalogue of galaxies.

    Parameters
    ----------
    location : str or Path
        The text ``"sample"`` for the bundled galaxies; ``"simulated"`` for the bundled survey; the name of a
        `LiveDraw`, such as ``"Live SDSS"``, for a query to SDSS; or the path of

        - the folder of the challenge: ``images_training_rev1/`` and, if present, ``images_test_rev1/``,
          ``training_solutions_rev1.csv``, ``training_solutions_partial.csv``;
        - the folder of Galaxy Zoo 2: ``images/``, ``gz2_filename_mapping.csv`` and ``gz2_hart16.csv`` (or
          the same as ``.csv.gz``);
        - a folder of pictures whose names, without the ending, are the galaxies' ids, with or without a
          ``scores.csv`` (or ``scores.tsv``, or a ``training_solutions_rev1.csv``), in any case of letters; with a
          ``parameters.csv`` they are simulated;
        - a zip file of such a plain folder.

        A ``field.json`` such as ``{"centre": 288, "of": 424}`` describes pictures that were cropped before, and one
        such as ``{"centre": 512, "of": 424}`` pictures with a wider field of view.
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
        note = "Nine built-in galaxies. Pictures: Sloan Digital Sky Survey; votes: the volunteers of Galaxy Zoo."
        return replace(_open_folder(Path(__file__).parent.parent / "sample", SAMPLE), note=note)
    if location == SIMULATED:
        return replace(_open_folder(Path(__file__).parent.parent / "simulated_survey", SIMULATED), note=SIMULATED_NOTE)
    if draw := draw_named(str(location)):
        return open_live(draw)
    path = expanded(location)
    try:
        if is_kaggle(path):
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
    if re.match(r"[a-zA-Z][\w+.-]+:/", str(location)) and not exists:
        raise CatalogueError(f"{location} is an address; download it, or mount its store, and give the path")
    if not exists and is_named(path.name, *SUFFIXES):
        raise CatalogueError(f"there is no picture {path}: check its name")
    problem = "is a file, but not a zip file" if exists else "does not exist"
    raise CatalogueError(f"{path} {problem}: give a folder or a zip file of pictures, or {SAMPLE!r}")


def _open_kaggle(path: Path) -> Catalogue:
    folders = [folder for folder in KAGGLE_PICTURES if (path / folder).is_dir()]
    names = [f"{folder}/{name}" for folder in folders for name in list_files(path / folder)]
    files = known_files(list_files(path), path)
    tables = [read_scores(path / files[name], str(path / files[name])) for name in KAGGLE_SCORES if name in files]
    scores = pd.concat(tables) if tables else None
    if scores is not None:  # pd.concat keeps attributes only where they are equal
        scores.attrs[UNREAD] = list(dict.fromkeys(name for table in tables for name in table.attrs[UNREAD]))
    if scores is not None and scores.index.has_duplicates:
        galaxy_id = scores.index[scores.index.duplicated()][0]
        raise CatalogueError(
            f"galaxy {galaxy_id} is in both {' and '.join(KAGGLE_SCORES)} of {path}; keep it in one of the two"
        )
    note = (
        "Galaxy Zoo - The Galaxy Challenge (Kaggle). Pictures: Sloan Digital Sky Survey; "
        "votes: the volunteers of Galaxy Zoo; the challenge's terms apply."
    )
    pictures, skipped = pictures_by_id(names, path)
    note = " ".join(filter(None, (note, skipped, describe_skipped(names))))
    return _assemble(path.resolve().name, path, pictures, scores, field_of_folder(path), note)


def _open_gz2(path: Path, votes: str) -> Catalogue:
    images = next((name for name in IMAGES if (path / name).is_dir()), None)
    if images is None:
        raise CatalogueError(
            f"there is no folder {path / IMAGES[0]}: unpack images_gz2.zip, so that it holds the pictures"
        )
    pictures, skipped = pictures_by_id([f"{images}/{name}" for name in list_files(path / images)], path / images)
    return open_gz2(path, pictures, votes=votes, field_of_view=field_of_folder(path), note=skipped)


def _open_folder(path: Path, name: str = "") -> Catalogue:
    names = list_files(path)
    files = known_files(names, path)
    table = _score_table(files)
    scores = read_scores(path / files[table], str(path / files[table])) if table else None
    if POSITIONS_FILE in files:
        where = path / files[POSITIONS_FILE]
        scores = _with_positions(scores, read_scores(where, str(where), POSITION))
    name, skipped = name or path.resolve().name, _skipped_in(path, names)
    pictures, invalid = pictures_by_id(names, path, skipped)
    note = " ".join(filter(None, (f"Pictures of the folder {name}.", invalid, skipped)))
    framed = name == SAMPLE or field_file_of(path) is not None
    found = _assemble(name, path, pictures, scores, field_of_folder(path), note)
    return replace(found, framed=framed, simulated=PARAMETERS_FILE in files)


def _with_positions(scores: pd.DataFrame | None, positions: pd.DataFrame) -> pd.DataFrame:
    """Add positions to scores; positions that are in the table of scores are kept."""
    positions.attrs[UNREAD] = []
    if scores is None:
        return positions
    return scores.join(positions[[name for name in POSITION if name in positions and name not in scores]])


def _score_table(files: dict[str, str]) -> str:
    """Return the usual name of the score table of a plain folder or zip; empty if there is none."""
    return next((name for name in (*SCORES_FILES, KAGGLE_SCORES[0]) if name in files), "")


def _skipped_in(location: Path, names: list[str]) -> str:
    """Return sentences on what is not read of a plain folder or zip: subfolders, files, tables."""
    used = (FIELD_FILE, VALIDATION_FILE, POSITIONS_FILE, PARAMETERS_FILE, _score_table(known_files(names, location)))
    folders = count_picture_folders(location) if location.is_dir() else 0
    unscanned = (
        f"Subfolders of {location.resolve().name} with pictures, not scanned: {folders:,}. Open each by its path."
    )
    return " ".join(filter(None, (unscanned if folders else "", describe_skipped(names, used))))


def _open_zip(path: Path) -> Catalogue:
    """Open a zip file of pictures; its folders are not part of the ids."""
    archive, names = open_zip(path), member_names(path)
    files = known_files(names, path)
    table = _score_table(files)
    if foreign := [files[name] for name in FOLDER_TABLES if name in files and table not in SCORES_FILES]:
        raise CatalogueError(
            f"{path} holds {foreign[0]}, a layout that only opens as a folder: unpack it and open the folder "
            "(the command pack makes a zip file of it)"
        )
    skipped = _skipped_in(path, names)
    pictures, invalid = pictures_by_id(names, path, skipped)
    if all(problem := packing_problem(archive.getinfo(name)) for name in pictures):
        raise CatalogueError(f"{path} cannot be read: {shortened(pictures.iloc[-1])} {problem}")
    scores, field_of_view, framed = None, 1.0, FIELD_FILE in files
    if table:
        where = f"{path}: {files[table]}"
        scores = read_scores(_read_table(archive, files[table], where, MAX_TABLE_BYTES), where)
    if POSITIONS_FILE in files:
        where = f"{path}: {files[POSITIONS_FILE]}"
        content = _read_table(archive, files[POSITIONS_FILE], where, MAX_TABLE_BYTES)
        scores = _with_positions(scores, read_scores(content, where, POSITION))
    if framed:
        where = f"{path}: {files[FIELD_FILE]}"
        field_of_view = parse_field(_read_table(archive, files[FIELD_FILE], where, MAX_FIELD_BYTES), where)
    note = " ".join(filter(None, (f"Pictures of the file {path.name}.", invalid, skipped)))
    found = _assemble(path.stem, path, pictures, scores, field_of_view, note)
    return replace(found, framed=framed, simulated=PARAMETERS_FILE in files)


def _read_table(archive: zipfile.ZipFile, name: str, where: str, max_bytes: int) -> bytes:
    """Unpack a table; raise CatalogueError if it is too large, or cannot be unpacked."""
    try:
        return read_member(archive, name, max_bytes)
    except PackingError as error:
        raise CatalogueError(f"{where} cannot be read: {error}") from error


def without_votes_note(catalogue: Catalogue, location: str | Path) -> str:
    """Return why a catalogue has no votes, and what to do.

    Parameters
    ----------
    catalogue : Catalogue
        One in which no galaxy has a score.
    location : str or Path
        What was opened, as in `open_catalogue`.

    Returns
    -------
    str
    """
    if catalogue.missing_pictures:
        return (
            f"{location} holds the scores of {catalogue.missing_pictures:,} galaxies, and images of "
            f"{len(catalogue):,} others; an id is the image's name without its ending"
        )
    table = KAGGLE_SCORES[0] if is_kaggle(catalogue.root) else SCORES_FILES[0]
    advice = (
        f"{location} holds no {table} with the volunteers' votes; put it next to the images, or name another folder"
    )
    return f"{advice}. {skipped_note(location)}".removesuffix(". ")


def skipped_note(location: str | Path) -> str:
    """Return sentences on what a catalogue leaves out of a folder or zip file.

    Parameters
    ----------
    location : str or Path
        As in `open_catalogue`.

    Returns
    -------
    str
        Number of other files by their ending; of plain folders and zip files also the number of subfolders that hold
        pictures, and tables that are not read. Empty if there are none.

    Raises
    ------
    CatalogueError
        If there are two tables of a kind.
    """
    path = expanded(location)
    try:
        if path.is_dir():
            folders = [path / name for name in (*KAGGLE_PICTURES, *IMAGES) if (path / name).is_dir()]
            if is_kaggle(path) or looks_like_gz2(path):
                return describe_skipped(name for folder in folders for name in list_files(folder))
            return _skipped_in(path, list_files(path))
        if path.is_file() and path.suffix.lower() == ".zip":
            return _skipped_in(path, member_names(path))
    except UNREADABLE:  # reported where the catalogue is opened
        return ""
    return ""


def _assemble(
    name: str, root: Path, pictures: pd.Series, scores: pd.DataFrame | None, field_of_view: float, note: str
) -> Catalogue:
    """Join pictures and scores; galaxies without a picture are left out and counted."""
    if scores is None:
        scores = pd.DataFrame(index=pictures.index[:0], columns=list(COLUMNS), dtype="float32")
    table = scores.reindex(pictures.index)
    table["picture"] = pictures
    missing = int((pictures.index.get_indexer(scores.index) < 0).sum())
    return Catalogue(name, table, root, field_of_view, missing, note)
