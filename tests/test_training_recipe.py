"""What a step of training does: the recipe, the loss, the optimiser and its average, augmentation."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_training import CPU, TINY, TINY_DENSENET, generator

from galaxy_explorer.models import TreeHead, build
from galaxy_explorer.training import (
    Recipe,
    learning_rate,
    masked_squared_error,
)
from galaxy_explorer.training.augmentation import augment, centre, draw_changes, draw_mixture, mix
from galaxy_explorer.training.optimisation import AveragedNetwork, loss_of, make_optimiser

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


class TestLoss:
    def test_is_the_mean_squared_error_where_all_is_known(self):
        predicted, volunteers = torch.rand(5, 37, generator=generator(1)), torch.rand(5, 37, generator=generator(2))
        expected = torch.nn.functional.mse_loss(predicted, volunteers)
        assert masked_squared_error(predicted, volunteers, torch.ones(len(predicted))) == pytest.approx(
            float(expected), rel=1e-6
        )

    def test_averages_over_the_known_scores_alone(self):
        predicted, volunteers = torch.zeros(2, 37), torch.full((2, 37), math.nan)
        volunteers[0, 3], volunteers[1, 30] = 0.5, 0.1
        assert float(masked_squared_error(predicted, volunteers, torch.ones(len(predicted)))) == pytest.approx(
            (0.25 + 0.01) / 2
        )

    def test_unknown_scores_have_no_gradient_and_spoil_none(self):
        predicted = torch.rand(4, 37, generator=generator()).requires_grad_()
        volunteers = torch.rand(4, 37, generator=generator(1))
        volunteers[1] = volunteers[2, 4:9] = math.nan
        masked_squared_error(predicted, volunteers, torch.ones(len(predicted))).backward()
        assert predicted.grad.isfinite().all()
        assert torch.equal(predicted.grad == 0, volunteers.isnan())

    def test_is_0_where_nothing_is_known(self):
        predicted = torch.rand(2, 37).requires_grad_()
        loss = masked_squared_error(predicted, torch.full((2, 37), math.nan), torch.ones(2))
        loss.backward()
        assert loss.item() == 0
        assert torch.equal(predicted.grad, torch.zeros(2, 37))

    def test_a_galaxy_of_weight_two_counts_as_two(self):
        predicted, volunteers = (torch.rand(3, 37, generator=generator(seed)) for seed in (1, 2))
        volunteers[1, 20:] = math.nan
        twice = [0, 1, 1, 2]
        for loss in ("squared", "cross-entropy"):
            recipe = Recipe(loss=loss)
            weighted = loss_of(recipe, predicted, volunteers, torch.tensor([1.0, 2.0, 1.0]))
            repeated = loss_of(recipe, predicted[twice], volunteers[twice], torch.ones(4))
            assert float(weighted) == pytest.approx(float(repeated), rel=1e-5)

    def test_the_cross_entropy_is_least_where_the_network_says_what_the_volunteers_did(self, random_fractions):
        volunteers = torch.from_numpy(random_fractions(4)).float()
        logits = torch.zeros(4, 37, requires_grad=True)
        recipe, head, ones = Recipe(loss="cross-entropy"), TreeHead(), torch.ones(4)
        optimiser = torch.optim.LBFGS([logits], lr=0.5, max_iter=300)

        def closure():
            optimiser.zero_grad()
            loss = loss_of(recipe, head(logits), volunteers, ones)
            loss.backward()
            return loss

        optimiser.step(closure)
        assert torch.allclose(head(logits).detach(), volunteers, atol=0.02)


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

    def test_noise_is_as_large_as_asked_and_leaves_pictures_alone(self):
        inputs, scores = torch.rand(2000, 3, 1, 1), torch.zeros(2000, 37)
        mixed, noisy = mix(inputs, scores, *draw_mixture(2000, Recipe(label_noise=0.1), generator()))
        assert torch.equal(mixed, inputs)
        assert noisy.std().item() == pytest.approx(0.1, rel=0.05)


class TestOptimisation:
    def test_the_learning_rate_rises_to_its_peak_and_falls_to_nothing(self):
        recipe = Recipe(learning_rate=0.01, warmup=0.1)
        rising = [learning_rate(recipe, done) for done in np.linspace(0, 0.1, 20)]
        falling = [learning_rate(recipe, done) for done in np.linspace(0.1, 1, 50)]
        assert 0 < rising[0] < 1e-3
        assert rising == sorted(rising)
        assert falling == sorted(falling, reverse=True)
        assert falling[0] == max(rising + falling) == 0.01
        assert falling[25] == pytest.approx(0.005, rel=0.1)  # half a cosine is at its half in the middle
        assert falling[-1] == learning_rate(recipe, 1.5) == pytest.approx(0, abs=1e-12)

    def test_the_decay_pulls_at_convolutions_and_linear_layers_alone(self):
        network = build("densenet", **TINY_DENSENET.model_arguments())
        groups = make_optimiser(network, TINY, CPU.device).param_groups
        decay = {id(value): group["weight_decay"] for group in groups for value in group["params"]}
        for name, value in network.named_parameters():
            pulled = name.endswith("weight") and "norm" not in name
            assert decay[id(value)] == (TINY.weight_decay if pulled else 0), name

    def test_the_average_forgets_the_first_weights_at_once_and_then_follows_slowly(self):
        network = torch.nn.BatchNorm1d(1)
        average = AveragedNetwork(network, memory=0.9)
        for expected in (5.0, 5.0, 5.0):
            network.weight.data.fill_(5.0)
            network.running_mean.fill_(5.0)
            average.update()
            assert average.module.weight.item() == average.module.running_mean.item() == expected
        for _ in range(200):
            average.update()
        network.weight.data.fill_(6.0)
        average.update()
        assert average.module.weight.item() == pytest.approx(5.1)

    def test_the_gradient_is_clipped(self, trained):
        run = trained(replace(TINY, clip=1e-3))
        norm = torch.stack([value.grad.norm() for value in run.network.parameters()]).norm()
        assert norm <= 1.001e-3


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
