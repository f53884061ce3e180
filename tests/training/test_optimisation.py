"""Loss, learning rate, optimiser, and the moving average of the weights."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_training import CPU, TINY, TINY_DENSENET, generator

from galaxy_explorer.decision_tree import SLICES
from galaxy_explorer.models.heads import TreeHead
from galaxy_explorer.models.networks import build
from galaxy_explorer.training import Recipe
from galaxy_explorer.training.optimisation import (
    LOSSES,
    AveragedNetwork,
    all_finite,
    learning_rate,
    load_optimiser,
    make_optimiser,
    masked_squared_error,
    share_cross_entropy,
)

pytestmark = pytest.mark.usefixtures("one_thread")


class TestLoss:
    def test_is_the_mean_squared_error_if_all_scores_are_known(self):
        predicted, volunteers = torch.rand(5, 37, generator=generator(1)), torch.rand(5, 37, generator=generator(2))
        expected = torch.nn.functional.mse_loss(predicted, volunteers)
        assert masked_squared_error(predicted, volunteers, torch.ones(len(predicted))) == pytest.approx(
            float(expected), rel=1e-6
        )

    def test_averages_over_the_known_scores(self):
        predicted, volunteers = torch.zeros(2, 37), torch.full((2, 37), math.nan)
        volunteers[0, 3], volunteers[1, 30] = 0.5, 0.1
        assert float(masked_squared_error(predicted, volunteers, torch.ones(len(predicted)))) == pytest.approx(
            (0.25 + 0.01) / 2
        )

    def test_unknown_scores_have_no_gradient(self):
        predicted = torch.rand(4, 37, generator=generator()).requires_grad_()
        volunteers = torch.rand(4, 37, generator=generator(1))
        volunteers[1] = volunteers[2, 4:9] = math.nan
        masked_squared_error(predicted, volunteers, torch.ones(len(predicted))).backward()
        assert predicted.grad.isfinite().all()
        assert torch.equal(predicted.grad == 0, volunteers.isnan())

    def test_is_0_if_no_score_is_known(self):
        predicted = torch.rand(2, 37).requires_grad_()
        loss = masked_squared_error(predicted, torch.full((2, 37), math.nan), torch.ones(2))
        loss.backward()
        assert loss.item() == 0
        assert torch.equal(predicted.grad, torch.zeros(2, 37))

    def test_a_galaxy_of_weight_two_counts_as_two(self):
        predicted, volunteers = (torch.rand(3, 37, generator=generator(seed)) for seed in (1, 2))
        volunteers[1, 20:] = math.nan
        twice = [0, 1, 1, 2]
        for loss in LOSSES.values():
            weighted = loss(predicted, volunteers, torch.tensor([1.0, 2.0, 1.0]))
            repeated = loss(predicted[twice], volunteers[twice], torch.ones(4))
            assert float(weighted) == pytest.approx(float(repeated), rel=1e-5)

    def test_every_loss_of_the_recipe_has_its_value(self):
        scores = torch.zeros(1, 37)
        scores[0, :3] = torch.tensor([0.5, 0.3, 0.2])
        predicted = torch.full((1, 37), 0.25)
        losses = {name: float(loss(predicted, scores, torch.ones(1))) for name, loss in LOSSES.items()}
        assert tuple(losses) == Recipe.__dataclass_fields__["loss"].metadata["choices"]
        assert losses["squared"] == pytest.approx((0.25**2 * 35 + 0.05**2 * 2) / 37)
        assert losses["cross-entropy"] == pytest.approx(math.log(3) / 37)  # a third for each of three answers

    def test_the_cross_entropy_ignores_questions_without_votes(self):
        predicted = torch.rand(3, 37, generator=generator()).requires_grad_()
        scores = torch.rand(3, 37, generator=generator(1))
        scores[1], scores[2, SLICES[4]] = math.nan, math.nan
        loss = share_cross_entropy(predicted, scores, torch.ones(3))
        loss.backward()
        assert predicted.grad.isfinite().all()
        assert torch.equal(predicted.grad == 0, scores.isnan())

    def test_the_cross_entropy_is_smallest_if_predictions_equal_the_votes(self, random_fractions):
        volunteers = torch.from_numpy(random_fractions(4)).float()
        logits = torch.zeros(4, 37, requires_grad=True)
        head, ones = TreeHead(), torch.ones(4)
        optimiser = torch.optim.LBFGS([logits], lr=0.5, max_iter=300)

        def closure():
            optimiser.zero_grad()
            loss = share_cross_entropy(head(logits), volunteers, ones)
            loss.backward()
            return loss

        optimiser.step(closure)
        assert torch.allclose(head(logits).detach(), volunteers, atol=0.02)


class TestOptimisation:
    def test_the_learning_rate_rises_to_its_peak_and_falls_to_0(self):
        recipe = Recipe(learning_rate=0.01, warmup=0.1)
        rising = [learning_rate(recipe, done) for done in np.linspace(0, 0.1, 20)]
        falling = [learning_rate(recipe, done) for done in np.linspace(0.1, 1, 50)]
        assert 0 < rising[0] < 1e-3
        assert rising == sorted(rising)
        assert falling == sorted(falling, reverse=True)
        assert falling[0] == max(rising + falling) == 0.01
        assert falling[25] == pytest.approx(0.005, rel=0.1)  # half a cosine is at its half in the middle
        assert falling[-1] == learning_rate(recipe, 1.5) == pytest.approx(0, abs=1e-12)

    def test_weight_decay_is_on_convolutions_and_linear_layers_alone(self):
        network = build("densenet", **TINY_DENSENET.model_arguments())
        groups = make_optimiser(network, TINY, CPU.device).param_groups
        decay = {id(value): group["weight_decay"] for group in groups for value in group["params"]}
        for name, value in network.named_parameters():
            decays = name.endswith("weight") and "norm" not in name
            assert decay[id(value)] == (TINY.weight_decay if decays else 0), name

    def test_the_average_drops_the_first_weights_at_once_and_then_follows_slowly(self):
        network = torch.nn.BatchNorm1d(1)
        average = AveragedNetwork(network, decay=0.9)
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

    def test_an_optimiser_state_of_another_device_is_loaded_without_its_kernels(self):
        optimiser = make_optimiser(torch.nn.Linear(2, 2), TINY, CPU.device)
        ours = [(group["fused"], group["foreach"]) for group in optimiser.param_groups]
        state = optimiser.state_dict()
        for group in state["param_groups"]:
            group |= {"lr": 0.5, "fused": not group["fused"], "foreach": not group["foreach"]}
        load_optimiser(optimiser, state)
        assert [(group["fused"], group["foreach"]) for group in optimiser.param_groups] == ours
        assert {group["lr"] for group in optimiser.param_groups} == {0.5}

    def test_all_finite_finds_one_inf(self):
        tensors = {"weight": torch.ones(2, 3), "bias": torch.zeros(3)}
        assert all_finite(tensors)
        tensors["bias"][1] = math.inf
        assert not all_finite(tensors)

    def test_the_gradient_is_clipped(self, trained):
        run = trained(replace(TINY, clip=1e-3))
        norm = torch.stack([value.grad.norm() for value in run.network.parameters()]).norm()
        assert norm <= 1.001e-3
