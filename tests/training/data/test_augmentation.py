"""Augmentation: geometry, ranges, and seeds."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_training import generator

from galaxy_explorer.training import Recipe
from galaxy_explorer.training.data.augmentation import augment, crop_centre, draw_augmentation
from galaxy_explorer.training.data.batches import no_augmentation

STILL = Recipe(size=32, rotation=0.0, flips=False, zoom=1.0, shift=0.0, colour=0.0)
WIDE = Recipe(size=64, rotation=20.0, zoom=1.5, shift=0.1, colour=0.2)

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def batch(draw_galaxy):
    side = STILL.margin_size
    return torch.from_numpy(np.stack([draw_galaxy(seed, side, side) for seed in range(3)]))


@pytest.mark.parametrize("size", [32, 33, 44, 63])
def test_without_augmentation_the_input_is_the_centre(draw_galaxy, size):
    recipe = replace(STILL, size=size)
    batch = torch.from_numpy(draw_galaxy(1, recipe.margin_size, recipe.margin_size)[np.newaxis])
    for drawn in (draw_augmentation(1, recipe, generator()), no_augmentation(1)):
        inputs = augment(batch, *drawn, size)
        assert inputs.shape == (1, 3, size, size)
        torch.testing.assert_close(inputs, crop_centre(batch, size), atol=1e-5, rtol=0)


def test_a_rotation_by_90_degrees_is_rot90_and_a_flip_is_flip(batch):
    plain, factors = crop_centre(batch, 32), torch.ones(3, 3)
    for matrix, expected in [
        ([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]], torch.rot90(plain, 1, (2, 3))),
        ([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]], torch.rot90(plain, 3, (2, 3))),
        ([[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]], torch.rot90(plain, 2, (2, 3))),
        ([[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], plain.flip(3)),
    ]:
        torch.testing.assert_close(augment(batch, torch.tensor([matrix] * 3), factors, 32), expected, atol=1e-5, rtol=0)


def test_a_shift_moves_the_picture_by_that_fraction_of_the_side(batch):
    matrices = torch.tensor([[[1.0, 0.0, 2 * 3 / 32], [0.0, 1.0, 0.0]]] * 3)
    moved = augment(batch, matrices, torch.ones(3, 3), 32)
    torch.testing.assert_close(moved, crop_centre(batch.roll(-3, dims=2), 32), atol=1e-5, rtol=0)


def test_a_larger_matrix_shows_more_of_the_field_of_view(batch):
    inner = augment(batch, torch.tensor([[[0.5, 0.0, 0.0], [0.0, 0.5, 0.0]]] * 3), torch.ones(3, 3), 32)
    assert inner.mean() > crop_centre(batch, 32).mean() * 1.2  # the galaxy fills it


def test_outside_the_corners_lies_the_reflection_of_the_picture():
    white = torch.full((50, 40, 40, 3), 255, dtype=torch.uint8)
    drawn = draw_augmentation(50, replace(STILL, rotation=180.0, zoom=2.0), generator())
    assert augment(white, *drawn, 32).min() == pytest.approx(1, abs=1e-6)


def test_the_augmentation_fills_the_ranges_of_the_recipe():
    matrices, factors = draw_augmentation(2000, WIDE, generator())
    zooms = torch.linalg.det(matrices[:, :, :2])
    angles = torch.rad2deg(torch.atan2(-matrices[:, 0, 1], matrices[:, 1, 1]))
    for values, low, high in [
        (zooms.abs().sqrt(), 1 / 1.5, 1.5),
        (angles, -20, 20),
        (matrices[:, :, 2], -0.2, 0.2),
        (factors, 0.8 * 0.9, 1.2 * 1.1),
    ]:
        assert low - 1e-4 <= values.min() < low + 0.1 * (high - low)
        assert high - 0.1 * (high - low) < values.max() <= high + 1e-4
    assert 0.45 < (zooms < 0).float().mean() < 0.55  # half of them are flipped


def test_the_parameters_of_the_augmentation_are_independent():
    matrices, factors = draw_augmentation(2000, WIDE, generator())
    determinants = torch.linalg.det(matrices[:, :, :2])
    angles = torch.atan2(-matrices[:, 0, 1], matrices[:, 1, 1])
    drawn = [angles, determinants.abs().log(), determinants.sign(), *matrices[:, :, 2].T, factors.sum(dim=1)]
    correlations = torch.corrcoef(torch.stack([*drawn, factors[:, 0] - factors[:, 1]])) - torch.eye(7)
    assert correlations.abs().max() < 0.08


def test_rotations_cover_the_full_circle():
    matrices, _ = draw_augmentation(400, Recipe(flips=False), generator())
    angles = torch.rad2deg(torch.atan2(matrices[:, 1, 0], matrices[:, 0, 0]))
    assert torch.histc(angles, 8, -180, 180).min() > 25


def test_a_seed_fixes_the_augmentation():
    first, again, other = (draw_augmentation(5, Recipe(), generator(seed)) for seed in (3, 3, 4))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])


def test_inputs_stay_between_0_and_1(batch):
    bright = augment(batch, no_augmentation(3)[0], torch.full((3, 3), 9.0), 32)
    assert bright.max() == 1
