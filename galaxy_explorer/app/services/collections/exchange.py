"""Collections as CSV files and as links."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from galaxy_explorer.app.services.collections.collection import (
    MAX_COLLECTIONS,
    MAX_ID,
    MAX_MARKS,
    Address,
    Collection,
    CollectionError,
    Mark,
    clean_name,
)
from galaxy_explorer.catalogue import ID, CatalogueError, normalise_id
from galaxy_explorer.catalogue.tables.csv_files import find_header
from galaxy_explorer.catalogue.tables.score_tables import problem_of_id

MAX_FILE_BYTES = 5_000_000
MAX_LINK = 1_800  # letters of the parameter: browsers, proxies and mail programs accept URLs of 2,000
MARKS: dict[str, Mark] = {"": "yes", "yes": "yes", "no": "no"}
NAMED = 3  # refused rows that a message names
# A spreadsheet would compute a cell that begins so.
_FORMULA = ("=", "+", "-", "@", "\t")


def to_csv(collections: Sequence[Collection]) -> bytes:
    """Format collections as CSV: ``GalaxyID,source,label,mark``; the label is the name."""
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n").writerow
    write([ID, "source", "label", "mark"])
    for one in collections:
        for mark, addresses in (("yes", one.galaxies), ("no", one.rejected)):
            for source, galaxy_id in addresses:
                write([galaxy_id, source, f"'{one.name}" if one.name.startswith(_FORMULA) else one.name, mark])
    return text.getvalue().encode()


@dataclass
class Imported:
    """Collections of a CSV file, and why some of its rows are left out."""

    collections: list[Collection] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def refused_in_words(self) -> str:
        """The first reasons, and how many more there are."""
        more = len(self.refused) - NAMED
        return "; ".join(self.refused[:NAMED]) + (f"; and {more:,} more" if more > 0 else "")


def from_csv(content: bytes, name: str, source: str) -> Imported:
    """Read collections from a CSV file.

    Parameters
    ----------
    content : bytes
        The file. The column ``GalaxyID`` is needed; ``source``, ``label`` and ``mark`` are used if present.
    name : str
        Name of the file; without a label, that of the collection.
    source : str
        Source of galaxies without one.

    Raises
    ------
    CollectionError
        If it is not such a file, or too large.
    """
    if len(content) > MAX_FILE_BYTES:
        raise CollectionError(f"{name} has {len(content) / 1e6:.0f} MB; a file of at most 5 MB was expected.")
    marks: dict[str, dict[Address, Mark]] = {}
    refused: list[str] = []
    fallback = clean_name(name.rpartition(".")[0] or name) or "Imported"
    try:
        table = find_header(content, name, ID)
        if ID not in table.header:
            raise CollectionError(f"{name} has no column {ID}; a header such as {ID},source,label was expected.")
        for number, cells in table.rows():
            row = dict(zip(table.header, (cell.strip() for cell in cells), strict=False))
            if any(row.values()) and (problem := _read_row(row, marks, source, fallback)):
                refused.append(f"row {number}: {problem}")
    except CatalogueError as error:
        raise CollectionError(str(error)) from error
    if not marks:
        found = Imported(refused=refused).refused_in_words
        raise CollectionError(f"{name} holds no galaxies{f' ({found})' if found else ''}; nothing was imported.")
    return Imported([_collection(label, of) for label, of in marks.items()], refused)


def _read_row(row: dict[str, str], marks: dict[str, dict[Address, Mark]], source: str, fallback: str) -> str:
    """Add the galaxy of a row to the marks of its label; return why it is refused, if it is."""
    address = Address(row.get("source") or source, normalise_id(row.get(ID, "")))
    if problem := problem_of_id(address.galaxy_id):
        return problem
    if max(map(len, address)) > MAX_ID:
        return f"the id or the source has more than {MAX_ID} letters"
    if (mark := MARKS.get(row.get("mark", "").lower())) is None:
        return f"the mark is “{row['mark'][:20]}”, expected yes or no"
    of = marks.setdefault(clean_name(row.get("label", "").removeprefix("'")) or fallback, {})
    of[address] = mark
    if len(of) > MAX_MARKS or len(marks) > MAX_COLLECTIONS:
        limit = f"{MAX_MARKS:,} galaxies of one label" if len(of) > MAX_MARKS else f"{MAX_COLLECTIONS} labels"
        raise CollectionError(f"The file has more than {limit}, the limit: divide it.")
    return ""


def _collection(name: str, marks: dict[Address, Mark]) -> Collection:
    """Return the collection of the marks of a label."""
    yes, no = (tuple(one for one, mark in marks.items() if mark == wanted) for wanted in ("yes", "no"))
    return Collection(name, yes, no)


@dataclass(frozen=True)
class Shared:
    """Galaxies of one source that a link names; without ids, a collection of the visitor's own."""

    name: str
    ids: tuple[str, ...] = ()

    def to_url(self) -> str:
        """Format as the value of ``?collection=``: ``rings:100008,100023``, or ``rings`` alone."""
        ids = ",".join(quote(galaxy_id, safe=" ") for galaxy_id in self.ids)
        return quote(self.name, safe=" ") + (f":{ids}" if ids else "")

    @property
    def fits(self) -> bool:
        """Whether the link is short enough to be sent."""
        return len(quote(self.to_url(), safe=":,")) <= MAX_LINK


def shared_from_url(text: str) -> Shared:
    """Parse the value of ``?collection=``; raise ValueError if it is malformed."""
    name, _, ids = text.partition(":")
    name = clean_name(unquote(name))
    found = tuple(dict.fromkeys(unquote(part) for part in ids.split(",") if part))
    if not name or len(text) > 10 * MAX_LINK or any(problem_of_id(one) or len(one) > MAX_ID for one in found):
        raise ValueError(text)
    return Shared(name, found)
