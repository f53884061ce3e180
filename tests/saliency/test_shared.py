"""Saliency maps leave a network that all visitors share alone, and refuse what they cannot explain."""

import copy
import gc
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from pytorch_grad_cam.base_cam import BaseCAM
from tiny_saliency import BAR, NETWORKS, random_picture, small_network
from torch import nn

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.models.networks import GalaxyNetwork, build
from galaxy_explorer.saliency import METHODS, SaliencyMap, saliency_map


@pytest.fixture(scope="module", params=list(NETWORKS))
def network(request: pytest.FixtureRequest) -> GalaxyNetwork:
    return small_network(request.param)


# --- a shared network is left alone --------------------------------------------------------------------------


def hooks(network: nn.Module) -> int:
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return sum(len(getattr(module, kind)) for module in network.modules() for kind in kinds)


@pytest.mark.parametrize("methods", [["Grad-CAM"], ["HiResCAM", "Eigen-CAM", "Grad-CAM++"], ["Score-CAM", "LayerCAM"]])
def test_eight_threads_give_what_one_gives(network: GalaxyNetwork, methods: list[str]) -> None:
    jobs = [
        (random_picture(seed=seed), COLUMNS[7 * seed % len(COLUMNS)], methods[seed % len(methods)], seed % 5 == 0)
        for seed in range(16)
    ]

    def explain(job: tuple[np.ndarray, str, str, bool]) -> SaliencyMap:
        picture, column, method, lowers = job
        return saliency_map(network, picture, column, method=method, lowers=lowers)

    alone = [explain(job) for job in jobs]
    together = threading.Barrier(8)
    with ThreadPoolExecutor(8, initializer=together.wait) as threads:
        found = list(threads.map(explain, jobs))
    for one, other in zip(alone, found, strict=True):
        np.testing.assert_allclose(other.heat, one.heat, atol=1e-6)
        np.testing.assert_allclose(other.maximum, one.maximum, rtol=1e-5, atol=1e-12)
    assert hooks(network) == 0


@pytest.mark.parametrize("method", METHODS)
def test_a_map_leaves_nothing_on_the_network_or_the_picture(network: GalaxyNetwork, method: str) -> None:
    before = copy.deepcopy(network.state_dict())
    picture = torch.from_numpy(random_picture())
    kept = picture.clone()
    saliency_map(network, picture, BAR, method=method)
    assert hooks(network) == 0
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in network.parameters())
    assert not any(module.training for module in network.modules())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert torch.equal(picture, kept)
    assert not picture.requires_grad


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("method", METHODS)
def test_maps_of_the_past_take_no_memory_even_before_garbage_is_collected(network: GalaxyNetwork, method: str) -> None:
    def living() -> int:
        return sum(issubclass(type(each), (torch.Tensor, nn.Module, BaseCAM)) for each in gc.get_objects())

    saliency_map(network, random_picture(), BAR, method=method)
    before = living()
    for _ in range(3):
        saliency_map(network, random_picture(), BAR, method=method)
    assert living() == before


@pytest.mark.parametrize("error", [IndexError, RuntimeError])  # grad-cam itself swallows the first
def test_an_error_half_way_comes_out_and_leaves_nothing(network: GalaxyNetwork, error: type[Exception]) -> None:
    def stop(done: int, total: int) -> None:
        raise error("the visitor has left")

    with pytest.raises(error, match="the visitor has left"):
        saliency_map(network, random_picture(), BAR, method="Score-CAM", progress=stop)
    assert hooks(network) == 0
    assert saliency_map(network, random_picture(), BAR).heat.any()


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("method", ["Grad-CAM", "Score-CAM"])
def test_a_map_can_be_made_where_gradients_are_off(network: GalaxyNetwork, mode: Any, method: str) -> None:
    expected = saliency_map(network, random_picture(), BAR, method=method)
    with mode():
        found = saliency_map(network, torch.from_numpy(random_picture()) + 0, BAR, method=method)
        assert not torch.is_grad_enabled()
    np.testing.assert_allclose(found.heat, expected.heat, atol=1e-6)


# --- what is taken and what is refused -----------------------------------------------------------------------


def test_arrays_and_tensors_with_and_without_a_batch_give_the_same_map() -> None:
    network, picture = small_network("fcn"), random_picture()
    expected = saliency_map(network, picture, BAR).heat
    sealed = picture.copy()
    sealed.flags.writeable = False
    backwards = np.ascontiguousarray(picture[:, ::-1])[:, ::-1]
    for inputs in (picture[None], torch.from_numpy(picture), torch.from_numpy(picture)[None], sealed, backwards):
        assert np.array_equal(saliency_map(network, inputs, BAR).heat, expected)


@pytest.mark.parametrize("shape", [(2, 3, 64, 64), (64, 64, 3), (1, 1, 64, 64), (64, 64), (4, 64, 64)])
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"input of shape .* was given; give one picture, \(3, H, W\)"):
        saliency_map(small_network("fcn"), np.zeros(shape, np.float32), BAR)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_picture_that_is_not_finite_is_refused(value: float) -> None:
    picture = random_picture()
    picture[0, 5, 5] = value
    with pytest.raises(ValueError, match="holds NaN or infinity"):
        saliency_map(small_network("fcn"), picture, BAR)


def test_a_network_with_broken_weights_is_reported() -> None:
    network = small_network("fcn")
    network.to_answers.weight[:] = float("nan")
    with pytest.raises(ValueError, match="maps hold NaN or infinity for this picture; check its weights"):
        saliency_map(network, random_picture(), BAR)


def test_an_unknown_answer_or_method_is_refused_with_the_known() -> None:
    network = small_network("fcn")
    with pytest.raises(ValueError, match=f"no answer 'Class12.1'; choose one of {COLUMNS[0]} to {COLUMNS[-1]}"):
        saliency_map(network, random_picture(), "Class12.1")
    with pytest.raises(ValueError, match="no saliency method 'LIME'; choose one of Grad-CAM, Grad-CAM"):
        saliency_map(network, random_picture(), BAR, method="LIME")


def test_a_network_that_trains_is_refused_and_stays_in_training() -> None:
    network = small_network("fcn").train()
    with pytest.raises(ValueError, match=r"in training mode.*call network\.eval\(\)"):
        saliency_map(network, random_picture(), BAR)
    assert network.training


def test_a_network_that_is_not_frozen_is_refused() -> None:
    network = small_network("fcn")
    network.to_answers.bias.requires_grad_(True)
    with pytest.raises(ValueError, match=r"to_answers\.bias is not frozen.*requires_grad_\(False\)"):
        saliency_map(network, random_picture(), BAR)


def test_a_network_made_in_inference_mode_is_refused() -> None:
    with torch.inference_mode():
        network = build("fcn", widths=(8, 8, 8)).eval().requires_grad_(False)
    with pytest.raises(ValueError, match="made under inference_mode; load the network outside"):
        saliency_map(network, random_picture(), BAR)
