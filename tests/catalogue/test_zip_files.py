"""Zip files of pictures, cropped pictures, and the fingerprint of a catalogue."""

import io
import json
import os
import re
import struct
import tracemalloc
import unicodedata
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from galaxy_explorer.catalogue import CatalogueError, field_of_view_of, open_catalogue, read_validation_ids
from galaxy_explorer.catalogue.image_files import FOLDER_TABLES
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


def change_headers(path, content, fields, name=""):
    """Change two-byte fields of the headers of a zip file's members, by their place in the central directory."""
    content = bytearray(content)
    for match in re.finditer(rb"PK\x01\x02|PK\x03\x04", bytes(content)):
        local = match[0] == b"PK\x03\x04"
        length = 30 if local else 46
        if content[match.start() + length :].startswith(name.encode()):
            for place, value in fields.items():
                struct.pack_into("<H", content, match.start() + place - 2 * local, value)
    path.write_bytes(content)
    return path


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
        with pytest.raises(ImageError, match=r"pictures/0012\.png .* takes more than .* unpacked"):
            catalogue.picture("0012")

    @pytest.mark.parametrize(
        ("method", "size", "most"),
        [
            (zipfile.ZIP_DEFLATED, 20_000_000, 10_000_000),
            (zipfile.ZIP_BZIP2, 20_000_000, 10_000_000),
            (zipfile.ZIP_LZMA, 120_000_000, 100_000_000),  # 4 kB, the least that are unpacked, become 28 MB
        ],
    )
    def test_no_more_is_unpacked_than_a_member_declares(self, tmp_path, method, size, most):
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", method) as packed:
            packed.writestr("0012.png", bytes(size))
        path = tmp_path / "bomb.zip"
        path.write_bytes(content.getvalue().replace(struct.pack("<I", size), struct.pack("<I", 1000)))
        tracemalloc.start()
        with pytest.raises((CatalogueError, ImageError), match="bomb"):
            open_catalogue(path).picture("0012")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < most

    @pytest.mark.parametrize("name", ["scores.csv", "field.json", "validation.txt"])
    def test_a_table_beyond_the_size_limit_is_an_error(self, picture_zip, name, monkeypatch, write_complete):
        for module in ("layouts", "tables.id_lists"):
            monkeypatch.setattr(f"galaxy_explorer.catalogue.{module}.MAX_TABLE_BYTES", 4000)
        # Of field.json the real bound is 4,096.
        write_complete(picture_zip, zipfile.ZIP_STORED)
        with zipfile.ZipFile(picture_zip, "a") as packed:
            packed.getinfo(name).file_size = 5000  # closing rewrites the list of members
            packed.writestr("more.txt", "")
        with pytest.raises(CatalogueError, match=rf"{name} .*takes more than .* unpacked"):
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

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({8: 1}, "locked by a password"),
            ({8: 1, 10: 99}, "locked by a password"),  # AES of 7-Zip
            ({10: 9}, "packed by deflate64"),  # Windows Explorer
            ({10: 93}, "packed by Zstandard"),
            ({10: 12}, "packed by bzip2"),
            ({10: 77}, "packed by method 77"),
        ],
    )
    def test_packed_in_a_way_that_is_not_read_says_so(self, picture_zip, write_complete, fields, words):
        write_complete(picture_zip, zipfile.ZIP_DEFLATED)
        undamaged = picture_zip.read_bytes()
        with pytest.raises(
            CatalogueError, match=rf"galaxies\.zip.* cannot be read: .*\.png is {words}.*: pack it again"
        ):
            open_catalogue(change_headers(picture_zip, undamaged, fields))
        for table in ("scores.csv", "field.json", "validation.txt"):
            with pytest.raises(CatalogueError, match=rf"{table} .*is {words}.*: pack it again"):
                read_all(change_headers(picture_zip, undamaged, fields, table))

    def test_a_picture_that_cannot_be_unpacked_fails_alone(self, picture_zip):
        change_headers(picture_zip, picture_zip.read_bytes(), {8: 1}, "pictures/0012.png")
        catalogue = open_catalogue(picture_zip)
        with pytest.raises(
            ImageError, match=r"0012\.png of galaxy 0012 .*locked by a password: pack it again without one\)$"
        ):
            catalogue.picture("0012")
        assert catalogue.picture("NA").shape == (64, 64, 3)

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("scores.csv", b"GalaxyID,Class1.1\n" + b"1,.1\n" * 6_000_000),
            ("field.json", b" " * 40_000_000),
            ("9999.jpg", b"\xff\xd8\xff" + bytes(40_000_000)),
        ],
    )
    def test_a_small_member_that_unpacks_to_much_is_refused_at_once(self, picture_zip, name, content):
        with zipfile.ZipFile(picture_zip, "a", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr(name, content)
        tracemalloc.start()
        with pytest.raises((CatalogueError, ImageError), match=rf"{name}.*more than 100 times its packed size"):
            read_all(picture_zip)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 5_000_000

    def test_from_windows_and_macs_has_the_ids_and_scores_of_the_folder(self, tmp_path, sample):
        picture = sample.picture_bytes("100008")
        names = ["gal\\1001.jpg", "gal\\1002.jpg", "C:\\gal\\1003.jpg", "/gal/1004.jpg", "../1005.jpg"]
        with zipfile.ZipFile(tmp_path / "backslash.zip", "w") as packed:
            for name in names:
                packed.writestr(name, picture)
            for name in ("gal\\__MACOSX\\._1001.jpg", "__MACOSX/gal/1001.jpg", "gal/.DS_Store", "gal\\._1001.jpg"):
                packed.writestr(name, b"what a Mac leaves behind")
            packed.writestr("gal\\Scores.CSV", "GalaxyID;Class1.1\r\n1001;0,2\r\n1002;0,5\r\n")
            packed.writestr("gal\\Field.json", FIELD)
            packed.writestr("gal\\Validation.TXT", "1002\r\n")
        catalogue = open_catalogue(tmp_path / "backslash.zip")
        assert catalogue.ids == ["1001", "1002", "1003", "1004", "1005"]
        assert catalogue.volunteer_fractions[:2, 0].tolist() == [np.float32(0.2), np.float32(0.5)]
        assert (catalogue.field_of_view, catalogue.note) == (288 / 424, "Pictures of the file backslash.zip.")
        assert read_validation_ids(tmp_path / "backslash.zip") == ["1002"]
        assert {catalogue.picture_bytes(galaxy) for galaxy in catalogue.ids} == {picture}

    @pytest.mark.parametrize("encoding", ["utf-8", "cp437"])
    def test_has_names_with_accents_without_the_flag_for_utf_8(self, tmp_path, sample, encoding):
        name = "Gr\xf6\xdfe.jpg"
        stored = unicodedata.normalize("NFD", name) if encoding == "utf-8" else name  # as macOS does
        ascii_name = "X" * len(stored.encode(encoding))
        with zipfile.ZipFile(tmp_path / "names.zip", "w") as packed:
            packed.writestr(ascii_name, sample.picture_bytes("100008"))
        content = (tmp_path / "names.zip").read_bytes()
        (tmp_path / "names.zip").write_bytes(content.replace(ascii_name.encode(), stored.encode(encoding)))
        catalogue = open_catalogue(tmp_path / "names.zip")
        assert catalogue.ids == ["Gr\xf6\xdfe"]
        assert catalogue.picture("Gr\xf6\xdfe").shape == (424, 424, 3)

    def test_of_zip_files_names_them(self, tmp_path, picture_zip):
        with zipfile.ZipFile(tmp_path / "outer.zip", "w") as packed:
            packed.write(picture_zip, "inner.zip")
        with pytest.raises(CatalogueError, match=r"no pictures in .*zip files inside are not scanned.*\.zip: 1"):
            open_catalogue(tmp_path / "outer.zip")

    @pytest.mark.parametrize("name", ["scores.csv", "field.json", "validation.txt"])
    def test_a_file_in_two_of_its_folders_is_an_error(self, picture_zip, name, write_complete):
        write_complete(picture_zip, zipfile.ZIP_DEFLATED)
        add(picture_zip, f"more/{name}")
        with pytest.raises(CatalogueError, match=rf"holds {name} twice, as {name} and more/{name}"):
            read_all(picture_zip)

    @pytest.mark.parametrize("table", FOLDER_TABLES)
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

    @pytest.mark.parametrize(("centre", "field"), [(424, 1.0), (512, 512 / 424), (4240, 10.0), (53, 0.125)])
    def test_may_be_wider_than_that_of_the_original(self, picture_folder, centre, field):
        (picture_folder / "Field.JSON").write_text(json.dumps({"centre": centre, "of": 424}), encoding="utf-8-sig")
        assert open_catalogue(picture_folder).field_of_view == pytest.approx(field)

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
            ('{"centre": 0, "of": 424}', "centre is 0 and of is 424; expected positive numbers, .* 0.1 to 10 times"),
            ('{"centre": -5, "of": 424}', "centre is -5"),
            ('{"centre": -1, "of": -1}', "centre is -1"),
            ('{"centre": true, "of": true}', "centre is True"),
            ('{"centre": 4241, "of": 424}', "centre is 4241"),
            ('{"centre": 42, "of": 424}', "centre is 42"),
            ('{"centre": 1e-300, "of": 1}', "centre is 1e-300"),
            ('{"centre": NaN, "of": 1}', "centre is nan"),
            ('{"centre": Infinity, "of": Infinity}', "centre is inf"),
            ('{"centre": 1' + "0" * 400 + ', "of": 2.5}', "expected .*OverflowError"),
            ('{"centre": 1' + "0" * 5000 + ', "of": 1}', "more than 4,096 bytes|has more than"),
            ("[" * 4000, "expected .*RecursionError"),
            (" " * 5000, "more than 4,096 bytes"),
        ],
    )
    def test_a_malformed_file_is_an_error_with_the_expected_form(self, picture_folder, content, message):
        (picture_folder / "field.json").write_text(content, encoding="utf-8")
        with pytest.raises(CatalogueError, match=rf"field\.json:? (has )?({message})"):
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
