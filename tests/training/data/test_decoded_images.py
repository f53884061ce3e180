"""Disk cache of decoded pictures."""

import os
import shutil
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_training import TINY

from galaxy_explorer.catalogue import open_catalogue, read_ids
from galaxy_explorer.images import central_field
from galaxy_explorer.training import Recipe, TrainingError, build_training_set
from galaxy_explorer.training.data import decoded_images
from galaxy_explorer.training.data.augmentation import crop_centre
from galaxy_explorer.training.data.decoded_images import decode

pytestmark = pytest.mark.usefixtures("one_thread")


def test_the_array_is_memory_mapped(sample, tmp_path):
    decoded = decode(sample, TINY, tmp_path, quiet=True)
    assert isinstance(decoded.array, np.memmap)
    assert decoded.array.dtype == np.uint8
    assert decoded.array.shape == (len(sample), 40, 40, 3)
    assert decoded.failures == {}


@pytest.mark.parametrize(("size", "crop"), [(32, 0.5), (64, 0.5), (45, 0.6), (64, 0.95)])
def test_training_and_prediction_use_the_same_field_of_view(sample, tmp_path, size, crop):
    decoded = decode(sample, Recipe(size=size, crop=crop), tmp_path, quiet=True)
    inputs = 255 * crop_centre(torch.from_numpy(np.array(decoded.array)), size)
    for galaxy, ours in zip(sample.ids, inputs, strict=True):
        theirs = central_field(sample.picture(galaxy), crop, size).transpose(2, 0, 1)
        difference = np.abs(ours.numpy() - theirs)[:, 2:-2, 2:-2]  # at the edge of a whole picture the filters differ
        assert difference.max() <= 1


def test_a_second_run_hits_the_cache(kaggle_folder, tmp_path, monkeypatch):
    first = decode(open_catalogue(kaggle_folder), TINY, tmp_path / "cache", quiet=True)
    monkeypatch.setattr(decoded_images, "central_field", lambda *_, **__: pytest.fail("decoded again"))
    again = decode(open_catalogue(kaggle_folder), TINY, tmp_path / "cache", quiet=True)
    assert np.array_equal(first.array, again.array)


def test_a_changed_picture_is_decoded_again(kaggle_folder, tmp_path):
    before = decode(open_catalogue(kaggle_folder), TINY, tmp_path / "cache", quiet=True)
    folder = kaggle_folder / "images_training_rev1"
    shutil.copyfile(folder / "200002.jpg", folder / "200001.jpg")
    after = decode(open_catalogue(kaggle_folder), TINY, tmp_path / "cache", quiet=True)
    assert not np.array_equal(before.array[0], after.array[0])
    assert np.array_equal(after.array[0], after.array[1])
    assert np.array_equal(before.array[1:], after.array[1:])


def test_an_unreadable_picture_is_cached_with_its_reason(kaggle_folder, tmp_path, monkeypatch):
    (kaggle_folder / "images_training_rev1" / "200001.jpg").write_bytes(b"")
    first = decode(open_catalogue(kaggle_folder), TINY, tmp_path / "cache", quiet=True)
    monkeypatch.setattr(decoded_images, "central_field", lambda *_, **__: pytest.fail("decoded again"))
    again = decode(open_catalogue(kaggle_folder), TINY, tmp_path / "cache", quiet=True)
    assert again.failures == first.failures
    assert len(first.failures) == 1


def test_another_scale_is_another_entry_of_the_cache(sample, tmp_path):
    small, wide = (decode(sample, recipe, tmp_path, quiet=True) for recipe in (TINY, replace(TINY, crop=0.9)))
    assert not np.array_equal(small.array, wide.array)


def test_the_cache_evicts_the_least_recently_used(sample, tmp_path, monkeypatch):
    monkeypatch.setattr(decoded_images, "MAX_ARRAYS", 2)

    def sides():
        return {np.load(path, mmap_mode="r").shape[1]: path for path in tmp_path.glob("decoded-*.npy")}

    for moment, size in [(1, 32), (2, 40)]:
        recipe = replace(TINY, size=size)
        decode(sample, recipe, tmp_path, quiet=True)
        os.utime(sides()[recipe.margin_size], (moment, moment))
    decode(sample, TINY, tmp_path, quiet=True)  # 32 pixels again, so that 40 is the least recently used
    decode(sample, replace(TINY, size=48), tmp_path, quiet=True)
    assert sides().keys() == {40, 60}
    assert len(list(tmp_path.iterdir())) == 4  # each with its notes


def test_temporary_files_of_a_killed_run_are_deleted_after_a_day(sample, tmp_path):
    old, fresh = tmp_path / ".decoded-a.npy.1.1", tmp_path / ".decoded-a.npy.2.1"
    old.touch()
    fresh.touch()
    os.utime(old, (time.time() - 90_000,) * 2)
    decode(sample, TINY, tmp_path, quiet=True)
    assert not old.exists()
    assert fresh.exists()


def test_an_interruption_leaves_no_file(sample, tmp_path, monkeypatch):
    monkeypatch.setattr(decoded_images, "central_field", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        decode(sample, TINY, tmp_path, quiet=True)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_reported_before_anything_is_written(sample, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 100))
    with pytest.raises(TrainingError, match=r"need 0 MB and .* has 0 MB free; .* --cache"):
        decode(sample, TINY, tmp_path, quiet=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("form", "side", "statistic"),
    [("png", 288, np.max), ("png", 160, np.mean), ("webp", 160, np.mean)],
    ids=["the pixels unaltered: at most", "resized to 160: on average", "resized and compressed: on average"],
)
def test_a_pack_has_the_inputs_of_the_originals_within_2_grey_levels(kaggle_folder, tmp_path, form, side, statistic):
    pack = tmp_path / "pack"
    pack.mkdir()
    for path in (kaggle_folder / "images_training_rev1").iterdir():
        middle = Image.open(path).crop((68, 68, 356, 356)).resize((side, side), Image.Resampling.LANCZOS)
        middle.save(pack / f"{path.stem}.{form}", quality=90)
    (pack / "field.json").write_text('{"centre": 288, "of": 424}')
    shutil.copyfile(kaggle_folder / "training_solutions_rev1.csv", pack / "scores.csv")
    excluded_ids = read_ids(kaggle_folder / "validation.txt")
    recipe = replace(TINY, size=64, partial=False)
    ours, theirs = (
        build_training_set(open_catalogue(folder), recipe, tmp_path / "cache", excluded_ids=excluded_ids, quiet=True)
        for folder in (kaggle_folder, pack)
    )
    assert np.array_equal(ours.training_rows, theirs.training_rows)
    inputs = [255 * crop_centre(torch.from_numpy(one.pictures[one.training_rows]), 64) for one in (ours, theirs)]
    assert statistic((inputs[0] - inputs[1]).abs().numpy()) <= 2
