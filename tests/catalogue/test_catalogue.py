"""Open catalogues in every layout, and read their galaxies."""

import shutil
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from score_files import write_scores

from galaxy_explorer.catalogue import GONE, CatalogueError, open_catalogue, read_validation_ids, scores_from_votes
from galaxy_explorer.decision_tree import COLUMNS, INDEX, SLICES
from galaxy_explorer.images import ImageError, find_galaxy, read_image, to_png

SCORED = ["100008", "100023", "100053", "587726016142835881", "587736542560715163", "587737825678131439"]


class TestTheSample:
    def test_holds_nine_galaxies_six_of_them_scored(self, sample):
        assert len(sample) == 9
        assert [galaxy for galaxy in sample.ids if sample.table.at[galaxy, COLUMNS[0]] >= 0] == SCORED
        assert np.isnan(sample.volunteer_fractions[sample.ids.index("242195")]).all()
        assert sample.missing_pictures == 0
        assert "Sloan Digital Sky Survey" in sample.note

    def test_every_picture_can_be_read(self, sample):
        assert {sample.picture(galaxy).shape for galaxy in sample.ids} == {(424, 424, 3)}

    def test_scores_of_the_gz2_galaxies_follow_from_their_catalogue_rows(self, sample):
        rows = pd.read_csv(sample.root / "gz2_rows.csv", dtype={"dr7objid": str})
        table = sample.table.loc[rows["dr7objid"]]
        np.testing.assert_allclose(table[list(COLUMNS)], scores_from_votes(rows), atol=1e-6)
        np.testing.assert_allclose(table[["ra_deg", "dec_deg"]], rows[["ra", "dec"]], atol=1e-9)

    def test_every_question_sums_to_its_mass(self, sample):
        scores = sample.volunteer_fractions[[sample.ids.index(galaxy) for galaxy in SCORED]]
        np.testing.assert_allclose(scores[:, SLICES[1]].sum(axis=1), 1, atol=2e-6)
        np.testing.assert_allclose(scores[:, SLICES[6]].sum(axis=1), 1, atol=2e-6)
        np.testing.assert_allclose(scores[:, SLICES[11]].sum(axis=1), scores[:, INDEX["Class4.1"]], atol=2e-6)

    def test_agrees_with_the_challenge(self, sample, shared_data):
        challenge = open_catalogue(shared_data / "kaggle").subset(SCORED[:3])
        np.testing.assert_array_equal(challenge.volunteer_fractions, sample.subset(SCORED[:3]).volunteer_fractions)
        for galaxy in SCORED[:3]:
            np.testing.assert_array_equal(challenge.picture(galaxy), sample.picture(galaxy))

    def test_credits_name_every_picture_and_both_papers(self, sample):
        readme = (sample.root / "README.md").read_text(encoding="utf-8")
        papers = ("Willett et al. 2013", "Hart et al. 2016")
        assert [
            name for name in (*sample.ids, *papers, "MIT License", "Digital Sky Survey") if name not in readme
        ] == []


class TestTheChallenge:
    def test_opens_training_and_test_galaxies(self, kaggle_folder):
        catalogue = open_catalogue(kaggle_folder)
        assert catalogue.ids == [*(str(200_001 + n) for n in range(14)), "300001", "300002", "300003"]
        assert (catalogue.name, catalogue.field_of_view, catalogue.missing_pictures) == ("challenge", 1.0, 0)
        assert catalogue.picture("300002").shape == (424, 424, 3)
        known = np.isfinite(catalogue.volunteer_fractions)
        assert known[:12].all()
        assert not known[14:].any()

    def test_the_partial_table_leaves_the_other_scores_unknown(self, kaggle_folder):
        fractions = open_catalogue(kaggle_folder).volunteer_fractions
        wanted = np.zeros(len(COLUMNS), dtype=bool)
        for question in (1, 2, 6, 7, 8):
            wanted[SLICES[question]] = True
        assert (np.isfinite(fractions[12:14]) == wanted).all()
        np.testing.assert_array_equal(fractions[12:14][:, wanted], fractions[:2][:, wanted])

    def test_a_galaxy_in_both_tables_is_an_error(self, kaggle_folder):
        shutil.copyfile(kaggle_folder / "training_solutions_rev1.csv", kaggle_folder / "training_solutions_partial.csv")
        with pytest.raises(CatalogueError, match="galaxy 200001 is in both"):
            open_catalogue(kaggle_folder)

    def test_galaxies_without_a_picture_are_left_out_and_counted(self, kaggle_folder):
        (kaggle_folder / "images_training_rev1" / "200004.jpg").unlink()
        (kaggle_folder / "images_training_rev1" / "200013.jpg").unlink()
        catalogue = open_catalogue(kaggle_folder)
        assert (len(catalogue), catalogue.missing_pictures) == (15, 2)
        assert "200004" not in catalogue
        assert "200005" in catalogue

    def test_without_score_tables_all_scores_are_unknown(self, kaggle_folder):
        for table in ("training_solutions_rev1.csv", "training_solutions_partial.csv"):
            (kaggle_folder / table).unlink()
        catalogue = open_catalogue(kaggle_folder)
        assert len(catalogue) == 17
        assert np.isnan(catalogue.volunteer_fractions).all()

    def test_the_real_one_opens_completely(self, shared_data):
        catalogue = open_catalogue(shared_data / "kaggle")
        assert len(catalogue) == 12_549
        known = np.isfinite(catalogue.volunteer_fractions)
        assert known.all(axis=1).sum() == 8_552
        assert (known.sum(axis=1) == 17).sum() == 3_997


class TestAFolder:
    def test_ids_are_the_names_of_the_pictures_as_text(self, picture_folder):
        catalogue = open_catalogue(picture_folder)
        assert catalogue.ids == ["0012", "587726016142835881", "NA", "a b.c"]
        assert np.isnan(catalogue.volunteer_fractions).all()
        assert catalogue.volunteer_fractions.shape == (4, 37)
        assert catalogue.volunteer_fractions.dtype == np.float32

    def test_pictures_are_those_of_the_files(self, picture_folder, draw_galaxy):
        catalogue = open_catalogue(str(picture_folder))
        for seed, galaxy in enumerate(catalogue.ids):
            np.testing.assert_array_equal(catalogue.picture(galaxy), draw_galaxy(seed))
            np.testing.assert_array_equal(read_image(catalogue.picture_bytes(galaxy)), draw_galaxy(seed))

    def test_scores_are_matched_by_ids_as_text(self, picture_folder):
        write_scores(picture_folder, "NA,0.25,0.5,0.25", "0012,1,0,0", "587726016142835881,0.1,0.2,0.7")
        table = open_catalogue(picture_folder).table
        assert table["Class1.1"].tolist() == pytest.approx([1, 0.1, 0.25, np.nan], nan_ok=True)
        assert table[list(COLUMNS[3:])].isna().all(axis=None)

    def test_a_score_without_a_picture_is_left_out_and_counted(self, picture_folder):
        write_scores(picture_folder, "0012,1,0,0", "12,1,0,0", "999,0,1,0")
        catalogue = open_catalogue(picture_folder)
        assert (len(catalogue), catalogue.missing_pictures) == (4, 2)

    def test_an_empty_cell_is_unknown_not_zero(self, picture_folder):
        write_scores(picture_folder, "0012,,0.5,NaN")
        fractions = open_catalogue(picture_folder).volunteer_fractions[0]
        assert np.isnan(fractions[[0, 2]]).all()
        assert fractions[1] == 0.5

    def test_columns_may_be_in_any_order_with_others_between(self, picture_folder):
        write_scores(picture_folder, "spiral,0.25,0012,0.75", header="comment,Class11.6,GalaxyID,Class4.1")
        row = open_catalogue(picture_folder).table.loc["0012"]
        assert (row["Class4.1"], row["Class11.6"]) == (0.75, 0.25)
        assert "comment" not in row

    def test_positions_have_full_precision(self, picture_folder):
        header = "GalaxyID,Class1.1,ra_deg,dec_deg"
        write_scores(picture_folder, "0012,1,180.4075164794922,-3.261066675186157", header=header)
        row = open_catalogue(picture_folder).table.loc["0012"]
        assert (row["ra_deg"], row["dec_deg"]) == (180.4075164794922, -3.261066675186157)

    @pytest.mark.parametrize("packed", [False, True])
    def test_positions_may_be_in_a_table_of_their_own(self, picture_folder, packed):
        (picture_folder / "positions.csv").write_text("GalaxyID,ra_deg,dec_deg,covered\n0012,10.5,-3.25,1\n")

        def opened():
            packed_as = f"{picture_folder}-packed"
            return open_catalogue(shutil.make_archive(packed_as, "zip", picture_folder) if packed else picture_folder)

        table = opened().table
        assert table.loc["0012", ["ra_deg", "dec_deg"]].tolist() == [10.5, -3.25]
        assert table["Class1.1"].isna().all()
        assert "covered" not in opened().note
        write_scores(picture_folder, "0012,0.5,0.5,0")
        assert opened().table.loc["0012", ["Class1.1", "ra_deg"]].tolist() == [0.5, 10.5]
        write_scores(picture_folder, "0012,0.5,11,12", header="GalaxyID,Class1.1,ra_deg,dec_deg")
        assert opened().table.loc["0012", "ra_deg"] == 11
        (picture_folder / "positions.csv").write_text("GalaxyID,RA\n0012,10.5\n")
        with pytest.raises(CatalogueError, match="none of the columns ra_deg and dec_deg is there; found GalaxyID, RA"):
            opened()

    def test_every_ending_is_found(self, tmp_path, picture):
        names = ["a.jpg", "b.jpeg", "c.png", "d.tif", "e.tiff", "f.webp", "g.fits", "h.fts", "i.JPG", "j.x.Fits.gz"]
        for name in (*names, "k.gz", "l.gif"):
            (tmp_path / name).write_bytes(to_png(picture))
        assert open_catalogue(tmp_path).ids == [*"abcdefghi", "j.x"]

    def test_two_pictures_of_one_galaxy_are_an_error(self, picture_folder, picture):
        (picture_folder / "0012.tif").write_bytes(to_png(picture))
        with pytest.raises(CatalogueError, match=r"two pictures of galaxy 0012, .*0012\.(png|tif)"):
            open_catalogue(picture_folder)

    def test_opening_reads_no_picture(self, picture_folder, monkeypatch):
        monkeypatch.setattr("galaxy_explorer.catalogue.catalogue.read_image", None)  # a picture read would fail
        catalogue = open_catalogue(picture_folder)
        (picture_folder / "NA.png").unlink()
        with pytest.raises(ImageError, match=r"NA\.png of galaxy NA cannot be read"):
            catalogue.picture("NA")

    def test_a_damaged_picture_does_not_affect_the_others(self, picture_folder):
        (picture_folder / "NA.png").write_bytes(b"\x89PNG\r\n\x1a\n damaged")
        catalogue = open_catalogue(picture_folder)
        assert len(catalogue) == 4
        with pytest.raises(ImageError, match="damaged"):
            catalogue.picture("NA")
        assert catalogue.picture("0012").shape == (64, 64, 3)

    def test_an_unknown_galaxy_is_an_error_with_its_id(self, picture_folder):
        with pytest.raises(CatalogueError, match="'12' is not among the 4 of galaxies"):
            open_catalogue(picture_folder).picture("12")

    @pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
    def test_a_link_to_itself_is_one_unreadable_picture(self, picture_folder):
        (picture_folder / "loop.png").symlink_to("loop.png")
        catalogue = open_catalogue(picture_folder)
        assert "loop" in catalogue.ids
        with pytest.raises((ImageError, OSError)):
            catalogue.picture("loop")

    def test_named_sample_is_not_the_bundled_sample(self, tmp_path, picture, monkeypatch):
        (tmp_path / "sample").mkdir()
        (tmp_path / "sample" / "1.png").write_bytes(to_png(picture))
        monkeypatch.chdir(tmp_path)
        assert open_catalogue("./sample").ids == ["1"]
        assert len(open_catalogue("sample")) == 9


class TestOtherPaths:
    def test_the_home_of_an_unknown_user_does_not_exist(self):
        with pytest.raises(CatalogueError, match="~no-such-user/galaxies does not exist"):
            open_catalogue("~no-such-user/galaxies")
        assert read_validation_ids("~no-such-user/galaxies") == []

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("missing.jpg", r"no picture .*missing\.jpg"),
            ("nowhere", "does not exist: .* or 'sample'"),
            ("table.csv", "is a file, but not a zip file"),
            (".", r"no pictures in .*subfolders .* 2.*\.fits"),
        ],
    )
    def test_are_an_error_that_says_what_is_there(self, tmp_path, picture, name, message):
        (tmp_path / "table.csv").write_text("GalaxyID\n", encoding="utf-8")
        for folder in ("one", "two"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "1.png").write_bytes(to_png(picture))
        with pytest.raises(CatalogueError, match=f"(?i){message}"):
            open_catalogue(tmp_path / name)


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_the_state_of_a_picture_changes_with_its_file(form, picture_folder, picture_zip):
    catalogue = open_catalogue(picture_folder if form == "folder" else picture_zip)
    before = {galaxy: catalogue.picture_state(galaxy) for galaxy in catalogue.ids}
    assert GONE not in before.values()
    changed = picture_folder / "0012.png"
    changed.write_bytes(changed.read_bytes() + b" ")
    (picture_folder / "NA.png").unlink()
    if form == "zip":
        with zipfile.ZipFile(picture_zip, "w") as packed:
            for file in picture_folder.iterdir():
                packed.write(file, f"pictures/{file.name}")
    after = {galaxy: catalogue.picture_state(galaxy) for galaxy in catalogue.ids}
    assert after.pop("NA") == GONE
    assert [galaxy for galaxy in after if after[galaxy] != before[galaxy]] == ["0012"]


def test_pictures_of_a_zip_that_was_replaced_by_another_file_are_missing(picture_zip):
    catalogue = open_catalogue(picture_zip)
    picture_zip.write_bytes(b"not a zip file")
    assert catalogue.picture_state("NA") == GONE
    with pytest.raises(ImageError, match="NA"):
        catalogue.picture("NA")


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_a_missing_folder_or_zip_is_not_an_error_of_one_picture(form, picture_folder, picture_zip):
    root = picture_folder if form == "folder" else picture_zip
    catalogue = open_catalogue(root)
    root.rename(root.with_name("elsewhere"))
    with pytest.raises(CatalogueError, match=f"{root.name} is missing"):
        catalogue.picture("NA")
    if form == "folder":
        root.mkdir()  # the mount point of an absent disk
        with pytest.raises(CatalogueError, match="is missing"):
            catalogue.picture("NA")


def test_the_source_of_a_catalogue_is_that_of_its_parts(sample):
    assert sample.source == ""
    catalogue = replace(sample, source="my galaxies")
    assert catalogue.subset(["100053"]).source == catalogue.rows(np.array([0])).source == "my galaxies"
    assert catalogue.fingerprint == sample.fingerprint


class TestFraming:
    @pytest.fixture
    def folder(self, sample, tmp_path):
        """A plain folder in which one picture of two shows its galaxy small in a wide frame."""
        small = Image.fromarray(sample.picture("100008")).resize((120, 120), Image.Resampling.LANCZOS)
        wide = np.full((480, 480, 3), np.asarray(small)[:4, :4].reshape(-1, 3).mean(axis=0), np.uint8)
        wide[150:270, 190:310] = small
        Image.fromarray(wide).save(tmp_path / "100008.png")
        (tmp_path / "100023.png").write_bytes(to_png(sample.picture("100023")))
        return tmp_path

    @pytest.mark.parametrize("packed", [False, True])
    def test_the_galaxy_is_found_in_pictures_of_unknown_scale(self, folder, packed):
        where = shutil.make_archive(f"{folder}-packed", "zip", folder) if packed else folder
        catalogue = open_catalogue(where)
        wide = catalogue.picture("100008")
        found = catalogue.finding("100008")
        assert found.square == find_galaxy(wide).square
        assert found.picture.shape[0] < 160 < wide.shape[0]
        assert not catalogue.finding("100023").changed

    @pytest.mark.parametrize("packed", [False, True])
    def test_pictures_of_known_scale_are_taken_as_they_are(self, folder, packed):
        unknown = open_catalogue(folder)
        (folder / "field.json").write_text('{"centre": 424, "of": 424}', encoding="utf-8")
        catalogue = open_catalogue(shutil.make_archive(f"{folder}-packed", "zip", folder) if packed else folder)
        assert not catalogue.finding("100008").changed
        assert packed or catalogue.pictures_fingerprint != unknown.pictures_fingerprint
