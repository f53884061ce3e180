"""``predict --catalogue``: a survey's columns in the table of predictions."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import MaskedColumn, Table
from mosaic_files import write_bands

from galaxy_explorer.cli import main
from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.prediction import read_about, read_table

BIG = 587722952230175035


@pytest.fixture
def catalogue(tmp_path):
    """An ECSV table of four of the six galaxies and of another one, with all kinds of columns."""
    table = Table({"name": ["0003", "0001", "9999", "0005", "0006"]})
    table["objid"] = MaskedColumn([BIG, 2, 3, 4, 5], mask=[False, True, False, False, False])
    table["mag"] = MaskedColumn(np.float32([17.5, 18.25, 16, 15, 14]), unit="mag", description="Petrosian, r band")
    table["is_star"] = [True, False, False, True, False]
    table["mags"] = np.arange(15.0).reshape(5, 3)
    table["note"] = ["a, b", "Größe", "", 'say "x"', "plain"]
    table["Class1.1"] = np.linspace(0, 1, 5)
    table["ood_score"] = 7.0
    table["number"] = np.arange(11, 16)
    table.write(tmp_path / "catalogue.ecsv")
    return tmp_path / "catalogue.ecsv"


def predicted(run, galaxies, catalogue, output, *options):
    """Predict the six galaxies, joined by the column name; return the exit status."""
    return run(
        "predict", galaxies, "--crop", "none", "--output", output, "--catalogue", catalogue, "--id", "NAME", *options
    )


def test_fits_keeps_order_units_nulls_and_descriptions(run, galaxies, catalogue, tmp_path, capsys):
    output = tmp_path / "out.fits"
    assert predicted(run, galaxies, catalogue, output, "--interval") == 0
    said = capsys.readouterr().err
    assert f"joined to {catalogue}: 4 galaxies; rows of it without a prediction: 1" in said
    assert f"galaxy 0002 and 1 more: no row in {catalogue}" in said
    found = Table.read(output)
    joined = ["name", "objid", "mag", "is_star", "mags", "note", "Class1.1_catalogue", "ood_score_catalogue", "number"]
    assert found.colnames[:11] == ["GalaxyID", *joined, "Class1_1"]
    assert found["GalaxyID"].tolist() == [f"000{n}" for n in range(1, 7)]
    assert found["objid"].tolist() == [None, None, BIG, None, 4, 5]
    assert found["mag"].unit == "mag"
    assert np.allclose(found["mag"][[0, 2, 4]], [18.25, 17.5, 15])
    assert np.isnan(np.ma.filled(found["mag"], np.nan)[1])
    assert found["mags"][2].tolist() == [0.0, 1.0, 2.0]
    assert found["is_star"].tolist() == [0, None, 1, None, 1, 0]  # truths, which FITS cannot leave out
    assert found["note"][0] == "Gr\\xf6\\xdfe"
    with fits.open(output) as units:
        header = units[1].header
        assert header["TCOMM4"] == "Petrosian, r band"
        place = units[1].columns.names.index("Class1_1") + 1
        assert header[f"TUCD{place}"] == "src.morph;arith.ratio"
        assert header[f"TCOMM{place}"].startswith("Vote fraction (0 to 1) of 'smooth'")
        assert header["NETWORK"].startswith("tiny-")
    alone = tmp_path / "alone.fits"
    assert run("predict", galaxies, "--crop", "none", "--output", alone, "--interval") == 0
    table, key = read_table(output)
    expected, expected_key = read_table(alone)
    pd.testing.assert_frame_equal(table, expected)
    assert key == expected_key
    assert {**read_about(output), "date": ""} == {**read_about(alone), "date": ""}


def test_integers_of_every_size_survive_in_fits(run, galaxies, tmp_path):
    table = Table({"name": [f"000{n}" for n in range(1, 5)], "known": np.array([100, 2, 3, 4], np.int8)})
    integers = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
    for kind in integers:  # 999999 is astropy's usual null; a small type has a part of it
        table[kind] = MaskedColumn(np.array([1, 5, 999999, 0]).astype(kind), mask=[False, True, False, False])
    table.write(tmp_path / "catalogue.ecsv")
    assert predicted(run, galaxies, tmp_path / "catalogue.ecsv", tmp_path / "out.fits") == 0
    found = Table.read(tmp_path / "out.fits")
    assert found["known"].tolist() == [100, 2, 3, 4, None, None]
    for kind in integers:
        assert found[kind].tolist() == [1, None, int(table[kind][2]), 0, None, None], kind


@pytest.mark.parametrize("ending", [".csv", ".ecsv", ".parquet"])
def test_other_formats_hold_the_same_columns(run, galaxies, catalogue, tmp_path, ending):
    output, alone = tmp_path / f"out{ending}", tmp_path / f"alone{ending}"
    assert predicted(run, galaxies, catalogue, output) == 0
    assert run("predict", galaxies, "--crop", "none", "--output", alone) == 0
    pd.testing.assert_frame_equal(read_table(output)[0], read_table(alone)[0])
    assert read_table(output)[1] == read_table(alone)[1] is not None
    if ending == ".csv":  # numbers are not in quotation marks; ids are
        rows = zip(*(file.read_text().splitlines()[1:] for file in (output, alone)), strict=True)
        assert all(row.endswith(before.partition(",")[2].replace('"', "")) and row[0] == '"' for row, before in rows)
    if ending == ".parquet":
        found = pq.read_table(output).to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    else:
        found = pd.read_csv(output, comment="#", dtype={"GalaxyID": str, "name": str, "objid": "Int64"})
    assert found.columns[:5].tolist() == ["GalaxyID", "name", "objid", "mag", "is_star"]
    assert found.columns[5:9].tolist() == ["mags_1", "mags_2", "mags_3", "note"]
    assert found["objid"].dropna().tolist() == [BIG, 4, 5]
    assert found["note"].fillna("")[[0, 1, 2, 4]].tolist() == ["Größe", "", "a, b", 'say "x"'] or ending != ".parquet"
    assert found["mag"].isna().tolist() == [False, True, False, True, False, False]
    assert found["is_star"].astype(str).tolist()[2] == "True"
    assert {"Class1.1", "Class1.1_catalogue"} <= set(found.columns)
    if ending == ".ecsv":
        described = Table.read(output, format="ascii.ecsv")
        assert (described["mag"].unit, described["mag"].description) == ("mag", "Petrosian, r band")
        assert described["Class1.1"].description.startswith("Vote fraction")
        assert described["is_star"][2]
        assert described.meta["program"] == "Galaxy Explorer"


def test_a_finished_table_is_joined_once_by_resume(run, galaxies, catalogue, tmp_path, capsys):
    output = tmp_path / "out.csv"
    assert run("predict", galaxies, "--crop", "none", "--output", output) == 0
    assert "mag" not in output.read_text().partition("\n")[0].split(",")
    assert predicted(run, galaxies, catalogue, output, "--resume") == 0
    assert "joined to" in capsys.readouterr().err
    joined = output.read_bytes()
    assert "mag" in joined.decode().partition("\n")[0].split(",")
    assert predicted(run, galaxies, catalogue, output, "--resume") == 0
    assert "joined to" not in capsys.readouterr().err
    assert output.read_bytes() == joined


def test_a_catalogue_of_other_galaxies_is_refused_before_predicting(run, galaxies, catalogue, tmp_path, capsys):
    output = tmp_path / "out.csv"
    assert run("predict", galaxies, "--output", output, "--catalogue", catalogue, "--id", "number") == 2
    said = capsys.readouterr().err
    assert f"no id of {catalogue}, such as 11 in its column number, is that of a picture, such as 0001" in said
    assert not output.exists()
    assert run("predict", galaxies, "--output", output, "--id", "name") == 2
    assert "give the table with --catalogue" in capsys.readouterr().err


def test_from_a_catalogue_and_mosaics_to_predictions(run, tmp_path):
    sources = [(150.0, 2.0), (150.015, 2.01), (149.99, 1.985)]
    ra, dec = np.array(sources).T
    table = Table({"objID": [BIG, BIG + 1, BIG + 2], "ra": ra, "dec": dec, "petroR90_r": [9.0, 8.0, 10.0]})
    table.write(tmp_path / "table.fits")
    images, packed, output = write_bands(tmp_path, sources), tmp_path / "cutouts.zip", tmp_path / "out.fits"
    shared = ("--catalogue", tmp_path / "table.fits")
    arguments = ["cutouts", *shared, "--images", images, "--to", packed, "--workers", 1]
    assert main([*map(str, arguments)]) == 0
    assert run("predict", packed, *shared, "--output", output) == 0
    found = Table.read(output)
    assert found["GalaxyID"].tolist() == [str(BIG + n) for n in range(3)]
    assert found["objID"].tolist() == [BIG, BIG + 1, BIG + 2]
    assert found["petroR90_r"].tolist() == [9.0, 8.0, 10.0]
    assert "crop_x" not in found.colnames  # framed: no galaxy was searched
    assert np.isfinite([found[name.replace(".", "_")] for name in COLUMNS]).all()
