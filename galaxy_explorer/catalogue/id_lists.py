"""Lists of galaxies by their ids, among them those that a data set keeps for validation."""

import csv
import io
import os
import re
import zipfile
from pathlib import Path

from galaxy_explorer.catalogue.catalogue import UNREADABLE, CatalogueError
from galaxy_explorer.catalogue.score_tables import ID, id_of
from galaxy_explorer.catalogue.zip_files import MAX_TABLE_BYTES, read_member, zip_file

_QUOTED = re.compile('".*"')
_TABLE = re.compile(f'"?{ID}"?,')  # the heading of several columns
VALIDATION = "validation.txt"  # beside a data set's pictures or in their zip: the galaxies that are never trained on


def read_ids(path: str | Path) -> list[str]:
    """Read a list of galaxies, one id a line.

    Parameters
    ----------
    path : str or Path
        A text file, or a CSV file whose first column is ``GalaxyID``, as of the galaxies that failed. Empty lines
        are passed over.

    Returns
    -------
    list of str
        The ids as text.

    Raises
    ------
    CatalogueError
        If the file cannot be read, or holds no ids.
    """
    try:
        return _ids_of(Path(path).read_bytes(), str(path))
    except OSError as error:
        raise CatalogueError(f"the list of galaxies {path} cannot be read ({error}): give a text file") from error


def read_validation(where: str | Path) -> list[str]:
    """Read which galaxies of a data set are kept for validation, and never to be trained on.

    Parameters
    ----------
    where : str or Path
        A catalogue's folder or zip file, which may hold a ``validation.txt`` of one id a line.

    Returns
    -------
    list of str
        The ids as text; none where there is no such list.

    Raises
    ------
    CatalogueError
        If the list cannot be read, or holds no ids.
    """
    path = Path(os.path.expanduser(where))
    try:
        if not zipfile.is_zipfile(path):
            listed = path / VALIDATION
            return read_ids(listed) if listed.is_file() else []
        archive = zip_file(path)
        names = [name for name in archive.namelist() if name.rpartition("/")[2] == VALIDATION]
        content = read_member(archive, names[0], MAX_TABLE_BYTES) if names else b""
    except UNREADABLE as error:
        raise CatalogueError(f"the list {VALIDATION} of {path} cannot be read ({error}): check the file") from error
    if len(names) > 1:
        raise CatalogueError(
            f"{path} holds {VALIDATION} twice, as {names[0]} and {names[1]}: keep one, with the galaxies of both"
        )
    return _ids_of(content, f"{path}: {names[0]}") if names else []


def _ids_of(content: bytes, name: str) -> list[str]:
    """Take the ids from the content of a list."""
    try:
        ids = [galaxy_id for cell in _cells_of(content.decode("utf-8-sig")) if (galaxy_id := id_of(cell))]
    except (UnicodeDecodeError, csv.Error) as error:
        raise CatalogueError(f"the list of galaxies {name} cannot be read ({error}): give a text file") from error
    ids = ids[1:] if ids[:1] == [ID] else ids  # a column of a table, with its heading
    if not ids:
        raise CatalogueError(f"the list of galaxies {name} is empty: write one id a line")
    return ids


def _cells_of(text: str) -> list[str]:
    """Take the first column of a table, or the lines of a list, without the quotes around one."""
    if _TABLE.match(text):  # whose other cells may go over several lines
        return [row[0] for row in csv.reader(io.StringIO(text, newline="")) if row]
    lines = [line.strip() for line in text.splitlines()]
    return [line[1:-1].replace('""', '"') if _QUOTED.fullmatch(line) else line for line in lines]
