"""The forms in which galaxies lie on disk, and how each is opened."""

import json
import os
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pandas as pd

from galaxy_explorer.catalogue.galaxies import Catalogue, CatalogueError
from galaxy_explorer.catalogue.gz2 import DEBIASED, IMAGES, looks_like_gz2, open_gz2
from galaxy_explorer.catalogue.live import draw_named, open_live
from galaxy_explorer.catalogue.scores import ID, read_scores
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.images import FITS_ENDINGS, is_named, stem_of

SAMPLE = "sample"  # the name of the galaxies that come with the package
SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", *FITS_ENDINGS)
SCORES = "scores.csv"
FIELD = "field.json"
KAGGLE_PICTURES = ("images_training_rev1", "images_test_rev1")
KAGGLE_SCORES = ("training_solutions_rev1.csv", "training_solutions_partial.csv")


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
        - a zip file of the same.

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
    if where == SAMPLE:
        return _with_its_votes(_open_sample(), votes)
    if draw := draw_named(str(where)):
        return _with_its_votes(open_live(draw), votes)
    path = Path(where).expanduser()
    try:
        for layout in LAYOUTS:
            if layout.recognises(path):
                return _with_its_votes(layout.opens(path, votes), votes)
    except (OSError, zipfile.BadZipFile) as error:
        raise CatalogueError(f"{path} cannot be read ({error}): check the file or its permissions") from error
    found = "is a file, but no zip file" if path.exists() else "does not exist"
    raise CatalogueError(f"{path} {found}: name a folder or a zip file of pictures, or {SAMPLE!r}")


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
        f"{folder}/{name}" for folder in KAGGLE_PICTURES if (path / folder).is_dir() for name in _files(path / folder)
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
    return _assembled(path.resolve().name, path, _pictures(names, path), scores, _field_of_folder(path), note)


def _open_gz2(path: Path, votes: str) -> Catalogue:
    """Open the folder of Galaxy Zoo 2."""
    images = next((name for name in IMAGES if (path / name).is_dir()), None)
    if images is None:
        raise CatalogueError(
            f"there is no folder {path / IMAGES[0]}: unpack images_gz2.zip, so that it holds the pictures"
        )
    pictures = _pictures([f"{images}/{name}" for name in _files(path / images)], path / images)
    return open_gz2(path, pictures, votes=votes, field=_field_of_folder(path))


def _open_folder(path: Path, name: str = "", note: str = "") -> Catalogue:
    """Open a plain folder of pictures."""
    scores = read_scores(path / SCORES, str(path / SCORES)) if (path / SCORES).is_file() else None
    name = name or path.resolve().name
    return _assembled(
        name,
        path,
        _pictures(_files(path), path),
        scores,
        _field_of_folder(path),
        note or f"Pictures of the folder {name}.",
    )


def _open_zip(path: Path) -> Catalogue:
    """Open a zip file of pictures; folders within it do not count as part of the ids."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.startswith("__MACOSX/")]
        extras = {PurePosixPath(name).name: name for name in names if not name.lower().endswith(SUFFIXES)}
        scores = read_scores(archive.read(extras[SCORES]), f"{path}: {extras[SCORES]}") if SCORES in extras else None
        field = _field(archive.read(extras[FIELD]), f"{path}: {FIELD}") if FIELD in extras else 1.0
    return _assembled(path.stem, path, _pictures(names, path), scores, field, f"Pictures of the file {path.name}.")


# The order matters: the first that recognises a path opens it.
LAYOUTS: tuple[Layout, ...] = (
    Layout(lambda path: (path / KAGGLE_PICTURES[0]).is_dir(), lambda path, _: _open_kaggle(path)),
    Layout(looks_like_gz2, _open_gz2),
    Layout(Path.is_dir, lambda path, _: _open_folder(path)),
    Layout(lambda path: path.is_file() and path.suffix.lower() == ".zip", lambda path, _: _open_zip(path)),
)


def _files(folder: Path) -> list[str]:
    """Name the files of a folder without asking for anything else about them."""
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries if entry.is_file()]


def _pictures(names: Iterable[str], where: Path) -> pd.Series:
    """Find the pictures among file names: a series of the names, with ids as index, ordered by id."""
    found: dict[str, str] = {}
    for name in names:
        file = name.rpartition("/")[2]
        if not is_named(file, *SUFFIXES) or file.startswith("."):
            continue
        galaxy = stem_of(file)
        if galaxy in found:
            raise CatalogueError(
                f"{where} holds two pictures of galaxy {galaxy}, {found[galaxy]} and {name}: keep one of the two"
            )
        found[galaxy] = name
    if not found:
        raise CatalogueError(
            f"there are no pictures in {where}: name the folder or zip file that holds them itself, as {', '.join(SUFFIXES)} "
            "(zip files within a folder are not looked into: unpack them or name one)"
        )
    ids = sorted(found)
    return pd.Series([found[galaxy] for galaxy in ids], index=pd.Index(ids, dtype=str, name=ID), dtype=str)


def _assembled(
    name: str, root: Path, pictures: pd.Series, scores: pd.DataFrame | None, field: float, note: str
) -> Catalogue:
    """Join pictures and scores; a galaxy without picture is left out and counted."""
    if scores is None:
        scores = pd.DataFrame(index=pictures.index[:0], columns=list(COLUMNS), dtype="float32")
    table = scores.reindex(pictures.index)
    table["picture"] = pictures
    missing = int((pictures.index.get_indexer(scores.index) < 0).sum())
    return Catalogue(name, table, root, field, missing, note)


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
