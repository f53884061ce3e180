"""Score tables: cells, messages with file, row and column, and scores from votes."""

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from galaxy_explorer.catalogue import CatalogueError, read_scores, scores_from_votes, to_numbers
from galaxy_explorer.decision_tree import COLUMNS, INDEX, SLICES

HEADER = "GalaxyID,Class1.1,Class1.2"


def read(*lines):
    """Read a table of these lines."""
    return read_scores("\n".join(lines).encode(), "scores.csv")


def error_of(*lines):
    """The message of a table that cannot be read."""
    with pytest.raises(CatalogueError) as error:
        read(*lines)
    return str(error.value)


class TestReading:
    def test_returns_37_columns_whatever_the_table_has(self):
        table = read("Class11.6,GalaxyID", "0.5,7")
        assert tuple(table.columns) == COLUMNS
        assert (table.dtypes == np.float32).all()
        assert table.at["7", "Class11.6"] == 0.5
        assert table.drop(columns="Class11.6").isna().all(axis=None)

    @given(
        st.lists(st.from_regex(r"[0-9A-Za-z+._-]{1,18}", fullmatch=True), min_size=1, max_size=6, unique=True).flatmap(
            lambda ids: st.tuples(st.just(ids), arrays(np.float32, (len(ids), 37), elements=st.floats(0, 1, width=32)))
        )
    )
    def test_a_table_survives_a_round_trip_with_its_ids_as_text(self, galaxies):
        ids, scores = galaxies
        written = pd.DataFrame(scores, columns=list(COLUMNS), index=pd.Index(ids, name="GalaxyID"))
        table = read_scores(written.to_csv().encode(), "scores.csv")
        assert table.index.tolist() == ids
        np.testing.assert_allclose(table, scores, rtol=1e-6)

    @pytest.mark.parametrize("cell", ["", "NaN", "nan", "NA", " "])
    def test_unknown_cells_are_nan(self, cell):
        assert np.isnan(read(HEADER, f"1,{cell},0.5").at["1", "Class1.1"])

    def test_ids_that_look_like_nan_stay_ids(self):
        assert read(HEADER, "NA,0,0", "nan,0,0", "null,0,0", "0012,0,0").index.tolist() == ["NA", "nan", "null", "0012"]

    def test_0012_and_12_are_two_galaxies(self):
        assert len(read(HEADER, "0012,0,0", "12,0,0")) == 2

    def test_spaces_blank_lines_windows_ends_and_a_byte_order_mark_are_ignored(self):
        content = "\ufeffGalaxyID, Class1.1 ,Class1.2\r\n 7 , 0.5 ,0.25\r\n\r\n8,0.5,0.25\r\n\r\n"
        table = read_scores(content.encode(), "scores.csv")
        assert table.index.tolist() == ["7", "8"]
        assert (table[["Class1.1", "Class1.2"]].to_numpy() == (0.5, 0.25)).all()

    def test_scores_rounded_beyond_0_to_1_are_clipped(self):
        assert read(HEADER, "1,1.0004,-0.0004").loc["1", ["Class1.1", "Class1.2"]].tolist() == [1.0, 0.0]

    def test_a_position_may_be_anywhere_on_the_sky(self):
        table = read("GalaxyID,Class1.1,ra_deg,dec_deg", "1,0.5,0,-90", "2,0.5,359.99,90")
        assert table[["ra_deg", "dec_deg"]].to_numpy().tolist() == [[0, -90], [359.99, 90]]

    def test_a_file_reads_like_its_bytes(self, tmp_path):
        path = tmp_path / "scores.csv"
        path.write_text(f"{HEADER}\n1,0.5,0.25\n", encoding="utf-8")
        pd.testing.assert_frame_equal(read_scores(path, "a"), read_scores(path.read_bytes(), "b"))


TABLE = "GalaxyID,Class1.1,Class1.2\n0012,0.25,0.75\n587722981736120347,0.5,\n"


def with_semicolons(table):
    """The same table in a locale with decimal commas."""
    return table.replace(",", ";").replace(".25", ",25").replace(".75", ",75").replace("0.5", "0,5")


class TestTablesOfSpreadsheets:
    @pytest.mark.parametrize(
        "content",
        [
            TABLE.replace("\n", ",,,\r\n"),
            TABLE.replace("\n", ",\n", 1),
            TABLE.replace("Class1.2\n", "Class1.2,remark\n").replace("0.75\n", "0.75,round\n"),
            TABLE.replace("Class1.2\n", "Class1.2,,remark,\n").replace("0.75\n", "0.75,1,,\n"),
            TABLE.replace("Class1.2\n", "Class1.2,remark,remark\n"),
            TABLE + ",,\n,,\n\n",
            "\r\n,,\r\n" + TABLE,
            "sep=,\n" + TABLE,
            "sep=;\r\n" + with_semicolons(TABLE),
            with_semicolons(TABLE),
            with_semicolons(TABLE).replace("0,5", "0.5"),
            TABLE.replace(",", "\t"),
            TABLE.replace(",", "|"),
            TABLE.replace("0.25", '"0,25"'),
            TABLE.replace("\n", "\r"),
            TABLE.replace("GalaxyID,Class1.1", '"GalaxyID","Class1.1"').replace("0012", '"0012"'),
            TABLE.replace("Class1.2\n", '"two\nlines",Class1.2\n').replace(",0.75", ",x,0.75").replace("5,\n", "5,,\n"),
        ],
        ids=[
            *("empty columns", "one empty column", "a short row", "values in an unnamed column", "repeated remarks"),
            *("empty rows below", "empty rows above", "sep", "sep with semicolons", "semicolons and decimal commas"),
            *("semicolons and both decimal marks", "tabs", "bars", "a quoted decimal comma", "old Mac line ends"),
            *("quoted cells", "a header of two lines"),
        ],
    )
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
    def test_are_read_like_plain_csv(self, content, encoding):
        table = read_scores(content.encode(encoding), "scores.csv")
        pd.testing.assert_frame_equal(table, read_scores(TABLE.encode(), "scores.csv"))

    @pytest.mark.parametrize("galaxy", ["5.87E+17", "5,87723E+17", "1E+12"])
    def test_an_id_rounded_by_a_spreadsheet_is_an_error(self, galaxy):
        message = error_of("GalaxyID;Class1.1", "1;0", f"{galaxy};0.5")
        assert message.startswith(f"scores.csv, row 3, column GalaxyID: the id {galaxy} was rounded by a spreadsheet")

    def test_another_encoding_is_an_error_only_in_ids(self):
        lines = "GalaxyID,Class1.1,remark\n1,0.5,gr\xfcn\n{},0.5,\n"
        assert read_scores(lines.format("2").encode("cp1252"), "scores.csv").index.tolist() == ["1", "2"]
        with pytest.raises(CatalogueError, match=r"row 3, column GalaxyID: .* not in UTF-8"):
            read_scores(lines.format("gr\xfcn").encode("cp1252"), "scores.csv")

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"PK\x03\x04rest", "Excel workbook"),
            (b"\xd0\xcf\x11\xe0rest", "old Excel workbook"),
            (gzip.compress(TABLE.encode()), "packed by gzip"),
        ],
        ids=["xlsx", "xls", "gzip"],
    )
    def test_a_file_of_another_kind_is_named(self, content, words):
        with pytest.raises(CatalogueError, match=rf"^scores\.csv is .*{words}"):
            read_scores(content, "scores.csv")


class TestBounds:
    def test_a_table_of_many_columns_is_refused_before_they_are_compared(self):
        for count in (1_001, 100_000):
            others = ",".join(f"c{i}" for i in range(count))
            assert "more than 1,000 columns" in error_of(f"GalaxyID,Class1.1,{others}", "1,.1," + "," * (count - 1))
        assert len(read("GalaxyID,Class1.1," + ",".join(f"c{i}" for i in range(998)), "1,.1" + "," * 998)) == 1

    @pytest.mark.parametrize("line", [b"\n", b"\r", b"1,.1\n"])
    def test_a_table_of_many_lines_is_refused(self, line):
        with pytest.raises(CatalogueError, match="more than 1,000,000 lines"):
            read_scores(b"GalaxyID,Class1.1\n" + line * 1_000_001, "scores.csv")

    def test_messages_do_not_repeat_a_long_text(self):
        long = "x" * 100_000
        messages = [
            error_of(long, "1"),
            error_of(HEADER, f"{long},0,0", f"{long},0,0"),
            error_of(HEADER, f"1,{long},0"),
        ]
        assert max(map(len, messages)) < 300

    def test_a_long_id_takes_no_memory_in_the_other_rows(self):
        table = read(HEADER, f"{'x' * 100_000},0,0", *(f"{n},0,0" for n in range(20_000)))
        assert len(table) == 20_001  # 8 GB, if each id took as much as the longest


class TestErrors:
    @pytest.mark.parametrize("cell", ["True", "99999999999999999999999", "2020-01-01", "0.\x001", '"12,5"', '"0,5,5"'])
    def test_a_column_of_other_values_is_named(self, cell):
        assert error_of(HEADER, f"1,0.5,{cell}", f"2,0.5,{cell}").startswith(
            "scores.csv, row 2: the value of Class1.2 is"
        )

    @pytest.mark.parametrize("cell", ["spiral", "50%", "True", "0.5.5", "0x1", "--", "1.5", "-0.2", "inf", "1e9"])
    def test_an_invalid_score_is_named_with_file_row_and_column(self, cell):
        message = error_of(HEADER, "1,0.5,0.5", "", f"2,0.1,{cell}", "3,0,1")
        assert message.startswith("scores.csv, row 4: the value of Class1.2 is ")
        assert "; expected 0 to 1. " in message

    def test_a_position_out_of_range_is_named(self):
        message = error_of("GalaxyID,Class1.1,ra_deg,dec_deg", "1,0.5,10,95")
        assert message.startswith("scores.csv, row 2: the value of dec_deg is '95'; expected -90 to 90")

    def test_invalid_numbers_are_found_in_any_type_of_column(self):
        for cells in ([0.5, np.nan, 2.0], ["0.5", "", "2"], pd.array([0.5, None, 2.0])):
            numbers, invalid = to_numbers(pd.Series(cells), "Class1.1")
            assert invalid.tolist() == [False, False, True]
            np.testing.assert_array_equal(numbers, [0.5, np.nan, 1.0])

    def test_a_repeated_id_is_named_with_both_rows(self):
        message = error_of(HEADER, "1,0,0", "2,0,0", "", "1,0,0")
        assert message.startswith("scores.csv, row 5: galaxy 1 is already in row 2")

    def test_a_row_without_an_id_is_named(self):
        assert error_of(HEADER, "1,0,0", " ,0,1").startswith("scores.csv, row 3, column GalaxyID: the id is empty")

    @pytest.mark.parametrize(
        ("rows", "line", "cells"),
        [
            (("1,0,0,0", "2,0,0"), 2, 4),
            (("1,0,0,0", "2,0,0,0"), 2, 4),
            (("1,0", "2,0,0"), 2, 2),
            (("1,0,0", "2,0.1"), 3, 2),
            (("1,0,0", "2,0,0,0"), 3, 4),
        ],
    )
    def test_rows_of_another_length_than_the_header_are_named(self, rows, line, cells):
        message = error_of(HEADER, *rows)
        assert message.startswith(f"scores.csv, row {line}: it has {cells} cells where the header has 3")

    @pytest.mark.parametrize(
        ("lines", "message"),
        [
            (("id,Class1.1", "1,0.5"), "row 1: there is no column GalaxyID; found id, Class1.1"),
            (("",), "row 1: there is no column GalaxyID; found nothing"),
            (("GalaxyID:Class1.1", "1:0.5"), "no column GalaxyID; found GalaxyID:Class1.1"),
            (("GalaxyID,smooth", "1,0.5"), "Class1.1 to Class11.6 is there; found GalaxyID, smooth"),
            (("GalaxyID,Class1.1,Class1.1", "1,0,0"), "row 1: column Class1.1 is there twice"),
            ((HEADER, ""), "no rows"),
            ((HEADER, "", "", ",,", ""), "no rows"),
            ((HEADER, "", "", ""), "no rows"),
            (("sep=;",), "found nothing"),
        ],
    )
    def test_a_malformed_header_is_described(self, lines, message):
        assert error_of(*lines).startswith("scores.csv")
        assert message in error_of(*lines)

    @pytest.mark.parametrize(
        "content",
        [b"\x89PNG\r\n\x1a\n\0\0", HEADER.encode() + b"\n1,0.5,\xe9\n", HEADER.encode() + b'\n1,"' + b"0" * 200_000],
        ids=["a picture", "another encoding", "an open quote"],
    )
    def test_a_file_that_is_not_a_table_is_an_error(self, content):
        with pytest.raises(CatalogueError, match=r"^scores\.csv"):
            read_scores(content, "scores.csv")


class TestVotes:
    @pytest.fixture
    def rows(self, sample):
        return pd.read_csv(sample.root / "gz2_rows.csv", dtype={"dr7objid": str})

    @pytest.mark.parametrize("kind", ["debiased", "weighted_fraction"])
    def test_give_scores_that_obey_the_tree(self, rows, kind):
        scores = scores_from_votes(rows, kind)
        assert scores.shape == (3, 37)
        np.testing.assert_allclose(scores[:, SLICES[1]].sum(axis=1), 1)
        np.testing.assert_allclose(scores[:, SLICES[5]].sum(axis=1), scores[:, INDEX["Class2.2"]])
        np.testing.assert_allclose(scores[:, SLICES[8]].sum(axis=1), scores[:, INDEX["Class6.1"]])

    def test_are_normalised_within_each_question(self, rows):
        halved = rows.copy()
        halved[[name for name in rows if name.endswith("_debiased")]] *= 0.5
        np.testing.assert_allclose(scores_from_votes(halved), scores_from_votes(rows))

    def test_questions_without_votes_are_unknown_if_reached_and_0_if_not(self, rows):
        first = rows.iloc[:1].copy()  # all voted for features
        bar = [name for name in rows if name.startswith("t03_bar") and name.endswith("_debiased")]
        first[bar] = 0.0
        scores = scores_from_votes(first)[0]
        assert np.isnan(scores[SLICES[3]]).all()
        assert (scores[SLICES[7]] == 0).all()

    def test_a_missing_column_is_named(self, rows):
        with pytest.raises(CatalogueError, match=r"no column t04_spiral_a08_spiral_debiased .*1 of 37"):
            scores_from_votes(rows.drop(columns="t04_spiral_a08_spiral_debiased"))

    def test_real_rows_give_finite_scores(self, shared_data):
        rows = pd.read_csv(shared_data / "gz2" / "gz2_hart16.csv", dtype={"dr7objid": str})
        scores = scores_from_votes(rows)
        assert np.isfinite(scores).all()
        assert (scores[:, INDEX["Class1.1"]] <= 1).all()
