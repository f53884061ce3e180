"""Lists of galaxy ids, among them the validation set of a data set."""

import csv
import io
import os
import re
import zipfile
from pathlib import Path

from galaxy_explorer.catalogue.catalogue import UNREADABLE, CatalogueError
from galaxy_explorer.catalogue.csv_files import as_utf8
from galaxy_explorer.catalogue.score_tables import ID, normalise_id, problem_of_id
from galaxy_explorer.catalogue.zip_files import MAX_TABLE_BYTES, open_zip, read_member

_QUOTED = re.compile('".*"')
_TABLE = re.compile(f'"?{ID}"?([,;\t])')  # the header of several columns
VALIDATION_FILE = "validation.txt"  # next to a data set's pictures or in their zip: galaxies that are never trained on


def read_ids(path: str | Path) -> list[str]:
    """Read a list of galaxies, one id per line.

    Parameters
    ----------
    path : str or Path
        A text file, or a CSV file whose first column is ``GalaxyID``, such as a list of failures. Empty lines
        are ignored.

    Returns
    -------
    list of str

    Raises
    ------
    CatalogueError
        If the file cannot be read, or holds no ids.
    """
    try:
        return _parse(Path(path).read_bytes(), str(path))
    except OSError as error:
        raise CatalogueError(f"the list of galaxies {path} cannot be read ({error}): give a text file") from error


def read_validation_ids(location: str | Path) -> list[str]:
    """Read the validation set of a data set: galaxies that are never trained on.

    Parameters
    ----------
    location : str or Path
        A catalogue's folder or zip file, which may hold a ``validation.txt`` with one id per line.

    Returns
    -------
    list of str
        Empty if there is no such list.

    Raises
    ------
    CatalogueError
        If the list cannot be read, or holds no ids.
    """
    path = Path(os.path.expanduser(location))
    try:
        if not zipfile.is_zipfile(path):
            file = path / VALIDATION_FILE
            return read_ids(file) if file.is_file() else []
        archive = open_zip(path)
        names = [name for name in archive.namelist() if name.rpartition("/")[2] == VALIDATION_FILE]
        content = read_member(archive, names[0], MAX_TABLE_BYTES) if names else b""
    except UNREADABLE as error:
        raise CatalogueError(f"{VALIDATION_FILE} of {path} cannot be read ({error}): check the file") from error
    if len(names) > 1:
        raise CatalogueError(
            f"{path} holds {VALIDATION_FILE} twice, as {names[0]} and {names[1]}: keep one, with the ids of both"
        )
    return _parse(content, f"{path}: {names[0]}") if names else []


def _parse(content: bytes, name: str) -> list[str]:
    """Return the ids in the content of a list."""
    try:
        ids = [galaxy_id for cell in _first_column(as_utf8(content).decode()) if (galaxy_id := normalise_id(cell))]
    except UnicodeDecodeError as error:
        raise CatalogueError(
            f"the list of galaxies {name} cannot be read ({error}): give a text file, in UTF-8"
        ) from error
    except csv.Error as error:
        raise CatalogueError(f"the list of galaxies {name} cannot be read ({error}): save it again as CSV") from error
    ids = ids[1:] if ids[:1] == [ID] else ids  # a column of a table, with its header
    if not ids:
        raise CatalogueError(f"the list of galaxies {name} is empty: write one id per line")
    if problem := next(filter(None, map(problem_of_id, ids)), ""):
        raise CatalogueError(f"the list of galaxies {name} cannot be used: {problem}")
    return ids


def _first_column(text: str) -> list[str]:
    """Return the first column of a table, or the lines of a list without quotation marks."""
    if table := _TABLE.match(text):  # its other cells may span lines
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=table[1])
        return [row[0] for row in rows if row]
    lines = [line.strip() for line in text.splitlines()]
    return [line[1:-1].replace('""', '"') if _QUOTED.fullmatch(line) else line for line in lines]
