"""What a step of training does: the recipe, and what it changes on a batch."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_training import TINY_DENSENET, generator

from galaxy_explorer.models.networks import build
from galaxy_explorer.training import Recipe
from galaxy_explorer.training.data.augmentation import augment, centre, draw_all, draw_changes, draw_mixture, mix

STILL = Recipe(size=32, rotation=0.0, flips=False, zoom=1.0, shift=0.0, colour=0.0)


pytestmark = pytest.mark.usefixtures("one_thread")


class TestRecipe:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"model": "resnet"},
            {"size": 8},
            {"batch_size": 1},
            {"learning_rate": float("nan")},
            {"zoom": 0.5},
            {"seed": -1},
            {"precision": "int8"},
            {"stem_stride": 3},
            {"widths": (0, 8)},
            {"blocks": (-1, 2)},
            {"growth_rate": 0},
            {"initial_features": -1},
        ],
    )
    def test_settings_that_cannot_work_are_refused(self, wrong):
        (name,) = wrong
        with pytest.raises(ValueError, match=f"the recipe's {name} is .* must"):
            Recipe(**wrong)

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"model": "fcn", "size": 32, "widths": (4,) * 8}, "halves a picture of 32 pixels 7 times"),
            ({"size": 32, "blocks": (1,) * 6}, "halves a picture of 32 pixels 6 times, which leaves nothing"),
        ],
    )
    def test_networks_that_cannot_be_built_are_refused(self, wrong, words):
        with pytest.raises(ValueError, match=words):
            Recipe(**wrong)

    def test_a_cross_entropy_of_shares_is_refused_where_nothing_learns_their_masses(self):
        with pytest.raises(ValueError, match="the sigmoid head does not learn"):
            Recipe(head="sigmoid", loss="cross-entropy")

    def test_every_setting_gives_its_reason(self):
        assert all(len(setting.metadata["why"]) > 10 for setting in fields(Recipe))

    @given(st.integers(32, 512))
    def test_decoded_pictures_have_the_inputs_centre_and_a_margin_of_at_most_a_third(self, size):
        recipe = Recipe(size=size)
        assert (recipe.margin_size - size) % 2 == 0
        assert 1.2 <= recipe.margin_size / size <= 1.3
        assert recipe.margin_crop / recipe.crop == pytest.approx(recipe.margin_size / size)

    @pytest.mark.parametrize("size", [64, 128])
    def test_a_densenet_has_maps_of_8_cells_without_being_told(self, size):
        recipe = replace(TINY_DENSENET, size=size)
        maps = build(recipe.model, **recipe.model_arguments()).eval().features(torch.zeros(1, 3, size, size))
        assert min(maps.shape[2:]) >= 8


class TestMixture:
    def test_a_picture_and_its_scores_are_blended_alike(self):
        recipe = Recipe(mixup=1.0)
        inputs, scores = torch.rand(6, 3, 4, 4, generator=generator(1)), torch.rand(6, 37, generator=generator(2))
        partners, parts, noise = draw_mixture(6, recipe, generator(3))
        mixed, blended = mix(inputs, scores, partners, parts, noise)
        assert not noise.any()
        for row, (partner, part) in enumerate(zip(partners, parts[:, 0], strict=True)):
            assert 0 <= part <= 1
            assert torch.allclose(mixed[row], (1 - part) * inputs[row] + part * inputs[partner], atol=1e-6)
            assert torch.allclose(blended[row], (1 - part) * scores[row] + part * scores[partner], atol=1e-6)

    def test_a_blend_with_an_unknown_score_is_unknown(self):
        scores = torch.full((2, 37), 0.5)
        scores[0, 3] = math.nan
        _, blended = mix(
            torch.zeros(2, 3, 4, 4), scores, torch.tensor([1, 0]), torch.full((2, 1), 0.3), torch.zeros(2, 37)
        )
        assert blended[:, 3].isnan().all()
        assert blended[:, :3].isfinite().all()

    def test_is_drawn_where_the_recipe_asks_for_any_of_it(self):
        drawn = [draw_all(4, recipe, generator()) for recipe in (Recipe(), Recipe(mixup=0.3), Recipe(label_noise=0.1))]
        assert [len(parts) for parts in drawn] == [2, 5, 5]

    def test_a_seed_fixes_partners_parts_and_noise(self):
        recipe = Recipe(mixup=0.5, label_noise=0.1)
        first, again, other = (draw_mixture(9, recipe, generator(seed)) for seed in (3, 3, 4))
        for one, same, different in zip(first, again, other, strict=True):
            assert torch.equal(one, same)
            assert not torch.equal(one, different)

    def test_noise_is_as_large_as_asked_and_leaves_pictures_alone(self):
        inputs, scores = torch.rand(2000, 3, 1, 1), torch.zeros(2000, 37)
        mixed, noisy = mix(inputs, scores, *draw_mixture(2000, Recipe(label_noise=0.1), generator()))
        assert torch.equal(mixed, inputs)
        assert noisy.std().item() == pytest.approx(0.1, rel=0.05)


class TestAugmentation:
    @pytest.fixture
    def batch(self, draw_galaxy):
        side = STILL.margin_size
        return torch.from_numpy(np.stack([draw_galaxy(seed, side, side) for seed in range(3)]))

    @pytest.mark.parametrize("size", [32, 33, 44, 63])
    def test_without_changes_it_gives_the_centre(self, draw_galaxy, size):
        recipe = replace(STILL, size=size)
        batch = torch.from_numpy(draw_galaxy(1, recipe.margin_size, recipe.margin_size)[np.newaxis])
        inputs = augment(batch, *draw_changes(1, recipe, generator()), size)
        assert inputs.shape == (1, 3, size, size)
        torch.testing.assert_close(inputs, centre(batch, size), atol=1e-5, rtol=0)

    def test_a_quarter_turn_is_rot90_and_a_mirror_is_a_flip(self, batch):
        plain, tints = centre(batch, 32), torch.ones(3, 3)
        for matrix, expected in [
            ([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]], torch.rot90(plain, 1, (2, 3))),
            ([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]], torch.rot90(plain, 3, (2, 3))),
            ([[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]], torch.rot90(plain, 2, (2, 3))),
            ([[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], plain.flip(3)),
        ]:
            turned = augment(batch, torch.tensor([matrix] * 3), tints, 32)
            torch.testing.assert_close(turned, expected, atol=1e-5, rtol=0)

    def test_a_shift_moves_the_field_by_its_part_of_the_side(self, batch):
        matrices = torch.tensor([[[1.0, 0.0, 2 * 3 / 32], [0.0, 1.0, 0.0]]] * 3)
        moved = augment(batch, matrices, torch.ones(3, 3), 32)
        expected = centre(batch.roll(-3, dims=2), 32)
        torch.testing.assert_close(moved, expected, atol=1e-5, rtol=0)

    def test_a_larger_matrix_shows_more_of_the_field(self, batch):
        inner = augment(batch, torch.tensor([[[0.5, 0.0, 0.0], [0.0, 0.5, 0.0]]] * 3), torch.ones(3, 3), 32)
        assert inner.mean() > centre(batch, 32).mean() * 1.2  # the galaxy fills it

    def test_beyond_the_corners_lies_the_picture_s_reflection(self):
        white = torch.full((50, 40, 40, 3), 255, dtype=torch.uint8)
        changes = draw_changes(50, replace(STILL, rotation=180.0, zoom=2.0), generator())
        assert augment(white, *changes, 32).min() == pytest.approx(1, abs=1e-6)

    def test_the_changes_go_as_far_as_the_recipe_says_and_no_further(self):
        recipe = Recipe(size=64, rotation=20.0, zoom=1.5, shift=0.1, colour=0.2)
        matrices, tints = draw_changes(2000, recipe, generator())
        zooms = torch.linalg.det(matrices[:, :, :2])
        angles = torch.rad2deg(torch.atan2(-matrices[:, 0, 1], matrices[:, 1, 1]))
        for values, low, high in [
            (zooms.abs().sqrt(), 1 / 1.5, 1.5),
            (angles, -20, 20),
            (matrices[:, :, 2], -0.2, 0.2),
            (tints, 0.8 * 0.9, 1.2 * 1.1),
        ]:
            assert low - 1e-4 <= values.min() < low + 0.1 * (high - low)
            assert high - 0.1 * (high - low) < values.max() <= high + 1e-4
        assert 0.45 < (zooms < 0).float().mean() < 0.55  # half of them are mirrored

    def test_no_change_follows_another(self):
        recipe = Recipe(size=64, rotation=20.0, zoom=1.5, shift=0.1, colour=0.2)
        matrices, tints = draw_changes(2000, recipe, generator())
        determinants = torch.linalg.det(matrices[:, :, :2])
        angles = torch.atan2(-matrices[:, 0, 1], matrices[:, 1, 1])
        changes = [angles, determinants.abs().log(), determinants.sign(), *matrices[:, :, 2].T, tints.sum(dim=1)]
        apart = torch.corrcoef(torch.stack([*changes, tints[:, 0] - tints[:, 1]])) - torch.eye(7)
        assert apart.abs().max() < 0.08

    def test_pictures_turn_all_the_way_round(self):
        matrices, _ = draw_changes(400, Recipe(flips=False), generator())
        angles = torch.rad2deg(torch.atan2(matrices[:, 1, 0], matrices[:, 0, 0]))
        assert torch.histc(angles, 8, -180, 180).min() > 25

    def test_a_seed_fixes_the_changes(self):
        first, again, other = (draw_changes(5, Recipe(), generator(seed)) for seed in (3, 3, 4))
        assert torch.equal(first[0], again[0])
        assert torch.equal(first[1], again[1])
        assert not torch.equal(first[0], other[0])

    def test_the_result_stays_between_0_and_1(self, batch):
        bright = augment(batch, torch.tensor([[[1.0, 0, 0], [0, 1.0, 0]]] * 3), torch.full((3, 3), 9.0), 32)
        assert bright.max() == 1
