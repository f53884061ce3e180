"""FITS and ECSV prediction tables: round trip, and what astronomers' tools find in them."""

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.io.votable.ucd import check_ucd
from astropy.table import Table

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.prediction import PredictionError, as_bytes, read_fractions
from galaxy_explorer.prediction.tables import INTERVAL_COLUMNS

AWKWARD_IDS = [
    "0012",
    "587726016142835881",
    "NA",
    'a, "b"',
    "1e5",
    "Größe #1",
    "back\\slash",
    "ends in a space ",
    "nan",
]
ABOUT = {"prediction_key": "0123456789abcdef", "network": "densenet", "version": "0.1.0", "views": 8}


@pytest.fixture
def table(random_fractions):
    """Predictions with intervals of galaxies with ids that are easily spoilt."""
    fractions = random_fractions(len(AWKWARD_IDS)).astype(np.float32)
    index = pd.Index(AWKWARD_IDS, dtype=str, name="GalaxyID")
    return pd.DataFrame(np.hstack([fractions, *[fractions / 9] * 2]), index, [*COLUMNS, *INTERVAL_COLUMNS])


@pytest.fixture
def written(table, tmp_path):
    """A function that writes the table with an ending, and gives its path."""

    def write(ending):
        (tmp_path / f"scores{ending}").write_bytes(as_bytes(table, ending, ABOUT))
        return tmp_path / f"scores{ending}"

    return write


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".fits", ".ecsv"])
def test_ids_and_numbers_come_back_as_they_were(written, table, ending):
    found = read_fractions(written(ending))
    assert found.index.tolist() == [name.strip() if ending in (".csv", ".ecsv") else name for name in AWKWARD_IDS]
    assert (found.dtypes == np.float32).all()
    np.testing.assert_array_equal(found.to_numpy(), table[list(COLUMNS)].to_numpy())


def test_astropy_reads_from_fits_what_was_written(written, table):
    found = Table.read(written(".fits"))
    assert found.colnames == ["GalaxyID", *(name.replace(".", "_") for name in table.columns)]
    assert found["GalaxyID"].dtype.kind == "S"
    assert found["GalaxyID"][0] == "0012"
    for name in table.columns:
        np.testing.assert_array_equal(found[name.replace(".", "_")], table[name])
    described = found["Class7_3"]
    assert described.description.endswith("'cigar-shaped' to question 7: How rounded is it?")
    assert described.meta == {"ucd": "src.morph;arith.ratio"}


def test_every_fits_column_has_a_description_and_ucd(written):
    with fits.open(written(".fits")) as units:
        units.verify("exception")
        header = units[1].header
        assert (units[1].name, header["NAXIS2"]) == ("PREDICTIONS", len(AWKWARD_IDS))
        assert header["TFORM1"] == "19A"  # the longest id, its last space escaped
        for place, name in enumerate(["GalaxyID", *COLUMNS, *INTERVAL_COLUMNS], start=1):
            assert header[f"TTYPE{place}"] == name.replace(".", "_")
            assert header[f"TUNIT{place}"] == ""
            assert len(header[f"TCOMM{place}"]) > 20
            assert check_ucd(header[f"TUCD{place}"], check_controlled_vocabulary=True, has_colon=True)
        assert header["TUCD1"] == "meta.id;meta.main"
        answer = 2 + COLUMNS.index("Class4.1")
        assert header[f"TCOMM{answer}"] == (
            "Vote fraction (0 to 1) of 'yes' to question 4: Is there any sign of a spiral arm pattern?"
        )
        assert header[f"TUCD{answer}"] == "src.morph;arith.ratio"
        end = 2 + 37 + INTERVAL_COLUMNS.index("Class4.1_lower")
        assert header[f"TCOMM{end}"] == "Lower end of the 68 % prediction interval of Class4.1"
        assert [header[f"TUCD{end + which}"] for which in (0, 1)] == ["src.morph;stat.min", "src.morph;stat.max"]


def test_the_fits_header_names_network_version_key_and_views(written):
    header = fits.getheader(written(".fits"), 1)
    found = {name: header[name] for name in ("NETWORK", "GXVERS", "GXKEY", "GXVIEWS")}
    assert list(found.values()) == ["densenet", "0.1.0", "0123456789abcdef", 8]
    assert header["DATE"][:3] == "20" + header["DATE"][2]
    assert pd.Timestamp(header["DATE"]) <= pd.Timestamp.now("UTC").tz_localize(None)


def test_no_word_of_the_fits_header_is_broken(written):
    comment = fits.getheader(written(".fits"), "PREDICTIONS")["COMMENT"]
    assert " ".join(comment).startswith(
        "Vote fractions as the volunteers of Galaxy Zoo 2 would give them: weighted scores, "
    )
    assert all(len(line) < 72 for line in comment)


def test_astropy_reads_from_ecsv_what_was_written_with_descriptions(written, table):
    found = Table.read(written(".ecsv"), format="ascii.ecsv")
    assert found["GalaxyID"].tolist() == [name.strip() for name in AWKWARD_IDS]  # astropy's reader strips
    assert found["Class1.1"].dtype == np.float32
    np.testing.assert_array_equal(found["Class11.6_upper"], table["Class11.6_upper"])
    assert found["Class7.3"].description.endswith("'cigar-shaped' to question 7: How rounded is it?")
    assert found["Class7.3"].unit == ""
    assert found["Class7.3"].meta == {"ucd": "src.morph;arith.ratio"}
    assert found.meta.items() >= (ABOUT | {"program": "Galaxy Explorer"}).items()
    assert found.meta["date"].startswith("20")


def test_parquet_names_network_version_key_and_views(written):
    import pyarrow.parquet as pq

    metadata = pq.read_schema(written(".parquet")).metadata
    assert metadata[b"galaxy_explorer.network"] == b"densenet"


def test_tables_of_other_tools_are_read(table, tmp_path):
    other = Table.from_pandas(table.iloc[:3].reset_index())
    other["GalaxyID"] = [12, 587726016142835881, 7]  # as TOPCAT takes a CSV file's ids
    other["Class1.1"] = np.ma.masked_array(other["Class1.1"], mask=[False, True, False])
    other.write(tmp_path / "other.fits")
    other.write(tmp_path / "other.ecsv", format="ascii.ecsv")  # divided by spaces
    for name in ("other.fits", "other.ecsv"):
        found = read_fractions(tmp_path / name)
        assert found.index.tolist() == ["12", "587726016142835881", "7"]
        assert found["Class1.1"].isna().tolist() == [False, True, False]
        np.testing.assert_array_equal(found["Class2.1"], table["Class2.1"].iloc[:3])


@pytest.mark.parametrize("ending", [".fits", ".ecsv"])
def test_a_file_that_is_not_such_a_table_is_refused(written, table, tmp_path, ending):
    whole, torn = written(ending), tmp_path / f"torn{ending}"
    torn.write_bytes(whole.read_bytes()[:9000] if ending == ".fits" else b"GalaxyID,Class1.1\n1,0.5\n")
    with pytest.raises(PredictionError, match=f"cannot be read as a table in {ending[1:].upper()}"):
        read_fractions(torn)
    short = tmp_path / f"short{ending}"
    short.write_bytes(as_bytes(table[["Class1.1"]], ending, {}))
    with pytest.raises(PredictionError, match=r"no column Class1\.2"):
        read_fractions(short)
    if ending == ".fits":
        fits.PrimaryHDU(np.zeros((20, 20))).writeto(torn, overwrite=True)
        with pytest.raises(PredictionError, match="cannot be read as a table in FITS"):
            read_fractions(torn)


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".fits", ".ecsv"])
def test_a_table_without_galaxies_can_be_written(table, tmp_path, ending):
    content = as_bytes(table.iloc[:0], ending, ABOUT)
    assert b"Class11.6" in content


def test_a_table_whose_header_is_damaged_is_refused(table, tmp_path):
    path = tmp_path / "table.fits"
    path.write_bytes(as_bytes(table, ".fits", {}).replace(b"TFORM2", b"TFO\x12M2", 1))
    with pytest.raises(PredictionError, match=r"cannot be read as a table in FITS|has no column"):
        read_fractions(path)


@pytest.mark.parametrize("ending", ["fits", "ecsv"])
def test_a_row_without_an_id_is_refused(table, tmp_path, ending):
    other = Table.from_pandas(table.iloc[:3].reset_index())
    other["GalaxyID"] = np.ma.masked_array(["a", "b", "c"], mask=[False, True, False])
    other.write(tmp_path / f"other.{ending}", format="ascii.ecsv" if ending == "ecsv" else "fits")
    with pytest.raises(PredictionError, match=r"row 2 has no GalaxyID"):
        read_fractions(tmp_path / f"other.{ending}")
