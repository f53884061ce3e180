"""Tests of `python -m galaxy_explorer pack`, and of training and measuring on what it makes."""

import json
import os
import shutil
import signal
import sys
import zipfile

import numpy as np
import pytest
from tiny_prediction import write_tiny_weights

from galaxy_explorer.catalogue import CatalogueError, open_catalogue, read_ids, read_validation_ids
from galaxy_explorer.cli import main
from galaxy_explorer.commands import pack as module
from galaxy_explorer.images import central_field
from galaxy_explorer.training import cli


@pytest.fixture
def pack(kaggle_folder, tmp_path):
    """Pack the galaxies of the challenge's layout at 96 pixels; return the exit status."""

    def pack(*more, data=kaggle_folder, output=tmp_path / "small.zip"):
        return main(["pack", str(data), "--output", str(output), "--size", "96", *map(str, more)])

    return pack


def test_a_pack_holds_the_same_galaxies_with_their_scores(pack, kaggle_folder, tmp_path, capsys):
    assert pack() == 0
    before, after = open_catalogue(kaggle_folder), open_catalogue(tmp_path / "small.zip")
    assert capsys.readouterr().out.startswith(f"{len(before)} galaxies are in {tmp_path / 'small.zip'}, ")
    assert after.ids == before.ids
    np.testing.assert_array_equal(after.volunteer_fractions, before.volunteer_fractions)
    assert read_validation_ids(tmp_path / "small.zip") == read_ids(kaggle_folder / "validation.txt")


def test_its_pictures_show_the_same_sky(pack, kaggle_folder, tmp_path):
    pack()
    before, after = open_catalogue(kaggle_folder), open_catalogue(tmp_path / "small.zip")
    assert after.field_of_view == pytest.approx(288 / 424)
    for galaxy_id in before.ids[:3]:
        assert after.picture(galaxy_id).shape == (96, 96, 3)
        full, small = (
            central_field(galaxies.picture(galaxy_id), 0.5, 48, field=galaxies.field_of_view).astype(float)
            for galaxies in (before, after)
        )
        assert np.sqrt(((full - small) ** 2).mean()) < 4.0  # grey levels of 255: what WebP costs


def test_a_pack_can_be_packed_again_but_not_widened(pack, tmp_path, capsys):
    pack()
    assert pack("--crop", "0.5", data=tmp_path / "small.zip", output=tmp_path / "smaller.zip") == 0
    assert open_catalogue(tmp_path / "smaller.zip").field_of_view == pytest.approx(0.5)
    assert pack("--crop", "0.9", data=tmp_path / "small.zip", output=tmp_path / "wider.zip") == 2
    assert "show 0.679 of the field of view and --crop 0.9" in capsys.readouterr().err
    assert not (tmp_path / "wider.zip").exists()


def test_a_pack_is_not_packed_into_itself(pack, tmp_path, capsys):
    pack()
    before = (tmp_path / "small.zip").read_bytes()
    assert pack("--crop", "0.5", data=tmp_path / "small.zip") == 2
    assert "small.zip is an input of this command" in capsys.readouterr().err
    assert (tmp_path / "small.zip").read_bytes() == before


def test_only_the_galaxies_asked_for(pack, kaggle_folder, tmp_path):
    (tmp_path / "ids.txt").write_text("200003\n200009\n200003\n", encoding="utf-8")
    assert pack("--ids", tmp_path / "ids.txt") == 0
    assert open_catalogue(tmp_path / "small.zip").ids == ["200003", "200009"]
    assert read_validation_ids(tmp_path / "small.zip") == ["200003"]


def test_pictures_without_scores(pack, picture_folder, tmp_path):
    assert pack(data=picture_folder) == 0
    with zipfile.ZipFile(tmp_path / "small.zip") as packed:
        assert not {"scores.csv", "validation.txt"} & set(packed.namelist())
    assert open_catalogue(tmp_path / "small.zip").ids == open_catalogue(picture_folder).ids


def test_a_folder_that_goes_away_ends_the_work_and_leaves_no_zip(pack, kaggle_folder, tmp_path, monkeypatch, capsys):
    small = module._compress

    def away(*given):
        if kaggle_folder.exists():
            kaggle_folder.rename(tmp_path / "away")
        return small(*given)

    monkeypatch.setattr(module, "_compress", away)
    assert pack("--workers", "1") == 2
    assert "is missing; restore it" in capsys.readouterr().err
    assert not (tmp_path / "small.zip").exists()


def test_a_picture_that_cannot_be_read_fails_alone(pack, kaggle_folder, tmp_path, capsys):
    (kaggle_folder / "images_training_rev1" / "200005.jpg").write_bytes(b"no picture")
    assert pack() == 1
    assert "galaxy 200005 failed: " in capsys.readouterr().err
    assert "200005" not in open_catalogue(tmp_path / "small.zip")


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--crop", "0"), "--crop 0 and --quality 90 were given"),
        (("--quality", "101"), "the quality from 1 to 100"),
        (("--output", "small.tar"), "--output small.tar is not a zip file"),
        (("--size", "15"), "--size 15 was given; images must have 16 to 2,048 pixels a side"),
        (("--size", "100000"), "--size 100000 was given; images must have 16 to 2,048 pixels a side"),
    ],
)
def test_settings_that_cannot_be_met(pack, flags, sentence, tmp_path, capsys):
    assert pack(*flags) == 2
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.glob("*small*")) + list(tmp_path.glob(".small*")) == []


def test_the_smallest_images_of_a_pack_can_be_predicted(pack, tmp_path):
    assert pack("--size", "16") == 0
    command = ["predict", str(tmp_path / "small.zip"), "--output", str(tmp_path / "scores.csv")]
    assert main([*command, "--weights", write_tiny_weights(tmp_path), "--views", "1"]) == 0


def test_a_second_run_on_one_output_is_refused(pack, monkeypatch, kaggle_folder, tmp_path, capsys):
    second, small = [], module._compress

    def and_meanwhile_another(*given):
        if not second:
            second.append(None)
            second.append(pack("--quality", "80"))
        return small(*given)

    monkeypatch.setattr(module, "_compress", and_meanwhile_another)
    assert pack("--workers", "1") == 0
    assert second == [None, 2]
    assert f"another run is writing {tmp_path / 'small.zip'}; wait for its end" in capsys.readouterr().err
    with zipfile.ZipFile(tmp_path / "small.zip") as packed:
        assert packed.testzip() is None
    assert open_catalogue(tmp_path / "small.zip").ids == open_catalogue(kaggle_folder).ids
    assert list(tmp_path.glob(".small*")) == []


def test_an_output_that_is_a_link_is_written_where_it_leads_to(pack, kaggle_folder, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "small.zip").symlink_to(tmp_path / "disk" / "real.zip")
    assert pack() == 0
    assert (tmp_path / "small.zip").is_symlink()
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["real.zip"]
    assert open_catalogue(tmp_path / "disk" / "real.zip").ids == open_catalogue(kaggle_folder).ids


def test_what_the_disk_refuses_is_reported_with_its_reason(pack, tmp_path, capsys):
    (tmp_path / ".small.zip.part").mkdir()
    assert pack() == 2
    captured = capsys.readouterr().err
    assert f"small.zip cannot be written (Is a directory); check {tmp_path / '.small.zip.part'}, then give" in captured
    assert "make room" not in captured


def test_a_folder_that_does_not_exist_is_reported(pack, tmp_path, capsys):
    assert pack(output=tmp_path / "none" / "small.zip") == 2
    assert f"there is no folder {tmp_path / 'none'} to write into" in capsys.readouterr().err


def test_text_instead_of_a_number_is_reported(pack, capsys):
    with pytest.raises(SystemExit):
        pack("--workers", "abc")
    assert "--workers: 'abc' is not a whole number" in capsys.readouterr().err


def test_a_damaged_zip_is_refused(pack, tmp_path, capsys):
    assert pack() == 0
    with zipfile.ZipFile(tmp_path / "small.zip") as packed:
        member = packed.getinfo("scores.csv")
    content = bytearray((tmp_path / "small.zip").read_bytes())
    for place in range(member.header_offset + 40, member.header_offset + 60):
        content[place] ^= 0xFF
    (tmp_path / "small.zip").write_bytes(content)
    for command in (["pack"], ["evaluate", "--json"], ["predict"]):
        output = [] if command[0] == "evaluate" else ["--output", str(tmp_path / "made.zip")]
        output = ["--output", str(tmp_path / "made.csv")] if command[0] == "predict" else output
        assert main([*command, str(tmp_path / "small.zip"), *output]) == 2
        assert "small.zip cannot be read (Error" in capsys.readouterr().err


class TestAnInterruption:
    @pytest.fixture
    def interrupted(self, pack, monkeypatch, capsys):
        """Pack four galaxies, and be interrupted."""
        packed, small = [], module._compress

        def until_the_fifth(*given):
            if len(packed) == 4:
                raise KeyboardInterrupt
            packed.append(given[-1])
            return small(*given)

        with monkeypatch.context() as patch:
            patch.setattr(module, "_compress", until_the_fifth)
            patch.setattr(module, "BATCH_SIZE", 2)
            assert pack("--workers", "1") == 130
        assert "run the same command again" in capsys.readouterr().err
        return packed

    @pytest.fixture
    def made(self, monkeypatch):
        """Note which galaxies are made from here on."""
        made, small = [], module._compress
        monkeypatch.setattr(module, "_compress", lambda *given: made.append(given[-1]) or small(*given))
        return made

    def test_is_resumed(self, interrupted, made, pack, kaggle_folder, tmp_path):
        assert not (tmp_path / "small.zip").exists()
        assert pack() == 0
        everybody = open_catalogue(kaggle_folder).ids
        assert sorted(interrupted + made) == everybody == open_catalogue(tmp_path / "small.zip").ids
        assert list(tmp_path.glob(".*.part")) == []

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process at once by this signal")
    def test_by_the_signal_of_a_batch_system_is_one_too(self, made, pack, kaggle_folder, tmp_path, monkeypatch):
        small = module._compress
        with monkeypatch.context() as patch:
            patch.setattr(module, "BATCH_SIZE", 2)
            patch.setattr(
                module,
                "_compress",
                lambda *given: (len(made) == 4 and os.kill(os.getpid(), signal.SIGTERM)) or small(*given),
            )
            assert pack("--workers", "1") == 130
        before = set(made)
        assert pack() == 0
        assert len(made) < len(before) + len(open_catalogue(kaggle_folder))  # some were kept
        assert open_catalogue(tmp_path / "small.zip").ids == open_catalogue(kaggle_folder).ids

    @pytest.mark.parametrize("what", ["other settings", "a killed process"])
    def test_starts_again_if_the_file_is_of_no_use(self, interrupted, made, what, pack, kaggle_folder, tmp_path):
        if what == "a killed process":
            (tmp_path / ".small.zip.part").write_bytes(b"PK\x03\x04 without a list of members")
        assert pack(*(["--quality", "80"] if what == "other settings" else [])) == 0
        assert sorted(made) == open_catalogue(kaggle_folder).ids == open_catalogue(tmp_path / "small.zip").ids


def test_evaluate_measures_on_the_validation_galaxies_of_a_pack(pack, tmp_path, capsys):
    pack()
    capsys.readouterr()
    weights = write_tiny_weights(tmp_path)
    assert main(["evaluate", str(tmp_path / "small.zip"), "--weights", str(weights), "--views", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["galaxies"] == 3


def test_training_on_a_pack_never_sees_them(pack, kaggle_folder, tmp_path):
    pack()
    flags = cli.read_flags(["--data", str(tmp_path / "small.zip")])
    assert cli.read_excluded_ids(flags, open_catalogue(flags.data)) == read_ids(kaggle_folder / "validation.txt")


class TestValidationIds:
    def test_of_a_folder_without_a_list(self, picture_folder):
        assert read_validation_ids(picture_folder) == []

    def test_of_a_zip_of_a_folder(self, kaggle_folder, tmp_path):
        shutil.make_archive(str(tmp_path / "packed"), "zip", kaggle_folder.parent, kaggle_folder.name)
        assert read_validation_ids(tmp_path / "packed.zip") == ["200001", "200002", "200003"]

    def test_a_list_that_is_empty(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "packed.zip", "w") as packed:
            packed.writestr("validation.txt", "\n")
        with pytest.raises(CatalogueError, match=r"packed\.zip: validation\.txt is empty: write one id per line"):
            read_validation_ids(tmp_path / "packed.zip")


def test_a_picture_that_was_being_written_at_the_interruption_is_written_again(pack, tmp_path, monkeypatch):
    really, times = module.zipfile._ZipWriteFile.write, []

    def interrupted(member, content):
        times.append(content)
        if len(times) == 2:
            raise KeyboardInterrupt
        return really(member, content)

    monkeypatch.setattr(module.zipfile._ZipWriteFile, "write", interrupted)
    assert pack() == 130
    monkeypatch.undo()
    assert pack() == 0
    packed = open_catalogue(tmp_path / "small.zip")
    assert all(packed.picture(galaxy_id).shape == (96, 96, 3) for galaxy_id in packed.ids)
