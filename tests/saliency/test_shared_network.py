"""Saliency maps do not change a shared network, and invalid inputs are errors."""

import copy
import gc
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pytorch_grad_cam.base_cam import BaseCAM
from tiny_saliency import BAR, NETWORKS, explain, random_picture, small_network
from torch import nn

from galaxy_explorer.decision_tree import COLUMNS
from galaxy_explorer.models.networks import GalaxyNetwork, build
from galaxy_explorer.saliency import METHODS, SaliencyMap, feature_maps


@pytest.fixture(scope="module", params=list(NETWORKS))
def network(request: pytest.FixtureRequest) -> GalaxyNetwork:
    return small_network(request.param)


# --- a shared network is not changed -------------------------------------------------------------------------


def hooks(network: nn.Module) -> int:
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return sum(len(getattr(module, kind)) for module in network.modules() for kind in kinds)


@pytest.mark.parametrize("methods", [["Grad-CAM"], ["HiResCAM", "Eigen-CAM", "Grad-CAM++"], ["Score-CAM", "LayerCAM"]])
def test_eight_threads_compute_what_one_computes(network: GalaxyNetwork, methods: list[str]) -> None:
    jobs = [
        (random_picture(seed=seed), COLUMNS[7 * seed % len(COLUMNS)], methods[seed % len(methods)], seed % 5 == 0)
        for seed in range(16)
    ]

    def explained(job: tuple[np.ndarray, str, str, bool]) -> SaliencyMap:
        picture, column, method, against = job
        return explain(network, picture, column, method=method, against=against)

    alone = [explained(job) for job in jobs]
    together = threading.Barrier(8)
    with ThreadPoolExecutor(8, initializer=together.wait) as threads:
        found = list(threads.map(explained, jobs))
    for one, other in zip(alone, found, strict=True):
        np.testing.assert_allclose(other.heat, one.heat, atol=1e-6)
        np.testing.assert_allclose(other.maximum, one.maximum, rtol=1e-5, atol=1e-12)
    assert hooks(network) == 0


@pytest.mark.parametrize("method", METHODS)
def test_a_map_leaves_nothing_on_the_network_or_the_picture(network: GalaxyNetwork, method: str) -> None:
    before = copy.deepcopy(network.state_dict())
    picture = torch.from_numpy(random_picture())
    kept = picture.clone()
    explain(network, picture, BAR, method=method)
    assert hooks(network) == 0
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in network.parameters())
    assert not any(module.training for module in network.modules())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert torch.equal(picture, kept)
    assert not picture.requires_grad


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.freeze()  # what has been there is not looked through
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


@pytest.mark.usefixtures("no_collector")
def test_earlier_maps_take_no_memory_even_before_garbage_is_collected(network: GalaxyNetwork) -> None:
    def living() -> int:
        return sum(issubclass(type(each), (torch.Tensor, nn.Module, BaseCAM)) for each in gc.get_objects())

    for method in METHODS:
        explain(network, random_picture(), BAR, method=method)
        before = living()
        for _ in range(3):
            explain(network, random_picture(), BAR, method=method)
        assert living() == before, method


@pytest.mark.parametrize("error", [IndexError, RuntimeError])  # grad-cam itself swallows the first
def test_an_error_of_the_callback_stops_a_map_and_leaves_no_hooks(
    network: GalaxyNetwork, error: type[Exception]
) -> None:
    def stop(done: int, total: int) -> None:
        raise error("the visitor has left")

    with pytest.raises(error, match="the visitor has left"):
        explain(network, random_picture(), BAR, method="Score-CAM", progress=stop)
    assert hooks(network) == 0
    assert explain(network, random_picture(), BAR).heat.any()


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("method", ["Grad-CAM", "Score-CAM"])
def test_a_map_can_be_made_where_gradients_are_off(network: GalaxyNetwork, mode: Any, method: str) -> None:
    expected = explain(network, random_picture(), BAR, method=method)
    with mode():
        found = explain(network, torch.from_numpy(random_picture()) + 0, BAR, method=method)
        assert not torch.is_grad_enabled()
    np.testing.assert_allclose(found.heat, expected.heat, atol=1e-6)


# --- valid and invalid inputs --------------------------------------------------------------------------------


def test_arrays_and_tensors_with_and_without_a_batch_give_the_same_map() -> None:
    network, picture = small_network("fcn"), random_picture()
    expected = explain(network, picture, BAR).heat
    sealed = picture.copy()
    sealed.flags.writeable = False
    backwards = np.ascontiguousarray(picture[:, ::-1])[:, ::-1]
    for inputs in (picture[None], torch.from_numpy(picture), torch.from_numpy(picture)[None], sealed, backwards):
        assert np.array_equal(explain(network, inputs, BAR).heat, expected)


@pytest.mark.parametrize("shape", [(2, 3, 64, 64), (64, 64, 3), (1, 1, 64, 64), (64, 64), (4, 64, 64)])
def test_another_shape_is_an_error(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=rf"shape {re.escape(str(shape))}; expected one picture, \(3, H, W\)"):
        explain(small_network("fcn"), np.zeros(shape, np.float32), BAR)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_picture_that_is_not_finite_is_an_error(value: float) -> None:
    picture = random_picture()
    picture[0, 5, 5] = value
    with pytest.raises(ValueError, match="holds NaN or inf"):
        explain(small_network("fcn"), picture, BAR)


def test_a_network_with_broken_weights_is_an_error() -> None:
    network = small_network("fcn")
    network.to_answers.weight[:] = float("nan")
    with pytest.raises(ValueError, match="maps hold NaN or inf"):
        explain(network, random_picture(), BAR)


def test_an_unknown_answer_or_method_is_an_error_with_the_known_ones() -> None:
    network = small_network("fcn")
    with pytest.raises(ValueError, match=f"no answer 'Class12.1'; choose one of {COLUMNS[0]} to {COLUMNS[-1]}"):
        explain(network, random_picture(), "Class12.1")
    with pytest.raises(ValueError, match="no saliency method 'LIME'; choose one of HiResCAM, Grad-CAM"):
        explain(network, random_picture(), BAR, method="LIME")


def test_a_network_in_training_mode_is_an_error_and_stays_so() -> None:
    network = small_network("fcn").train()
    with pytest.raises(ValueError, match=r"in training mode.*call network\.eval\(\)"):
        explain(network, random_picture(), BAR)
    assert network.training


def test_a_network_that_is_not_frozen_is_an_error() -> None:
    network = small_network("fcn")
    network.to_answers.bias.requires_grad_(True)
    with pytest.raises(ValueError, match=r"to_answers\.bias is not frozen.*requires_grad_\(False\)"):
        explain(network, random_picture(), BAR)


def test_a_network_made_in_inference_mode_is_an_error() -> None:
    with torch.inference_mode():
        network = build("fcn", widths=(8, 8, 8)).eval().requires_grad_(False)
    with pytest.raises(ValueError, match="made under inference_mode; load the network outside"):
        explain(network, random_picture(), BAR)


# --- what all maps of a picture share ------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_maps_of_shared_features_are_the_same_without_another_pass(
    network: GalaxyNetwork, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = random_picture()
    expected = [explain(network, picture, column, method=method, views=8) for column in (BAR, COLUMNS[0])]
    with torch.inference_mode():
        _, shared, _ = feature_maps(network, [random_picture(seed=1), picture, random_picture(seed=2)], views=8)
    assert shared.nbytes > shared.features.nbytes
    if method != "Score-CAM":  # which predicts masked pictures

        def no_pass(images: torch.Tensor) -> torch.Tensor:
            raise AssertionError("a further forward pass")

        monkeypatch.setattr(network, "features", no_pass)
    for map_alone, column in zip(expected, (BAR, COLUMNS[0]), strict=True):
        found = explain(network, shared, column, method=method)
        np.testing.assert_allclose(found.heat, map_alone.heat, atol=1e-6)
        np.testing.assert_allclose(found.maximum, map_alone.maximum, rtol=1e-6)


def test_grad_cam_is_imported_by_the_first_map_and_no_earlier() -> None:
    code = (
        "import sys, galaxy_explorer.saliency as saliency; assert saliency.METHODS; "
        "assert not {'pytorch_grad_cam', 'torchvision', 'sklearn', 'cv2'} & set(sys.modules); "
        "from galaxy_explorer.saliency.cams import CAMS; assert list(CAMS) == list(saliency.METHODS)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=True)
