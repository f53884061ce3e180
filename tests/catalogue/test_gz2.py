"""The Galaxy Zoo 2 layout: votes joined to pictures, columns found by name, what is refused."""

import gzip
import shutil

import numpy as np
import pandas as pd
import pytest
from gz2_folder import IDS, add_to_mapping, gz2_folder, gz2_rows, own_cache
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from galaxy_explorer.catalogue import CatalogueError, open_catalogue, scores_from_votes
from galaxy_explorer.catalogue.galaxies import Catalogue
from galaxy_explorer.decision_tree import COLUMNS, INDEX, MASS_COLUMN, SLICES

own_cache = pytest.fixture(autouse=True)(own_cache)
rows = pytest.fixture(scope="session")(gz2_rows)
folder = pytest.fixture(gz2_folder)


def refused(folder, **options):
    """What is said of a folder that is not opened."""
    with pytest.raises(CatalogueError) as error:
        open_catalogue(folder, **options)
    return str(error.value)


def assert_obeys_the_tree(scores):
    """Every question's fractions sum to the mass that reaches it, and lie in [0, 1]."""
    assert np.isfinite(scores).all()
    assert (scores >= 0).all()
    assert (scores <= 1 + 1e-6).all()
    for number, column in MASS_COLUMN.items():
        mass = scores[:, INDEX[column]] if column else 1.0
        np.testing.assert_allclose(scores[:, SLICES[number]].sum(axis=1), mass, atol=1e-6)


class TestOpening:
    def test_joins_votes_positions_and_pictures_by_dr7objid(self, folder, sample, rows):
        catalogue = open_catalogue(folder)
        assert catalogue.ids == IDS
        assert (catalogue.name, catalogue.field, catalogue.missing_pictures) == ("zoo", 1.0, 0)
        for galaxy in IDS:
            assert catalogue.picture_bytes(galaxy) == sample.picture_bytes(galaxy)
        expected = sample.subset(IDS).table
        np.testing.assert_allclose(catalogue.volunteer_fractions, expected[list(COLUMNS)], atol=1e-6)
        np.testing.assert_array_equal(catalogue.table["ra_deg"], expected["ra_deg"])
        np.testing.assert_array_equal(catalogue.table["dec_deg"], expected["dec_deg"])

    def test_the_note_names_both_papers_and_the_votes(self, folder):
        for said in ("Willett et al. 2013", "Hart et al. 2016", "Sloan Digital Sky Survey", "debiased"):
            assert said in open_catalogue(folder).note

    def test_the_note_counts_nothing_where_nothing_is_missing(self, folder):
        assert open_catalogue(folder).note.endswith("corrected for the detail that distance hides.")

    @pytest.mark.parametrize("votes", ["debiased", "weighted"])
    def test_real_votes_give_scores_that_obey_the_tree(self, folder, votes):
        catalogue = open_catalogue(folder, votes=votes)
        assert catalogue.vote_kind == votes
        assert_obeys_the_tree(catalogue.volunteer_fractions)

    @pytest.mark.parametrize("votes", ["debiased", "weighted"])
    def test_the_real_folder_gives_scores_that_obey_the_tree(self, shared_data, votes):
        catalogue = open_catalogue(shared_data / "gz2", votes=votes)
        assert len(catalogue) == 28
        assert catalogue.missing_pictures == 0
        assert {len(galaxy) for galaxy in catalogue.ids} == {18}
        assert min(catalogue.picture(catalogue.ids[0]).shape[:2]) > 400
        assert catalogue.table[["ra_deg", "dec_deg"]].notna().all(axis=None)
        assert_obeys_the_tree(catalogue.volunteer_fractions)

    def test_weighted_votes_are_others_than_debiased_ones(self, folder, rows):
        weighted = open_catalogue(folder, votes="weighted")
        expected = scores_from_votes(
            rows.set_index("dr7objid").loc[IDS].filter(regex="weighted_fraction"), "weighted_fraction"
        )
        np.testing.assert_allclose(weighted.volunteer_fractions, expected, atol=1e-6)
        assert not np.allclose(weighted.volunteer_fractions, open_catalogue(folder).volunteer_fractions, atol=0.01)
        assert "weighted" in weighted.note

    def test_pictures_may_lie_where_the_zip_file_was_unpacked(self, folder, sample):
        (folder / "images_gz2").mkdir()
        (folder / "images").rename(folder / "images_gz2" / "images")
        catalogue = open_catalogue(folder)
        assert catalogue.picture_bytes(IDS[0]) == sample.picture_bytes(IDS[0])

    def test_a_packed_table_reads_like_the_table(self, folder):
        plain = open_catalogue(folder)
        table = folder / "gz2_hart16.csv"
        (folder / "gz2_hart16.csv.gz").write_bytes(gzip.compress(table.read_bytes()))
        table.unlink()
        pd.testing.assert_frame_equal(open_catalogue(folder).table, plain.table)

    # The folder is written anew for every example.
    @settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.data())
    def test_columns_are_found_by_name_in_any_order(self, folder, rows, data):
        needed = [name for name in rows if name == "dr7objid" or name.endswith("_debiased")]
        others = data.draw(st.lists(st.sampled_from(["rastring", "sample", "gz2_class", "total_votes"]), unique=True))
        rows[data.draw(st.permutations(needed + others))].to_csv(folder / "gz2_hart16.csv", index=False)
        catalogue = open_catalogue(folder)
        assert catalogue.ids == IDS
        np.testing.assert_allclose(
            catalogue.volunteer_fractions, scores_from_votes(rows.set_index("dr7objid").loc[IDS]), atol=1e-6
        )

    def test_ids_keep_all_their_digits(self, folder, rows):
        near = [str(2**63 - 1), str(2**63 - 2), "0587726016142835881"]
        rows.assign(dr7objid=near).to_csv(folder / "gz2_hart16.csv", index=False)
        lines = "".join(f"{galaxy},original,{asset}\n" for asset, galaxy in enumerate(near, start=7))
        (folder / "gz2_filename_mapping.csv").write_text(f"objid,sample,asset_id\n{lines}", encoding="utf-8")
        assert open_catalogue(folder).ids == sorted(near)


class TestWhatDoesNotMatch:
    def test_galaxies_without_a_picture_are_counted(self, folder):
        (folder / "images" / "8.jpg").unlink()
        catalogue = open_catalogue(folder)
        assert len(catalogue) == 2
        assert catalogue.missing_pictures == 1

    def test_pictures_of_no_known_galaxy_are_left_out_and_said(self, folder):
        shutil.copyfile(folder / "images" / "7.jpg", folder / "images" / "70.jpg")
        catalogue = open_catalogue(folder)
        assert catalogue.ids == IDS
        assert "1 pictures are not shown" in catalogue.note

    def test_galaxies_without_votes_are_shown_without_scores(self, folder):
        shutil.copyfile(folder / "images" / "7.jpg", folder / "images" / "70.jpg")
        add_to_mapping(folder, "587700000000000000,extra,70")
        catalogue = open_catalogue(folder)
        assert catalogue.ids[0] == "587700000000000000"
        assert np.isnan(catalogue.volunteer_fractions[0]).all()
        assert np.isfinite(catalogue.volunteer_fractions[1:]).all()
        assert "1 galaxies have no votes." in catalogue.note

    @pytest.mark.parametrize("first", [True, False])
    def test_of_several_pictures_the_one_that_was_voted_on_is_shown(self, folder, rows, first):
        galaxy, of = rows.loc[0, ["dr7objid", "sample"]]
        shutil.copyfile(folder / "images" / "8.jpg", folder / "images" / "70.jpg")
        path = folder / "gz2_filename_mapping.csv"
        header, *lines = path.read_text(encoding="utf-8").splitlines()
        other = f"{galaxy},stripe82_coadd_1,70"
        path.write_text("\n".join([header, *([other, *lines] if first else [*lines, other])]), encoding="utf-8")
        catalogue = open_catalogue(folder)
        assert catalogue.ids == IDS
        assert catalogue.table.at[galaxy, "picture"] == "images/7.jpg"
        assert "1 galaxies have several pictures" in catalogue.note
        assert of == "original"

    def test_the_other_picture_is_shown_where_the_first_is_missing(self, folder, rows):
        (folder / "images" / "7.jpg").rename(folder / "images" / "70.jpg")
        add_to_mapping(folder, f"{rows.loc[0, 'dr7objid']},stripe82,70")
        assert open_catalogue(folder).table.at[rows.loc[0, "dr7objid"], "picture"] == "images/70.jpg"

    def test_a_galaxy_that_stands_twice_in_the_table_counts_once(self, folder, rows):
        pd.concat([rows, rows.iloc[:1]]).to_csv(folder / "gz2_hart16.csv", index=False)
        catalogue = open_catalogue(folder)
        assert catalogue.ids == IDS
        assert "1 rows of the catalogue were left out" in catalogue.note

    def test_without_the_table_the_pictures_are_shown_without_scores(self, folder):
        (folder / "gz2_hart16.csv").unlink()
        catalogue = open_catalogue(folder)
        assert catalogue.ids == IDS
        assert np.isnan(catalogue.volunteer_fractions).all()
        assert "3 galaxies have no votes." in catalogue.note


class TestRefusing:
    def test_a_folder_without_pictures_says_what_to_unpack(self, folder):
        shutil.rmtree(folder / "images")
        assert "unpack images_gz2.zip" in refused(folder)

    def test_a_folder_without_the_mapping_says_where_to_get_it(self, folder):
        (folder / "gz2_filename_mapping.csv").unlink()
        said = refused(folder)
        assert "gz2_filename_mapping.csv is missing" in said
        assert "zenodo.org" in said

    def test_pictures_under_other_names_are_refused(self, folder):
        for path in (folder / "images").iterdir():
            path.rename(path.with_stem(f"galaxy-{path.stem}"))
        assert "must be called <asset_id>.jpg" in refused(folder)

    @pytest.mark.parametrize("name", ["t04_spiral_a08_spiral_debiased", "dr7objid"])
    def test_a_missing_column_is_named(self, folder, rows, name):
        rows.drop(columns=name).to_csv(folder / "gz2_hart16.csv", index=False)
        assert f"no column {name}" in refused(folder)

    def test_a_mapping_without_its_columns_is_refused(self, folder):
        (folder / "gz2_filename_mapping.csv").write_text("objid,sample\n1,original\n")
        assert "there is no column asset_id; found objid, sample" in refused(folder)

    @pytest.mark.parametrize("objid", ["5.87726016142836E+17", "587726016142835881.0", ""])
    def test_ids_that_lost_their_digits_are_refused(self, folder, rows, objid):
        changed = rows.copy()
        changed.loc[1, "dr7objid"] = objid
        changed.to_csv(folder / "gz2_hart16.csv", index=False)
        assert "row 3, column dr7objid" in refused(folder)

    @pytest.mark.parametrize(("cell", "said"), [("many", "cannot be read as a table"), ("-0.5", "row 3, column t04")])
    def test_what_is_no_fraction_is_refused(self, folder, rows, cell, said):
        changed = rows.copy()
        changed.loc[1, "t04_spiral_a08_spiral_debiased"] = cell
        changed.to_csv(folder / "gz2_hart16.csv", index=False)
        assert said in refused(folder)

    @pytest.mark.parametrize("packed", [False, True])
    def test_a_table_that_was_cut_short_is_refused(self, folder, packed):
        table = folder / "gz2_hart16.csv"
        content = table.read_bytes()
        if packed:
            (folder / "gz2_hart16.csv.gz").write_bytes(gzip.compress(content)[:-1500])
            table.unlink()
        else:
            table.write_bytes(content[:-1000])
        assert "fetch it again" in refused(folder)

    def test_a_packed_table_that_is_not_packed_is_named(self, folder):
        (folder / "gz2_hart16.csv").rename(folder / "gz2_hart16.csv.gz")
        assert "gz2_hart16.csv.gz cannot be read as a table (Not a gzipped file" in refused(folder)

    def test_votes_that_there_are_not_are_refused(self, folder):
        assert "take one of debiased, weighted" in refused(folder, votes="raw")

    @pytest.mark.parametrize("where", ["sample", "plain", "challenge"])
    def test_other_layouts_have_no_choice_of_votes(self, where, picture_folder, kaggle_folder):
        where = {"plain": picture_folder, "challenge": kaggle_folder}.get(where, where)
        assert "has one kind of scores alone" in refused(where, votes="weighted")
        assert isinstance(open_catalogue(where, votes="debiased"), Catalogue)
