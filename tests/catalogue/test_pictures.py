"""Which files of a folder are taken for pictures, and what is said of those that are not."""

import os
import sys
import unicodedata

import pytest
from score_files import write_scores

from galaxy_explorer.catalogue import SAMPLE, find_ids, open_catalogue, passed_over, read_ids
from galaxy_explorer.images import to_png


class TestFoldersInAFolder:
    def test_that_hold_pictures_are_counted_but_not_looked_into(self, picture_folder, picture):
        before = open_catalogue(picture_folder)
        assert passed_over(picture_folder) == ""
        assert before.note == "Pictures of the folder galaxies."
        (picture_folder / "more" / "inner").mkdir(parents=True)
        (picture_folder / "more" / "0013.png").write_bytes(to_png(picture))
        (picture_folder / "more" / "inner" / "0014.png").write_bytes(to_png(picture))
        (picture_folder / "nothing").mkdir()
        after = open_catalogue(picture_folder)
        assert after.ids == before.ids
        said = "Folders of pictures in galaxies that were not looked into: 1. Name each by its own path."
        assert passed_over(picture_folder) == said
        assert after.note == f"{before.note} {said}"

    def test_are_no_matter_in_the_other_layouts(self, kaggle_folder, picture_zip):
        assert [passed_over(where) for where in (kaggle_folder, picture_zip, SAMPLE, "none")] == [""] * 4


class TestNamesOfFiles:
    @pytest.mark.skipif(sys.platform != "linux", reason="other systems keep no file names but text")
    def test_one_that_is_no_text_costs_that_picture_alone(self, picture_folder, kaggle_folder, picture):
        for folder, pictures in ((picture_folder, picture_folder), (kaggle_folder, kaggle_folder / "images_test_rev1")):
            before = open_catalogue(folder)
            (pictures / os.fsdecode(b"gal\xe9xy.png")).write_bytes(to_png(picture))
            after = open_catalogue(folder)
            assert after.ids == before.ids
            assert "names cannot be read as ids: 1. Rename them." in after.note

    def test_and_ids_of_tables_meet_with_white_space_and_accents_written_in_any_way(self, tmp_path, picture):
        for name in ("7 .png", unicodedata.normalize("NFD", "Größe") + ".png", " .png"):
            (tmp_path / name).write_bytes(to_png(picture))
        write_scores(tmp_path, " 7 ,0.25,0.5,0.25", unicodedata.normalize("NFC", "Größe") + ",1,0,0")
        catalogue = open_catalogue(tmp_path)
        assert catalogue.ids == ["7", "Größe"]
        assert catalogue.volunteer_fractions[:, 0].tolist() == [0.25, 1]
        assert (catalogue.missing_pictures, catalogue.picture("Größe").shape) == (0, (64, 64, 3))
        assert find_ids(catalogue, unicodedata.normalize("NFD", " Größe "))[0].tolist() == [1]
        (tmp_path / "ids.txt").write_text(unicodedata.normalize("NFD", "Größe"), encoding="utf-8")
        assert read_ids(tmp_path / "ids.txt") == ["Größe"]
