"""Zip files of pictures, cropped pictures, and the fingerprint of a catalogue."""

import io
import json
import os
import re
import struct
import tracemalloc
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from galaxy_explorer.catalogue import CatalogueError, field_of_view_of, layouts, open_catalogue, read_validation_ids
from galaxy_explorer.catalogue.zip_files import open_zip
from galaxy_explorer.images import ImageError, to_png

SCORES = "GalaxyID,Class1.1\n0012,1\n999,1\n"
FIELD = json.dumps({"centre": 288, "of": 424})


def add(path, name, content=""):
    """Append a member to a zip file."""
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr(name, content)


@pytest.fixture
def write_complete(sample):
    """A function that writes a zip file of a picture and all tables that may be next to it."""

    def write(path, method):
        with zipfile.ZipFile(path, "w", method) as packed:
            packed.writestr("pictures/0012.png", sample.picture_bytes("100008"))
            packed.writestr("scores.csv", SCORES + "".join(f"{n},0.{n}\n" for n in range(100, 200)))
            packed.writestr("validation.txt", "".join(f"{n:04}\n" for n in range(100)))
            packed.writestr("field.json", json.dumps({"centre": 288, "of": 424, "more": list(range(100))}))

    return write


def read_all(path):
    """Read everything in a zip file of pictures."""
    catalogue = open_catalogue(path)
    read_validation_ids(path)
    return [catalogue.picture_bytes(galaxy) for galaxy in catalogue.ids]


class TestAZip:
    def test_is_like_the_folder(self, picture_zip, picture_folder):
        (picture_folder / "scores.csv").write_text(SCORES, encoding="utf-8")
        add(picture_zip, "pictures/scores.csv", SCORES)
        zipped, unpacked = open_catalogue(picture_zip), open_catalogue(picture_folder)
        assert zipped.ids == unpacked.ids
        assert zipped.missing_pictures == 1
        np.testing.assert_array_equal(zipped.volunteer_fractions, unpacked.volunteer_fractions)
        for galaxy in zipped.ids:
            assert zipped.picture_bytes(galaxy) == unpacked.picture_bytes(galaxy)

    def test_may_be_read_by_several_threads(self, picture_zip):
        catalogue = open_catalogue(picture_zip)
        expected = [catalogue.picture_bytes(galaxy) for galaxy in catalogue.ids]
        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(catalogue.picture_bytes, catalogue.ids * 50)) == expected * 50

    def test_is_opened_once_in_each_process(self, picture_zip, monkeypatch):
        here = open_zip(picture_zip)
        assert open_zip(picture_zip) is here
        monkeypatch.setattr(os, "getpid", lambda: -1)  # as after a fork, which shares the position in an open file
        assert open_zip(picture_zip) is not here

    def test_that_was_replaced_is_read_again(self, picture_zip, draw_galaxy):
        catalogue = open_catalogue(picture_zip)
        catalogue.picture("0012")
        before = picture_zip.stat().st_mtime_ns
        with zipfile.ZipFile(picture_zip, "w") as packed:
            packed.writestr("pictures/0012.png", to_png(draw_galaxy(99)))
        os.utime(picture_zip, ns=(0, before))  # as a copy that preserves the modification time
        np.testing.assert_array_equal(catalogue.picture("0012"), draw_galaxy(99))
        with pytest.raises(ImageError, match="of galaxy NA cannot be read"):
            catalogue.picture("NA")

    def test_a_picture_beyond_the_size_limit_is_not_unpacked(self, picture_zip, monkeypatch):
        catalogue = open_catalogue(picture_zip)
        monkeypatch.setattr("galaxy_explorer.catalogue.catalogue.MAX_PICTURE_BYTES", 1000)
        monkeypatch.setattr(zipfile.ZipFile, "open", None)
        with pytest.raises(ImageError, match=r"pictures/0012\.png takes more than .* MiB unpacked"):
            catalogue.picture("0012")

    @pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_no_more_is_unpacked_than_a_member_declares(self, tmp_path, method):
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", method) as packed:
            packed.writestr("0012.png", bytes(200_000_000))
        path = tmp_path / "bomb.zip"
        path.write_bytes(content.getvalue().replace(struct.pack("<I", 200_000_000), struct.pack("<I", 1000)))
        tracemalloc.start()
        with pytest.raises(ImageError, match="bomb"):
            open_catalogue(path).picture("0012")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 100_000_000

    @pytest.mark.parametrize("name", ["scores.csv", "field.json", "validation.txt"])
    def test_a_table_beyond_the_size_limit_is_an_error(self, picture_zip, name, monkeypatch, write_complete):
        for module in ("layouts", "id_lists"):
            monkeypatch.setattr(f"galaxy_explorer.catalogue.{module}.MAX_TABLE_BYTES", 4000)
        write_complete(picture_zip, zipfile.ZIP_STORED)
        with zipfile.ZipFile(picture_zip, "a") as packed:
            packed.getinfo(name).file_size = 5000  # closing rewrites the list of members
            packed.writestr("more.txt", "")
        with pytest.raises(CatalogueError, match=rf"{name} takes more than .* unpacked"):
            read_validation_ids(picture_zip) if name == "validation.txt" else open_catalogue(picture_zip)

    def test_that_is_not_a_zip_is_an_error(self, tmp_path):
        path = tmp_path / "galaxies.zip"
        path.write_bytes(b"PK but no more")
        with pytest.raises(CatalogueError, match=r"galaxies\.zip cannot be read"):
            open_catalogue(path)

    @pytest.mark.parametrize("damaged", ["pictures/0012.png", "scores.csv", "validation.txt", "field.json"])
    @pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
    def test_a_damaged_member_is_an_error_with_the_file(self, picture_zip, damaged, method, write_complete):
        write_complete(picture_zip, method)
        random = np.random.default_rng(0)
        with zipfile.ZipFile(picture_zip) as packed:
            member = packed.getinfo(damaged)
        undamaged = picture_zip.read_bytes()
        first = member.header_offset + 30 + len(damaged)
        for _ in range(5):
            content = bytearray(undamaged)
            for position in first + random.integers(member.compress_size, size=3):
                content[position] ^= int(random.integers(1, 256))
            picture_zip.write_bytes(content)
            with pytest.raises((CatalogueError, ImageError), match=r"galaxies\.zip.*"):
                read_all(picture_zip)

    def test_an_encrypted_table_is_an_error(self, picture_zip, write_complete):
        write_complete(picture_zip, zipfile.ZIP_DEFLATED)
        content = bytearray(picture_zip.read_bytes())
        for start, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            for match in re.finditer(re.escape(start), bytes(content)):
                content[match.start() + flags] |= 1
        picture_zip.write_bytes(content)
        for read in (open_catalogue, read_validation_ids):
            with pytest.raises(CatalogueError, match=r"cannot be read .*encrypted"):
                read(picture_zip)

    @pytest.mark.parametrize("name", ["scores.csv", "field.json", "validation.txt"])
    def test_a_file_in_two_of_its_folders_is_an_error(self, picture_zip, name, write_complete):
        write_complete(picture_zip, zipfile.ZIP_DEFLATED)
        add(picture_zip, f"more/{name}")
        with pytest.raises(CatalogueError, match=rf"holds {name} twice, as {name} and more/{name}"):
            read_all(picture_zip)

    @pytest.mark.parametrize("table", layouts.FOLDER_TABLES)
    def test_of_another_layout_is_an_error_rather_than_without_votes(self, picture_zip, table):
        add(picture_zip, f"zoo/{table}")
        with pytest.raises(CatalogueError, match=rf"holds zoo/{table}, .*: unpack it"):
            open_catalogue(picture_zip)
        add(picture_zip, "zoo/scores.csv", SCORES)
        assert len(open_catalogue(picture_zip)) == 4

    def test_the_real_pack_opens(self, shared_data):
        catalogue = open_catalogue(shared_data / "unscored-288to160.zip")
        assert len(catalogue) == 21_543
        assert catalogue.picture(catalogue.ids[0]).shape == (160, 160, 3)


class TestTheFieldOfView:
    def test_is_read_from_folders_and_zips_and_1_without_a_file(self, picture_folder, picture_zip, kaggle_folder):
        paths = (picture_folder, picture_zip, kaggle_folder)
        assert {open_catalogue(path).field_of_view for path in paths} == {1.0}
        for folder in (picture_folder, kaggle_folder):
            (folder / "field.json").write_text(FIELD, encoding="utf-8")
        add(picture_zip, "field.json", FIELD)
        assert {open_catalogue(path).field_of_view for path in paths} == {288 / 424}

    @pytest.mark.parametrize("folder", ["images_training_rev1", "images_test_rev1", "images", "images_gz2/images"])
    def test_of_one_picture_is_that_of_its_catalogue(self, tmp_path, folder):
        for name in ("images_training_rev1", folder):
            (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / "gz2_filename_mapping.csv").write_text("broken")  # no table is read
        (tmp_path / "field.json").write_text(FIELD)
        assert field_of_view_of(tmp_path / folder) == 288 / 424

    def test_of_a_folder_with_any_other_name_is_its_own(self, tmp_path):
        (tmp_path / "images").mkdir()
        (tmp_path / "field.json").write_text(FIELD)
        assert (field_of_view_of(tmp_path), field_of_view_of(tmp_path / "images")) == (288 / 424, 1.0)
        (tmp_path / "images" / "field.json").write_text(json.dumps({"centre": 106, "of": 424}))
        assert field_of_view_of(tmp_path / "images") == 0.25

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            *((content, r'expected \{"centre": 288, "of": 424\}') for content in ("[288, 424]", "288", "no json")),
            ('{"centre": 288}', r'expected \{"centre": 288, "of": 424\}'),
            ('{"centre": "288", "of": 424}', r'expected \{"centre": 288, "of": 424\}'),
            ('{"centre": 1, "of": 0}', r'expected \{"centre": 288, "of": 424\}'),
            ('{"centre": 0, "of": 424}', "centre is 0; expected .* at most 424"),
            ('{"centre": -5, "of": 424}', "centre is -5"),
            ('{"centre": 500, "of": 424}', "centre is 500"),
        ],
    )
    def test_a_malformed_file_is_an_error_with_the_expected_form(self, picture_folder, content, message):
        (picture_folder / "field.json").write_text(content, encoding="utf-8")
        with pytest.raises(CatalogueError, match=rf"field\.json: {message}"):
            open_catalogue(picture_folder)


class TestFingerprint:
    def test_is_the_same_for_the_same_galaxies(self, picture_folder):
        assert open_catalogue(picture_folder).fingerprint == open_catalogue(picture_folder).fingerprint

    def test_changes_with_galaxies_scores_field_and_pictures(self, picture_folder, draw_galaxy):
        prints = [open_catalogue(picture_folder).fingerprint]
        parts = (["0012"], ["NA", "0012"], ["0012", "NA"])
        prints += [open_catalogue(picture_folder).subset(ids).fingerprint for ids in parts]
        (picture_folder / "scores.csv").write_text(SCORES, encoding="utf-8")
        prints.append(open_catalogue(picture_folder).fingerprint)
        (picture_folder / "0012.png").write_bytes(to_png(draw_galaxy(50)))
        prints.append(open_catalogue(picture_folder).fingerprint)
        (picture_folder / "field.json").write_text(FIELD, encoding="utf-8")
        prints.append(open_catalogue(picture_folder).fingerprint)
        assert len(set(prints)) == len(prints)

    def test_of_the_pictures_does_not_change_with_the_scores(self, picture_folder, draw_galaxy):
        before = open_catalogue(picture_folder).pictures_fingerprint
        (picture_folder / "scores.csv").write_text(SCORES, encoding="utf-8")
        assert open_catalogue(picture_folder).pictures_fingerprint == before
        (picture_folder / "0012.png").write_bytes(to_png(draw_galaxy(50)))
        assert open_catalogue(picture_folder).pictures_fingerprint != before

    def test_of_a_zip_changes_with_its_pictures(self, picture_zip, picture_folder):
        before = open_catalogue(picture_zip).fingerprint
        with zipfile.ZipFile(picture_zip, "w") as packed:
            for file in picture_folder.glob("*[!0].p*"):
                packed.write(file, f"pictures/{file.name}")
        assert open_catalogue(picture_zip).fingerprint != before

    def test_exists_without_a_picture_file(self, picture_folder):
        catalogue = open_catalogue(picture_folder)
        (picture_folder / "0012.png").unlink()
        assert len(catalogue.fingerprint) == 20
