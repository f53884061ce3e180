"""The forms in which galaxies lie on disk, and how each is opened."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pandas as pd

from galaxy_explorer.catalogue.catalogue import UNREADABLE, Catalogue, CatalogueError
from galaxy_explorer.catalogue.gz2 import DEBIASED, IMAGES, MAPPING, TABLES, looks_like_gz2, open_gz2
from galaxy_explorer.catalogue.image_files import SUFFIXES, Pictures, files_of, folders_of_pictures, pictures_of
from galaxy_explorer.catalogue.live_sdss import draw_named, open_live
from galaxy_explorer.catalogue.score_tables import read_scores
from galaxy_explorer.catalogue.zip_files import MAX_TABLE_BYTES, read_member, zip_file
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import is_named

SAMPLE = "sample"  # the name of the galaxies that come with the package
SCORES = "scores.csv"
FIELD = "field.json"
KAGGLE_PICTURES = ("images_training_rev1", "images_test_rev1")
KAGGLE_SCORES = ("training_solutions_rev1.csv", "training_solutions_partial.csv")
VOTES = (SCORES, *KAGGLE_SCORES, MAPPING, *TABLES)  # what files with votes are called, beside pictures


class Layout(NamedTuple):
    """A form in which galaxies lie on disk."""

    recognises: Callable[[Path], bool]
    opens: Callable[[Path, str], Catalogue]


def open_catalogue(where: str | Path, *, votes: str = DEBIASED) -> Catalogue:
    """Open a catalogue of galaxies.

    Parameters
    ----------
    where : str or Path
        The text ``"sample"`` for the galaxies that come with the package; the name of a `LiveDraw`, such as
        ``"Live SDSS"``, for galaxies that SDSS is asked for; or the path of

        - the folder of the challenge: ``images_training_rev1/`` and, where there, ``images_test_rev1/``,
          ``training_solutions_rev1.csv``, ``training_solutions_partial.csv``;
        - the folder of Galaxy Zoo 2: ``images/``, ``gz2_filename_mapping.csv`` and ``gz2_hart16.csv`` (or
          the same as ``.csv.gz``);
        - a folder of pictures whose names, without the ending, are the galaxies' ids, with or without a
          ``scores.csv``;
        - a zip file of such a plain folder.

        Pictures that were cropped before come with a ``field.json`` such as
        ``{"centre": 288, "of": 424}``, which holds for all of them.
    votes : {"debiased", "weighted"}, optional
        Which of the votes of Galaxy Zoo 2 the scores are made of. The other layouts have no choice.

    Returns
    -------
    Catalogue
        The galaxies that have a picture, in the order of their ids. Those without a row in the score
        table have NaN for scores.

    Raises
    ------
    CatalogueError
        If there is no catalogue there, a table of it is malformed, or it has no choice of votes.
    """
    if where == SAMPLE or (where == Path(SAMPLE) and not Path(where).exists()):
        return _with_its_votes(_open_sample(), votes)
    if draw := draw_named(str(where)):
        return _with_its_votes(open_live(draw), votes)
    path = Path(os.path.expanduser(where))  # Path.expanduser raises where there is no such user
    try:
        for layout in LAYOUTS:
            if layout.recognises(path):
                return _with_its_votes(layout.opens(path, votes), votes)
        found = path.exists()
    except UNREADABLE as error:
        raise CatalogueError(f"{path} cannot be read ({error}): check the file or its permissions") from error
    if not found and is_named(path.name, *SUFFIXES):
        raise CatalogueError(f"there is no picture {path}: check its name")
    said = "is a file, but no zip file" if found else "does not exist"
    raise CatalogueError(f"{path} {said}: name a folder or a zip file of pictures, or {SAMPLE!r}")


def _with_its_votes(catalogue: Catalogue, votes: str) -> Catalogue:
    """Give a catalogue back, unless other votes than it has were asked for."""
    if votes != (catalogue.vote_kind or DEBIASED):
        raise CatalogueError(
            f"{votes} votes were asked for, but {catalogue.name} has one kind of scores alone: "
            "only the Galaxy Zoo 2 layout has a choice; ask without it"
        )
    return catalogue


def _open_sample() -> Catalogue:
    """Open the galaxies that come with the package."""
    note = (
        "Nine galaxies that come with Galaxy Explorer. Pictures: Sloan Digital Sky Survey; "
        "votes: the volunteers of Galaxy Zoo."
    )
    return _open_folder(Path(__file__).parent.parent / "sample", SAMPLE, note)


def _open_kaggle(path: Path) -> Catalogue:
    """Open the folder of the Kaggle challenge."""
    names = [
        f"{folder}/{name}" for folder in KAGGLE_PICTURES if (path / folder).is_dir() for name in files_of(path / folder)
    ]
    tables = [read_scores(path / name, str(path / name)) for name in KAGGLE_SCORES if (path / name).is_file()]
    scores = pd.concat(tables) if tables else None
    if scores is not None and scores.index.has_duplicates:
        galaxy = scores.index[scores.index.duplicated()][0]
        raise CatalogueError(
            f"galaxy {galaxy} stands in both {' and '.join(KAGGLE_SCORES)} of {path}; keep it in one of the two"
        )
    note = (
        "Galaxy Zoo - The Galaxy Challenge (Kaggle). Pictures: Sloan Digital Sky Survey; "
        "votes: the volunteers of Galaxy Zoo; the challenge's terms apply."
    )
    return _assembled(path.resolve().name, path, pictures_of(names, path), scores, _field_of_folder(path), note)


def _open_gz2(path: Path, votes: str) -> Catalogue:
    """Open the folder of Galaxy Zoo 2."""
    images = next((name for name in IMAGES if (path / name).is_dir()), None)
    if images is None:
        raise CatalogueError(
            f"there is no folder {path / IMAGES[0]}: unpack images_gz2.zip, so that it holds the pictures"
        )
    pictures = pictures_of([f"{images}/{name}" for name in files_of(path / images)], path / images)
    catalogue = open_gz2(path, pictures.names, votes=votes, field=_field_of_folder(path))
    return replace(catalogue, note=f"{catalogue.note} {pictures.in_words()}".strip(), left_out=pictures.left_out)


def _open_folder(path: Path, name: str = "", note: str = "") -> Catalogue:
    """Open a plain folder of pictures."""
    scores = read_scores(path / SCORES, str(path / SCORES)) if (path / SCORES).is_file() else None
    name = name or path.resolve().name
    folders = _folders_in_words(path.resolve())
    note = f"{note or f'Pictures of the folder {name}.'} {folders}".strip()
    return _assembled(name, path, pictures_of(files_of(path), path, folders), scores, _field_of_folder(path), note)


def _folders_in_words(path: Path) -> str:
    """Say how many folders in a plain folder hold pictures; nothing where none does."""
    count = folders_of_pictures(path)
    return (
        f"Folders of pictures in {path.name} that were not looked into: {count:,}. Name each by its own path."
        if count
        else ""
    )


def _open_zip(path: Path) -> Catalogue:
    """Open a zip file of pictures; folders within it do not count as part of the ids."""
    archive = zip_file(path)
    names = [name for name in archive.namelist() if not name.startswith("__MACOSX/")]
    extras = _extras(names, path)
    inner = {file: read_member(archive, extras[file], MAX_TABLE_BYTES) for file in (SCORES, FIELD) if file in extras}
    scores = read_scores(inner[SCORES], f"{path}: {extras[SCORES]}") if SCORES in inner else None
    field = _field(inner[FIELD], f"{path}: {FIELD}") if FIELD in inner else 1.0
    return _assembled(path.stem, path, pictures_of(names, path), scores, field, f"Pictures of the file {path.name}.")


def _extras(names: list[str], path: Path) -> dict[str, str]:
    """Find the files beside the pictures of a zip file, by their names without folders."""
    extras: dict[str, str] = {}
    elsewhere = [name for name in VOTES if name != SCORES]
    for name in names:
        file = name.rpartition("/")[2]
        if file not in (SCORES, FIELD, *elsewhere):
            continue
        if file in extras:
            raise CatalogueError(
                f"{path} holds {file} twice, as {extras[file]} and {name}: keep one, with the rows of both"
            )
        extras[file] = name
    if SCORES not in extras and (tables := [name for file, name in extras.items() if file in elsewhere]):
        raise CatalogueError(
            f"{path} holds {tables[0]}, whose layout is opened as a folder alone: unpack it and name the folder "
            "(of which the command pack makes a zip file that can be opened)"
        )
    return extras


_PLAIN = Layout(Path.is_dir, lambda path, _: _open_folder(path))
# The order matters: the first that recognises a path opens it.
LAYOUTS: tuple[Layout, ...] = (
    Layout(lambda path: (path / KAGGLE_PICTURES[0]).is_dir(), lambda path, _: _open_kaggle(path)),
    Layout(looks_like_gz2, _open_gz2),
    _PLAIN,
    Layout(lambda path: path.is_file() and path.suffix.lower() == ".zip", lambda path, _: _open_zip(path)),
)


def passed_over(where: str | Path) -> str:
    """Say which pictures a plain folder's catalogue is without.

    Parameters
    ----------
    where : str or Path
        As in `open_catalogue`.

    Returns
    -------
    str
        How many folders in it hold pictures, which are not looked into; empty where none does, and for the other
        layouts.
    """
    path = Path(os.path.expanduser(where))
    plain = next((layout for layout in LAYOUTS if layout.recognises(path)), None) is _PLAIN
    return _folders_in_words(path.resolve()) if plain else ""


def _assembled(
    name: str, root: Path, pictures: Pictures, scores: pd.DataFrame | None, field: float, note: str
) -> Catalogue:
    """Join pictures and scores; a galaxy without picture is left out and counted."""
    names = pictures.names
    if scores is None:
        scores = pd.DataFrame(index=names.index[:0], columns=list(COLUMNS), dtype="float32")
    table = scores.reindex(names.index)
    table["picture"] = names
    missing = int((names.index.get_indexer(scores.index) < 0).sum())
    said = f"{note} {pictures.in_words()}".strip()
    return Catalogue(name, table, root, field, missing, said, left_out=pictures.left_out)


def field_of(folder: Path) -> float:
    """Tell how much of the original field of view the pictures in a folder cover.

    Parameters
    ----------
    folder : Path
        The folder that holds the pictures: a plain one, or the challenge's or Galaxy Zoo 2's, whose
        ``field.json`` lies beside the tables.

    Returns
    -------
    float
        As in `Catalogue`, for any of these pictures. Nothing but a ``field.json`` is read.

    Raises
    ------
    CatalogueError
        If that is malformed or cannot be read.
    """
    try:
        return _field_of_folder(_root_of(folder.absolute()))
    except OSError as error:
        raise CatalogueError(f"{FIELD} of {folder} cannot be read ({error}): check its permissions") from error


def _root_of(folder: Path) -> Path:
    """Give the folder that is opened as a catalogue for the pictures in a folder: mostly that folder itself."""
    if folder.name in KAGGLE_PICTURES and (folder.parent / KAGGLE_PICTURES[0]).is_dir():
        return folder.parent
    for images in IMAGES:
        steps = PurePosixPath(images).parts
        if folder.parts[-len(steps) :] == steps and looks_like_gz2(folder.parents[len(steps) - 1]):
            return folder.parents[len(steps) - 1]
    return folder


def _field_of_folder(folder: Path) -> float:
    """Read which fraction of the original field the pictures of a folder cover."""
    path = folder / FIELD
    return _field(path.read_bytes(), str(path)) if path.is_file() else 1.0


def _field(content: bytes, name: str) -> float:
    """Take the fraction of the original field from a field.json."""
    try:
        said = json.loads(content)
        field = said["centre"] / said["of"]
    except (ValueError, KeyError, TypeError, ZeroDivisionError) as error:
        raise CatalogueError(
            f'{name} must look like {{"centre": 288, "of": 424}}, but cannot be read so ({error!r})'
        ) from error
    if not 0 < field <= 1:
        raise CatalogueError(
            f"{name}: the centre of {said['centre']} must be above 0 and at most the whole of {said['of']}"
        )
    return field
