"""FITS and ECSV prediction tables, described for astronomers' tools such as TOPCAT.

Each column carries a description from the decision tree and a UCD, its meaning in the controlled vocabulary of the
International Virtual Observatory Alliance. Vote fractions have no unit; both formats say so with an empty one.
"""

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue import ID
from galaxy_explorer.decision_tree import ANSWER_OF, QUESTION_OF
from galaxy_explorer.prediction.tables import CLASS_SCORE, CROP_COLUMNS, KEY, OOD_FLAG, OOD_SCORE, About

if TYPE_CHECKING:
    from astropy.table import Table

# Keywords of a FITS header have eight characters, lines of its comment 72.
_KEYWORDS = {
    "network": ("NETWORK", "whose predictions these are"),
    "version": ("GXVERS", "version of Galaxy Explorer"),
    KEY: ("GXKEY", "of weights, preprocessing and views"),
    "views": ("GXVIEWS", "flips and quarter turns averaged"),
    "weights_sha256": ("GXSHA256", ""),  # which fills its line
    "votes": ("GXVOTES", "kind of votes it was trained on"),
    "crop": ("GXCROP", "auto: cropped to the galaxy"),
    "names": ("GXNAMES", "of the columns"),
    "class": ("GXCLASS", "class of the scores"),
    "class_sha256": ("GXCLSHA", ""),
    "references": ("REFERENC", "bibcodes: votes, pictures"),
}
_COMMENT = (
    "Vote fractions as the volunteers of Galaxy Zoo 2 would give them:",
    "weighted scores, not probabilities. By Galaxy Explorer,",
    "galaxy_explorer.decision_tree.",
)
_UCDS = {"lower": "stat.min", "upper": "stat.max"}  # UCD1+: lower and upper limit
_OTHERS = {
    ID: ("The galaxy's id: the name of its picture without the ending", "meta.id;meta.main"),
    CLASS_SCORE: ("Score of the class in the metadata: above 0.5 the galaxy is more like its members", "stat.value"),
    OOD_SCORE: ("Out-of-distribution score: above 1 the prediction may be meaningless", "stat.value"),
    OOD_FLAG: ("Whether the picture differs from the training pictures: score above 1", "meta.code"),
    CROP_COLUMNS[0]: ("Centre of the square that was predicted; NaN: the whole picture", "pos.cartesian.x;instr.pixel"),
    CROP_COLUMNS[1]: ("Centre of the square, from the picture's upper edge", "pos.cartesian.y;instr.pixel"),
    CROP_COLUMNS[2]: ("Side of the square that was predicted", "meta.number;instr.pixel"),
}


def describe(column: str) -> tuple[str, str]:
    """Return an ASCII description of a column, and its UCD (UCD1+ vocabulary, IVOA)."""
    if column in _OTHERS:
        return _OTHERS[column]
    name, _, kind = column.partition("_")
    if kind in ("lower", "upper"):
        return f"{kind.capitalize()} end of the 68 % prediction interval of {name}", f"src.morph;{_UCDS[kind]}"
    question, answer = QUESTION_OF[name], ANSWER_OF[name].name
    title = "Share of this question's votes" if kind == "share" else "Vote fraction"
    return f"{title} (0 to 1) of '{answer}' to question {question.number}: {question.text}", "src.morph;arith.ratio"


def write_fits(path: Path, table: pd.DataFrame, named: Mapping[str, str], about: About) -> None:
    """Write a FITS binary table; ``GalaxyID`` is text.

    Descriptions are there twice: as TCOMM, which TOPCAT reads, and in the comments, where astropy reads them.
    """
    from astropy.io import fits

    ids = [_to_ascii(str(galaxy_id)) for galaxy_id in table.index]
    kinds = {name: "?" if column == OOD_FLAG else ">f4" for column, name in named.items()}
    rows = table.set_axis(pd.Index(ids, dtype=object, name=ID)).to_records(
        index_dtypes=f"S{max(map(len, ids), default=1)}", column_dtypes=kinds
    )
    hdu = fits.BinTableHDU(rows, name="PREDICTIONS")
    header, described = hdu.header, _described(named)
    header.set("LONGSTRN", "OGIP 1.0", "long texts continue on the next card", after="TFIELDS")
    for number, column in enumerate(described.itercols(), start=1):
        header.set(f"TUNIT{number}", str(column.unit or ""), after=f"TFORM{number}")
        header.set(f"TUCD{number}", column.meta["ucd"], after=f"TUNIT{number}")
        header.set(f"TCOMM{number}", column.description, after=f"TUCD{number}")
    header["AUTHOR"] = "Galaxy Explorer"
    for entry, (keyword, comment) in _KEYWORDS.items():
        if entry in about:
            value = about[entry]
            header[keyword] = (value if isinstance(value, int) else _to_ascii(value).decode(), comment)
    header["DATE"] = (_now(), "when this table was written, UTC")
    file = io.BytesIO()
    described.write(file, format="fits")
    for line in (*_COMMENT, *fits.getheader(io.BytesIO(file.getvalue()), 1)["COMMENT"]):
        header["COMMENT"] = line
    hdu.writeto(path)


def ecsv_header(named: Mapping[str, str], about: About) -> str:
    """Return the lines above the rows of an ECSV table, with descriptions and UCDs."""
    empty = _described(named)
    empty.meta |= {"program": "Galaxy Explorer", **about, "date": _now()}
    text = io.StringIO()
    empty.write(text, format="ascii.ecsv", delimiter=",")
    return text.getvalue().rstrip("\n")


def _described(named: Mapping[str, str]) -> "Table":
    """Return an astropy table without rows whose columns have descriptions, units and UCDs."""
    from astropy.table import Table

    kinds = {column: bool if column == OOD_FLAG else np.float32 for column in named}
    empty = Table({ID: np.empty(0, "U1")} | {named[column]: np.empty(0, kind) for column, kind in kinds.items()})
    for name, column in zip((ID, *named), empty.itercols(), strict=True):
        column.description, column.meta["ucd"] = describe(name)
        column.unit = None if name in (ID, OOD_FLAG) else "pixel" if name in CROP_COLUMNS else ""
    return empty


def read_fits(path: Path) -> pd.DataFrame:
    """Read the first table of a FITS file."""
    from astropy.io import fits
    from astropy.table import Table

    from galaxy_explorer.images.formats.fits_files import quiet_astropy

    quiet_astropy()
    with path.open("rb") as file:
        if not file.read(9).startswith(b"SIMPLE  ="):
            raise ValueError("it does not begin as FITS does; unpack it, if it is packed")
    with fits.open(path) as units:
        unit = next((unit for unit in units if isinstance(unit, fits.BinTableHDU | fits.TableHDU)), None)
        if unit is None:
            raise ValueError("it holds no table")
        unit.header.remove("COMMENT", ignore_missing=True, remove_all=True)  # astropy would run its YAML
        table = Table.read(unit)
        table.convert_bytestring_to_unicode()
        rows = table.to_pandas()
    if ID in rows:
        rows[ID] = rows[ID].map(from_ascii, na_action="ignore")
    return rows


def fits_about(path: Path) -> dict[str, str]:
    """Read the metadata of a FITS prediction table."""
    from astropy.io import fits

    header = fits.getheader(path, 1)
    return {entry: from_ascii(header[name]) for entry, (name, _) in _KEYWORDS.items() if name in header}


def read_ecsv_header(path: Path) -> tuple[int, str, dict[str, str]]:
    """Read the header of an ECSV file: number of lines, delimiter, and metadata."""
    from astropy.table.meta import YamlParseError, get_header_from_yaml

    with path.open(encoding="utf-8") as file:
        lines = list(takewhile(lambda line: line.startswith("#"), file))
    if not lines or not lines[0].startswith("# %ECSV"):
        raise ValueError("its first line is not that of an ECSV file")
    try:
        header = get_header_from_yaml([line.removeprefix("# ").rstrip("\n") for line in lines[1:]])
        about = {str(name): str(value) for name, value in dict(header.get("meta", {})).items()}
    except YamlParseError as error:
        raise ValueError("its header is not YAML") from error
    return len(lines), str(header.get("delimiter", " ")), about


def _to_ascii(text: str) -> bytes:
    """Encode text for FITS: ASCII without trailing spaces, the rest as backslash escapes."""
    content = text.encode("unicode_escape")
    kept = content.rstrip(b" ")
    return kept + rb"\x20" * (len(content) - len(kept))


def from_ascii(text: str | int) -> str:
    """Undo `_to_ascii`; text that it cannot have written stays as it is."""
    try:
        return str(text).encode("ascii").decode("unicode_escape")
    except UnicodeError:
        return str(text)


def _now() -> str:
    """Return date and time in UTC as FITS writes them."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
