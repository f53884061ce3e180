"""Picture files of a folder, and what is reported of the others."""

import os
import sys
import unicodedata

import pytest
from score_files import write_scores

from galaxy_explorer.catalogue import SAMPLE, find_ids, open_catalogue, read_ids, subfolders_note
from galaxy_explorer.images import to_png


def test_subfolders_with_pictures_are_counted_but_not_scanned(picture_folder, picture):
    before = open_catalogue(picture_folder)
    assert subfolders_note(picture_folder) == ""
    (picture_folder / "more" / "inner").mkdir(parents=True)
    (picture_folder / "more" / "0013.png").write_bytes(to_png(picture))
    (picture_folder / "more" / "inner" / "0014.png").write_bytes(to_png(picture))
    (picture_folder / "nothing").mkdir()
    after = open_catalogue(picture_folder)
    assert after.ids == before.ids
    note = subfolders_note(picture_folder)
    assert "not scanned: 1." in note
    assert after.note == f"{before.note} {note}"


def test_subfolders_of_other_layouts_are_not_reported(kaggle_folder, picture_zip):
    assert [subfolders_note(location) for location in (kaggle_folder, picture_zip, SAMPLE, "none")] == [""] * 4


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
