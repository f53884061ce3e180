"""Field of view that pictures cover: from ``field.json``, or known by the layout."""

import json
from pathlib import Path

from galaxy_explorer.catalogue.errors import CatalogueError, shortened
from galaxy_explorer.catalogue.gz2 import IMAGES, looks_like_gz2
from galaxy_explorer.catalogue.image_files import FIELD_FILE, KAGGLE_PICTURES, SAMPLE, expanded, is_kaggle, known_files
from galaxy_explorer.catalogue.live_sdss import draw_named
from galaxy_explorer.catalogue.zip_files import MAX_FIELD_BYTES, member_names

_FIELD_FILES = (FIELD_FILE, "Field.json", "FIELD.JSON", "field.JSON", "Field.JSON")
MIN_FIELD, MAX_FIELD = 0.1, 10.0  # fractions of Galaxy Zoo's field of view in a field.json


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
        return field_of_folder(_root_of(folder.absolute()))
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
        False for plain folders, zip files and pictures without a ``field.json``.
    """
    path = expanded(location)
    if location == SAMPLE or draw_named(str(location)):
        return True
    if path.is_file() and path.suffix.lower() == ".zip":
        return FIELD_FILE in known_files(member_names(path), path)
    root = _root_of(path.absolute() if path.is_dir() else path.absolute().parent)
    return is_kaggle(root) or looks_like_gz2(root) or field_file_of(root) is not None


def _root_of(folder: Path) -> Path:
    """Return the folder of the catalogue that holds a folder of pictures: usually the same one."""
    for parent in list(folder.parents)[:2]:
        name = folder.relative_to(parent).as_posix()
        if (name in KAGGLE_PICTURES and is_kaggle(parent)) or (name in IMAGES and looks_like_gz2(parent)):
            return parent
    return folder


def field_file_of(folder: Path) -> Path | None:
    """Return a folder's field.json; None without one."""
    # Not by the list of files: `predict` calls this for every single picture.
    return next((folder / name for name in _FIELD_FILES if (folder / name).is_file()), None)


def field_of_folder(folder: Path) -> float:
    """Return the fraction of the original field of view in a folder's field.json; 1 without one."""
    path = field_file_of(folder)
    if path is None:
        return 1.0
    with path.open("rb") as file:
        return parse_field(file.read(MAX_FIELD_BYTES + 1), str(path))


def parse_field(content: bytes, name: str) -> float:
    """Return the fraction of the original field of view in a field.json."""
    expected = 'expected {"centre": 288, "of": 424}'
    if len(content) > MAX_FIELD_BYTES:
        raise CatalogueError(f"{name} has more than {MAX_FIELD_BYTES:,} bytes; {expected}")
    try:
        field = json.loads(content)
        centre, of = field["centre"], field["of"]
        fraction = float(centre / of)
    except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError) as error:
        raise CatalogueError(f"{name}: {expected}, but reading it gave {shortened(repr(error))}") from error
    if isinstance(centre, bool) or isinstance(of, bool) or not (centre > 0 and MIN_FIELD <= fraction <= MAX_FIELD):
        raise CatalogueError(
            f"{name}: centre is {shortened(centre)} and of is {shortened(of)}; expected positive numbers, centre from "
            f"{MIN_FIELD:g} to {MAX_FIELD:g} times of"
        )
    return fraction
