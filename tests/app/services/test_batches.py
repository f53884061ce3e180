"""Pictures of different visitors in one forward pass."""

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from galaxy_explorer.app.services import batches
from galaxy_explorer.app.services.batches import BatchWorker
from galaxy_explorer.catalogue import Catalogue
from galaxy_explorer.images import DEFAULT_VIEWS
from galaxy_explorer.models.checkpoints import load
from galaxy_explorer.prediction import predict
from galaxy_explorer.prediction.inference import predict_inputs
from galaxy_explorer.saliency import AnswerLogOdds, saliency_map

TIMEOUT_S = 60


class FakePasses:
    """Passes that record their pictures; the first one lasts until it is released."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, list[int]]] = []
        self.started, self.released = Event(), Event()

    def __call__(self, model: Any, inputs: list[Any]) -> list[Any]:
        self.calls.append((model, [*inputs]))
        self.started.set()
        assert self.released.wait(TIMEOUT_S)
        if -1 in inputs:
            raise ValueError("the network returns NaN or inf")
        return [10 * each for each in inputs]


@pytest.fixture
def run_while_busy(monkeypatch: pytest.MonkeyPatch):
    """A function that runs requests that all arrive during another pass; returns their futures and the passes."""
    passes = FakePasses()
    monkeypatch.setattr(batches, "forward_passes", passes)
    worker, pool = BatchWorker(threads=1), ThreadPoolExecutor(40)

    def run(requests: list[tuple[Any, int]]) -> tuple[list["Future[Any]"], list[tuple[Any, list[int]]]]:
        busy = pool.submit(worker.run, SimpleNamespace(), 0)
        assert passes.started.wait(TIMEOUT_S)
        futures = []
        for count, request in enumerate(requests, 1):
            futures.append(pool.submit(worker.run, *request))
            while worker.waiting.qsize() < count:
                Event().wait(0.001)
        passes.released.set()
        assert busy.result(TIMEOUT_S) == 0
        return futures, passes.calls

    yield run
    pool.shutdown()


def test_waiting_pictures_of_one_model_share_a_pass(run_while_busy) -> None:
    one, other = SimpleNamespace(), SimpleNamespace()
    futures, calls = run_while_busy([(one, 1), (other, 2), (one, 3), (one, 4)])
    assert [future.result(TIMEOUT_S) for future in futures] == [10, 20, 30, 40]
    assert [(model, pictures) for model, pictures in calls[1:]] == [(one, [1, 3, 4]), (other, [2])]


def test_a_pass_holds_a_bounded_number_of_pictures(run_while_busy) -> None:
    model = SimpleNamespace()
    futures, calls = run_while_busy([(model, number) for number in range(1, 8)])
    assert [future.result(TIMEOUT_S) for future in futures] == list(range(10, 80, 10))
    assert [len(pictures) for _, pictures in calls] == [1, batches.MAX_PICTURES, 7 - batches.MAX_PICTURES]


def test_an_error_is_raised_for_the_visitor_and_the_next_pass_runs(run_while_busy) -> None:
    one, other = SimpleNamespace(), SimpleNamespace()
    futures, _ = run_while_busy([(one, -1), (other, 2)])
    with pytest.raises(ValueError, match="NaN or inf"):
        futures[0].result(TIMEOUT_S)
    assert futures[1].result(TIMEOUT_S) == 20


@pytest.mark.parametrize("name", ["densenet", "fcn"])
def test_a_picture_has_the_same_numbers_and_map_as_alone(name: str, sample: Catalogue) -> None:
    model, target = load(name), AnswerLogOdds("Class4.1")
    pictures = [sample.picture(galaxy_id) for galaxy_id in sample.ids[:3]]
    inputs = [model.inputs(picture) for picture in pictures]
    for picture, alone, found in zip(pictures, inputs, batches.forward_passes(model, inputs), strict=True):
        fractions, interval = predict(model, [picture])
        np.testing.assert_allclose(found.fractions, fractions[0], atol=1e-6)
        np.testing.assert_allclose(found.intervals, interval[0], atol=1e-6)
        views = predict_inputs(model.network, alone[np.newaxis], DEFAULT_VIEWS)[1]
        np.testing.assert_allclose(found.embedding, views.mean(axis=(0, 1)), atol=1e-5)
        expected = saliency_map(model.network, alone, target, views=DEFAULT_VIEWS)
        shared = saliency_map(model.network, found.features, target)
        np.testing.assert_allclose(shared.heat, expected.heat, atol=1e-4)
        np.testing.assert_allclose(shared.maximum, expected.maximum, rtol=1e-4)
