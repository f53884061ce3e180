"""What is trained on: decoded pictures and their cache, the choice of galaxies, batches."""

import errno
import math
import os
import shutil
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_training import CPU, TINY

from galaxy_explorer.catalogue import Catalogue, open_catalogue, read_ids
from galaxy_explorer.images import central_field
from galaxy_explorer.training import Recipe, TrainingError, decode, gather
from galaxy_explorer.training.data import decoded_images
from galaxy_explorer.training.data.augmentation import centre
from galaxy_explorer.training.data.batches import read_batches

pytestmark = pytest.mark.usefixtures("one_thread")


class TestDecodedPictures:
    def test_are_a_mapped_file_of_bytes(self, sample, tmp_path):
        decoded = decode(sample, TINY, tmp_path, quiet=True)
        assert isinstance(decoded.array, np.memmap)
        assert decoded.array.dtype == np.uint8
        assert decoded.array.shape == (len(sample), 40, 40, 3)
        assert decoded.failures == {}

    @pytest.mark.parametrize(("size", "crop"), [(32, 0.5), (64, 0.5), (45, 0.6), (64, 0.95)])
    def test_training_and_prediction_see_the_same_field(self, sample, tmp_path, size, crop):
        decoded = decode(sample, Recipe(size=size, crop=crop), tmp_path, quiet=True)
        inputs = 255 * centre(torch.from_numpy(np.array(decoded.array)), size)
        for galaxy, ours in zip(sample.ids, inputs, strict=True):
            theirs = central_field(sample.picture(galaxy), crop, size).transpose(2, 0, 1)
            apart = np.abs(ours.numpy() - theirs)[:, 2:-2, 2:-2]  # at the edge of a whole picture the filters differ
            assert apart.max() <= 1

    def test_a_second_run_decodes_nothing(self, kaggle_folder, tmp_path, monkeypatch):
        first = decode(open_catalogue(kaggle_folder), TINY, tmp_path / "cache", quiet=True)
        monkeypatch.setattr(decoded_images, "central_field", lambda *_, **__: pytest.fail("decoded again"))
        again = decode(open_catalogue(kaggle_folder), TINY, tmp_path / "cache", quiet=True)
        assert np.array_equal(first.array, again.array)

    def test_a_changed_picture_is_decoded_again(self, kaggle_folder, tmp_path):
        before = decode(open_catalogue(kaggle_folder), TINY, tmp_path / "cache", quiet=True)
        folder = kaggle_folder / "images_training_rev1"
        shutil.copyfile(folder / "200002.jpg", folder / "200001.jpg")
        after = decode(open_catalogue(kaggle_folder), TINY, tmp_path / "cache", quiet=True)
        assert not np.array_equal(before.array[0], after.array[0])
        assert np.array_equal(after.array[0], after.array[1])
        assert np.array_equal(before.array[1:], after.array[1:])

    def test_a_disk_that_was_away_for_a_moment_costs_one_run_alone(self, kaggle_folder, tmp_path, monkeypatch):
        def gone(*_):
            raise OSError(errno.ESTALE, "Stale file handle")

        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(Catalogue, "picture", gone)
            first = decode(open_catalogue(kaggle_folder), TINY, tmp_path / "cache", quiet=True)
        assert len(first.failures) == len(open_catalogue(kaggle_folder))
        assert not decode(open_catalogue(kaggle_folder), TINY, tmp_path / "cache", quiet=True).failures

    def test_a_picture_that_fails_again_is_not_decoded_again(self, kaggle_folder, tmp_path, monkeypatch):
        (kaggle_folder / "images_training_rev1" / "200001.jpg").write_bytes(b"")
        first = decode(open_catalogue(kaggle_folder), TINY, tmp_path / "cache", quiet=True)
        monkeypatch.setattr(decoded_images, "_write", lambda *_: pytest.fail("decoded again"))
        again = decode(open_catalogue(kaggle_folder), TINY, tmp_path / "cache", quiet=True)
        assert again.failures == first.failures
        assert len(first.failures) == 1

    def test_another_scale_is_decoded_anew(self, sample, tmp_path):
        small, wide = (decode(sample, recipe, tmp_path, quiet=True) for recipe in (TINY, replace(TINY, crop=0.9)))
        assert not np.array_equal(small.array, wide.array)

    def test_the_cache_keeps_the_latest_used(self, sample, tmp_path, monkeypatch):
        monkeypatch.setattr(decoded_images, "KEPT", 2)

        def sides():
            return {np.load(path, mmap_mode="r").shape[1]: path for path in tmp_path.glob("decoded-*.npy")}

        for moment, size in [(1, 32), (2, 40)]:
            recipe = replace(TINY, size=size)
            decode(sample, recipe, tmp_path, quiet=True)
            os.utime(sides()[recipe.margin_size], (moment, moment))
        decode(sample, TINY, tmp_path, quiet=True)  # 32 pixels again, so that 40 were used longest ago
        decode(sample, replace(TINY, size=48), tmp_path, quiet=True)
        assert sides().keys() == {40, 60}
        assert len(list(tmp_path.iterdir())) == 4  # each with its notes

    def test_what_a_kill_left_half_written_goes_after_a_day(self, sample, tmp_path):
        old, fresh = tmp_path / ".decoded-a.npy.1.1", tmp_path / ".decoded-a.npy.2.1"
        old.touch()
        fresh.touch()
        os.utime(old, (time.time() - 90_000,) * 2)
        decode(sample, TINY, tmp_path, quiet=True)
        assert not old.exists()
        assert fresh.exists()

    def test_an_interruption_leaves_nothing(self, sample, tmp_path, monkeypatch):
        monkeypatch.setattr(decoded_images, "central_field", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            decode(sample, TINY, tmp_path, quiet=True)
        assert list(tmp_path.iterdir()) == []

    def test_a_full_disk_is_told_before_anything_is_written(self, sample, tmp_path, monkeypatch):
        monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 100))
        with pytest.raises(TrainingError, match=r"take 0 MB and .* has 0 MB left; make room, or .* --cache"):
            decode(sample, TINY, tmp_path, quiet=True)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system cannot take a file's room beforehand")
    def test_a_disk_that_another_fills_meanwhile_is_told_too(self, sample, tmp_path, monkeypatch):
        def full(*_):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "posix_fallocate", full)
        with pytest.raises(TrainingError, match=r"has no room for the decoded pictures, 0 MB \(No space left"):
            decode(sample, TINY, tmp_path, quiet=True)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("form", "side", "statistic"),
        [("png", 288, np.max), ("png", 160, np.mean), ("webp", 160, np.mean)],
        ids=["the pixels unaltered: at most", "resized to 160: on average", "resized and compressed: on average"],
    )
    def test_a_pack_gives_the_inputs_of_the_originals_within_2_grey_levels(
        self, kaggle_folder, tmp_path, form, side, statistic
    ):
        pack = tmp_path / "pack"
        pack.mkdir()
        for path in (kaggle_folder / "images_training_rev1").iterdir():
            middle = Image.open(path).crop((68, 68, 356, 356)).resize((side, side), Image.Resampling.LANCZOS)
            middle.save(pack / f"{path.stem}.{form}", quality=90)
        (pack / "field.json").write_text('{"centre": 288, "of": 424}')
        shutil.copyfile(kaggle_folder / "training_solutions_rev1.csv", pack / "scores.csv")
        never = read_ids(kaggle_folder / "validation.txt")
        recipe = replace(TINY, size=64, partial=False)
        ours, theirs = (
            gather(open_catalogue(folder), recipe, tmp_path / "cache", never=never, quiet=True)
            for folder in (kaggle_folder, pack)
        )
        assert np.array_equal(ours.training_rows, theirs.training_rows)
        inputs = [255 * centre(torch.from_numpy(found.pictures[found.training_rows]), 64) for found in (ours, theirs)]
        assert statistic((inputs[0] - inputs[1]).abs().numpy()) <= 2


class TestGather:
    def test_the_validation_galaxies_are_not_even_decoded(self, kaggle_folder, tmp_path):
        catalogue, never = open_catalogue(kaggle_folder), read_ids(kaggle_folder / "validation.txt")
        found = gather(catalogue, TINY, tmp_path / "cache", never=never, quiet=True)
        others = [galaxy for galaxy in catalogue.ids if galaxy not in never and galaxy.startswith("2")]
        assert len(found.pictures) == len(others) == 11
        for row, galaxy in enumerate(others):
            expected = central_field(catalogue.picture(galaxy), TINY.margin_crop, TINY.margin_size)
            assert np.array_equal(found.pictures[row], expected)

    def test_the_hold_out_is_seeded_complete_and_not_trained_on(self, kaggle_folder, tmp_path):
        def held_out(seed):
            recipe = replace(TINY, hold_out_seed=seed)
            found = gather(open_catalogue(kaggle_folder), recipe, tmp_path / "cache", never=["200001"], quiet=True)
            assert not set(found.training_rows) & set(found.hold_out_rows)
            assert len(found.training_rows) + len(found.hold_out_rows) == 13
            assert np.isfinite(found.volunteer_fractions[found.hold_out_rows]).all()
            return tuple(found.hold_out_rows)

        assert held_out(0) == held_out(0)
        assert len({held_out(seed) for seed in range(5)}) > 1

    def test_galaxies_with_some_scores_unknown_are_trained_on_unless_told_otherwise(self, kaggle_folder, tmp_path):
        catalogue, cache = open_catalogue(kaggle_folder), tmp_path / "cache"
        both, complete = (
            gather(catalogue, replace(TINY, partial=partial), cache, quiet=True) for partial in (True, False)
        )
        assert set(both.training_rows) - set(complete.training_rows) == {12, 13}
        assert np.isfinite(complete.volunteer_fractions[complete.training_rows]).all()
        assert np.array_equal(both.hold_out_rows, complete.hold_out_rows)

    def test_a_damaged_picture_costs_that_galaxy_and_is_named(self, kaggle_folder, tmp_path):
        path = kaggle_folder / "images_training_rev1" / "200005.jpg"
        path.write_bytes(path.read_bytes()[:2000])
        found = gather(open_catalogue(kaggle_folder), TINY, tmp_path / "cache", quiet=True)
        assert list(found.failures) == ["200005"]
        assert "cannot be read" in found.failures["200005"]
        used = {*found.training_rows, *found.hold_out_rows}
        assert used == set(range(14)) - {4}
        assert len(found.training_rows) == 10

    def test_too_few_galaxies_are_counted_out(self, kaggle_folder, tmp_path):
        catalogue = open_catalogue(kaggle_folder)
        with pytest.raises(TrainingError, match=r"leaves 4 galaxies to train on \(12 with all 37 scores, 10 held out"):
            gather(catalogue, replace(TINY, hold_out=10, batch_size=8), tmp_path, quiet=True)
        with pytest.raises(TrainingError, match="has 0 galaxies with scores"):
            gather(catalogue, TINY, tmp_path, never=catalogue.ids, quiet=True)

    def test_mean_and_deviation_are_those_of_the_training_galaxies(self, kaggle_folder, tmp_path):
        found = gather(open_catalogue(kaggle_folder), TINY, tmp_path, quiet=True)
        inputs = centre(torch.from_numpy(found.pictures[found.training_rows]), TINY.size).double()
        assert found.mean == pytest.approx(inputs.mean(dim=(0, 2, 3)).tolist(), abs=1e-4)
        assert found.std == pytest.approx(inputs.std(dim=(0, 2, 3)).tolist(), abs=1e-3)

    def test_the_training_mean_is_that_of_the_known_scores(self, galaxies):
        galaxies.volunteer_fractions[:9, 36] = np.nan
        mean = galaxies.training_mean()
        assert mean[0] == pytest.approx(galaxies.volunteer_fractions[:9, 0].mean(), abs=1e-5)
        assert mean[20] == pytest.approx(galaxies.volunteer_fractions[:8, 20].mean(), abs=1e-5)
        assert math.isnan(mean[36])


class TestBatches:
    def test_bring_each_galaxy_once_with_its_own_scores(self, galaxies):
        rows = np.array([3, 11, 0, 7, 5, 1, 8])
        seen = []
        for images, volunteers, weights, mark in read_batches(
            galaxies, rows, 3, CPU.device, lambda count: (torch.full((count,), 7),)
        ):
            assert len(images) == len(mark) == weights.sum() <= 3
            for image, scores in zip(images.numpy(), volunteers.numpy(), strict=True):
                (row,) = (i for i in range(12) if np.array_equal(galaxies.pictures[i], image))
                assert np.array_equal(galaxies.volunteer_fractions[row], scores, equal_nan=True)
                seen.append(row)
        assert [set(seen[:3]), set(seen[3:6]), set(seen[6:])] == [{3, 11, 0}, {7, 5, 1}, {8}]

    def test_are_read_ahead_of_their_use(self, galaxies):
        read = []
        batches = read_batches(galaxies, np.arange(10), 1, CPU.device, lambda count: read.append(count) or ())
        next(batches)
        patience = time.monotonic() + 30
        while len(read) < 4 and time.monotonic() < patience:
            time.sleep(0.001)
        assert len(read) == 4  # the one in use and three more, not the whole catalogue
        batches.close()

    def test_an_error_in_reading_reaches_the_caller(self, galaxies):
        def draw(count):
            raise OSError("the disk has gone")

        with pytest.raises(OSError, match="the disk has gone"):
            list(read_batches(galaxies, np.arange(5), 2, CPU.device, draw))
