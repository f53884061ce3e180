"""Picture files of a folder, and what is reported of the others."""

import os
import sys
import unicodedata
import zipfile

import numpy as np
import pytest
from score_files import write_scores

from galaxy_explorer.catalogue import (
    SAMPLE,
    CatalogueError,
    find_ids,
    open_catalogue,
    read_ids,
    read_validation_ids,
    skipped_note,
)
from galaxy_explorer.images import to_png


def test_subfolders_with_pictures_are_counted_but_not_scanned(picture_folder, picture):
    (picture_folder / "notes.txt").unlink()
    before = open_catalogue(picture_folder)
    assert skipped_note(picture_folder) == ""
    (picture_folder / "more" / "inner").mkdir(parents=True)
    (picture_folder / "more" / "0013.png").write_bytes(to_png(picture))
    (picture_folder / "more" / "inner" / "0014.png").write_bytes(to_png(picture))
    (picture_folder / "nothing").mkdir()
    after = open_catalogue(picture_folder)
    assert after.ids == before.ids
    note = skipped_note(picture_folder)
    assert "not scanned: 1." in note
    assert after.note == f"{before.note} {note}"


def test_subfolders_of_other_layouts_are_not_reported(kaggle_folder):
    assert [skipped_note(location) for location in (kaggle_folder, SAMPLE, "none", "none.zip")] == [""] * 4


def test_jpeg_files_of_other_programs_are_pictures_and_other_files_are_counted_by_ending(tmp_path, sample):
    for name in ("1001.jpg", "1002.jfif", "1003.JPE", "1004.jpeg.1", "1005", "1006.heic", "1007.jpg.1"):
        (tmp_path / name).write_bytes(sample.picture_bytes("100008"))
    for name in ("Thumbs.db", "desktop.ini", ".hidden", "validation.txt", "field.json", "scores.csv"):
        (tmp_path / name).write_text("1001")
    (tmp_path / "field.json").write_text('{"centre": 1, "of": 1}')
    write_scores(tmp_path, "1001,1,0,0")
    files = list(tmp_path.iterdir())
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as packed:
        for file in files:
            packed.write(file, f"galaxies\\{file.name}")
    for location in (tmp_path, tmp_path / "all.zip"):
        catalogue = open_catalogue(location)
        assert catalogue.ids == ["1001", "1002", "1003"]
        assert catalogue.picture("1002").shape == (424, 424, 3)
        sentence = f"are not pictures by their names: {4 + (location == tmp_path)} (.1: 2, no ending: 1, .heic: 1"
        assert sentence in catalogue.note
        assert sentence in skipped_note(location)


class TestScoreTables:
    ROWS = ("0012,0.25,0.5,0.25",)

    @pytest.mark.parametrize("name", ["Scores.CSV", "SCORES.csv", "scores.tsv", "training_solutions_rev1.csv"])
    def test_under_a_name_that_is_plain_are_read(self, picture_folder, name):
        write_scores(picture_folder, *self.ROWS)
        (picture_folder / "scores.csv").rename(picture_folder / name)
        catalogue = open_catalogue(picture_folder)
        assert catalogue.table.at["0012", "Class1.1"] == 0.25
        assert "Tables" not in catalogue.note

    @pytest.mark.parametrize(
        "name",
        [
            *("scores (1).csv", "scores.csv.txt", "Scores - Copy.csv", "my_scores.csv", "scores.xlsx"),
            *("scores.csv.gz", "training_solutions_partial.csv", "gz2_hart16.csv"),
        ],
    )
    def test_under_a_similar_name_are_named_with_advice(self, picture_folder, name):
        (picture_folder / name).write_text("not read")
        catalogue = open_catalogue(picture_folder)
        assert not catalogue.votes.known.any()
        assert f"Tables that are not read: {name}. If one holds votes, save it as scores.csv" in catalogue.note
        write_scores(picture_folder, *self.ROWS)
        assert f"Tables that are not read: {name}." in skipped_note(picture_folder)

    def test_that_are_there_twice_are_an_error(self, picture_folder):
        for name in ("scores.csv", "Scores.CSV"):
            (picture_folder / name).write_text("GalaxyID,Class1.1\n0012,1\n")
        if len({*picture_folder.glob("[sS]cores.*")}) == 1:
            pytest.skip("this file system does not tell capitals apart")
        with pytest.raises(CatalogueError, match=r"holds scores\.csv twice"):
            open_catalogue(picture_folder)

    def test_of_the_challenge_may_have_names_in_capitals(self, kaggle_folder):
        expected = open_catalogue(kaggle_folder).volunteer_fractions
        for name in ("training_solutions_rev1", "validation"):
            (file,) = kaggle_folder.glob(f"{name}.*")
            file.rename(kaggle_folder / file.name.upper())
        np.testing.assert_array_equal(open_catalogue(kaggle_folder).volunteer_fractions, expected)
        assert len(read_validation_ids(kaggle_folder)) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text on other systems")
def test_a_picture_whose_name_is_not_utf_8_is_skipped_and_counted(picture_folder, kaggle_folder, picture):
    for folder, pictures in ((picture_folder, picture_folder), (kaggle_folder, kaggle_folder / "images_test_rev1")):
        before = open_catalogue(folder)
        (pictures / os.fsdecode(b"gal\xe9xy.png")).write_bytes(to_png(picture))
        after = open_catalogue(folder)
        assert after.ids == before.ids
        assert "not valid ids: 1." in after.note


def test_ids_match_whatever_their_white_space_and_unicode_form(tmp_path, picture):
    decomposed, composed = (unicodedata.normalize(form, "Größe") for form in ("NFD", "NFC"))
    for name in ("7 .png", f"{decomposed}.png", " .png"):
        (tmp_path / name).write_bytes(to_png(picture))
    write_scores(tmp_path, " 7 ,0.25,0.5,0.25", f"{composed},1,0,0")
    catalogue = open_catalogue(tmp_path)
    assert catalogue.ids == ["7", composed]
    assert catalogue.volunteer_fractions[:, 0].tolist() == [0.25, 1]
    assert (catalogue.missing_pictures, catalogue.picture(composed).shape) == (0, (64, 64, 3))
    assert find_ids(catalogue, f" {decomposed} ")[0].tolist() == [1]
    (tmp_path / "ids.txt").write_text(decomposed, encoding="utf-8")
    assert read_ids(tmp_path / "ids.txt") == [composed]
