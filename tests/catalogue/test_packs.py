"""Zip files of pictures, pictures that were cropped before, and when a catalogue counts as changed."""

import io
import json
import os
import re
import struct
import tracemalloc
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from galaxy_explorer.catalogue import CatalogueError, field_of, galaxies, open_catalogue, read_validation, zips
from galaxy_explorer.images import ImageError, to_png

SCORES = "GalaxyID,Class1.1\n0012,1\n999,1\n"


def write_whole(path, method):
    """Write a zip file of a picture with all that may stand beside it."""
    picture = (Path(galaxies.__file__).parents[1] / "sample" / "100008.jpg").read_bytes()
    with zipfile.ZipFile(path, "w", method) as packed:
        packed.writestr("pictures/0012.png", picture)
        packed.writestr("scores.csv", SCORES + "".join(f"{n},0.{n}\n" for n in range(100, 200)))
        packed.writestr("validation.txt", "".join(f"{n:04}\n" for n in range(100)))
        packed.writestr("field.json", json.dumps({"centre": 288, "of": 424, "more": list(range(100))}))


def read_all(path):
    """Read all that there is in a zip file of pictures."""
    catalogue = open_catalogue(path)
    read_validation(path)
    return [catalogue.picture_bytes(galaxy) for galaxy in catalogue.ids]


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
        here = zips.zip_file(picture_zip)
        assert zips.zip_file(picture_zip) is here
        monkeypatch.setattr(os, "getpid", lambda: -1)  # as after a fork, which shares the place in an open file
        assert zips.zip_file(picture_zip) is not here

    def test_a_file_that_was_replaced_is_read_anew(self, picture_zip, draw_galaxy):
        catalogue = open_catalogue(picture_zip)
        catalogue.picture("0012")
        before = picture_zip.stat().st_mtime_ns
        with zipfile.ZipFile(picture_zip, "w") as packed:
            packed.writestr("pictures/0012.png", to_png(draw_galaxy(99)))
        os.utime(picture_zip, ns=(0, before))  # as a copy that keeps the time of change
        np.testing.assert_array_equal(catalogue.picture("0012"), draw_galaxy(99))
        with pytest.raises(ImageError, match="of galaxy NA cannot be read"):
            catalogue.picture("NA")

    def test_a_picture_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(self, picture_zip, monkeypatch):
        catalogue = open_catalogue(picture_zip)
        monkeypatch.setattr("galaxy_explorer.catalogue.galaxies.MAX_PICTURE_BYTES", 1000)
        monkeypatch.setattr(zipfile.ZipFile, "open", None)
        with pytest.raises(ImageError, match=r"pictures/0012\.png takes more than .* unpacked, the most that is read"):
            catalogue.picture("0012")

    @pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_no_more_is_unpacked_than_a_member_may_take_whatever_it_claims(self, tmp_path, method):
        claimed = struct.pack("<I", 1000)
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", method) as packed:
            packed.writestr("0012.png", bytes(200_000_000))
        listed = content.getvalue().replace(struct.pack("<I", 200_000_000), claimed)
        path = tmp_path / "bomb.zip"
        path.write_bytes(listed)
        tracemalloc.start()
        with pytest.raises(ImageError, match="bomb"):
            open_catalogue(path).picture("0012")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 100_000_000

    @pytest.mark.parametrize("name", ["scores.csv", "field.json", "validation.txt"])
    def test_a_table_that_unpacks_to_too_much_is_refused(self, picture_zip, name, monkeypatch):
        for module in ("layouts", "lists"):
            monkeypatch.setattr(f"galaxy_explorer.catalogue.{module}.MAX_TABLE_BYTES", 4000)
        write_whole(picture_zip, zipfile.ZIP_STORED)
        with zipfile.ZipFile(picture_zip, "a") as packed:
            packed.getinfo(name).file_size = 5000  # the list of members is written anew
            packed.writestr("more.txt", "")
        with pytest.raises(CatalogueError, match=rf"{name} takes more than .* unpacked"):
            read_validation(picture_zip) if name == "validation.txt" else open_catalogue(picture_zip)

    def test_a_zip_that_is_none_is_refused(self, tmp_path):
        path = tmp_path / "galaxies.zip"
        path.write_bytes(b"PK but no more")
        with pytest.raises(CatalogueError, match=r"galaxies\.zip cannot be read"):
            open_catalogue(path)

    @pytest.mark.parametrize("damaged", ["pictures/0012.png", "scores.csv", "validation.txt", "field.json"])
    @pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
    def test_a_damaged_member_is_refused_in_words(self, picture_zip, damaged, method):
        write_whole(picture_zip, method)
        random = np.random.default_rng(0)
        with zipfile.ZipFile(picture_zip) as packed:
            member = packed.getinfo(damaged)
        whole = picture_zip.read_bytes()
        first = member.header_offset + 30 + len(damaged)
        for _ in range(5):
            content = bytearray(whole)
            for place in first + random.integers(member.compress_size, size=3):
                content[place] ^= int(random.integers(1, 256))
            picture_zip.write_bytes(content)
            with pytest.raises((CatalogueError, ImageError), match=r"galaxies\.zip.*"):
                read_all(picture_zip)

    def test_an_encrypted_table_is_refused_in_words(self, picture_zip):
        write_whole(picture_zip, zipfile.ZIP_DEFLATED)
        content = bytearray(picture_zip.read_bytes())
        for start, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            for match in re.finditer(re.escape(start), bytes(content)):
                content[match.start() + flags] |= 1
        picture_zip.write_bytes(content)
        with pytest.raises(CatalogueError, match=r"cannot be read .*encrypted"):
            open_catalogue(picture_zip)
        with pytest.raises(CatalogueError, match=r"validation\.txt of .* cannot be read .*encrypted"):
            read_validation(picture_zip)

    @pytest.mark.parametrize("name", ["scores.csv", "field.json", "validation.txt"])
    def test_a_file_that_stands_in_two_folders_of_it_is_refused(self, picture_zip, name):
        write_whole(picture_zip, zipfile.ZIP_DEFLATED)
        with zipfile.ZipFile(picture_zip, "a") as packed:
            packed.writestr(f"more/{name}", "")
        with pytest.raises(CatalogueError, match=rf"holds {name} twice, as {name} and more/{name}"):
            read_all(picture_zip)

    @pytest.mark.parametrize(
        "table",
        ["training_solutions_rev1.csv", "training_solutions_partial.csv", "gz2_filename_mapping.csv",
         "gz2_hart16.csv", "gz2_hart16.csv.gz"],
    )  # fmt: skip
    def test_of_a_layout_that_is_a_folder_is_refused_rather_than_shown_without_votes(self, picture_zip, table):
        with zipfile.ZipFile(picture_zip, "a") as packed:
            packed.writestr(f"zoo/{table}", "")
        with pytest.raises(CatalogueError, match=rf"holds zoo/{table}, .*: unpack it and name the folder"):
            open_catalogue(picture_zip)
        with zipfile.ZipFile(picture_zip, "a") as packed:
            packed.writestr("zoo/scores.csv", SCORES)
        assert len(open_catalogue(picture_zip)) == 4

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
        ("folder", "beside"),
        [("images_training_rev1", ""), ("images_test_rev1", ""), ("images", "gz2_filename_mapping.csv"),
         ("images_gz2/images", "gz2_filename_mapping.csv")],
    )  # fmt: skip
    def test_of_one_picture_is_that_of_its_catalogue(self, tmp_path, folder, beside):
        for place in ("images_training_rev1", folder):
            (tmp_path / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / (beside or "training_solutions_rev1.csv")).write_text("broken")
        (tmp_path / "field.json").write_text(json.dumps({"centre": 288, "of": 424}))
        assert field_of(tmp_path / folder) == 288 / 424

    def test_of_a_folder_with_any_other_name_is_its_own(self, tmp_path):
        (tmp_path / "images").mkdir()
        (tmp_path / "field.json").write_text(json.dumps({"centre": 288, "of": 424}))
        assert (field_of(tmp_path), field_of(tmp_path / "images")) == (288 / 424, 1.0)
        (tmp_path / "images" / "field.json").write_text(json.dumps({"centre": 106, "of": 424}))
        assert field_of(tmp_path / "images") == 0.25

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
