"""Join of a survey's table to a table of predictions, by id, in each format of the latter."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from galaxy_explorer.catalogue import ID
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.prediction.fits_ecsv import from_ascii
from galaxy_explorer.prediction.formats import COLUMN_OF
from galaxy_explorer.prediction.tables import CROP_COLUMNS, INTERVAL_COLUMNS, OOD_FLAG, OOD_SCORE
from galaxy_explorer.survey.tables import SurveyTable

if TYPE_CHECKING:
    import pyarrow as pa
    from astropy.table import Column, Table

SUFFIX = "_catalogue"  # of a column of the table whose name the predictions have too
_PREDICTED = frozenset((*COLUMNS, *INTERVAL_COLUMNS, OOD_SCORE, OOD_FLAG, *CROP_COLUMNS))
_OF_COLUMNS = ("TUCD", "TCOMM")  # cards of a column that astropy does not copy


@dataclass
class Join:
    """A table whose columns are joined to predictions.

    Parameters
    ----------
    table : SurveyTable
    joined : int
        Predictions with a row of the table, once `join` has run.
    missing : list of str
        Ids of predictions without a row.
    """

    table: SurveyTable
    joined: int = 0
    missing: list[str] = field(default_factory=list)

    def __call__(self, path: Path, ending: str) -> None:
        """Add the table's columns to a file of predictions, between the id and the predictions.

        Parameters
        ----------
        path : Path
            What `prediction.write_table` wrote; it is replaced.
        ending : str
            Its format: ``.csv``, ``.parquet``, ``.fits`` or ``.ecsv``.
        """
        {".fits": self._join_fits, ".parquet": self._join_parquet}.get(ending, self._join_text)(path)

    def _rows_for(self, ids: Iterable[str], taken: Iterable[str]) -> "Table":
        """Return the table's rows of some galaxies under free names; masked if it lacks a galaxy."""
        row_of = {galaxy_id: row for row, galaxy_id in enumerate(self.table.ids)}
        rows = np.array([row_of.get(galaxy_id, -1) for galaxy_id in ids], dtype=int)
        self.missing = [galaxy_id for galaxy_id, row in zip(ids, rows, strict=True) if row < 0]
        self.joined = len(rows) - len(self.missing)
        table = self.table.table.copy(copy_data=False)
        table.keep_columns(list(free_names(self.table, taken)))
        table = table[rows]
        if self.missing:
            table = type(table)(table, masked=True)
            for column in table.itercols():
                column.mask[rows < 0] = True
        for name, free in free_names(self.table, taken).items():
            table.rename_column(name, free)
        return table

    def _join_fits(self, path: Path) -> None:
        """Join FITS tables; formats, units, nulls and descriptions of both are kept."""
        from astropy.io import fits

        with fits.open(path) as units:
            hdu, header = units[1], units[1].header
            names = hdu.columns.names
            ids = [from_ascii(value) for value in hdu.data[ID]]
            catalogue = self._rows_for(ids, names)
            described = {name: catalogue[name].description for name in catalogue.colnames}
            catalogue.meta.clear()
            others = fits.table_to_hdu(_storable(catalogue))
            columns = [hdu.columns[0], *others.columns, *hdu.columns[1:]]
            joined = fits.BinTableHDU.from_columns([_copy(column) for column in columns], name="PREDICTIONS")
            new = joined.header
            new.set("LONGSTRN", "OGIP 1.0", "long texts continue on the next card", after="TFIELDS")
            for number, name in enumerate(names, start=1):
                place = joined.columns.names.index(name) + 1
                for keyword in _OF_COLUMNS:
                    if f"{keyword}{number}" in header:
                        new.set(f"{keyword}{place}", header[f"{keyword}{number}"], after=f"TFORM{place}")
            for name, text in described.items():
                place = joined.columns.names.index(name) + 1
                if text:
                    new.set(f"TCOMM{place}", str(text).encode("ascii", "replace").decode(), after=f"TFORM{place}")
            for card in header.cards[header.index("AUTHOR") :]:  # what the predictions are, below their columns
                if card.keyword != "COMMENT":
                    new.append(card, end=True)
            content = io.BytesIO()
            fits.HDUList([fits.PrimaryHDU(), joined]).writeto(content)
        path.write_bytes(content.getvalue())

    def _join_parquet(self, path: Path) -> None:
        """Join Parquet tables."""
        import pyarrow.parquet as pq

        table = pq.read_table(path)
        catalogue = self._rows_for(table.column(ID).to_pylist(), table.column_names)
        for place, (name, values) in enumerate(_arrays(catalogue), start=1):
            table = table.add_column(place, name, values)
        pq.write_table(table, path, compression="zstd")

    def _join_text(self, path: Path) -> None:
        """Join CSV or ECSV; the cells of the predictions are copied as they are."""
        import pyarrow as pa
        from pyarrow.csv import ConvertOptions, read_csv

        content = path.read_bytes()
        head = b"".join(line for line in content.splitlines(keepends=True) if line.startswith(b"#"))
        names = _names(path, ".csv")
        table = read_csv(
            io.BytesIO(content[len(head) :]),
            convert_options=ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
        catalogue = self._rows_for(table.column(ID).to_pylist(), names)
        for place, (name, values) in enumerate(_arrays(catalogue), start=1):
            table = table.add_column(place, name, values)
        predicted = set(names) - {ID}
        cells = [_cells(table[name], name in predicted) for name in table.column_names]
        rows = pa.compute.binary_join_element_wise(*cells, ",")
        with path.open("wb") as file:
            above = _ecsv_header(content[: content.index(b"\n", len(head))].decode(), catalogue) if head else ""
            file.write(above.encode() or _csv_line(table.column_names))
            file.writelines(f"{row}\n".encode() for row in rows.to_pylist())


def free_names(table: SurveyTable, taken: Iterable[str]) -> dict[str, str]:
    """Return the columns of a table that are joined, with names that no prediction has."""
    used = {_as_read(name) for name in (ID, *taken)}
    names: dict[str, str] = {}
    for name in table.table.colnames:
        if name == table.id_column and name.lower() == ID.lower():
            continue
        free = name
        while _as_read(free) in used:
            free += SUFFIX
        used.add(_as_read(free))
        names[name] = free
    return names


def _as_read(name: str) -> str:
    """Return a column's name when predictions are read; FITS and SQL do not tell cases apart."""
    return COLUMN_OF.get(name, name).lower()


def is_joined(path: Path, ending: str, join: Join) -> bool:
    """Return whether a file of predictions has the columns of a table already."""
    names = _names(path, ending)
    predicted = [name for name in names if COLUMN_OF.get(name, name) in _PREDICTED]
    wanted = free_names(join.table, predicted).values()
    return all(name in names or f"{name}_1" in names for name in wanted)


def _names(path: Path, ending: str) -> list[str]:
    """Return the names of the columns of a file of predictions."""
    if ending == ".fits":
        from astropy.io import fits

        return list(fits.getheader(path, 1)["TTYPE*"].values())
    if ending == ".parquet":
        import pyarrow.parquet as pq

        return pq.read_schema(path).names
    with path.open(encoding="utf-8", newline="") as file:
        return next(csv.reader(line for line in file if not line.startswith("#")))


def _cells(values: "pa.ChunkedArray", is_predicted: bool) -> "pa.ChunkedArray":
    """Return values as cells of CSV: empty if unknown, and texts in quotation marks.

    The cells of predictions were read as texts, but are numbers and truths.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    is_text = pa.types.is_string(values.type) and not is_predicted
    if pa.types.is_boolean(values.type):
        values = pc.if_else(values, "True", "False")
    cells = values.cast(pa.string())
    if is_text:
        cells = pc.binary_join_element_wise('"', pc.replace_substring(cells, '"', '""'), '"', "")
    return pc.fill_null(cells, "")


def _csv_line(cells: Iterable[str]) -> bytes:
    """Return a row of a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


def _ecsv_header(before: str, catalogue: "Table") -> str:
    """Return the lines above the rows: those of the predictions, with the catalogue's columns."""
    from astropy.table import Table

    header = Table.read(before, format="ascii.ecsv")
    place = 1
    for name in catalogue.colnames:
        for column in _single(catalogue[name][:0], name):
            header.add_column(column, index=place)
            place += 1
    text = io.StringIO()
    header.write(text, format="ascii.ecsv", delimiter=",")
    return text.getvalue()


def _storable(table: "Table") -> "Table":
    """Return a table that FITS can hold: text in ASCII, unknown booleans as null integers."""
    for name in table.colnames:
        column, is_masked = table[name], np.ma.is_masked(table[name])
        if column.dtype.kind == "U":
            table[name] = np.char.encode(np.ma.filled(column, ""), "ascii", "backslashreplace")
            continue
        if column.dtype == np.int8 or (column.dtype.kind == "b" and is_masked):  # astropy writes both as booleans
            table.replace_column(name, column.astype(np.int16))
            if is_masked:
                table[name].fill_value = -1
        if is_masked and table[name].dtype.kind in "iu":
            table[name].fill_value = _unused(table[name])
    return table


def _unused(column: "Column") -> int:
    """Return the null of a column of integers, or a number that it does not hold."""
    known, limits = set(column.compressed().tolist()), np.iinfo(column.dtype)
    largest = min(limits.max, np.iinfo(np.int64).max)  # as a card can hold
    candidates = chain((int(column.fill_value),), range(largest, limits.min - 1, -1))
    return next(value for value in candidates if limits.min <= value <= largest and value not in known)


def _copy(column: Any) -> Any:
    """Return a column of a FITS table without its place in it."""
    from astropy.io import fits

    kept = {
        name: getattr(column, name) for name in ("name", "format", "unit", "null", "disp", "dim", "bscale", "bzero")
    }
    return fits.Column(array=column.array, **kept)


def _arrays(table: "Table") -> "Iterable[tuple[str, pa.Array]]":
    """Yield name and values of each column; one with several values a row becomes several."""
    import pyarrow as pa

    for name in table.colnames:
        for column in _single(table[name], name):
            values = np.ma.asarray(column)
            data, mask = values.data, np.ma.getmaskarray(values)
            if data.dtype.kind in "Sc":
                data = np.array([_text(value) for value in data.tolist()], dtype=object)
            elif data.dtype.kind == "f":
                mask = mask | np.isnan(data)
            yield column.name, pa.array(data.astype(data.dtype.newbyteorder("=")), mask=mask)


def _single(column: "Column", name: str) -> "Iterable[Column]":
    """Yield a column, or as many as it has values in a row, numbered from 1."""
    if column.ndim == 1:
        yield column
        return
    flat = column.reshape(len(column), int(np.prod(column.shape[1:])))
    for number in range(flat.shape[1]):
        one = flat[:, number]
        one.name, one.unit, one.description = f"{name}_{number + 1}", column.unit, column.description
        yield one


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
