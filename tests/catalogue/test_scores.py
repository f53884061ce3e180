"""Score tables: what is read, what is refused with file, row and column, and scores from votes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from galaxy_explorer.catalogue import CatalogueError, scores_from_votes
from galaxy_explorer.catalogue.scores import read_scores
from galaxy_explorer.decision_tree import COLUMNS, INDEX, SLICES

HEADER = "GalaxyID,Class1.1,Class1.2"


def read(*lines):
    """Read a table of these lines."""
    return read_scores("\n".join(lines).encode(), "scores.csv")


def refused(*lines):
    """What is said of a table that is not read."""
    with pytest.raises(CatalogueError) as error:
        read(*lines)
    return str(error.value)


class TestReading:
    def test_lays_any_columns_out_as_37(self):
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

    def test_ids_that_look_like_nothing_stay_ids(self):
        assert read(HEADER, "NA,0,0", "nan,0,0", "null,0,0", "0012,0,0").index.tolist() == ["NA", "nan", "null", "0012"]

    def test_spaces_blank_lines_windows_ends_and_a_byte_order_mark_do_no_harm(self):
        content = "\ufeffGalaxyID, Class1.1 ,Class1.2\r\n 7 , 0.5 ,0.25\r\n\r\n8,0.5,0.25\r\n\r\n"
        table = read_scores(content.encode(), "scores.csv")
        assert table.index.tolist() == ["7", "8"]
        assert (table[["Class1.1", "Class1.2"]].to_numpy() == (0.5, 0.25)).all()

    def test_rounding_may_leave_0_1_a_little(self):
        assert read(HEADER, "1,1.0004,-0.0004").loc["1", ["Class1.1", "Class1.2"]].tolist() == [1.0, 0.0]

    @pytest.mark.parametrize(("mark", "said"), [(";", "semicolons"), ("\t", "tabs")])
    def test_a_table_with_other_marks_than_commas_is_told_so(self, mark, said):
        with pytest.raises(CatalogueError, match=f"its cells are parted by {said}: save it with commas"):
            read(HEADER.replace(",", mark), "1,0.5,0.25".replace(",", mark))

    def test_a_file_reads_like_its_bytes(self, tmp_path):
        path = tmp_path / "scores.csv"
        path.write_text(f"{HEADER}\n1,0.5,0.25\n", encoding="utf-8")
        pd.testing.assert_frame_equal(read_scores(path, "a"), read_scores(path.read_bytes(), "b"))


class TestRefusing:
    @pytest.mark.parametrize("cell", ["spiral", "50%", "True", "0.5.5", "0x1", "--"])
    def test_what_is_no_number_is_named_with_file_row_and_column(self, cell):
        said = refused(HEADER, "1,0.5,0.5", "", f"2,0.1,{cell}", "3,0,1")
        assert said.startswith(f"scores.csv, row 4, column Class1.2: {cell!r} is not a number")

    @pytest.mark.parametrize("cell", ["1.5", "-0.2", "100", "inf", "1e9"])
    def test_a_score_out_of_range_is_named(self, cell):
        said = refused(HEADER, "1,0.5,0.5", f"2,{cell},0")
        assert said.startswith("scores.csv, row 3, column Class1.1: ")
        assert said.endswith("is not between 0 and 1")

    def test_a_position_out_of_range_is_named(self):
        said = refused("GalaxyID,Class1.1,ra_deg,dec_deg", "1,0.5,10,95")
        assert said == "scores.csv, row 2, column dec_deg: 95 is not between -90 and 90"

    def test_a_position_may_be_anywhere_on_the_sky(self):
        table = read("GalaxyID,Class1.1,ra_deg,dec_deg", "1,0.5,0,-90", "2,0.5,359.99,90")
        assert table[["ra_deg", "dec_deg"]].to_numpy().tolist() == [[0, -90], [359.99, 90]]

    def test_an_id_that_stands_twice_is_named_with_both_rows(self):
        said = refused(HEADER, "1,0,0", "2,0,0", "", "1,0,0")
        assert said.startswith("scores.csv, row 5, column GalaxyID: galaxy 1 stands in row 2 already")

    def test_0012_and_12_are_two_galaxies(self):
        assert len(read(HEADER, "0012,0,0", "12,0,0")) == 2

    def test_a_row_without_an_id_is_named(self):
        assert refused(HEADER, "1,0,0", " ,0,1").startswith("scores.csv, row 3, column GalaxyID: the id is empty")

    @pytest.mark.parametrize(
        "rows",
        [("1,0,0,0", "2,0,0"), ("1,0,0,0", "2,0,0,0"), ("1,0", "2,0,0")],
        ids=["the first too long", "all too long", "the first too short"],
    )
    def test_rows_of_another_length_than_the_header_are_named(self, rows):
        assert refused(HEADER, *rows).startswith("scores.csv, row 2: it has ")

    def test_a_table_that_was_cut_short_is_refused(self):
        said = refused(HEADER, "1,0,0", "2,0.1")
        assert said.startswith("scores.csv, row 3: it has 2 cells where the header has 3")
        assert "fetch or save it again" in said

    def test_a_longer_row_in_the_middle_is_named(self):
        assert refused(HEADER, "1,0,0", "2,0,0,0").startswith("scores.csv, row 3: it has 4 cells")

    def test_a_table_without_ids_is_refused_with_what_it_has(self):
        assert refused("id,Class1.1", "1,0.5") == "scores.csv, row 1: there is no column GalaxyID; found id, Class1.1"
        assert refused("") == "scores.csv, row 1: there is no column GalaxyID; found nothing"

    def test_a_table_without_any_score_is_refused(self):
        assert refused("GalaxyID,smooth", "1,0.5").startswith(
            "scores.csv, row 1: none of the score columns Class1.1 to Class11.6 is there; found GalaxyID, smooth"
        )

    def test_a_column_that_stands_twice_is_named(self):
        assert refused("GalaxyID,Class1.1,Class1.1", "1,0,0").startswith(
            "scores.csv, row 1, column Class1.1: it is there twice"
        )

    def test_a_table_without_rows_is_refused(self):
        assert refused(HEADER, "") == (
            "scores.csv has column names but no rows: give it a row per galaxy, or take it away"
        )

    @pytest.mark.parametrize(
        "content",
        [b"\x89PNG\r\n\x1a\n\0\0", HEADER.encode() + b"\n1,0.5,\xe9\n", HEADER.encode() + b'\n1,"' + b"0" * 200_000],
        ids=["a picture", "another encoding", "an open quote"],
    )
    def test_what_is_no_table_is_refused(self, content):
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

    def test_are_renormalised_within_each_question(self, rows):
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

    def test_real_rows_give_whole_scores(self, shared_data):
        rows = pd.read_csv(shared_data / "gz2" / "gz2_hart16.csv", dtype={"dr7objid": str})
        scores = scores_from_votes(rows)
        assert np.isfinite(scores).all()
        assert (scores[:, INDEX["Class1.1"]] <= 1).all()
