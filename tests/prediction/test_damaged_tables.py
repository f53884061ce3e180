"""Prediction tables that are damaged, odd or hostile: all are refused in words, none ends in another error."""

import json
from contextlib import suppress

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import Table

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.prediction import PredictionError, as_bytes, read_about, read_failures, read_table, tables
from galaxy_explorer.prediction.tables import write_failures

KEY = b"galaxy_explorer.prediction_key"


@pytest.fixture
def table():
    """Three galaxies as pyarrow holds them, with pandas' metadata."""
    frame = pd.DataFrame(np.full((3, 37), 0.2, np.float32), columns=list(COLUMNS))
    frame.insert(0, "GalaxyID", ["1", "2", "3"])
    return pa.Table.from_pandas(frame, preserve_index=False)


def odd_metadata(good):
    """Metadata of pandas with one entry that does not fit."""
    ranges = [{"start": 0, "stop": 10**15, "step": 1}, {"start": 0, "stop": 3, "step": 0}, {"start": "a", "stop": None}]
    columns = [
        [column | {"numpy_type": "os.system('x')"} for column in good["columns"]],
        [column | {"pandas_type": "categorical", "metadata": {"num_categories": 10**9}} for column in good["columns"]],
    ]
    indices = [["Class1.1"], ["nope"], [{"kind": "x"}], *([{"kind": "range", "name": None, **one}] for one in ranges)]
    zone = {"name": None, "pandas_type": "datetimetz", "numpy_type": "datetime64[ns]", "metadata": {"timezone": "Mars"}}
    yield from (b"{", b"5", b"null", b"[]", b"\xff\xfe", b"[" * 100_000)
    yield from (json.dumps(good | {"index_columns": index}).encode() for index in indices)
    yield from (json.dumps(good | {"columns": one}).encode() for one in (5, *columns))
    yield json.dumps(good | {"column_indexes": [zone], "attributes": "x"}).encode()


def test_metadata_that_another_program_wrote_is_not_used(table, tmp_path):
    for metadata in odd_metadata(json.loads(table.schema.metadata[b"pandas"])):
        pq.write_table(table.replace_schema_metadata({b"pandas": metadata, KEY: b"abc"}), tmp_path / "odd.parquet")
        found, key = read_table(tmp_path / "odd.parquet")
        assert (found.index.tolist(), key) == (["1", "2", "3"], "abc")


def test_a_key_that_is_not_text_is_another_key(table, tmp_path):
    pq.write_table(table.replace_schema_metadata({KEY: b"\xff\xfe"}), tmp_path / "odd.parquet")
    assert read_table(tmp_path / "odd.parquet")[1] == "\ufffd\ufffd"


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".fits", ".ecsv"])
def test_changed_bytes_of_a_table_are_read_or_refused(table, tmp_path, ending):
    content = as_bytes(table.to_pandas().set_index("GalaxyID"), ending, {"prediction_key": "abc"})
    random, path = np.random.default_rng(17), tmp_path / f"table{ending}"
    for _ in range(60):
        changed = bytearray(content)
        start = max(0, len(content) - 4000) if ending == ".parquet" else 0  # the footer
        for place in random.integers(start, len(content), random.integers(1, 4)):
            changed[place] = random.integers(256)
        path.write_bytes(changed[: random.integers(1, len(changed)) if random.random() < 0.2 else None])
        with suppress(PredictionError):
            read_table(path)
        read_about(path)


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.float32()), pa.struct([("a", pa.int8())]), pa.binary(), pa.timestamp("ns")]
)
def test_columns_of_other_types_are_refused(table, tmp_path, kind):
    column = pa.nulls(3, kind)
    if kind == pa.binary():
        column = pa.array([b"\xff"] * 3, kind)
    odd = table.set_column(1, "Class1.1", column)
    pq.write_table(odd, tmp_path / "odd.parquet")
    with suppress(PredictionError):
        assert read_table(tmp_path / "odd.parquet")[0]["Class1.1"].isna().all()


def test_a_table_that_names_a_column_twice_is_refused(table, tmp_path):
    twice = table.append_column("t01_smooth", table["Class1.1"])
    pq.write_table(twice, tmp_path / "twice.parquet")
    with pytest.raises(PredictionError, match=r"has column Class1\.1 twice"):
        read_table(tmp_path / "twice.parquet")


def test_rows_are_counted_before_they_are_read(table, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "MAX_ROWS", 2)
    pq.write_table(table, tmp_path / "many.parquet")
    monkeypatch.setattr(pq.ParquetFile, "read", None)
    with pytest.raises(PredictionError, match="has 3 rows; at most 2 are read"):
        read_table(tmp_path / "many.parquet")


def test_a_packed_fits_table_is_not_unpacked(table, tmp_path):
    Table.from_pandas(table.to_pandas()).write(tmp_path / "table.fits.gz", format="fits")
    (tmp_path / "table.fits.gz").rename(tmp_path / "table.fits")
    with pytest.raises(PredictionError, match="does not begin as FITS does"):
        read_table(tmp_path / "table.fits")


def test_a_long_id_is_cut_short_in_a_message(table, tmp_path):
    name = "x" * 100_000
    pq.write_table(table.set_column(0, "GalaxyID", [[name, name, "3"]]), tmp_path / "long.parquet")
    with pytest.raises(PredictionError) as refused:
        read_table(tmp_path / "long.parquet")
    assert len(str(refused.value)) < 1000


@pytest.mark.parametrize(
    "text", ["a\rb", "a\nb", "a\r\nb", 'q"uo"te', "a,b", "", " ", "=1+1", "\u202ex", "\x1b[31m", "'"]
)
def test_failures_come_back_as_they_were_written(tmp_path, text):
    failures = {text: "why", "other": text}
    write_failures(tmp_path / "failed.csv", failures)
    assert read_failures(tmp_path / "failed.csv") == failures


def test_a_list_of_failures_that_was_edited_is_read(tmp_path):
    (tmp_path / "failed.csv").write_text("GalaxyID,reason\n\n1,why,and more\n2\n")
    assert read_failures(tmp_path / "failed.csv") == {"1": "why"}
