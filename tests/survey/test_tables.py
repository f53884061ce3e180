"""Tables of a survey in every format, and what is wrong with some."""

import gzip

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from astropy import units
from astropy.table import MaskedColumn, Table

from galaxy_explorer.survey import SurveyError, read_survey_table, targets_of
from galaxy_explorer.survey.targets import TargetColumns

LONG = 587722952230175035 + 2**60  # 19 digits, beyond floats


@pytest.fixture
def table():
    """Three galaxies with a unit, a masked value and a long id."""
    table = Table({"objID": np.array([LONG, 7, 12]), "RA": [150.0, 359.9, 0.1], "Dec": [2.0, -1.0, 0.0]})
    table["petroR90_r"] = MaskedColumn([9.0, 5.0, 4.0], mask=[False, True, False], unit="arcsec", description="R90")
    return table


FORMATS = {
    "table.fits": {},
    "table.ecsv": {},
    "table.csv": {"format": "ascii.csv"},
    "table.tsv": {"format": "ascii.tab"},
    "table.xml": {"format": "votable"},
    "table.parquet": {},
}


def write(table, path):
    """Write a table in the format of a name."""
    if path.suffix == ".parquet":
        table.to_pandas().to_parquet(path)
    else:
        table.write(path, **FORMATS[path.name])
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_read_with_ids_as_text(table, tmp_path, name):
    found = read_survey_table(write(table, tmp_path / name))
    assert found.ids == [str(LONG), "7", "12"]
    assert found.id_column == "objID"
    targets, failures = targets_of(found, TargetColumns())
    assert [(one.galaxy_id, one.ra_deg, one.dec_deg, one.radius) for one in targets] == [
        (str(LONG), 150.0, 2.0, 9.0),
        ("12", 0.1, 0.0, 4.0),
    ]
    assert failures == {"7": "the table has no radius of it"}


def test_the_content_decides_and_gzip_is_unpacked(table, tmp_path):
    plain = write(table, tmp_path / "table.csv")
    packed = tmp_path / "catalogue.dat"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_survey_table(packed).ids == [str(LONG), "7", "12"]


def test_ids_of_csv_keep_leading_zeros_and_comments_are_left_out(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("# from TOPCAT\nID;ra;dec;r90\n0012;1.5;2.5;3\nNA;2;3;\n")
    found = read_survey_table(path)
    assert found.ids == ["0012", "NA"]
    assert targets_of(found, TargetColumns())[1] == {"NA": "the table has no radius of it"}


def test_names_are_found_in_any_case_and_by_option(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("NUMBER,ALPHA_J2000,DELTA_J2000,Flux_Radius,other\n3,10,20,4,x\n")
    found = read_survey_table(path)
    targets, _ = targets_of(found, TargetColumns(radius="FLUX_RADIUS", unit="pixel", factor=2.5))
    assert (targets[0].galaxy_id, targets[0].ra_deg, targets[0].radius, targets[0].in_pixels) == ("3", 10.0, 10.0, True)
    assert read_survey_table(path, "OTHER").ids == ["x"]


@pytest.mark.parametrize(("unit", "expected"), [("arcsec", 2.0), ("arcmin", 120.0), ("deg", 7200.0), ("", 2.0)])
def test_the_radius_has_the_unit_of_its_column_or_of_the_option(table, tmp_path, unit, expected):
    table["petroR90_r"] = np.full(3, 2.0) * (units.Unit(unit) if unit else 1)
    found = read_survey_table(write(table, tmp_path / "table.fits"))
    if expected > 3600:
        with pytest.raises(SurveyError, match="its radius R90 is 7,200 arcsec, more than 3,600; check --radius-unit"):
            targets_of(found, TargetColumns())
    else:
        assert targets_of(found, TargetColumns())[0][0].radius == pytest.approx(expected)
    assert targets_of(found, TargetColumns(unit="arcmin"))[0][0].radius == pytest.approx(120.0)


def test_right_ascensions_in_hours_become_degrees(table, tmp_path):
    table["RA"] = np.array([10.0, 20.0, 23.0]) * units.hourangle
    found = read_survey_table(write(table, tmp_path / "table.ecsv"))
    assert targets_of(found, TargetColumns())[0][0].ra_deg == pytest.approx(150.0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,ra\n1,2\n", r"no column has a usual name, such as galaxyid, .*The table has: a, ra"),
        ("id,ra\n1,2\n1,3\n", "row 2: galaxy 1 is already in row 1; keep one of the two"),
        ("id,ra\n5.87E+17,2\n", "was rounded by a spreadsheet"),
        ("id,ra\n,2\n3,4\n", "row 1: the id is empty"),
        ("id,ra\n", "has no rows"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path, content, message):
    path = tmp_path / "t.csv"
    path.write_text(content)
    with pytest.raises(SurveyError, match=message):
        read_survey_table(path)


def test_text_instead_of_degrees_is_reported(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,ra,dec,r90\n1,10:20:30,+01:02:03,4\n")
    with pytest.raises(SurveyError, match="column ra holds '10:20:30'; expected numbers, degrees for angles"):
        targets_of(read_survey_table(path), TargetColumns())


def test_an_id_that_is_no_name_of_a_file_is_left_out(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("name,ra,dec,r90\nNGC 1,10,2,4\nAGC/7,11,2,4\n")
    targets, failures = targets_of(read_survey_table(path), TargetColumns())
    assert [one.galaxy_id for one in targets] == ["NGC 1"]
    assert failures == {"AGC/7": "its id cannot be the name of a file; use another column of ids"}


def test_a_damaged_file_and_a_missing_one_are_reported(tmp_path):
    (tmp_path / "t.fits").write_bytes(b"SIMPLE  =                    T" + b"\0" * 5000)
    with pytest.raises(SurveyError, match="cannot be read"):
        read_survey_table(tmp_path / "t.fits")
    with pytest.raises(SurveyError, match=r"cannot be read .No such file"):
        read_survey_table(tmp_path / "none.fits")


@pytest.mark.parametrize("name", ["table.csv", "table.parquet"])
def test_integers_with_nulls_keep_their_digits(tmp_path, name):
    rows = pa.table({"objid": [1, 2], "specobjid": [1234567890123456789, None], "flag": [True, None]})
    writer = pq.write_table if name.endswith("parquet") else pa.csv.write_csv
    writer(rows, tmp_path / name)
    read = read_survey_table(tmp_path / name).table
    assert read["specobjid"].tolist() == [1234567890123456789, None]
    assert read["flag"].tolist() == [True, None]


def test_a_hash_within_a_line_of_csv_is_no_comment(tmp_path):
    (tmp_path / "table.csv").write_text("# of 2026\nid,note,ra\n1,candidate #2,10.5\n# the end\n2,,11\n")
    read = read_survey_table(tmp_path / "table.csv").table
    assert read["note"].tolist() == ["candidate #2", None]
    assert read["ra"].tolist() == [10.5, 11]
