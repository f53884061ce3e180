"""FITS and ECSV prediction tables, described for astronomers' tools such as TOPCAT.

Each column carries a description from the decision tree and a UCD, its meaning in the controlled vocabulary of the
International Virtual Observatory Alliance. Vote fractions have no unit; both formats say so with an empty one.
"""

import io
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue import ID
from galaxy_explorer.decision_tree import ANSWER_OF, QUESTION_OF
from galaxy_explorer.prediction.tables import KEY, SPREAD_COLUMNS

# Keywords of a FITS header have eight characters, lines of its comment 72.
_KEYWORDS = {
    "network": ("NETWORK", "whose predictions these are"),
    "version": ("GXVERS", "version of Galaxy Explorer"),
    KEY: ("GXKEY", "of weights, preprocessing and views"),
    "views": ("GXVIEWS", "flips and quarter turns averaged"),
}
_COMMENT = (
    "Vote fractions as the volunteers of Galaxy Zoo 2 would give them:",
    "weighted scores, not probabilities. By Galaxy Explorer,",
    "galaxy_explorer.decision_tree.",
)


def describe(column: str) -> tuple[str, str]:
    """Return an ASCII description of a column, and its UCD (UCD1+ vocabulary, IVOA)."""
    if column == ID:
        return "The galaxy's id: the name of its picture without the ending", "meta.id;meta.main"
    if column in SPREAD_COLUMNS:
        return f"Half-width of the 68 % interval of {column.removesuffix('_spread')}", "stat.error;src.morph"
    question, answer = QUESTION_OF[column], ANSWER_OF[column].name
    text = f"Vote fraction (0 to 1) of '{answer}' to question {question.number}: {question.text}"
    return text, "src.morph;arith.ratio"


def write_fits(path: Path, table: pd.DataFrame, about: Mapping[str, str]) -> None:
    """Write a FITS binary table with descriptions and UCDs; ``GalaxyID`` is text."""
    from astropy.io import fits

    ids = [_to_ascii(str(galaxy_id)) for galaxy_id in table.index]
    rows = table.set_axis(pd.Index(ids, dtype=object, name=ID)).to_records(
        index_dtypes=f"S{max(map(len, ids), default=1)}", column_dtypes=">f4"
    )
    hdu = fits.BinTableHDU(rows, name="PREDICTIONS")
    for number, name in enumerate([ID, *table.columns], start=1):
        description, ucd = describe(name)
        hdu.header.set(f"TUNIT{number}", "", after=f"TFORM{number}")
        hdu.header.set(f"TUCD{number}", ucd, after=f"TUNIT{number}")
        hdu.header.set(f"TCOMM{number}", description, after=f"TUCD{number}")
    for entry, (keyword, comment) in _KEYWORDS.items():
        if entry in about:
            hdu.header[keyword] = (_to_ascii(about[entry]).decode(), comment)
    hdu.header["DATE"] = (_now(), "when this table was written, UTC")
    for line in _COMMENT:
        hdu.header["COMMENT"] = line
    hdu.writeto(path)


def ecsv_header(columns: Sequence[str], about: Mapping[str, str]) -> str:
    """Return the lines above the rows of an ECSV table, with descriptions and UCDs."""
    from astropy.table import Table

    empty = Table.from_pandas(pd.DataFrame(columns=list(columns), dtype=np.float32).reset_index(names=ID))
    empty[ID] = empty[ID].astype(str)
    empty.meta |= {"program": "Galaxy Explorer", **about, "date": _now()}
    for name, column in empty.columns.items():
        column.description, column.meta["ucd"] = describe(name)
        column.unit = None if name == ID else ""
    text = io.StringIO()
    empty.write(text, format="ascii.ecsv", delimiter=",")
    return text.getvalue().rstrip("\n")


def read_fits(path: Path) -> tuple[pd.DataFrame, str | None]:
    """Read the first table of a FITS file, and its key, if it has one."""
    from astropy.table import Table

    from galaxy_explorer.images.fits_files import quiet_astropy

    quiet_astropy()
    table = Table.read(path, format="fits")
    table.convert_bytestring_to_unicode()
    rows = table.to_pandas()
    if ID in rows:
        rows[ID] = rows[ID].map(_from_ascii, na_action="ignore")
    return rows, table.meta.get(_KEYWORDS[KEY][0])


def read_ecsv_header(path: Path) -> tuple[int, str, str | None]:
    """Read the header of an ECSV file: number of lines, delimiter, and key, if it has one."""
    with path.open(encoding="utf-8") as file:
        lines = list(takewhile(lambda line: line.startswith("#"), file))
    if not lines or not lines[0].startswith("# %ECSV"):
        raise ValueError("its first line is not that of an ECSV file")
    key = re.search(rf"\b{KEY}: ['\"]?(\w+)", "".join(lines))
    has_commas = any(re.match(r"# delimiter: ['\"],['\"]", line) for line in lines)
    return len(lines), "," if has_commas else " ", key[1] if key else None


def _to_ascii(text: str) -> bytes:
    """Encode text for FITS: ASCII without trailing spaces, the rest as backslash escapes."""
    content = text.encode("unicode_escape")
    kept = content.rstrip(b" ")
    return kept + rb"\x20" * (len(content) - len(kept))


def _from_ascii(text: str | int) -> str:
    """Undo `_to_ascii`; text that it cannot have written stays as it is."""
    try:
        return str(text).encode("ascii").decode("unicode_escape")
    except UnicodeError:
        return str(text)


def _now() -> str:
    """Return date and time in UTC as FITS writes them."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
