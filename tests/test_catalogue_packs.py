"""Zip files of pictures, pictures that were cropped before, and when a catalogue counts as changed."""

import json
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from galaxy_explorer.catalogue import CatalogueError, galaxies, open_catalogue
from galaxy_explorer.images import ImageError, to_png

SCORES = "GalaxyID,Class1.1\n0012,1\n999,1\n"


class TestAZip:
    def test_is_like_the_folder(self, picture_zip, picture_folder):
        (picture_folder / "scores.csv").write_text(SCORES, encoding="utf-8")
        with zipfile.ZipFile(picture_zip, "a") as packed:
            packed.write(picture_folder / "scores.csv", "pictures/scores.csv")
        zipped, unpacked = open_catalogue(picture_zip), open_catalogue(picture_folder)
        assert zipped.ids == unpacked.ids
        assert zipped.missing_pictures == 1
        np.testing.assert_array_equal(zipped.volunteer_fractions, unpacked.volunteer_fractions)
        for galaxy in zipped.ids:
            assert zipped.picture_bytes(galaxy) == unpacked.picture_bytes(galaxy)

    def test_threads_read_what_one_reads(self, picture_zip):
        catalogue = open_catalogue(picture_zip)
        wanted = [catalogue.picture_bytes(galaxy) for galaxy in catalogue.ids]
        with ThreadPoolExecutor(8) as threads:
            for galaxy, content in zip(
                catalogue.ids * 50, threads.map(catalogue.picture_bytes, catalogue.ids * 50), strict=True
            ):
                assert content == wanted[catalogue.ids.index(galaxy)]

    def test_another_process_opens_the_file_for_itself(self, picture_zip, monkeypatch):
        here = galaxies._zip_file(picture_zip)
        assert galaxies._zip_file(picture_zip) is here
        monkeypatch.setattr(os, "getpid", lambda: -1)  # as after a fork, which shares the place in an open file
        assert galaxies._zip_file(picture_zip) is not here

    def test_a_file_that_was_replaced_is_read_anew(self, picture_zip, draw_galaxy):
        catalogue = open_catalogue(picture_zip)
        catalogue.picture("0012")
        with zipfile.ZipFile(picture_zip, "w") as packed:
            packed.writestr("pictures/0012.png", to_png(draw_galaxy(99)))
        os.utime(picture_zip, ns=(0, picture_zip.stat().st_mtime_ns + 1_000_000_000))
        np.testing.assert_array_equal(catalogue.picture("0012"), draw_galaxy(99))
        with pytest.raises(ImageError, match="of galaxy NA cannot be read"):
            catalogue.picture("NA")

    def test_a_picture_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(self, picture_zip, monkeypatch):
        catalogue = open_catalogue(picture_zip)
        monkeypatch.setattr("galaxy_explorer.catalogue.galaxies.MAX_PICTURE_BYTES", 1000)
        monkeypatch.setattr(zipfile.ZipFile, "read", None)
        with pytest.raises(ImageError, match=r"pictures/0012\.png in galaxies\.zip takes .* scale the picture down"):
            catalogue.picture("0012")

    def test_a_zip_that_is_none_is_refused(self, tmp_path):
        path = tmp_path / "galaxies.zip"
        path.write_bytes(b"PK but no more")
        with pytest.raises(CatalogueError, match=r"galaxies\.zip cannot be read"):
            open_catalogue(path)

    def test_the_real_pack_opens(self, shared_data):
        catalogue = open_catalogue(shared_data / "unscored-288to160.zip")
        assert len(catalogue) == 21_543
        assert catalogue.picture(catalogue.ids[0]).shape == (160, 160, 3)


class TestTheFieldOfView:
    def test_is_the_whole_one_unless_said(self, picture_folder, picture_zip):
        assert open_catalogue(picture_folder).field == open_catalogue(picture_zip).field == 1.0

    def test_is_read_from_folders_and_zips(self, picture_folder, picture_zip, kaggle_folder):
        said = json.dumps({"centre": 288, "of": 424})
        (picture_folder / "field.json").write_text(said, encoding="utf-8")
        (kaggle_folder / "field.json").write_text(said, encoding="utf-8")
        with zipfile.ZipFile(picture_zip, "a") as packed:
            packed.writestr("field.json", said)
        for path in (picture_folder, picture_zip, kaggle_folder):
            assert open_catalogue(path).field == 288 / 424

    @pytest.mark.parametrize(
        "said",
        ['{"centre": 288}', "[288, 424]", "288", "no json", '{"centre": "288", "of": 424}', '{"centre": 1, "of": 0}'],
    )
    def test_a_field_file_of_another_form_is_refused_with_the_right_one(self, picture_folder, said):
        (picture_folder / "field.json").write_text(said, encoding="utf-8")
        with pytest.raises(CatalogueError, match=r'field\.json must look like \{"centre": 288, "of": 424\}'):
            open_catalogue(picture_folder)

    @pytest.mark.parametrize("centre", [0, -5, 500])
    def test_a_centre_larger_than_the_whole_is_refused(self, picture_folder, centre):
        (picture_folder / "field.json").write_text(json.dumps({"centre": centre, "of": 424}), encoding="utf-8")
        with pytest.raises(CatalogueError, match=rf"the centre of {centre} must be above 0"):
            open_catalogue(picture_folder)


class TestFingerprint:
    def test_is_the_same_for_the_same_galaxies(self, picture_folder):
        assert open_catalogue(picture_folder).fingerprint == open_catalogue(picture_folder).fingerprint

    def test_changes_with_galaxies_scores_field_and_pictures(self, picture_folder, draw_galaxy):
        prints = [open_catalogue(picture_folder).fingerprint]
        prints.append(open_catalogue(picture_folder).subset(["0012"]).fingerprint)
        prints.append(open_catalogue(picture_folder).subset(["NA", "0012"]).fingerprint)
        prints.append(open_catalogue(picture_folder).subset(["0012", "NA"]).fingerprint)
        (picture_folder / "scores.csv").write_text(SCORES, encoding="utf-8")
        prints.append(open_catalogue(picture_folder).fingerprint)
        (picture_folder / "0012.png").write_bytes(to_png(draw_galaxy(50)))
        prints.append(open_catalogue(picture_folder).fingerprint)
        (picture_folder / "field.json").write_text('{"centre": 1, "of": 2}', encoding="utf-8")
        prints.append(open_catalogue(picture_folder).fingerprint)
        assert len(set(prints)) == len(prints)

    def test_of_the_pictures_alone_does_not_change_with_the_scores(self, picture_folder, draw_galaxy):
        before = open_catalogue(picture_folder).pictures_fingerprint
        (picture_folder / "scores.csv").write_text(SCORES, encoding="utf-8")
        assert open_catalogue(picture_folder).pictures_fingerprint == before
        (picture_folder / "0012.png").write_bytes(to_png(draw_galaxy(50)))
        assert open_catalogue(picture_folder).pictures_fingerprint != before

    def test_of_a_zip_changes_with_its_pictures(self, picture_zip, picture_folder, draw_galaxy):
        before = open_catalogue(picture_zip).fingerprint
        with zipfile.ZipFile(picture_zip, "w") as packed:
            for file in picture_folder.glob("*[!0].p*"):
                packed.write(file, f"pictures/{file.name}")
        assert open_catalogue(picture_zip).fingerprint != before

    def test_survives_a_picture_that_has_gone(self, picture_folder):
        catalogue = open_catalogue(picture_folder)
        (picture_folder / "0012.png").unlink()
        assert len(catalogue.fingerprint) == 20
