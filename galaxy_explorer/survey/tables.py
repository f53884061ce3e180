"""Tables of a survey, in FITS, VOTable, ECSV, CSV or Parquet, with columns found by name."""

import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from galaxy_explorer.catalogue import normalise_id
from galaxy_explorer.catalogue.errors import shortened
from galaxy_explorer.catalogue.tables.csv_files import as_utf8
from galaxy_explorer.catalogue.tables.score_tables import problem_of_id
from galaxy_explorer.images.formats.fits_files import quiet_astropy

if TYPE_CHECKING:
    from astropy.table import Column, Table

# Usual names, in small letters: SDSS, SExtractor, VizieR, Gaia, Rubin, DES.
ID_NAMES = (
    *("galaxyid", "objid", "dr7objid", "dr8objid", "object_id", "objectid", "coadd_object_id", "source_id", "id"),
    *("specobjid", "id_peak", "iauname", "name", "number"),
)
RA_NAMES = (
    *("ra", "ra_deg", "raj2000", "_raj2000", "alpha_j2000", "alphawin_j2000", "ra_j2000", "ra_icrs", "_ra"),
    *("radeg", "coord_ra", "right_ascension"),
)
DEC_NAMES = (
    *("dec", "dec_deg", "dej2000", "decj2000", "_dej2000", "delta_j2000", "deltawin_j2000", "dec_j2000", "de_icrs"),
    *("_de", "_dec", "decdeg", "dedeg", "coord_dec", "declination"),
)
RADIUS_NAMES = ("petror90_r", "petror90", "r90_arcsec", "petro_r90_arcsec", "r90")

NAMED = 40  # columns in a message
EXACT = 2**53  # integers beyond it are rounded in a column of floats
_SEPARATORS = ",;\t|"
_NULLABLE = ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "boolean")  # types of pandas


class SurveyError(ValueError):
    """A table or mosaics that cannot be used; the message says what was found and what to do."""


@dataclass(frozen=True)
class SurveyTable:
    """A table with the ids of its galaxies as text, without duplicates.

    Parameters
    ----------
    path : Path
        Its file.
    table : astropy.table.Table
        All columns, with their units and masks.
    id_column : str
        Name of the column with the ids.
    ids : list of str
        One for each row.
    """

    path: Path
    table: "Table"
    id_column: str
    ids: list[str]

    def column(self, wanted: str, usual: Sequence[str], option: str) -> "Column":
        """Return a column by its name, in any case of letters, or else by a usual one."""
        return self.table[find_column(self.table.colnames, wanted, usual, f"{self.path} ({option})")]


def find_column(names: Sequence[str], wanted: str, usual: Sequence[str], where: str) -> str:
    """Return the name of a column as the table has it.

    Parameters
    ----------
    names : sequence of str
        The table's columns.
    wanted : str
        The name that was asked for, in any case of letters; empty for the first of the usual ones.
    usual : sequence of str
        In small letters.
    where : str
        The table, for messages, and the option that names the column.

    Raises
    ------
    SurveyError
        If there is none, or two differ only in case.
    """
    if wanted in names:
        return wanted
    by_small: dict[str, list[str]] = {}
    for name in names:
        by_small.setdefault(name.lower(), []).append(name)
    found = next((by_small[one] for one in ((wanted.lower(),) if wanted else usual) if one in by_small), [])
    if len(found) == 1:
        return found[0]
    if found:
        raise SurveyError(f"{where}: there are columns {' and '.join(found)}; give the name in its case of letters")
    close = get_close_matches((wanted or usual[0]).lower(), by_small, n=3)
    likely = f"; do you mean {' or '.join(by_small[one][0] for one in close)}?" if close else "."
    listed = ", ".join(map(shortened, names[:NAMED])) + (", …" if len(names) > NAMED else "")
    missing = (
        f"there is no column {wanted}" if wanted else f"no column has a usual name, such as {', '.join(usual[:4])}"
    )
    raise SurveyError(f"{where}: {missing}{likely} The table has: {listed}")


def read_survey_table(path: Path, id_column: str = "") -> SurveyTable:
    """Read a table of galaxies.

    Parameters
    ----------
    path : Path
        A FITS table, VOTable, ECSV, CSV (also with tabs or semicolons) or Parquet file; all but Parquet may be packed
        by gzip. The content decides, not the name.
    id_column : str, optional
        The column of ids, in any case of letters; by default the first that has a usual name.

    Returns
    -------
    SurveyTable

    Raises
    ------
    SurveyError
        If it cannot be read, has no such column, or two rows have one id.
    """
    where = f"{path} (--id)"
    try:
        content = _unpacked(path)
        table = _read(content, path, lambda names: find_column(names, id_column, ID_NAMES, where))
    except SurveyError:
        raise
    except OSError as error:
        raise SurveyError(f"the table {path} cannot be read ({error.strerror or error}): check its name") from error
    except Exception as error:  # astropy and pyarrow raise anything on damaged files
        raise SurveyError(
            f"the table {path} cannot be read ({shortened(error)}); give a table in FITS, VOTable, ECSV, CSV or Parquet"
        ) from error
    if not len(table):
        raise SurveyError(f"the table {path} has no rows")
    _simplify(table)
    name = find_column(table.colnames, id_column, ID_NAMES, where)
    return SurveyTable(path, table, name, _ids(table[name], f"{path}, column {name}"))


def _unpacked(path: Path) -> bytes:
    """Read a file, unpacked if it is packed by gzip."""
    content = path.read_bytes()
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


def _read(content: bytes, path: Path, id_of: Any) -> "Table":
    """Read the content of a table by its kind."""
    from astropy.table import Table

    quiet_astropy()
    start = content[:2000].lstrip()
    if start.startswith(b"SIMPLE  ="):
        return _read_fits(content, path)
    if start.startswith(b"PAR1"):
        return _read_parquet(content)
    if start.startswith(b"<") and b"VOTABLE" in start.upper():
        return Table.read(io.BytesIO(content), format="votable")
    if start.startswith(b"# %ECSV"):
        return Table.read(content.decode(), format="ascii.ecsv")
    return _read_csv(as_utf8(content), id_of)


def _read_fits(content: bytes, path: Path) -> "Table":
    """Read the first table of a FITS file."""
    from astropy.io import fits
    from astropy.table import Table

    with fits.open(io.BytesIO(content)) as units:
        unit = next((unit for unit in units if isinstance(unit, fits.BinTableHDU | fits.TableHDU)), None)
        if unit is None:
            raise SurveyError(f"{path} holds no table; images are given to --images")
        unit.header.remove("COMMENT", ignore_missing=True, remove_all=True)  # astropy would run its YAML
        table = Table.read(unit)
        for number, name in enumerate(table.colnames, start=1):  # as TOPCAT writes descriptions
            table[name].description = table[name].description or unit.header.get(f"TCOMM{number}")
        return table


def _read_parquet(content: bytes) -> "Table":
    """Read Parquet; integers with nulls keep their digits, as in CSV."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq
    from astropy.table import Table

    kinds = {pa.type_for_alias(name.lower()): pd.api.types.pandas_dtype(name) for name in _NULLABLE}
    table = pq.read_table(io.BytesIO(content)).replace_schema_metadata(None)  # an index is a column
    return Table.from_pandas(table.to_pandas(types_mapper=kinds.get))


def _read_csv(content: bytes, id_of: Any) -> "Table":
    """Read CSV; ids are text, so that 18 digits and leading zeros survive."""
    import pandas as pd
    from astropy.table import Table

    lines = [line for line in content.splitlines() if line.strip() and not line.startswith(b"#")]
    header, content = lines[0].decode(errors="replace") if lines else "", b"\n".join(lines)
    separator = max(_SEPARATORS, key=header.count)
    names = pd.read_csv(io.BytesIO(content), sep=separator, nrows=0).columns
    key = next(name for name in names if name.strip() == id_of([name.strip() for name in names]))
    rows = pd.read_csv(
        io.BytesIO(content),
        sep=separator,
        dtype={key: str},
        dtype_backend="numpy_nullable",  # integers with nulls keep their digits
        na_values={name: ["", "null", "NULL", "NaN", "nan", "NA", "--"] for name in names if name != key},
        keep_default_na=False,
        low_memory=False,
        encoding_errors="replace",
    )
    return Table.from_pandas(rows.rename(columns=str.strip))


def _simplify(table: "Table") -> None:
    """Turn columns of times, arrays of any length and the like into text."""
    from astropy.table import Column, MaskedColumn

    for name in table.colnames:
        column = table[name]
        if not isinstance(column, Column) or column.dtype.kind == "O":
            unknown = [value is None or value is np.ma.masked for value in column]
            texts = ["" if gone else str(value) for gone, value in zip(unknown, column, strict=True)]
            described = column.info.description
            table.replace_column(name, MaskedColumn(texts, mask=unknown, name=name, description=described))


def _ids(column: "Column", where: str) -> list[str]:
    """Return ids as text; raise SurveyError at a malformed or repeated one."""
    values = np.ma.asarray(column)
    kind = values.dtype.kind
    if kind == "f":
        known = values.compressed()
        known = known[np.isfinite(known)]
        if (known % 1 != 0).any() or (np.abs(known) >= (EXACT if values.dtype.itemsize == 8 else 2**24)).any():
            raise SurveyError(
                f"{where}: the ids are floating-point numbers, which lose digits; save the column as integers or text"
            )
        values = np.ma.array(values.filled(0).astype(np.int64), mask=~np.isfinite(values.filled(np.nan)))
    if kind not in "fiuSUO":
        raise SurveyError(f"{where}: the ids are neither integers nor text; name another column with --id")
    missing = np.ma.getmaskarray(values)
    texts = [
        value.decode(errors="replace") if isinstance(value, bytes) else str(value) for value in values.data.tolist()
    ]
    ids = ["" if gone else normalise_id(text) for text, gone in zip(texts, missing, strict=True)]
    rows: dict[str, int] = {}
    for row, galaxy_id in enumerate(ids, start=1):
        if problem := problem_of_id(galaxy_id):
            raise SurveyError(f"{where}, row {row}: {problem}")
        if galaxy_id in rows:
            raise SurveyError(
                f"{where}, row {row}: galaxy {shortened(galaxy_id)} is already in row {rows[galaxy_id]}; keep one of "
                "the two, or name a column of unique ids with --id"
            )
        rows[galaxy_id] = row
    return ids
