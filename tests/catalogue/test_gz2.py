"""The Galaxy Zoo 2 layout: votes joined to pictures, and malformed tables."""

import gzip
import shutil

import numpy as np
import pandas as pd
import pytest
from gz2_folder import IDS, add_to_mapping, gz2_folder, gz2_rows, own_cache
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from galaxy_explorer.catalogue import CatalogueError, open_catalogue, scores_from_votes
from galaxy_explorer.decision_tree import COLUMNS, INDEX, MASS_COLUMN, SLICES

own_cache = pytest.fixture(autouse=True)(own_cache)
rows = pytest.fixture(scope="session")(gz2_rows)
folder = pytest.fixture(gz2_folder)

TABLE, MAPPING = "gz2_hart16.csv", "gz2_filename_mapping.csv"


def error_of(folder, **options):
    """The message of a folder that cannot be opened."""
    with pytest.raises(CatalogueError) as error:
        open_catalogue(folder, **options)
    return str(error.value)


def assert_obeys_the_tree(scores):
    """Every question's fractions sum to the mass that reaches it, and lie in [0, 1]."""
    assert ((scores >= 0) & (scores <= 1 + 1e-6)).all()
    for number, column in MASS_COLUMN.items():
        mass = scores[:, INDEX[column]] if column else 1.0
        np.testing.assert_allclose(scores[:, SLICES[number]].sum(axis=1), mass, atol=1e-6)


class TestOpening:
    def test_joins_votes_positions_and_pictures_by_dr7objid(self, folder, sample):
        catalogue = open_catalogue(folder)
        assert catalogue.ids == IDS
        assert (catalogue.name, catalogue.field_of_view, catalogue.missing_pictures) == ("zoo", 1.0, 0)
        for galaxy in IDS:
            assert catalogue.picture_bytes(galaxy) == sample.picture_bytes(galaxy)
        expected = sample.subset(IDS).table
        np.testing.assert_allclose(catalogue.volunteer_fractions, expected[list(COLUMNS)], atol=1e-6)
        np.testing.assert_array_equal(catalogue.table["ra_deg"], expected["ra_deg"])
        np.testing.assert_array_equal(catalogue.table["dec_deg"], expected["dec_deg"])

    def test_the_note_names_both_papers_and_the_votes_and_counts_nothing(self, folder):
        note = open_catalogue(folder).note
        for part in ("Willett et al. 2013", "Hart et al. 2016", "Sloan Digital Sky Survey"):
            assert part in note
        assert note.endswith("debiased: corrected for the detail that distance hides.")

    @pytest.mark.parametrize("votes", ["debiased", "weighted"])
    def test_real_votes_give_scores_that_obey_the_tree(self, folder, votes):
        catalogue = open_catalogue(folder, votes=votes)
        assert catalogue.vote_kind == votes
        assert_obeys_the_tree(catalogue.volunteer_fractions)

    @pytest.mark.parametrize("votes", ["debiased", "weighted"])
    def test_the_real_folder_gives_scores_that_obey_the_tree(self, shared_data, votes):
        catalogue = open_catalogue(shared_data / "gz2", votes=votes)
        assert (len(catalogue), catalogue.missing_pictures) == (28, 0)
        assert {len(galaxy) for galaxy in catalogue.ids} == {18}
        assert min(catalogue.picture(catalogue.ids[0]).shape[:2]) > 400
        assert catalogue.table[["ra_deg", "dec_deg"]].notna().all(axis=None)
        assert_obeys_the_tree(catalogue.volunteer_fractions)

    def test_weighted_votes_differ_from_debiased_ones(self, folder, rows):
        weighted = open_catalogue(folder, votes="weighted")
        columns = rows.set_index("dr7objid").loc[IDS].filter(regex="weighted_fraction")
        expected = scores_from_votes(columns, "weighted_fraction")
        np.testing.assert_allclose(weighted.volunteer_fractions, expected, atol=1e-6)
        assert not np.allclose(weighted.volunteer_fractions, open_catalogue(folder).volunteer_fractions, atol=0.01)
        assert "weighted" in weighted.note

    def test_pictures_may_lie_where_the_zip_file_was_unpacked(self, folder, sample):
        (folder / "images_gz2").mkdir()
        (folder / "images").rename(folder / "images_gz2" / "images")
        assert open_catalogue(folder).picture_bytes(IDS[0]) == sample.picture_bytes(IDS[0])

    def test_a_compressed_table_reads_like_the_table(self, folder):
        plain = open_catalogue(folder)
        (folder / f"{TABLE}.gz").write_bytes(gzip.compress((folder / TABLE).read_bytes()))
        (folder / TABLE).unlink()
        pd.testing.assert_frame_equal(open_catalogue(folder).table, plain.table)

    # The folder is written again for every example.
    @settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.data())
    def test_columns_are_found_by_name_in_any_order(self, folder, rows, data):
        needed = [name for name in rows if name == "dr7objid" or name.endswith("_debiased")]
        others = data.draw(st.lists(st.sampled_from(["rastring", "sample", "gz2_class", "total_votes"]), unique=True))
        rows[data.draw(st.permutations(needed + others))].to_csv(folder / TABLE, index=False)
        catalogue = open_catalogue(folder)
        assert catalogue.ids == IDS
        expected = scores_from_votes(rows.set_index("dr7objid").loc[IDS])
        np.testing.assert_allclose(catalogue.volunteer_fractions, expected, atol=1e-6)

    def test_ids_keep_all_their_digits(self, folder, rows):
        near = [str(2**63 - 1), str(2**63 - 2), "0587726016142835881"]
        rows.assign(dr7objid=near).to_csv(folder / TABLE, index=False)
        lines = "".join(f"{galaxy},original,{asset}\n" for asset, galaxy in enumerate(near, start=7))
        (folder / MAPPING).write_text(f"objid,sample,asset_id\n{lines}", encoding="utf-8")
        assert open_catalogue(folder).ids == sorted(near)


class TestWhatDoesNotMatch:
    def test_galaxies_without_a_picture_are_counted(self, folder):
        (folder / "images" / "8.jpg").unlink()
        catalogue = open_catalogue(folder)
        assert (len(catalogue), catalogue.missing_pictures) == (2, 1)

    def test_pictures_of_unknown_galaxies_are_left_out_and_counted(self, folder):
        shutil.copyfile(folder / "images" / "7.jpg", folder / "images" / "70.jpg")
        catalogue = open_catalogue(folder)
        assert catalogue.ids == IDS
        assert "1 pictures are not shown" in catalogue.note

    def test_galaxies_without_votes_have_no_scores(self, folder):
        shutil.copyfile(folder / "images" / "7.jpg", folder / "images" / "70.jpg")
        add_to_mapping(folder, "587700000000000000,extra,70")
        catalogue = open_catalogue(folder)
        assert catalogue.ids[0] == "587700000000000000"
        assert np.isnan(catalogue.volunteer_fractions[0]).all()
        assert np.isfinite(catalogue.volunteer_fractions[1:]).all()
        assert "1 galaxies have no votes." in catalogue.note

    @pytest.mark.parametrize("first", [True, False])
    def test_of_several_pictures_the_one_that_was_voted_on_is_shown(self, folder, rows, first):
        galaxy = rows.loc[0, "dr7objid"]
        shutil.copyfile(folder / "images" / "8.jpg", folder / "images" / "70.jpg")
        header, *lines = (folder / MAPPING).read_text(encoding="utf-8").splitlines()
        other = f"{galaxy},stripe82_coadd_1,70"
        lines = [other, *lines] if first else [*lines, other]
        (folder / MAPPING).write_text("\n".join([header, *lines]), encoding="utf-8")
        catalogue = open_catalogue(folder)
        assert catalogue.ids == IDS
        assert catalogue.table.at[galaxy, "picture"] == "images/7.jpg"
        assert "1 galaxies have several pictures" in catalogue.note

    def test_the_other_picture_is_shown_if_the_first_is_missing(self, folder, rows):
        (folder / "images" / "7.jpg").rename(folder / "images" / "70.jpg")
        add_to_mapping(folder, f"{rows.loc[0, 'dr7objid']},stripe82,70")
        assert open_catalogue(folder).table.at[rows.loc[0, "dr7objid"], "picture"] == "images/70.jpg"

    def test_a_galaxy_with_two_rows_counts_once(self, folder, rows):
        pd.concat([rows, rows.iloc[:1]]).to_csv(folder / TABLE, index=False)
        catalogue = open_catalogue(folder)
        assert catalogue.ids == IDS
        assert "1 rows of the catalogue were left out" in catalogue.note

    def test_without_the_table_no_galaxy_has_scores(self, folder):
        (folder / TABLE).unlink()
        catalogue = open_catalogue(folder)
        assert catalogue.ids == IDS
        assert np.isnan(catalogue.volunteer_fractions).all()
        assert "3 galaxies have no votes." in catalogue.note


class TestErrors:
    def test_a_folder_without_pictures_says_what_to_unpack(self, folder):
        shutil.rmtree(folder / "images")
        assert "images_gz2.zip" in error_of(folder)

    def test_a_folder_without_the_mapping_says_where_to_get_it(self, folder):
        (folder / MAPPING).unlink()
        message = error_of(folder)
        assert MAPPING in message
        assert "zenodo.org" in message

    def test_pictures_must_have_the_names_of_the_mapping(self, folder):
        for path in (folder / "images").iterdir():
            path.rename(path.with_stem(f"galaxy-{path.stem}"))
        assert "<asset_id>.jpg" in error_of(folder)

    @pytest.mark.parametrize("name", ["t04_spiral_a08_spiral_debiased", "dr7objid"])
    def test_a_missing_column_is_named(self, folder, rows, name):
        rows.drop(columns=name).to_csv(folder / TABLE, index=False)
        assert f"no column {name}" in error_of(folder)

    def test_a_missing_column_of_the_mapping_is_named(self, folder):
        (folder / MAPPING).write_text("objid,sample\n1,original\n")
        assert "no column asset_id; found objid, sample" in error_of(folder)

    @pytest.mark.parametrize(
        ("column", "cell", "message"),
        [
            ("dr7objid", "5.87726016142836E+17", "row 3, column dr7objid"),
            ("dr7objid", "587726016142835881.0", "row 3, column dr7objid"),
            ("dr7objid", "", "row 3, column dr7objid"),
            ("t04_spiral_a08_spiral_debiased", "many", "cannot be read as a table"),
            ("t04_spiral_a08_spiral_debiased", "-0.5", "row 3, column t04"),
        ],
    )
    def test_a_malformed_cell_is_named(self, folder, rows, column, cell, message):
        changed = rows.copy()
        changed.loc[1, column] = cell
        changed.to_csv(folder / TABLE, index=False)
        assert message in error_of(folder)

    @pytest.mark.parametrize("compressed", [False, True])
    def test_a_table_that_was_cut_short_must_be_downloaded_again(self, folder, compressed):
        content = (folder / TABLE).read_bytes()
        if compressed:
            (folder / f"{TABLE}.gz").write_bytes(gzip.compress(content)[:-1500])
            (folder / TABLE).unlink()
        else:
            (folder / TABLE).write_bytes(content[:-1000])
        assert "download it again" in error_of(folder)

    def test_a_gz_file_that_is_not_compressed_is_named(self, folder):
        (folder / TABLE).rename(folder / f"{TABLE}.gz")
        assert f"{TABLE}.gz cannot be read as a table (Not a gzipped file" in error_of(folder)

    def test_unknown_votes_are_an_error_with_the_known_ones(self, folder):
        assert "debiased, weighted" in error_of(folder, votes="raw")

    @pytest.mark.parametrize("location", ["sample", "plain", "challenge"])
    def test_other_layouts_have_no_choice_of_votes(self, location, picture_folder, kaggle_folder):
        location = {"plain": picture_folder, "challenge": kaggle_folder}.get(location, location)
        assert "one kind of scores" in error_of(location, votes="weighted")
        assert open_catalogue(location, votes="debiased").vote_kind == ""
