"""What a step of training minimises, how far it goes, and the average that is kept of its results."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_training import CPU, TINY, TINY_DENSENET, generator

from galaxy_explorer.decision_tree import SLICES
from galaxy_explorer.models.heads import TreeHead
from galaxy_explorer.models.networks import build
from galaxy_explorer.training import Recipe, learning_rate, masked_squared_error
from galaxy_explorer.training.optimisation import (
    AveragedNetwork,
    all_finite,
    load_optimiser,
    loss_of,
    make_optimiser,
)

pytestmark = pytest.mark.usefixtures("one_thread")


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

    def test_is_the_one_that_the_recipe_names(self):
        scores = torch.zeros(1, 37)
        scores[0, :3] = torch.tensor([0.5, 0.3, 0.2])
        predicted = torch.full((1, 37), 0.25)
        found = {
            loss: loss_of(Recipe(loss=loss), predicted, scores, torch.ones(1)) for loss in ("squared", "cross-entropy")
        }
        assert float(found["squared"]) == pytest.approx((0.25**2 * 35 + 0.05**2 * 2) / 37)
        assert float(found["cross-entropy"]) == pytest.approx(math.log(3) / 37)  # a third for each of three answers

    def test_of_the_shares_is_not_touched_by_questions_without_votes(self):
        predicted = torch.rand(3, 37, generator=generator()).requires_grad_()
        scores = torch.rand(3, 37, generator=generator(1))
        scores[1], scores[2, SLICES[4]] = math.nan, math.nan
        loss = loss_of(Recipe(loss="cross-entropy"), predicted, scores, torch.ones(3))
        loss.backward()
        assert predicted.grad.isfinite().all()
        assert torch.equal(predicted.grad == 0, scores.isnan())

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

    def test_a_state_from_another_device_brings_its_rates_but_not_how_it_computed(self):
        optimiser = make_optimiser(torch.nn.Linear(2, 2), TINY, CPU.device)
        ours = [(group["fused"], group["foreach"]) for group in optimiser.param_groups]
        state = optimiser.state_dict()
        for group in state["param_groups"]:
            group |= {"lr": 0.5, "fused": not group["fused"], "foreach": not group["foreach"]}
        load_optimiser(optimiser, state)
        assert [(group["fused"], group["foreach"]) for group in optimiser.param_groups] == ours
        assert {group["lr"] for group in optimiser.param_groups} == {0.5}

    def test_one_number_that_is_not_finite_is_noticed(self):
        tensors = {"weight": torch.ones(2, 3), "bias": torch.zeros(3)}
        assert all_finite(tensors)
        tensors["bias"][1] = math.inf
        assert not all_finite(tensors)

    def test_the_gradient_is_clipped(self, trained):
        run = trained(replace(TINY, clip=1e-3))
        norm = torch.stack([value.grad.norm() for value in run.network.parameters()]).norm()
        assert norm <= 1.001e-3
