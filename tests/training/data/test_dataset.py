"""Training set: choice of galaxies, hold-out, statistics."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_training import TINY

from galaxy_explorer.catalogue import open_catalogue, read_ids
from galaxy_explorer.images import central_field
from galaxy_explorer.training import TrainingError, build_training_set
from galaxy_explorer.training.data.augmentation import crop_centre

pytestmark = pytest.mark.usefixtures("one_thread")


def test_excluded_galaxies_are_not_even_decoded(kaggle_folder, tmp_path):
    catalogue, excluded_ids = open_catalogue(kaggle_folder), read_ids(kaggle_folder / "validation.txt")
    galaxies = build_training_set(catalogue, TINY, tmp_path / "cache", excluded_ids=excluded_ids, quiet=True)
    others = [galaxy for galaxy in catalogue.ids if galaxy not in excluded_ids and galaxy.startswith("2")]
    assert len(galaxies.pictures) == len(others) == 11
    for row, galaxy in enumerate(others):
        expected = central_field(catalogue.picture(galaxy), TINY.margin_crop, TINY.margin_size)
        assert np.array_equal(galaxies.pictures[row], expected)


def test_the_hold_out_is_seeded_fully_scored_and_not_trained_on(kaggle_folder, tmp_path):
    def hold_out(seed):
        recipe, cache = replace(TINY, hold_out_seed=seed), tmp_path / "cache"
        catalogue = open_catalogue(kaggle_folder)
        galaxies = build_training_set(catalogue, recipe, cache, excluded_ids=["200001"], quiet=True)
        assert not set(galaxies.training_rows) & set(galaxies.hold_out_rows)
        assert len(galaxies.training_rows) + len(galaxies.hold_out_rows) == 13
        assert np.isfinite(galaxies.volunteer_fractions[galaxies.hold_out_rows]).all()
        return tuple(galaxies.hold_out_rows)

    assert hold_out(0) == hold_out(0)
    assert len({hold_out(seed) for seed in range(5)}) > 1


def test_partly_scored_galaxies_are_trained_on_by_default(kaggle_folder, tmp_path):
    catalogue, cache = open_catalogue(kaggle_folder), tmp_path / "cache"
    both, complete = (
        build_training_set(catalogue, replace(TINY, partial=partial), cache, quiet=True) for partial in (True, False)
    )
    assert set(both.training_rows) - set(complete.training_rows) == {12, 13}
    assert np.isfinite(complete.volunteer_fractions[complete.training_rows]).all()
    assert np.array_equal(both.hold_out_rows, complete.hold_out_rows)


def test_an_unreadable_picture_is_skipped_and_listed(kaggle_folder, tmp_path):
    path = kaggle_folder / "images_training_rev1" / "200005.jpg"
    path.write_bytes(path.read_bytes()[:2000])
    galaxies = build_training_set(open_catalogue(kaggle_folder), TINY, tmp_path / "cache", quiet=True)
    assert list(galaxies.failures) == ["200005"]
    assert "cannot be read" in galaxies.failures["200005"]
    used = {*galaxies.training_rows, *galaxies.hold_out_rows}
    assert used == set(range(14)) - {4}
    assert len(galaxies.training_rows) == 10


def test_too_few_galaxies_are_counted_in_the_error(kaggle_folder, tmp_path):
    catalogue = open_catalogue(kaggle_folder)
    with pytest.raises(TrainingError, match=r"4 galaxies to train on \(12 with all 37 scores, 10 in the hold-out"):
        build_training_set(catalogue, replace(TINY, hold_out=10, batch_size=8), tmp_path, quiet=True)
    with pytest.raises(TrainingError, match="has 0 galaxies with scores"):
        build_training_set(catalogue, TINY, tmp_path, excluded_ids=catalogue.ids, quiet=True)


def test_mean_and_deviation_are_those_of_the_training_galaxies(kaggle_folder, tmp_path):
    galaxies = build_training_set(open_catalogue(kaggle_folder), TINY, tmp_path, quiet=True)
    inputs = crop_centre(torch.from_numpy(galaxies.pictures[galaxies.training_rows]), TINY.size).double()
    assert galaxies.mean == pytest.approx(inputs.mean(dim=(0, 2, 3)).tolist(), abs=1e-4)
    assert galaxies.std == pytest.approx(inputs.std(dim=(0, 2, 3)).tolist(), abs=1e-3)


def test_the_training_mean_is_that_of_the_known_scores(galaxies):
    galaxies.volunteer_fractions[:9, 36] = np.nan
    mean = galaxies.training_mean()
    assert mean[0] == pytest.approx(galaxies.volunteer_fractions[:9, 0].mean(), abs=1e-5)
    assert mean[20] == pytest.approx(galaxies.volunteer_fractions[:8, 20].mean(), abs=1e-5)
    assert math.isnan(mean[36])
