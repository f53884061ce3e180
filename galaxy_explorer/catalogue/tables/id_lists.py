"""Lists of galaxy ids, among them the validation set of a data set."""

import csv
import io
import re
import zipfile
from pathlib import Path

from galaxy_explorer.catalogue.errors import UNREADABLE, CatalogueError
from galaxy_explorer.catalogue.image_files import VALIDATION_FILE, expanded, known_files, list_files
from galaxy_explorer.catalogue.tables.csv_files import as_utf8
from galaxy_explorer.catalogue.tables.score_tables import ID, normalise_id, problem_of_id
from galaxy_explorer.catalogue.zip_files import MAX_TABLE_BYTES, member_names, open_zip, read_member

_QUOTED = re.compile('".*"')
_TABLE = re.compile(f'"?{ID}"?([,;\t])')  # the header of several columns


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
    path = expanded(location)
    try:
        is_zip = zipfile.is_zipfile(path)
        names = member_names(path) if is_zip else list_files(path) if path.is_dir() else []
        name = known_files(names, path).get(VALIDATION_FILE)
        if name is None:
            return []
        if not is_zip:
            return read_ids(path / name)
        content = read_member(open_zip(path), name, MAX_TABLE_BYTES)
    except UNREADABLE as error:
        raise CatalogueError(f"{VALIDATION_FILE} of {path} cannot be read ({error}): check the file") from error
    return _parse(content, f"{path}: {name}")


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
