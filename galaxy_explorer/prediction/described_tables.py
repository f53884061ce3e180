"""Tables that describe themselves to astronomers' tools such as TOPCAT: FITS and ECSV.

Each column carries a description from the decision tree and a UCD, a word for its meaning from the list of the
International Virtual Observatory Alliance. Vote fractions have no unit; both formats say so with an empty one.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path

import numpy as np
import pandas as pd

from galaxy_explorer.catalogue.score_tables import ID
from galaxy_explorer.decision_tree import ANSWER_OF, COLUMNS, QUESTION_OF
from galaxy_explorer.prediction.tables import KEY, SPREAD_COLUMNS, PredictionError, Writer, write_rows

# Keywords of a FITS header hold eight letters; what is not among these is left to the comment.
_KEYWORDS = {"network": "NETWORK", "version": "GXVERS", KEY: "GXKEY", "views": "GXVIEWS"}
_COMMENTS = {
    "NETWORK": "whose predictions these are",
    "GXVERS": "version of Galaxy Explorer",
    "GXKEY": "of weights, preprocessing and views",
    "GXVIEWS": "flips and quarter turns averaged",
}


def description_of(column: str) -> str:
    """Describe a column of a table of predictions in one sentence of plain ASCII."""
    if column == ID:
        return "The galaxy's id: the name of its picture without the ending"
    if column in SPREAD_COLUMNS:
        scored = COLUMNS[SPREAD_COLUMNS.index(column)]
        return f"Half-width of the 68 % interval of {scored}"
    question = QUESTION_OF[column]
    return f"Vote fraction (0 to 1) of '{ANSWER_OF[column].name}' to question {question.number}: {question.text}"


def ucd_of(column: str) -> str:
    """Give the UCD of a column of a table of predictions (UCD1+ controlled vocabulary, IVOA)."""
    if column == ID:
        return "meta.id;meta.main"
    return "stat.error;src.morph" if column in SPREAD_COLUMNS else "src.morph;arith.ratio"


@contextmanager
def fits_writer(path: Path, columns: Sequence[str], about: Mapping[str, str]) -> Iterator[Writer]:
    """Write tables, one after the other, into one FITS binary table: ``GalaxyID`` as text and float32 columns.

    The rows are gathered in memory until the end, 150 bytes a galaxy, or 300 with spread: for many
    millions of galaxies take Parquet.
    """
    ids: list[np.ndarray] = []
    numbers: list[np.ndarray] = []

    def write(table: pd.DataFrame) -> None:
        ids.append(np.array([_to_ascii(str(galaxy_id)) for galaxy_id in table.index], dtype=np.bytes_))
        numbers.append(table[list(columns)].to_numpy(dtype=">f4"))

    yield write
    width = max((part.dtype.itemsize for part in ids if len(part)), default=1)
    kinds = [(ID, f"S{width}"), *((name, ">f4") for name in columns)]
    rows = np.zeros(sum(map(len, ids)), dtype=kinds)
    done = 0
    for some_ids, some_numbers in zip(ids, numbers, strict=True):
        part = rows[done : done + len(some_ids)]
        part[ID] = some_ids
        for place, name in enumerate(columns):
            part[name] = some_numbers[:, place]
        done += len(some_ids)
    _write_fits(path, rows, about)


def _write_fits(path: Path, rows: np.ndarray, about: Mapping[str, str]) -> None:
    """Write a structured array as a FITS table whose header describes it."""
    from astropy.io import fits

    names = rows.dtype.names or ()
    table = fits.BinTableHDU(rows, name="PREDICTIONS")
    for place, name in enumerate(names, start=1):
        table.header.set(f"TUNIT{place}", "", after=f"TFORM{place}")
        table.header.set(f"TUCD{place}", ucd_of(name), after=f"TUNIT{place}")
        table.header.set(f"TCOMM{place}", description_of(name), after=f"TUCD{place}")
    for key, value in about.items():
        if key in _KEYWORDS:
            table.header[_KEYWORDS[key]] = (_to_ascii(value).decode(), _COMMENTS[_KEYWORDS[key]])
    table.header["DATE"] = (_now(), "when this table was written, UTC")
    # A line of a FITS header takes 72 letters.
    table.header["COMMENT"] = "Vote fractions as the volunteers of Galaxy Zoo 2 would give them:"
    table.header["COMMENT"] = "weighted scores, not probabilities. By Galaxy Explorer,"
    table.header["COMMENT"] = "galaxy_explorer.decision_tree."
    with path.open("wb") as file:
        fits.HDUList([fits.PrimaryHDU(), table]).writeto(file)


@contextmanager
def ecsv_writer(path: Path, columns: Sequence[str], about: Mapping[str, str]) -> Iterator[Writer]:
    """Write tables, one after the other, into one ECSV file; the cell of a number that is not known is empty."""
    with path.open("wb") as file:
        file.write(_ecsv_header(columns, about).encode())
        yield lambda table: write_rows(file, table[list(columns)])


def _ecsv_header(columns: Sequence[str], about: Mapping[str, str]) -> str:
    """Have astropy write the header, of a table without rows: for many rows pandas is far faster."""
    from astropy.table import Column, Table

    kinds = [(ID, str), *((name, np.float32) for name in columns)]
    empty = Table(
        [
            Column(
                np.array([], dtype=kind),
                name=name,
                unit=None if name == ID else "",
                description=description_of(name),
                meta={"ucd": ucd_of(name)},
            )
            for name, kind in kinds
        ],
        meta={"program": "Galaxy Explorer", **about, "date": _now()},
    )
    text = io.StringIO()
    empty.write(text, format="ascii.ecsv", delimiter=",")
    return text.getvalue().rstrip("\n") + "\n"


def read_described(path: Path) -> pd.DataFrame:
    """Read the vote fractions of a FITS or ECSV table, also of one that another tool wrote.

    Returns
    -------
    pd.DataFrame
        Float32, the 37 columns indexed by ``GalaxyID`` (text); NaN where a cell is empty.

    Raises
    ------
    PredictionError
        When the file is no such table.
    """
    from astropy.io.fits import VerifyError

    kind, read = ("ECSV", _read_ecsv) if path.suffix.lower() == ".ecsv" else ("FITS", _read_fits)
    try:
        table = read(path)
        lacking = [name for name in (ID, *COLUMNS) if name not in table]
        if not lacking:
            ids = pd.Index(table[ID].fillna("").astype(str).to_numpy(), dtype=str, name=ID)
            if (without := np.flatnonzero(ids == "")).size:
                raise ValueError(f"row {without[0] + 1} has no {ID}")
            return table[list(COLUMNS)].astype(np.float32).set_axis(ids)
    except (OSError, ValueError, TypeError, LookupError, VerifyError) as error:
        raise PredictionError(
            f"{path} cannot be read as a table in {kind} ({error}); give one that predict wrote"
        ) from error
    raise PredictionError(f"{path} has no column {', '.join(lacking)}; give a table that predict wrote")


def described_head(path: Path) -> tuple[str | None, list[str]]:
    """Read the key of a FITS or ECSV table, None where it has none, and its columns."""
    if path.suffix.lower() == ".ecsv":
        header, delimiter = _head_of_ecsv(path)
        key = re.search(rf"\b{KEY}: ['\"]?(\w+)", header)
        columns = pd.read_csv(path, sep=delimiter, skiprows=header.count("\n"), nrows=0, encoding="utf-8").columns
        return key and key[1], list(columns)
    from astropy.io import fits

    with fits.open(path) as file:
        table = next(part for part in file if isinstance(part, fits.BinTableHDU | fits.TableHDU))
        return table.header.get(_KEYWORDS[KEY]), table.columns.names


def _read_fits(path: Path) -> pd.DataFrame:
    """Read the columns of interest of the first table in a FITS file."""
    from astropy.table import Table

    from galaxy_explorer.images.fits_files import quiet_astropy

    quiet_astropy()
    table = Table.read(path, format="fits")
    columns = {
        name: np.ma.filled(np.ma.asarray(table[name]).astype(np.float32), np.nan)
        for name in COLUMNS
        if name in table.colnames
    }
    ids = (
        {ID: [_from_ascii(name) if name is not None else "" for name in table[ID].tolist()]}
        if ID in table.colnames
        else {}
    )
    return pd.DataFrame(ids | columns)


def _read_ecsv(path: Path) -> pd.DataFrame:
    """Read an ECSV file by pandas, which takes a fifth of astropy's time; of the header only the delimiter matters."""
    header, delimiter = _head_of_ecsv(path)
    return pd.read_csv(
        path,
        sep=delimiter,
        skiprows=header.count("\n"),
        dtype={ID: str},
        keep_default_na=False,
        na_values={name: ["", "nan", "NaN"] for name in COLUMNS},
        encoding="utf-8",
        low_memory=False,
    )


def _head_of_ecsv(path: Path) -> tuple[str, str]:
    """Read the header of an ECSV file, and the delimiter that it names."""
    with path.open(encoding="utf-8") as file:
        header = "".join(takewhile(lambda line: line.startswith("#"), file))
    if not header.startswith("# %ECSV"):
        raise ValueError("its first line is not that of an ECSV file")
    return header, "," if re.search(r"^# delimiter: ['\"],['\"]", header, re.MULTILINE) else " "


def _to_ascii(text: str) -> bytes:
    """Write text as FITS can hold it: plain ASCII without spaces at the end, all else as backslash escapes."""
    content = text.encode("unicode_escape")
    kept = content.rstrip(b" ")
    return kept + rb"\x20" * (len(content) - len(kept))


def _from_ascii(content: bytes | str | int) -> str:
    """Undo `_to_ascii`; what it cannot have written, such as a letter beyond ASCII, stays as it is."""
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else str(content)
    try:
        return text.encode("ascii").decode("unicode_escape") if "\\" in text else text
    except UnicodeError:
        return text


def _now() -> str:
    """Give the date and time in UTC, as FITS writes them."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
